// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/**
 * Options of a TCP port or connector, and of its connections. Immutable; the defaults are safe for a public server.
 *
 * Two options of sockets are missing. `SO_LINGER` is: [Transport.loseConnection] sends what was written within
 * [StreamOptions.closeTimeout], and [Transport.abortConnection] resets. `TCP_USER_TIMEOUT` is, since Java has no access to it: [keepAlive]
 * finds a peer that is gone while nothing is sent, and [StreamOptions.minimumRate] one that does not take what is sent.
 *
 * @property stream the limits of the streams
 * @property tcpNoDelay see [TcpTransport.tcpNoDelay]
 * @property tcpKeepAlive see [TcpTransport.tcpKeepAlive]
 * @property keepAlive when an idle peer is probed, and how often; null for the times of the system, which are hours. It has an effect with
 *   [tcpKeepAlive] only, which [withKeepAlive] and the builder switch on
 * @property reusePort whether other sockets of the same user may listen on a port of ours (`SO_REUSEPORT`); false. All of them have to say
 *   so. The system then gives each connection to one of them. A system without it refuses to listen. Of a port only
 */
public class TcpOptions private constructor(
    public val stream: StreamOptions,
    public val tcpNoDelay: Boolean,
    public val tcpKeepAlive: Boolean,
    public val keepAlive: KeepAlive?,
    public val reusePort: Boolean,
) {
    /** These options with another [stream]. */
    public fun withStream(options: StreamOptions): TcpOptions = copy(stream = options)

    /** These options with another [tcpNoDelay]. */
    public fun withTcpNoDelay(isOn: Boolean): TcpOptions = copy(tcpNoDelay = isOn)

    /** These options with another [tcpKeepAlive]. */
    public fun withTcpKeepAlive(isOn: Boolean): TcpOptions = copy(tcpKeepAlive = isOn)

    /** These options with another [keepAlive], and with [tcpKeepAlive]. */
    public fun withKeepAlive(times: KeepAlive): TcpOptions = copy(tcpKeepAlive = true, keepAlive = times)

    /** These options with another [reusePort]. */
    public fun withReusePort(isOn: Boolean): TcpOptions = copy(reusePort = isOn)

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        stream: StreamOptions = this.stream,
        tcpNoDelay: Boolean = this.tcpNoDelay,
        tcpKeepAlive: Boolean = this.tcpKeepAlive,
        keepAlive: KeepAlive? = this.keepAlive,
        reusePort: Boolean = this.reusePort,
    ): TcpOptions = TcpOptions(stream, tcpNoDelay, tcpKeepAlive, keepAlive, reusePort)

    private fun values() = listOf<Any?>(stream, tcpNoDelay, tcpKeepAlive, keepAlive, reusePort)

    override fun equals(other: Any?): Boolean = other is TcpOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "TcpOptions(stream=$stream, tcpNoDelay=$tcpNoDelay, tcpKeepAlive=$tcpKeepAlive, " +
        "keepAlive=$keepAlive, reusePort=$reusePort)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: TcpOptions) {
        private var stream: StreamOptions = options.stream
        private var tcpNoDelay: Boolean = options.tcpNoDelay
        private var tcpKeepAlive: Boolean = options.tcpKeepAlive
        private var keepAlive: KeepAlive? = options.keepAlive
        private var reusePort: Boolean = options.reusePort

        /** See [TcpOptions.stream]. */
        public fun stream(value: StreamOptions): Builder = apply { stream = value }

        /** See [TcpOptions.tcpNoDelay]. */
        public fun tcpNoDelay(value: Boolean): Builder = apply { tcpNoDelay = value }

        /** See [TcpOptions.tcpKeepAlive]. */
        public fun tcpKeepAlive(value: Boolean): Builder = apply { tcpKeepAlive = value }

        /** See [TcpOptions.keepAlive]. Switches [tcpKeepAlive] on. */
        public fun keepAlive(value: KeepAlive): Builder = apply {
            keepAlive = value
            tcpKeepAlive = true
        }

        /** See [TcpOptions.reusePort]. */
        public fun reusePort(value: Boolean): Builder = apply { reusePort = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): TcpOptions = TcpOptions(stream, tcpNoDelay, tcpKeepAlive, keepAlive, reusePort)
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
            keepAlive: KeepAlive? = null,
            reusePort: Boolean = false,
        ): TcpOptions = TcpOptions(stream, tcpNoDelay, tcpKeepAlive, keepAlive, reusePort)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
