// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.Address
import dev.torsion.net.CannotListenException
import dev.torsion.net.InternetAddress
import dev.torsion.net.TcpOptions
import dev.torsion.net.hostAndPort
import java.io.IOException
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardProtocolFamily
import java.net.StandardSocketOptions
import java.net.UnknownHostException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel

/** Where a port is to listen, as it was asked for, and what its connections are. */
internal interface ListeningPlace {
    /** A bound channel that does not block; throws a [CannotListenException], and leaves nothing behind then. */
    fun open(reactor: NioEngine): ServerSocketChannel

    /** The address that [channel], which was opened here, listens on. */
    fun addressOf(channel: ServerSocketChannel): Address

    /** A stream over the [accepted] channel. */
    fun stream(reactor: NioEngine, accepted: SocketChannel): NioStream

    /** The port is about to close its channel: gives up what [open] has taken besides. */
    fun leave() {}

    fun cannotListen(cause: Throwable): CannotListenException

    /** The name of a port here. */
    val kind: String
}

/** A port of TCP; port 0 is another one each time. */
internal class TcpPlace(
    private val port: Int,
    private val networkInterface: String,
    private val backlog: Int,
    private val options: TcpOptions,
) : ListeningPlace {
    override fun open(reactor: NioEngine): ServerSocketChannel {
        var channel: ServerSocketChannel? = null
        try {
            val local = if (networkInterface.isEmpty()) InetSocketAddress(port) else localAddress()
            val opened = if (networkInterface.isEmpty()) reactor.provider.openServerSocketChannel() else reactor.open(local.address)
            channel = opened
            opened.configureBlocking(false)
            opened.setOption(StandardSocketOptions.SO_REUSEADDR, true)
            if (options.reusePort) opened.setOption(StandardSocketOptions.SO_REUSEPORT, true)
            opened.bind(local, backlog)
            return opened
        } catch (e: Throwable) {
            channel?.close()
            throw if (e is IOException || e is UnsupportedOperationException) cannotListen(e) else e
        }
    }

    override fun addressOf(channel: ServerSocketChannel) = InternetAddress.of(channel.localAddress)

    override fun stream(reactor: NioEngine, accepted: SocketChannel): NioStream {
        accepted.prepare(options)
        return NioTcpStream(reactor, accepted)
    }

    override val kind get() = "TcpPort"

    override fun cannotListen(cause: Throwable) = CannotListenException(hostAndPort(networkInterface.ifEmpty { "*" }, port), cause)

    // A channel of no family in particular would take 0.0.0.0 for all addresses, those of IPv6 too.
    private fun NioEngine.open(address: InetAddress) =
        provider.openServerSocketChannel(if (address is Inet6Address) StandardProtocolFamily.INET6 else StandardProtocolFamily.INET)

    private fun localAddress(): InetSocketAddress = try {
        InetSocketAddress(InetAddress.getByName(networkInterface), port)
    } catch (e: UnknownHostException) {
        throw UnknownHostException("unknown interface \"$networkInterface\"").initCause(e)
    }
}
