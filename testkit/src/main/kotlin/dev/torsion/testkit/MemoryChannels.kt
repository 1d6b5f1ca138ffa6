// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import jdk.net.ExtendedSocketOptions
import jdk.net.UnixDomainPrincipal
import java.io.IOException
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketAddress
import java.net.SocketOption
import java.net.StandardSocketOptions
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.AlreadyConnectedException
import java.nio.channels.ClosedChannelException
import java.nio.channels.NotYetConnectedException
import java.nio.channels.SelectionKey
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.channels.spi.SelectorProvider

/** A channel of the network in memory: it can say what it is ready for. */
internal interface MemoryChannel {
    /** The operations that would not have to wait, as a set of [SelectionKey] bits. */
    fun readyOperations(): Int
}

/** Socket options that are remembered, and otherwise mean nothing, except `SO_LINGER`. */
internal class SocketOptionMap {
    private val values = HashMap<SocketOption<*>, Any?>()

    fun <T> set(name: SocketOption<T>, value: T) {
        if (name !in DEFAULTS) throw UnsupportedOperationException("no socket option $name in memory")
        values[name] = value
    }

    fun <T> get(name: SocketOption<T>): T {
        val value = values[name] ?: DEFAULTS[name] ?: throw UnsupportedOperationException("no socket option $name in memory")
        return name.type().cast(value)
    }

    val resetsOnClose get() = values[StandardSocketOptions.SO_LINGER] == 0

    companion object {
        private val DEFAULTS: Map<SocketOption<*>, Any> =
            mapOf(
                StandardSocketOptions.TCP_NODELAY to false,
                StandardSocketOptions.SO_KEEPALIVE to false,
                StandardSocketOptions.SO_REUSEADDR to false,
                StandardSocketOptions.SO_LINGER to -1,
            )
        val SUPPORTED = DEFAULTS.keys
    }
}

/** One end of a TCP connection in memory. */
internal class MemorySocketChannel(provider: SelectorProvider, private val network: MemoryNetwork) :
    SocketChannel(provider),
    MemoryChannel {
    private val options = SocketOptionMap()
    private var local: SocketAddress? = null
    private var remote: SocketAddress? = null
    private var input: BytePipe? = null
    private var output: BytePipe? = null
    private var outputShut = false
    private var isDropped = false
    private var attempt: MemoryNetwork.Attempt? = null

    /** The other end; null until connected. */
    var peer: MemorySocketChannel? = null
        private set

    /** Connects both ends, before either has been told. */
    fun join(peer: MemorySocketChannel, link: MemoryLink, local: SocketAddress, remote: SocketAddress, input: BytePipe, output: BytePipe) {
        this.peer = peer
        this.link = link
        this.local = local
        this.remote = remote
        this.input = input
        this.output = output
    }

    override fun connect(remote: SocketAddress): Boolean {
        network.calls.calling("connect")
        if (isConnected || attempt != null) throw AlreadyConnectedException()
        attempt = network.connect(this, remote, local as InetSocketAddress?)
        return false
    }

    override fun finishConnect(): Boolean {
        network.calls.calling("finishConnect")
        val current = attempt ?: return isConnected
        if (!current.isDecided) return false
        attempt = null
        if (isConnected) return true
        close()
        throw current.refusal
    }

    override fun readyOperations(): Int {
        if (!isOpen) return 0
        val input = input ?: return if (attempt?.isDecided == true) SelectionKey.OP_CONNECT else 0
        if (attempt != null) return SelectionKey.OP_CONNECT
        val readable = if (input.isReadable) SelectionKey.OP_READ else 0
        val writable = if (output!!.room > 0 || input.isReset) SelectionKey.OP_WRITE else 0
        return readable or writable
    }

    override fun read(target: ByteBuffer): Int {
        network.calls.calling("read")
        val input = input ?: throw NotYetConnectedException()
        if (!isOpen) throw ClosedChannelException()
        if (input.isReset) throw IOException("Connection reset")
        return input.read(target)
    }

    override fun read(targets: Array<out ByteBuffer>, offset: Int, length: Int): Long =
        targets.asList().subList(offset, offset + length).firstOrNull { it.hasRemaining() }?.let { read(it).toLong() } ?: 0

    override fun write(source: ByteBuffer): Int {
        network.calls.calling("write")
        val output = output ?: throw NotYetConnectedException()
        if (!isOpen || outputShut) throw ClosedChannelException()
        if (input!!.isReset) throw IOException("Broken pipe")
        return output.send(source)
    }

    override fun write(sources: Array<out ByteBuffer>, offset: Int, length: Int): Long =
        sources.asList().subList(offset, offset + length).sumOf { write(it).toLong() }

    override fun shutdownOutput(): SocketChannel {
        network.calls.calling("shutdownOutput")
        val output = output ?: throw NotYetConnectedException()
        outputShut = true
        output.sendEnd()
        return this
    }

    override fun shutdownInput(): SocketChannel = throw UnsupportedOperationException("shutdownInput is not of TCP")

    /** Bytes of the peer arrive. Bytes that we sent to a peer that has closed come back as a reset. */
    fun deliver() {
        val input = input ?: return
        input.arrive()
        val output = output!!
        if (!isPeerClosed) return
        output.arrive()
        if (output.hasUnread) {
            output.clear()
            input.sendReset()
            input.arrive()
        }
    }

    val isAwaitingDelivery get() = input?.isDue == true || (isPeerClosed && (output!!.isDue || output!!.hasUnread))

    /** When the next byte, end or reset arrives, or [BytePipe.NEVER]. */
    fun nextArrival(): Long = minOf(input?.nextDue() ?: BytePipe.NEVER, if (isPeerClosed) output!!.nextDue() else BytePipe.NEVER)

    private val isPeerClosed get() = peer?.isOpen == false

    /** The way to the other end; null until connected. */
    var link: MemoryLink? = null
        private set

    /** Closed by the kernel before anybody has accepted it. */
    fun drop() {
        options.set(StandardSocketOptions.SO_LINGER, 0)
        isDropped = true
        close()
    }

    /** Something between the two ends breaks the connection for this one. */
    fun breakOff() {
        input!!.breakOff()
    }

    override fun implCloseSelectableChannel() {
        attempt?.let(network::abandon)
        network.closed(this)
        output?.let { if (options.resetsOnClose || input!!.hasUnread) it.sendReset() else it.sendEnd() }
        if (!isDropped) network.calls.calling("close") // which may fail; but the descriptor is free then, too
    }

    override fun implConfigureBlocking(block: Boolean) {
        if (block) throw UnsupportedOperationException("channels in memory never block")
    }

    override fun bind(local: SocketAddress?): SocketChannel {
        network.calls.calling("bind")
        this.local = local as InetSocketAddress?
        return this
    }

    override fun <T> setOption(name: SocketOption<T>, value: T): SocketChannel {
        network.calls.calling("setOption")
        if (!isOpen) throw ClosedChannelException()
        options.set(name, value)
        return this
    }

    override fun <T> getOption(name: SocketOption<T>): T =
        if (name == ExtendedSocketOptions.SO_PEERCRED) name.type().cast(credentials) else options.get(name)

    private val credentials get() = network.peerCredentials?.let { UnixDomainPrincipal(it.user, it.group) }

    override fun supportedOptions(): Set<SocketOption<*>> =
        if (remote is UnixDomainSocketAddress) SocketOptionMap.SUPPORTED + ExtendedSocketOptions.SO_PEERCRED else SocketOptionMap.SUPPORTED

    override fun isConnected(): Boolean = peer != null

    override fun isConnectionPending(): Boolean = attempt != null

    override fun getLocalAddress(): SocketAddress? = local

    override fun getRemoteAddress(): SocketAddress? = remote

    override fun socket(): Socket = throw UnsupportedOperationException("there is no java.net.Socket in memory")

    override fun toString() = "MemorySocket($local <-> $remote)"
}

