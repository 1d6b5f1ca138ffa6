// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/**
 * How one end of AMP behaves. Immutable.
 *
 * ```java
 * AmpOptions options = AmpOptions.DEFAULT.withMaxCalls(100);
 * ```
 *
 * @property limits of one box that comes
 * @property maxCalls how many of our calls may wait for answers at once; one more fails with a [TooManyCallsException]. A call that was
 *   cancelled counts until its answer comes, since the other side still works on it
 * @property maxRequests how many of the peer's requests may wait for our answers at once. While there are so many, or the peer does not
 *   read its answers, nothing is read; unless we wait for an answer ourselves, which has to be read
 * @property maxRequestsWhileCalling how many may wait while reading has to go on for such an answer: more are refused with the error `BUSY`
 * @property maxRequestBytes how many bytes the boxes of the requests that wait may have together; the last one may go beyond it. From then
 *   on it is as with [maxRequests] and [maxRequestsWhileCalling]: nothing is read, or more are refused
 * @property maxHeldAnswerBytes how many bytes of our answers may be held while we wait for TLS or for another protocol that we have asked for.
 *   A peer that asks for more in place of answering has its connection aborted. Bytes that are written have the transport's limit
 */
public class AmpOptions private constructor(
    public val limits: AmpLimits,
    public val maxCalls: Int,
    public val maxRequests: Int,
    public val maxRequestsWhileCalling: Int,
    public val maxRequestBytes: Int,
    public val maxHeldAnswerBytes: Int,
) {
    init {
        require(maxCalls > 0) { "maxCalls must be positive, but is $maxCalls" }
        require(maxRequests > 0) { "maxRequests must be positive, but is $maxRequests" }
        require(maxRequestsWhileCalling >= maxRequests) {
            "maxRequestsWhileCalling must not be less than maxRequests, but is $maxRequestsWhileCalling"
        }
        require(maxRequestBytes > 0) { "maxRequestBytes must be positive, but is $maxRequestBytes" }
        require(maxHeldAnswerBytes > 0) { "maxHeldAnswerBytes must be positive, but is $maxHeldAnswerBytes" }
    }

    /** These options with other [limits]. */
    public fun withLimits(limits: AmpLimits): AmpOptions = with(limits = limits)

    /** These options with another [maxCalls]. */
    public fun withMaxCalls(most: Int): AmpOptions = with(maxCalls = most)

    /** These options with another [maxRequests]; [maxRequestsWhileCalling] grows with it. */
    public fun withMaxRequests(most: Int): AmpOptions =
        with(maxRequests = most, maxRequestsWhileCalling = maxOf(most, maxRequestsWhileCalling))

    /** These options with another [maxRequestsWhileCalling]. */
    public fun withMaxRequestsWhileCalling(most: Int): AmpOptions = with(maxRequestsWhileCalling = most)

    /** These options with another [maxRequestBytes]. */
    public fun withMaxRequestBytes(most: Int): AmpOptions = with(maxRequestBytes = most)

    /** These options with another [maxHeldAnswerBytes]. */
    public fun withMaxHeldAnswerBytes(most: Int): AmpOptions = with(maxHeldAnswerBytes = most)

    private fun with(
        limits: AmpLimits = this.limits,
        maxCalls: Int = this.maxCalls,
        maxRequests: Int = this.maxRequests,
        maxRequestsWhileCalling: Int = this.maxRequestsWhileCalling,
        maxRequestBytes: Int = this.maxRequestBytes,
        maxHeldAnswerBytes: Int = this.maxHeldAnswerBytes,
    ) = AmpOptions(limits, maxCalls, maxRequests, maxRequestsWhileCalling, maxRequestBytes, maxHeldAnswerBytes)

    override fun toString(): String =
        "AmpOptions($limits, $maxCalls calls, $maxRequests requests, $maxRequestsWhileCalling while calling, " +
            "$maxRequestBytes bytes of requests, $maxHeldAnswerBytes bytes of answers held)"

    public companion object {
        /** The options that hold where none are given: the numbers are in the guide. */
        @JvmField
        public val DEFAULT: AmpOptions =
            AmpOptions(
                limits = AmpLimits.DEFAULT,
                maxCalls = 10_000,
                maxRequests = 1_000,
                maxRequestsWhileCalling = 10_000,
                maxRequestBytes = 16 * 1024 * 1024,
                maxHeldAnswerBytes = 16 * 1024 * 1024,
            )
    }
}
