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
public data class TcpOptions
@JvmOverloads
constructor(
    public val stream: StreamOptions = StreamOptions.DEFAULT,
    public val tcpNoDelay: Boolean = true,
    public val tcpKeepAlive: Boolean = false,
) {
    /** These options with another [stream]. */
    public fun withStream(options: StreamOptions): TcpOptions = copy(stream = options)

    /** These options with another [tcpNoDelay]. */
    public fun withTcpNoDelay(isOn: Boolean): TcpOptions = copy(tcpNoDelay = isOn)

    /** These options with another [tcpKeepAlive]. */
    public fun withTcpKeepAlive(isOn: Boolean): TcpOptions = copy(tcpKeepAlive = isOn)

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: TcpOptions = TcpOptions()
    }
}
