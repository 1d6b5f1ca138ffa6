// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.log.safeMessage
import dev.torsion.name.literalAddresses
import dev.torsion.net.CannotListenException
import dev.torsion.net.DatagramOptions
import dev.torsion.net.hostAndPort
import dev.torsion.spi.DatagramChannel
import dev.torsion.spi.DatagramChannelHandler
import java.io.IOException
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import java.net.PortUnreachableException
import java.net.SocketAddress
import java.net.SocketOption
import java.net.StandardProtocolFamily
import java.net.StandardSocketOptions
import java.net.UnknownHostException
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.MembershipKey
import java.nio.channels.SelectionKey
import java.nio.channels.spi.SelectorProvider
import java.nio.channels.DatagramChannel as Socket

/** A UDP socket on the selector. It receives through the engine's one read buffer. */
internal class NioDatagramChannel
private constructor(
    private val engine: NioEngine,
    private val socket: Socket,
    private val options: DatagramOptions,
) : DatagramChannel,
    Selectable {
    private lateinit var handler: DatagramChannelHandler
    private var key: SelectionKey? = null
    private var interest = SelectionKey.OP_READ
    private var isOpen = true
    private var failures = 0
    private var local: InetSocketAddress = socket.localAddress as InetSocketAddress
    private val memberships = HashMap<Membership, MembershipKey>()

    private data class Membership(val group: InetAddress, val on: NetworkInterface, val source: InetAddress?)

    override val localAddress get() = local

    override var remoteAddress: InetSocketAddress? = socket.remoteAddress as InetSocketAddress?
        private set

    override fun start(handler: DatagramChannelHandler) {
        this.handler = handler
        key = engine.register(socket, interest, this)
    }

    override fun ready(operations: Int) {
        if (operations and SelectionKey.OP_WRITE != 0) handler.outputReady()
        if (operations and SelectionKey.OP_READ != 0) receive()
    }

    private fun receive() {
        val input = engine.readBuffer
        val longest = options.maxPacketSize
        var left = options.datagramsPerTurn
        var bytes = 0
        while (isOpen && left-- > 0 && bytes < MOST_BYTES) {
            val sender =
                try {
                    input.receiveFrom(socket, longest + 1) ?: return
                } catch (_: PortUnreachableException) {
                    handler.refused()
                    continue
                } catch (e: Throwable) {
                    return receivingFailed(e)
                }
            failures = 0
            hand(input, sender, longest)
            bytes += input.received
        }
    }

    private fun hand(input: ReadBuffer, sender: SocketAddress, longest: Int) {
        val count = input.received
        if (count > longest) {
            handler.truncated(input.view(longest), sender as InetSocketAddress)
        } else {
            handler.received(input.view(count), sender as InetSocketAddress)
        }
    }

    /** Most likely an error of a datagram before, or of the network. One that comes again and again would make the loop spin. */
    private fun receivingFailed(cause: Throwable) {
        if (cause is ClosedChannelException || ++failures >= MOST_FAILURES) handler.broken(cause) else handler.receivingFailed(cause)
    }

    // An empty one gives 0 whether it was sent or not.
    override fun send(data: ByteBuffer, target: InetSocketAddress): Boolean {
        if (remoteAddress != null && !data.hasRemaining()) sendEmpty(data, target) else socket.send(data, target)
        return !data.hasRemaining()
    }

    /**
     * On a socket that is connected the JDK makes no system call for an empty datagram. Another socket of the same address sends it; the system
     * gives what comes meanwhile to the one that is connected.
     */
    private fun sendEmpty(data: ByteBuffer, target: InetSocketAddress) {
        if (engine.provider !== SelectorProvider.provider()) {
            socket.send(data, target)
            return
        }
        val wasShared = socket.getOption(StandardSocketOptions.SO_REUSEADDR)
        socket.setOption(StandardSocketOptions.SO_REUSEADDR, true)
        try {
            engine.socketFor(local.address).use {
                it.setOption(StandardSocketOptions.SO_REUSEADDR, true)
                it.bind(local)
                it.send(data, target)
            }
        } finally {
            if (!wasShared) socket.setOption(StandardSocketOptions.SO_REUSEADDR, false)
        }
    }

    override fun notifyWhenWritable(on: Boolean) {
        interest = if (on) interest or SelectionKey.OP_WRITE else interest and SelectionKey.OP_WRITE.inv()
        key?.let { if (it.isValid && it.interestOps() != interest) it.interestOps(interest) }
    }

    override fun connect(remote: InetSocketAddress) {
        socket.connect(remote)
        remoteAddress = remote
        local = socket.localAddress as InetSocketAddress
    }

    override fun <T> option(name: SocketOption<T>): T = socket.getOption(name)

    override fun <T> setOption(name: SocketOption<T>, value: T) {
        socket.setOption(name, value)
    }

    override fun join(group: InetAddress, on: NetworkInterface, source: InetAddress?) {
        memberships[Membership(group, on, source)] = if (source == null) socket.join(group, on) else socket.join(group, on, source)
    }

    override fun leave(group: InetAddress, on: NetworkInterface, source: InetAddress?): Boolean {
        val membership = memberships.remove(Membership(group, on, source)) ?: return false
        membership.drop()
        return true
    }

    override fun block(group: InetAddress, on: NetworkInterface, source: InetAddress, isBlocked: Boolean): Boolean {
        val membership = memberships[Membership(group, on, null)] ?: return false
        if (isBlocked) membership.block(source) else membership.unblock(source)
        return true
    }

    override fun close(whenClosed: Runnable) {
        isOpen = false
        key?.cancel()
        try {
            socket.close()
        } finally {
            engine.afterSelect(whenClosed)
        }
    }

    override fun reactorStopped() = handler.loopEnded()

    override fun toString() = "NioDatagramChannel($local)"

    companion object {
        private const val MOST_BYTES = 256 * 1024
        private const val MOST_FAILURES = 16

        fun open(engine: NioEngine, port: Int, networkInterface: String, options: DatagramOptions): DatagramChannel =
            reporting(port, networkInterface) {
                val host = if (networkInterface.isEmpty()) null else hostOf(networkInterface)
                closedIfFailing(if (host == null) engine.provider.openDatagramChannel() else engine.socketFor(host)) {
                    it.configureBlocking(false)
                    it.prepare(options)
                    it.bind(if (host == null) InetSocketAddress(port) else InetSocketAddress(host, port))
                    NioDatagramChannel(engine, it, options)
                }
            }

        fun adopt(engine: NioEngine, socket: Socket, options: DatagramOptions): DatagramChannel = reporting(0, "$socket") {
            if (socket.provider() !== engine.provider) throw IOException("it is of another provider than the reactor's selector")
            if (socket.isRegistered) throw IOException("it is a port already")
            socket.configureBlocking(false)
            if (options.broadcast) socket.setOption(StandardSocketOptions.SO_BROADCAST, true)
            if (socket.localAddress == null) socket.bind(null)
            NioDatagramChannel(engine, socket, options)
        }

        private fun hostOf(networkInterface: String): InetAddress = literalAddresses(networkInterface)?.first()
            ?: throw UnknownHostException("unknown interface \"$networkInterface\": a local address is wanted here")

        // A socket of no family in particular would take 0.0.0.0 for all addresses, those of IPv6 too.
        private fun NioEngine.socketFor(host: InetAddress) =
            provider.openDatagramChannel(if (host is Inet6Address) StandardProtocolFamily.INET6 else StandardProtocolFamily.INET)

        private fun Socket.prepare(options: DatagramOptions) {
            if (options.reuseAddress) {
                setOption(StandardSocketOptions.SO_REUSEADDR, true)
                if (StandardSocketOptions.SO_REUSEPORT in supportedOptions()) setOption(StandardSocketOptions.SO_REUSEPORT, true)
            }
            if (options.broadcast) setOption(StandardSocketOptions.SO_BROADCAST, true)
            if (options.receiveBufferSize > 0) setOption(StandardSocketOptions.SO_RCVBUF, options.receiveBufferSize)
            if (options.sendBufferSize > 0) setOption(StandardSocketOptions.SO_SNDBUF, options.sendBufferSize)
        }

        private inline fun <T> closedIfFailing(socket: Socket, block: (Socket) -> T): T = try {
            block(socket)
        } catch (e: Throwable) {
            try {
                socket.close()
            } catch (second: IOException) {
                e.addSuppressed(second)
            }
            throw e
        }

        private inline fun <T> reporting(port: Int, networkInterface: String, open: () -> T): T = try {
            open()
        } catch (e: IOException) {
            throw CannotListenException(hostAndPort(networkInterface.ifEmpty { "*" }, port), e)
        } catch (e: UnsupportedOperationException) { // no such family here
            throw CannotListenException(hostAndPort(networkInterface.ifEmpty { "*" }, port), e)
        } catch (e: IllegalStateException) { // it blocks, and is on another selector
            throw CannotListenException(hostAndPort(networkInterface.ifEmpty { "*" }, port), IOException(safeMessage(e) ?: "$e", e))
        }
    }
}
