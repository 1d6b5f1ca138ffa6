// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/**
 * Options of the connections of a TCP port or connector. Immutable; the defaults are safe for a public server.
 *
 * @property stream the limits of the streams
 * @property tcpNoDelay see [TcpTransport.tcpNoDelay]
 * @property tcpKeepAlive see [TcpTransport.tcpKeepAlive]
 */
public class TcpOptions private constructor(
    public val stream: StreamOptions,
    public val tcpNoDelay: Boolean,
    public val tcpKeepAlive: Boolean,
) {
    /** These options with another [stream]. */
    public fun withStream(options: StreamOptions): TcpOptions = copy(stream = options)

    /** These options with another [tcpNoDelay]. */
    public fun withTcpNoDelay(isOn: Boolean): TcpOptions = copy(tcpNoDelay = isOn)

    /** These options with another [tcpKeepAlive]. */
    public fun withTcpKeepAlive(isOn: Boolean): TcpOptions = copy(tcpKeepAlive = isOn)

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        stream: StreamOptions = this.stream,
        tcpNoDelay: Boolean = this.tcpNoDelay,
        tcpKeepAlive: Boolean = this.tcpKeepAlive,
    ): TcpOptions = TcpOptions(stream, tcpNoDelay, tcpKeepAlive)

    private fun values() = listOf<Any?>(stream, tcpNoDelay, tcpKeepAlive)

    override fun equals(other: Any?): Boolean = other is TcpOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "TcpOptions(stream=$stream, tcpNoDelay=$tcpNoDelay, tcpKeepAlive=$tcpKeepAlive)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: TcpOptions) {
        private var stream: StreamOptions = options.stream
        private var tcpNoDelay: Boolean = options.tcpNoDelay
        private var tcpKeepAlive: Boolean = options.tcpKeepAlive

        /** See [TcpOptions.stream]. */
        public fun stream(value: StreamOptions): Builder = apply { stream = value }

        /** See [TcpOptions.tcpNoDelay]. */
        public fun tcpNoDelay(value: Boolean): Builder = apply { tcpNoDelay = value }

        /** See [TcpOptions.tcpKeepAlive]. */
        public fun tcpKeepAlive(value: Boolean): Builder = apply { tcpKeepAlive = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): TcpOptions = TcpOptions(stream, tcpNoDelay, tcpKeepAlive)
    }

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: TcpOptions = TcpOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            stream: StreamOptions = StreamOptions.DEFAULT,
            tcpNoDelay: Boolean = true,
            tcpKeepAlive: Boolean = false,
        ): TcpOptions = TcpOptions(stream, tcpNoDelay, tcpKeepAlive)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
