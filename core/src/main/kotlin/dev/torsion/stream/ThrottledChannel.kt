// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.DelayedCall
import dev.torsion.net.Throttle
import dev.torsion.spi.StreamChannel
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit

/**
 * Takes and gives no more bytes than it may. It holds none itself: bytes that it does not take stay with the transport, and bytes that it
 * does not read stay with the channel below.
 */
internal class ThrottledChannel(private val loop: StreamLoop, channel: StreamChannel, throttle: Throttle) : PassingChannel(channel) {
    private val input = throttle.forReading(loop::nanoTime)
    private val output = throttle.forWriting(loop::nanoTime)
    private var isReadingWanted = true
    private var isOutputWanted = false
    private var inputPause: DelayedCall? = null
    private var outputPause: DelayedCall? = null
    private var isOver = false

    override fun receiveLimit(): Int {
        val available = input.available()
        if (available >= 1) return minOf(handler.receiveLimit().toLong(), available).toInt()
        pauseInput()
        return 0
    }

    private fun pauseInput() {
        if (inputPause != null || isOver) return
        channel.reading(false)
        inputPause =
            after(input.reserve()) {
                inputPause = null
                input.due()
                if (isReadingWanted) channel.reading(true)
            }
    }

    override fun received(view: ByteBuffer) {
        input.take(view.remaining().toLong())
        handler.received(view)
    }

    override fun inputEnded() {
        isReadingWanted = false // for good
        handler.inputEnded()
    }

    override fun reading(on: Boolean) {
        isReadingWanted = on
        channel.reading(on && inputPause == null)
    }

    override fun send(data: ByteBuffer): Int {
        val available = output.available()
        if (available < 1) return 0
        val limit = data.limit()
        if (available < data.remaining()) data.limit(data.position() + available.toInt())
        val sent =
            try {
                channel.send(data)
            } finally {
                data.limit(limit)
            }
        if (sent > 0) output.take(sent.toLong())
        return sent
    }

    override fun send(data: Array<ByteBuffer>): Long {
        if (!output.isLimited) return channel.send(data)
        var sum = 0L
        for (buffer in data) {
            sum += send(buffer)
            if (buffer.hasRemaining()) break
        }
        return sum
    }

    override fun notifyWhenWritable(on: Boolean) {
        isOutputWanted = on
        if (on && output.available() < 1) pauseOutput()
        channel.notifyWhenWritable(on && outputPause == null)
    }

    override fun outputReady() {
        if (output.available() >= 1) return handler.outputReady()
        pauseOutput()
        channel.notifyWhenWritable(false)
    }

    private fun pauseOutput() {
        if (outputPause != null || isOver) return
        outputPause =
            after(output.reserve()) {
                outputPause = null
                output.due()
                handler.outputMoved() // whoever has waited for us has its time from now on
                if (isOutputWanted) channel.notifyWhenWritable(true)
            }
    }

    override fun finish(): Boolean = ending { channel.finish() }

    override fun close() = ending { channel.close() }

    override fun abort() = ending { channel.abort() }

    override fun cut() = ending { channel.cut() }

    override val isHeldBack: Boolean get() = outputPause != null || channel.isHeldBack

    private inline fun <T> ending(end: () -> T): T {
        if (!isOver) {
            isOver = true
            input.end()
            output.end()
        }
        inputPause?.cancel()
        outputPause?.cancel()
        inputPause = null
        outputPause = null
        return end()
    }

    private inline fun after(nanos: Long, crossinline action: () -> Unit): DelayedCall =
        loop.callLater(nanos, TimeUnit.NANOSECONDS) { action() }
}
