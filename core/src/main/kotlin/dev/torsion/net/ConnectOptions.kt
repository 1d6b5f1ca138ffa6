// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.time.Duration

/**
 * How a connector gets to its destination. Immutable.
 *
 * @property timeout for the whole attempt, with the look-up; 30 s (Twisted: for each address)
 * @property bindAddress the numeric local address to connect from, such as `192.0.2.1` or `::1`, or the same with a port, `192.0.2.1:4000`
 *   or `[::1]:4000` (Twisted: a pair); null for any. Only addresses of its family are tried then
 * @property addressFamily which addresses of a host name are tried; all of them
 * @property attemptDelay the head start of each address before the next one is tried as well; 250 ms, as RFC 8305 (Happy Eyeballs)
 *   recommends, and 10 ms at least (Twisted's `attemptDelay`, which is 300 ms)
 */
public data class ConnectOptions
@JvmOverloads
constructor(
    public val timeout: Duration = Connector.DEFAULT_TIMEOUT,
    public val bindAddress: String? = null,
    public val addressFamily: AddressFamily = AddressFamily.ANY,
    public val attemptDelay: Duration = Duration.ofMillis(250),
) {
    init {
        require(!timeout.isNegative && !timeout.isZero) { "a timeout must be positive, but $timeout was given" }
        require(attemptDelay >= LEAST_ATTEMPT_DELAY) { "attemptDelay must be $LEAST_ATTEMPT_DELAY or more, but is $attemptDelay" }
    }

    /** These options with another [timeout]. */
    public fun withTimeout(timeout: Duration): ConnectOptions = copy(timeout = timeout)

    /** These options with another [bindAddress]. */
    public fun withBindAddress(address: String?): ConnectOptions = copy(bindAddress = address)

    /** These options with another [addressFamily]. */
    public fun withAddressFamily(family: AddressFamily): ConnectOptions = copy(addressFamily = family)

    /** These options with another [attemptDelay]. */
    public fun withAttemptDelay(delay: Duration): ConnectOptions = copy(attemptDelay = delay)

    public companion object {
        private val LEAST_ATTEMPT_DELAY = Duration.ofMillis(10)

        /** All defaults. */
        @JvmField
        public val DEFAULT: ConnectOptions = ConnectOptions()
    }
}
