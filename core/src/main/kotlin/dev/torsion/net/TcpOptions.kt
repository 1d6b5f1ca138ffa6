// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.time.Duration

/**
 * Limits and socket options of the connections of a port or connector. Immutable; the defaults are safe for a public server.
 *
 * @property highWaterMark bytes in the write queue above which a producer is paused and `whenWritable` waits; 64 KiB, as in Twisted
 * @property lowWaterMark bytes at which they go on; 16 KiB
 * @property writeLimit bytes in the write queue above which a connection is aborted with [WriteLimitExceededException]; 16 MiB. A single
 *   write may be larger, when what waits before it is within the limit: then it does not count
 * @property closeTimeout how long [Transport.loseConnection] waits for a peer that does not read, before the rest is dropped; 30 s
 * @property tcpNoDelay see [TcpTransport.tcpNoDelay]
 * @property tcpKeepAlive see [TcpTransport.tcpKeepAlive]
 * @property addressFamily which addresses of a host name a connector tries; all of them
 * @property attemptDelay how long the attempt at one of them goes on before a connector begins with the next one as well; 250 ms, as RFC
 *   8305 (Happy Eyeballs) recommends, and 10 ms at least (Twisted's `attemptDelay`, which is 300 ms)
 */
public data class TcpOptions
@JvmOverloads
constructor(
    public val highWaterMark: Int = 64 * 1024,
    public val lowWaterMark: Int = 16 * 1024,
    public val writeLimit: Long = 16L * 1024 * 1024,
    public val closeTimeout: Duration = Duration.ofSeconds(30),
    public val tcpNoDelay: Boolean = true,
    public val tcpKeepAlive: Boolean = false,
    public val addressFamily: AddressFamily = AddressFamily.ANY,
    public val attemptDelay: Duration = Duration.ofMillis(250),
) {
    init {
        require(lowWaterMark >= 0) { "lowWaterMark must not be negative, but is $lowWaterMark" }
        require(highWaterMark > lowWaterMark) { "highWaterMark ($highWaterMark) must be above lowWaterMark ($lowWaterMark)" }
        require(writeLimit > highWaterMark) { "writeLimit ($writeLimit) must be above highWaterMark ($highWaterMark)" }
        require(!closeTimeout.isNegative && !closeTimeout.isZero) { "closeTimeout must be positive, but is $closeTimeout" }
        require(attemptDelay >= LEAST_ATTEMPT_DELAY) { "attemptDelay must be $LEAST_ATTEMPT_DELAY or more, but is $attemptDelay" }
    }

    /** These options with another [addressFamily]. */
    public fun withAddressFamily(family: AddressFamily): TcpOptions = copy(addressFamily = family)

    /** These options with another [attemptDelay]. */
    public fun withAttemptDelay(delay: Duration): TcpOptions = copy(attemptDelay = delay)

    public companion object {
        private val LEAST_ATTEMPT_DELAY = Duration.ofMillis(10)

        /** All defaults. */
        @JvmField
        public val DEFAULT: TcpOptions = TcpOptions()
    }
}
