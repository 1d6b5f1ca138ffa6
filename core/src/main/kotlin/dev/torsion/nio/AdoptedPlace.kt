// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.Address
import dev.torsion.net.CannotListenException
import dev.torsion.net.InternetAddress
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixAddress
import java.io.IOException
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel

/** A [channel] that somebody else has opened, to listen on once. */
internal class AdoptedPlace(private val channel: ServerSocketChannel, private val options: TcpOptions) : ListeningPlace {
    private val address: SocketAddress =
        requireNotNull(channel.localAddress) { "a channel that is to be a port must be bound, but $channel is not" }
    private var isUsed = false

    override fun open(reactor: NioEngine): ServerSocketChannel {
        if (channel.isRegistered) throw cannotListen(IOException("the channel is a port already"))
        if (isUsed) throw cannotListen(IOException("it was somebody else's port, which is closed for good"))
        isUsed = true
        try {
            channel.configureBlocking(false)
        } catch (e: IOException) {
            throw cannotListen(e)
        }
        return channel
    }

    override fun addressOf(channel: ServerSocketChannel) = torsionAddress(address)

    override fun stream(reactor: NioEngine, accepted: SocketChannel) = adoptedStream(reactor, accepted, options)

    override val kind get() = "AdoptedPort"

    override fun cannotListen(cause: Throwable) = CannotListenException(torsionAddress(address).toString(), cause)
}

private fun torsionAddress(address: SocketAddress): Address =
    if (address is InetSocketAddress) InternetAddress.of(address) else UnixAddress.of(address)

/** A stream over a connected [channel], of TCP or of a UNIX socket. */
internal fun adoptedStream(reactor: NioEngine, channel: SocketChannel, options: TcpOptions): NioStream {
    if (channel.localAddress is InetSocketAddress) {
        channel.prepare(options)
        return NioTcpStream(reactor, channel)
    }
    channel.configureBlocking(false)
    return NioUnixStream(reactor, channel)
}
