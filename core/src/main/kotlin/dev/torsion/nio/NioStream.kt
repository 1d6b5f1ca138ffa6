// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.InternetAddress
import dev.torsion.spi.StreamHandler
import dev.torsion.spi.TcpChannel
import java.net.SocketAddress
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel

/** A TCP connection on the selector: its socket, its key and the reading of its bytes. */
internal class NioStream(private val reactor: NioEngine, private val channel: SocketChannel) :
    TcpChannel,
    Selectable {
    private val local: SocketAddress = channel.localAddress
    private val remote: SocketAddress = channel.remoteAddress
    private lateinit var key: SelectionKey
    private lateinit var handler: StreamHandler
    private var isReading = true
    private var isInputEnded = false

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

    /** For a reactor that this one was handed over to. */
    fun movedTo(other: NioEngine) = NioStream(other, channel)

    override fun start(handler: StreamHandler) {
        this.handler = handler
        key = reactor.register(channel, SelectionKey.OP_READ, this)
    }

    override fun ready(operations: Int) {
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

    override fun reading(on: Boolean) {
        isReading = on
        setInterest(SelectionKey.OP_READ, on)
    }

    override fun send(data: ByteBuffer): Int = channel.write(data)

    override fun send(data: Array<ByteBuffer>): Long = channel.write(data)

    override fun notifyWhenWritable(on: Boolean) = setInterest(SelectionKey.OP_WRITE, on)

    private fun setInterest(operation: Int, wanted: Boolean) {
        if (!key.isValid) return
        val before = key.interestOps()
        val after = if (wanted) before or operation else before and operation.inv()
        if (after != before) key.interestOps(after)
    }

    override fun endOutput() {
        channel.shutdownOutput()
    }

    override fun finish(): Boolean {
        isReading = false
        closing { if (isInputEnded || !Lingering.begin(reactor, channel, key)) release() }
        return true
    }

    override fun close() {
        isReading = false
        closing(::release)
    }

    override fun abort() {
        isReading = false
        closing {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0)
            release()
        }
    }

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

    override fun reactorStopping() = handler.loopEnding()

    override fun reactorStopped() = handler.loopEnded()

    override fun toString() = "NioStream($local <-> $remote)"
}
