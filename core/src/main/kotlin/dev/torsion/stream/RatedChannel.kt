// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.DelayedCall
import dev.torsion.net.MinimumRate
import dev.torsion.net.Pace
import dev.torsion.net.PeerTooSlowException
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit

/**
 * Breaks when the peer is slower than its [MinimumRate]. There is one timer at a time in each direction, which no byte moves. It stands
 * below a throttle, so that what the throttle holds up is not the peer's fault.
 */
internal class RatedChannel(private val loop: StreamLoop, channel: StreamChannel, rate: MinimumRate) : PassingChannel(channel) {
    private val input = rate.pace(rate.reading)
    private val output = rate.pace(rate.writing)
    private val lookAgain = TimeUnit.NANOSECONDS.convert(rate.grace)
    private var isReading = true
    private var isExpecting = true
    private var isOutputWanted = false
    private var isBlocked = false // the channel has not taken all of what it was given last
    private var inputTimer: DelayedCall? = null
    private var outputTimer: DelayedCall? = null
    private var isOver = false

    override fun start(handler: StreamHandler) {
        super.start(handler)
        val pace = input ?: return
        if (isReading) pace.run(loop.nanoTime())
        inputTimer = after(lookAgain, ::lookAtInput)
    }

    // Bytes of the peer.

    override fun received(view: ByteBuffer) {
        val pace = input ?: return handler.received(view)
        pace.moved(view.remaining(), loop.nanoTime())
        handler.received(view)
        if (!isOver) settleInput(pace)
    }

    private fun settleInput(pace: Pace) {
        isExpecting = handler.expectsBytes()
        when {
            !isExpecting -> pace.reset()
            isReading -> pace.run(loop.nanoTime())
            else -> pace.halt(loop.nanoTime())
        }
    }

    // Nobody may be asked from here.
    override fun reading(on: Boolean) {
        isReading = on
        channel.reading(on)
        val pace = input ?: return
        if (!on || isOver) return pace.halt(loop.nanoTime())
        if (isExpecting) pace.run(loop.nanoTime())
        if (inputTimer == null) inputTimer = after(pace.left(loop.nanoTime()), ::lookAtInput)
    }

    private fun lookAtInput() {
        inputTimer = null
        val pace = input!!
        settleInput(pace)
        if (isOver) return
        if (!isReading) return // there is no timer while that lasts
        val left = if (pace.isRunning) pace.left(loop.nanoTime()) else lookAgain
        if (left > 0) inputTimer = after(left, ::lookAtInput) else broken(PeerTooSlowException(true, pace.perSecond))
    }

    override fun inputEnded() {
        input?.reset()
        inputTimer?.cancel()
        inputTimer = null
        handler.inputEnded()
    }

    // Bytes for the peer.

    override fun send(data: ByteBuffer): Int {
        val sent = channel.send(data)
        wasSent(sent.toLong(), data.hasRemaining())
        return sent
    }

    override fun send(data: Array<ByteBuffer>): Long {
        val sent = channel.send(data)
        wasSent(sent, data.any { it.hasRemaining() })
        return sent
    }

    private fun wasSent(count: Long, isBlocked: Boolean) {
        this.isBlocked = isBlocked
        val pace = output ?: return
        if (pace.isRunning) pace.moved(count.toInt(), loop.nanoTime())
        settleOutput(pace)
    }

    override fun notifyWhenWritable(on: Boolean) {
        isOutputWanted = on
        channel.notifyWhenWritable(on)
        settleOutput(output ?: return)
    }

    private fun settleOutput(pace: Pace) {
        if (!isBlocked || !isOutputWanted || isOver) return pace.reset()
        pace.run(loop.nanoTime())
        if (outputTimer == null) outputTimer = after(pace.left(loop.nanoTime()), ::lookAtOutput)
    }

    private fun lookAtOutput() {
        outputTimer = null
        val pace = output!!
        if (!pace.isRunning) return
        val left = pace.left(loop.nanoTime())
        if (left > 0) outputTimer = after(left, ::lookAtOutput) else broken(PeerTooSlowException(false, pace.perSecond))
    }

    // A peer that moves a byte at a time must not make a turn of each.
    private fun after(nanos: Long, look: () -> Unit) = loop.callLater(maxOf(nanos, LEAST), TimeUnit.NANOSECONDS) { look() }

    // Ending.

    override fun broken(cause: Throwable) {
        stop()
        handler.broken(cause)
    }

    override fun finish(): Boolean {
        stop()
        return channel.finish()
    }

    override fun close() {
        stop()
        channel.close()
    }

    override fun abort() {
        stop()
        channel.abort()
    }

    override fun cut() {
        stop()
        channel.cut()
    }

    private fun stop() {
        isOver = true
        inputTimer?.cancel()
        outputTimer?.cancel()
        inputTimer = null
        outputTimer = null
    }

    private companion object {
        val LEAST = TimeUnit.MILLISECONDS.toNanos(10)
    }
}
