// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import dev.torsion.net.InternetAddress
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpTransport
import dev.torsion.spi.TcpChannel
import java.util.function.Consumer

/** What a TCP connection has beyond a byte stream: the addresses of the internet, and a socket's options. */
internal class TcpStreamTransport(
    loop: StreamLoop,
    private val channel: TcpChannel,
    options: StreamOptions,
    lost: Consumer<CloseReason>?,
) : StreamTransport(loop, channel, options, lost),
    TcpTransport {
    override fun host() = channel.localAddress as InternetAddress

    override fun peer() = channel.remoteAddress as InternetAddress

    override var tcpNoDelay: Boolean
        get() = channel.tcpNoDelay
        set(value) {
            channel.tcpNoDelay = value
        }

    override var tcpKeepAlive: Boolean
        get() = channel.tcpKeepAlive
        set(value) {
            channel.tcpKeepAlive = value
        }

    override val kind get() = "TcpTransport"
}
