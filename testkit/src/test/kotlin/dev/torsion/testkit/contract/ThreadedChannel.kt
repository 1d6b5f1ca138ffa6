// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.net.InternetAddress
import dev.torsion.spi.StreamHandler
import dev.torsion.spi.TcpChannel
import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.net.InetSocketAddress
import java.net.Socket
import java.net.SocketException
import java.nio.ByteBuffer
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.Semaphore
import kotlin.concurrent.thread

/**
 * A connection with one thread that reads, a piece at a time, and one that writes what was taken, at most [ROOM] bytes.
 *
 * Thread: the loop's, except for the two.
 */
@OptIn(TorsionSpi::class)
internal class ThreadedChannel(private val engine: ThreadedEngine, val socket: Socket) : TcpChannel {
    private lateinit var handler: StreamHandler
    private val orders = LinkedBlockingQueue<Order>()
    private val credit = Semaphore(1) // to read a piece
    private var arrived: ByteBuffer? = null // the piece that was not handed out
    private var hasInputEnded = false
    private var isInputEndTold = false
    private var isReading = true
    private var isAskedForRoom = false
    private var isToAsk = false
    private var unsent = 0
    private var isOver = false

    @Volatile
    private var isDiscarding = false

    private sealed interface Order {
        class Write(val bytes: ByteArray) : Order

        data object EndOutput : Order

        data object Finish : Order

        data object Stop : Order
    }

    override val localAddress = InternetAddress.of(socket.localSocketAddress as InetSocketAddress)
    override val remoteAddress = InternetAddress.of(socket.remoteSocketAddress as InetSocketAddress)

    override var tcpNoDelay: Boolean by socket::tcpNoDelay
    override var tcpKeepAlive: Boolean by socket::keepAlive

    override fun start(handler: StreamHandler) {
        this.handler = handler
        engine.channels.add(this)
        thread(isDaemon = true, block = ::read)
        thread(isDaemon = true, block = ::write)
    }

    override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    fun loopEnding() = handler.loopEnding()

    fun loopEnded() = handler.loopEnded()

    // The reader.

    private fun read() {
        val buffer = ByteArray(PIECE)
        try {
            while (true) {
                credit.acquire()
                val count = socket.getInputStream().read(buffer)
                if (count < 0) break
                if (isDiscarding) {
                    credit.release()
                } else {
                    val piece = ByteBuffer.wrap(buffer.copyOf(count)).asReadOnlyBuffer()
                    engine.complete {
                        arrived = piece
                        handOut()
                    }
                }
            }
            engine.complete {
                hasInputEnded = true
                handOut()
            }
        } catch (e: IOException) {
            engine.complete { broken(e) }
        }
        if (isDiscarding) socket.close()
    }

    /** Hands out what has come, as far as it is wanted. */
    private fun handOut() {
        while (isReading && !isOver) {
            val piece = arrived ?: break
            val most = handler.receiveLimit()
            if (!isReading || isOver) return
            if (most <= 0) return engine.complete(::handOut)
            val view = piece.slice(piece.position(), minOf(most, piece.remaining()))
            piece.position(piece.position() + view.remaining())
            if (!piece.hasRemaining()) arrived = null
            handler.received(view)
            if (arrived == null) credit.release()
        }
        if (isReading && !isOver && arrived == null && hasInputEnded && !isInputEndTold) {
            isInputEndTold = true
            isReading = false
            handler.inputEnded()
        }
    }

    override fun reading(on: Boolean) {
        isReading = on && !isInputEndTold
        if (isReading) engine.complete(::handOut)
    }

    private fun broken(e: IOException) {
        if (!isOver) handler.broken(e)
    }

    // The writer.

    private fun write() {
        try {
            while (true) {
                when (val order = orders.take()) {
                    is Order.Write -> {
                        socket.getOutputStream().write(order.bytes)
                        engine.complete {
                            unsent -= order.bytes.size
                            askIfRoom()
                        }
                    }
                    Order.EndOutput -> socket.shutdownOutput()
                    Order.Finish -> return lingering()
                    Order.Stop -> return
                }
            }
        } catch (e: IOException) {
            engine.complete { if (isFinishing) finished(e) else broken(e) }
        }
    }

    override fun send(data: ByteBuffer): Int {
        val count = minOf(data.remaining(), ROOM - unsent)
        if (count == 0 || isOver) return 0
        unsent += count
        orders.add(Order.Write(ByteArray(count).also(data::get)))
        return count
    }

    override fun notifyWhenWritable(on: Boolean) {
        isAskedForRoom = on
        askIfRoom()
    }

    private fun askIfRoom() {
        if (isToAsk || !isAskedForRoom || unsent == ROOM) return
        isToAsk = true
        engine.complete {
            isToAsk = false
            if (isAskedForRoom && !isOver) handler.outputReady()
            askIfRoom() // in the next turn
        }
    }

    override fun endOutput() {
        orders.add(Order.EndOutput)
    }

    // The end.

    private var isFinishing = false

    override fun finish(): Boolean {
        isFinishing = true
        isReading = false
        orders.add(Order.Finish)
        return false
    }

    /** The peer is let read what was sent: to close a socket with bytes that nobody has read resets it. */
    private fun lingering() {
        socket.soTimeout = LINGERING_MILLIS
        if (!socket.isOutputShutdown) socket.shutdownOutput()
        isDiscarding = true
        credit.release()
        engine.complete {
            finished(null)
            if (hasInputEnded) socket.close()
        }
    }

    private fun finished(cause: Throwable?) {
        if (isOver) return
        isOver = true
        engine.channels.remove(this)
        if (cause != null) socket.close()
        handler.finished(cause)
    }

    override fun close() {
        isOver = true
        engine.channels.remove(this)
        orders.clear()
        orders.add(Order.Stop)
        isDiscarding = true
        credit.release()
        socket.close()
    }

    override fun abort() {
        try {
            socket.setSoLinger(true, 0)
        } catch (_: SocketException) { // its reader has read to the end, and closed it
        } finally {
            close()
        }
    }

    override fun toString() = "ThreadedChannel($localAddress <-> $remoteAddress)"

    private companion object {
        const val PIECE = 16 * 1024
        const val ROOM = 64 * 1024
        const val LINGERING_MILLIS = 2000
    }
}
