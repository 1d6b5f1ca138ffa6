// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.net.DatagramOptions
import dev.torsion.spi.DatagramChannel
import dev.torsion.spi.DatagramChannelHandler
import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import java.net.PortUnreachableException
import java.net.SocketOption
import java.net.SocketTimeoutException
import java.nio.ByteBuffer
import java.util.concurrent.Semaphore
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

/** A blocking UDP socket for [ThreadedEngine]: one thread receives, and the loop's sends. */
@OptIn(TorsionSpi::class)
internal class ThreadedDatagrams(private val engine: ThreadedEngine, private val socket: DatagramSocket, options: DatagramOptions) :
    DatagramChannel {
    private val longest = options.maxPacketSize

    /** The datagrams that were received, and not handed out. */
    private val room = Semaphore(options.datagramsPerTurn)
    private lateinit var handler: DatagramChannelHandler
    private var isStarted = false
    private var isOpen = true
    private var whenClosed: Runnable? = null

    /** A DatagramSocket waits with connecting until nobody receives. */
    private val waitForOne = ReentrantLock(true)
    private val joined = HashSet<Pair<InetAddress, NetworkInterface>>()
    override var localAddress = socket.localSocketAddress as InetSocketAddress
        private set
    override var remoteAddress: InetSocketAddress? = null
        private set

    init {
        socket.soTimeout = TURN_MILLIS
    }

    override fun start(handler: DatagramChannelHandler) {
        this.handler = handler
        isStarted = true
        engine.datagramChannels.add(this)
        thread(isDaemon = true) { receiving() }
    }

    private fun receiving() {
        val packet = DatagramPacket(ByteArray(longest + 1), longest + 1)
        while (!socket.isClosed) {
            room.acquireUninterruptibly()
            try {
                packet.length = longest + 1
                waitForOne.withLock { socket.receive(packet) }
                val view = ByteBuffer.wrap(packet.data.copyOf(packet.length)).asReadOnlyBuffer()
                val sender = packet.socketAddress as InetSocketAddress
                handOut {
                    if (view.remaining() >
                        longest
                    ) {
                        handler.truncated(view.limit(longest), sender)
                    } else {
                        handler.received(view, sender)
                    }
                }
            } catch (_: SocketTimeoutException) {
                room.release()
            } catch (_: PortUnreachableException) {
                handOut { handler.refused() }
            } catch (e: IOException) {
                if (!socket.isClosed) handOut { handler.receivingFailed(e) }
            }
        }
        engine.complete { closed() }
    }

    private fun handOut(tell: () -> Unit) = engine.complete {
        room.release()
        if (isOpen) tell()
    }

    override fun send(data: ByteBuffer, target: InetSocketAddress): Boolean {
        val bytes = ByteArray(data.remaining()).also { data.duplicate().get(it) }
        socket.send(DatagramPacket(bytes, bytes.size, target))
        data.position(data.limit())
        return true
    }

    /** Sending never waits. */
    override fun notifyWhenWritable(on: Boolean) = Unit

    override fun connect(remote: InetSocketAddress) {
        waitForOne.withLock { socket.connect(remote) }
        remoteAddress = remote
        localAddress = socket.localSocketAddress as InetSocketAddress
    }

    override fun <T> option(name: SocketOption<T>): T = socket.getOption(name)

    override fun <T> setOption(name: SocketOption<T>, value: T) {
        socket.setOption(name, value)
    }

    override fun join(group: InetAddress, on: NetworkInterface, source: InetAddress?) {
        if (source != null) throw UnsupportedOperationException("no choice among the sources of a group")
        if (joined.add(group to on)) socket.joinGroup(InetSocketAddress(group, 0), on)
    }

    override fun leave(group: InetAddress, on: NetworkInterface, source: InetAddress?): Boolean {
        if (source != null || !joined.remove(group to on)) return false
        socket.leaveGroup(InetSocketAddress(group, 0), on)
        return true
    }

    override fun block(group: InetAddress, on: NetworkInterface, source: InetAddress, isBlocked: Boolean): Boolean =
        throw UnsupportedOperationException("no choice among the sources of a group")

    override fun close(whenClosed: Runnable) {
        isOpen = false
        this.whenClosed = whenClosed
        socket.close()
        room.release()
        if (!isStarted) engine.complete { closed() }
    }

    private fun closed() {
        engine.datagramChannels.remove(this)
        whenClosed?.run()
        whenClosed = null
    }

    fun loopEnded() = handler.loopEnded()

    private companion object {
        const val TURN_MILLIS = 10
    }
}
