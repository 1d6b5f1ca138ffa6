// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/**
 * How one end of AMP behaves.
 *
 * @property limits of one box that comes
 * @property maxCalls how many of our calls may wait for answers at once; one more fails with a [TooManyCallsException]. A call that was
 *   cancelled counts until its answer comes, since the other side still works on it
 * @property maxRequests how many of the peer's requests may wait for our answers at once. While there are so many, or the peer does not
 *   read its answers, nothing is read; unless we wait for an answer ourselves, which has to be read
 * @property maxRequestsWhileCalling how many may wait while reading has to go on for such an answer: more are refused with the error `BUSY`
 * @property maxRequestBytes how many bytes the boxes of the requests that wait may have together; the last one may go beyond it. From then
 *   on it is as with [maxRequests] and [maxRequestsWhileCalling]: nothing is read, or more are refused
 */
public data class AmpOptions
@JvmOverloads
constructor(
    public val limits: AmpLimits = AmpLimits.DEFAULT,
    public val maxCalls: Int = 10_000,
    public val maxRequests: Int = 1_000,
    public val maxRequestsWhileCalling: Int = 10_000,
    public val maxRequestBytes: Int = 16 * 1024 * 1024,
) {
    init {
        require(maxCalls > 0) { "maxCalls must be positive, but is $maxCalls" }
        require(maxRequests > 0) { "maxRequests must be positive, but is $maxRequests" }
        require(maxRequestsWhileCalling >= maxRequests) {
            "maxRequestsWhileCalling must not be less than maxRequests, but is $maxRequestsWhileCalling"
        }
        require(maxRequestBytes > 0) { "maxRequestBytes must be positive, but is $maxRequestBytes" }
    }

    /** These options with other [limits]. */
    public fun withLimits(limits: AmpLimits): AmpOptions = copy(limits = limits)

    /** These options with another [maxCalls]. */
    public fun withMaxCalls(most: Int): AmpOptions = copy(maxCalls = most)

    /** These options with another [maxRequests]. */
    public fun withMaxRequests(most: Int): AmpOptions =
        copy(maxRequests = most, maxRequestsWhileCalling = maxOf(most, maxRequestsWhileCalling))

    /** These options with another [maxRequestsWhileCalling]. */
    public fun withMaxRequestsWhileCalling(most: Int): AmpOptions = copy(maxRequestsWhileCalling = most)

    /** These options with another [maxRequestBytes]. */
    public fun withMaxRequestBytes(most: Int): AmpOptions = copy(maxRequestBytes = most)

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: AmpOptions = AmpOptions()
    }
}
