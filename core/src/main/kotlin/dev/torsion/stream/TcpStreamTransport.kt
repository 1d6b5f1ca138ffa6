// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import dev.torsion.net.InternetAddress
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpTransport
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.TcpChannel
import java.util.function.Consumer

/** The parts of a TCP connection beyond a byte stream: the addresses of the internet, and a socket's options. */
internal class TcpStreamTransport(
    loop: StreamLoop,
    private val socket: TcpChannel,
    through: StreamChannel,
    options: StreamOptions,
    lost: Consumer<CloseReason>?,
) : StreamTransport(loop, through, options, lost),
    TcpTransport {
    override fun host() = socket.localAddress as InternetAddress

    override fun peer() = socket.remoteAddress as InternetAddress

    override var tcpNoDelay: Boolean
        get() = socket.tcpNoDelay
        set(value) {
            socket.tcpNoDelay = value
        }

    override var tcpKeepAlive: Boolean
        get() = socket.tcpKeepAlive
        set(value) {
            socket.tcpKeepAlive = value
        }

    override val kind get() = "TcpTransport"
}