/** A listening TCP socket in memory; one [ofIPv4] takes the address `0.0.0.0` for all of IPv4 only. */
internal class MemoryServerChannel(provider: SelectorProvider, private val network: MemoryNetwork, val ofIPv4: Boolean) :
    ServerSocketChannel(provider),
    MemoryChannel {
    private val options = SocketOptionMap()
    private val waiting = ArrayDeque<MemorySocketChannel>()
    private var backlog = 0
    private var local: SocketAddress? = null

    val hasRoom get() = waiting.size < backlog

    /** Takes the server's end of a new connection. */
    fun enqueue(accepted: MemorySocketChannel) {
        waiting.addLast(accepted)
    }

    override fun readyOperations(): Int = if (isOpen && waiting.isNotEmpty()) SelectionKey.OP_ACCEPT else 0

    override fun accept(): SocketChannel? {
        network.calls.calling("accept")
        return waiting.removeFirstOrNull()
    }

    override fun bind(local: SocketAddress?, backlog: Int): ServerSocketChannel {
        network.calls.calling("bind")
        this.local = if (local is UnixDomainSocketAddress) network.bind(this, local) else network.bind(this, local as InetSocketAddress)
        this.backlog = backlog
        return this
    }

    override fun implCloseSelectableChannel() {
        local?.let(network::unbind)
        network.resources.remove(this)
        waiting.forEach { it.drop() }
        network.calls.calling("close server")
    }

    override fun implConfigureBlocking(block: Boolean) {
        if (block) throw UnsupportedOperationException("channels in memory never block")
    }

    override fun <T> setOption(name: SocketOption<T>, value: T): ServerSocketChannel {
        network.calls.calling("setOption")
        options.set(name, value)
        return this
    }

    override fun <T> getOption(name: SocketOption<T>): T = options.get(name)

    override fun supportedOptions(): Set<SocketOption<*>> = SocketOptionMap.SUPPORTED

    override fun getLocalAddress(): SocketAddress? = local

    override fun socket(): ServerSocket = throw UnsupportedOperationException("there is no java.net.ServerSocket in memory")

    override fun toString() = "MemoryServerSocket($local)"
}
