// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel

/** A connection on the selector: its socket, its key and the reading of its bytes. */
internal abstract class NioStream(private var reactor: NioEngine, protected val channel: SocketChannel) :
    StreamChannel,
    Selectable {
    private lateinit var key: SelectionKey
    private lateinit var handler: StreamHandler
    private var isReading = true
    private var isInputEnded = false

    /** Moves this stream, which nobody has started yet, to the thread of [other]. */
    fun moveTo(other: NioEngine): NioStream {
        check(!::key.isInitialized) { "$this has been started, and stays where it is" }
        reactor = other
        return this
    }

    final override fun start(handler: StreamHandler) {
        this.handler = handler
        key = reactor.register(channel, SelectionKey.OP_READ, this)
    }

    final override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    final override fun ready(operations: Int) {
        if (operations and SelectionKey.OP_WRITE != 0) handler.outputReady()
        if (operations and SelectionKey.OP_READ != 0) read()
    }

    private fun read() {
        val input = reactor.readBuffer
        repeat(reactor.readsPerTurn) {
            if (!isReading) return
            val limit = handler.receiveLimit()
            if (limit <= 0 || !isReading) return
            val count =
                try {
                    input.readFrom(channel, limit)
                } catch (e: Throwable) {
                    return handler.broken(e)
                }
            if (count < 0) return endOfInput()
            if (count == 0) return
            handler.received(input.view(count))
            if (!input.wasFilled) return
        }
    }

    private fun endOfInput() {
        isInputEnded = true
        reading(false)
        handler.inputEnded()
    }

    final override fun reading(on: Boolean) {
        isReading = on
        setInterest(SelectionKey.OP_READ, on)
    }

    final override fun send(data: ByteBuffer): Int = channel.write(data)

    final override fun send(data: Array<ByteBuffer>): Long = channel.write(data)

    final override fun notifyWhenWritable(on: Boolean) = setInterest(SelectionKey.OP_WRITE, on)

    private fun setInterest(operation: Int, wanted: Boolean) {
        if (!key.isValid) return
        val before = key.interestOps()
        val after = if (wanted) before or operation else before and operation.inv()
        if (after != before) key.interestOps(after)
    }

    final override fun endOutput() {
        channel.shutdownOutput()
    }

    final override fun finish(): Boolean {
        isReading = false
        closing { if (isInputEnded || !Lingering.begin(reactor, channel, key)) release() }
        return true
    }

    final override fun close() {
        isReading = false
        closing(::release)
    }

    final override fun abort() {
        isReading = false
        closing {
            resetOnClose()
            release()
        }
    }

    /** [resetOnClose] of one whose peer would miss something, when the operating system closes it at the end of the process. On any thread. */
    fun resetIfOwing(): Boolean = try {
        handler.owesPeer.also { if (it) resetOnClose() }
    } catch (_: Exception) {
        false // it is closed by now, or has not been started
    }

    /** The peer is to see a reset, where this kind of socket can show it one. */
    protected abstract fun resetOnClose()

    private fun release() {
        if (::key.isInitialized) key.cancel()
        channel.close()
    }

    private inline fun closing(steps: () -> Unit) {
        try {
            steps()
        } catch (e: Throwable) {
            channel.closeAfterFailure()
            throw e
        }
    }

    final override fun reactorStopping() = handler.loopEnding()

    final override fun reactorStopped() = handler.loopEnded()

    final override fun toString() = "NioStream($localAddress <-> $remoteAddress)"
}
