// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.InternetAddress
import dev.torsion.spi.TcpChannel
import java.net.SocketAddress
import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel

/** A connection over TCP. */
internal class NioTcpStream(reactor: NioEngine, channel: SocketChannel) :
    NioStream(reactor, channel),
    TcpChannel {
    private val local: SocketAddress = channel.localAddress
    private val remote: SocketAddress = channel.remoteAddress

    override val localAddress get() = InternetAddress.of(local)

    override val remoteAddress get() = InternetAddress.of(remote)

    override var tcpNoDelay: Boolean
        get() = channel.getOption(StandardSocketOptions.TCP_NODELAY)
        set(value) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, value)
        }

    override var tcpKeepAlive: Boolean
        get() = channel.getOption(StandardSocketOptions.SO_KEEPALIVE)
        set(value) {
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, value)
        }

    override fun resetOnClose() {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0)
    }
}
