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
public class ConnectOptions private constructor(
    public val timeout: Duration,
    public val bindAddress: String?,
    public val addressFamily: AddressFamily,
    public val attemptDelay: Duration,
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

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        timeout: Duration = this.timeout,
        bindAddress: String? = this.bindAddress,
        addressFamily: AddressFamily = this.addressFamily,
        attemptDelay: Duration = this.attemptDelay,
    ): ConnectOptions = ConnectOptions(timeout, bindAddress, addressFamily, attemptDelay)

    private fun values() = listOf<Any?>(timeout, bindAddress, addressFamily, attemptDelay)

    override fun equals(other: Any?): Boolean = other is ConnectOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "ConnectOptions(timeout=$timeout, bindAddress=$bindAddress, addressFamily=$addressFamily, " +
        "attemptDelay=$attemptDelay)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: ConnectOptions) {
        private var timeout: Duration = options.timeout
        private var bindAddress: String? = options.bindAddress
        private var addressFamily: AddressFamily = options.addressFamily
        private var attemptDelay: Duration = options.attemptDelay

        /** See [ConnectOptions.timeout]. */
        public fun timeout(value: Duration): Builder = apply { timeout = value }

        /** See [ConnectOptions.bindAddress]. */
        public fun bindAddress(value: String?): Builder = apply { bindAddress = value }

        /** See [ConnectOptions.addressFamily]. */
        public fun addressFamily(value: AddressFamily): Builder = apply { addressFamily = value }

        /** See [ConnectOptions.attemptDelay]. */
        public fun attemptDelay(value: Duration): Builder = apply { attemptDelay = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): ConnectOptions = ConnectOptions(timeout, bindAddress, addressFamily, attemptDelay)
    }

    public companion object {
        private val LEAST_ATTEMPT_DELAY = Duration.ofMillis(10)

        /** All defaults. */
        @JvmField
        public val DEFAULT: ConnectOptions = ConnectOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            timeout: Duration = Connector.DEFAULT_TIMEOUT,
            bindAddress: String? = null,
            addressFamily: AddressFamily = AddressFamily.ANY,
            attemptDelay: Duration = Duration.ofMillis(250),
        ): ConnectOptions = ConnectOptions(timeout, bindAddress, addressFamily, attemptDelay)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
