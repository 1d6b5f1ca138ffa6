// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.time.Duration

/**
 * Limits of a byte stream of any kind. Immutable; the defaults are safe for a public server.
 *
 * @property highWaterMark bytes in the write queue above which a producer is paused and `whenWritable` waits; 64 KiB, as in Twisted
 * @property lowWaterMark bytes at which they go on; 16 KiB
 * @property writeLimit bytes in the write queue above which a connection is aborted with [WriteLimitExceededException]; 16 MiB. A single
 *   write may be larger, when the bytes before it are within the limit: then it does not count
 * @property closeTimeout how long [Transport.loseConnection] waits for a peer that does not read, before the rest is dropped; 30 s
 * @property throttle how fast the streams may be; null for no limit
 * @property listener hears what happens on each stream; null for nobody
 */
public data class StreamOptions
@JvmOverloads
constructor(
    public val highWaterMark: Int = 64 * 1024,
    public val lowWaterMark: Int = 16 * 1024,
    public val writeLimit: Long = 16L * 1024 * 1024,
    public val closeTimeout: Duration = Duration.ofSeconds(30),
    public val throttle: Throttle? = null,
    public val listener: ConnectionListenerFactory? = null,
) {
    init {
        require(lowWaterMark >= 0) { "lowWaterMark must not be negative, but is $lowWaterMark" }
        require(highWaterMark > lowWaterMark) { "highWaterMark ($highWaterMark) must be above lowWaterMark ($lowWaterMark)" }
        require(writeLimit > highWaterMark) { "writeLimit ($writeLimit) must be above highWaterMark ($highWaterMark)" }
        require(!closeTimeout.isNegative && !closeTimeout.isZero) { "closeTimeout must be positive, but is $closeTimeout" }
    }

    /** These options with other marks. */
    public fun withWaterMarks(low: Int, high: Int): StreamOptions = copy(highWaterMark = high, lowWaterMark = low)

    /** These options with another [writeLimit]. */
    public fun withWriteLimit(limit: Long): StreamOptions = copy(writeLimit = limit)

    /** These options with another [closeTimeout]. */
    public fun withCloseTimeout(timeout: Duration): StreamOptions = copy(closeTimeout = timeout)

    /** These options with another [throttle]. */
    public fun withThrottle(throttle: Throttle?): StreamOptions = copy(throttle = throttle)

    /** These options with another [listener]. */
    public fun withListener(listener: ConnectionListenerFactory?): StreamOptions = copy(listener = listener)

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: StreamOptions = StreamOptions()
    }
}
