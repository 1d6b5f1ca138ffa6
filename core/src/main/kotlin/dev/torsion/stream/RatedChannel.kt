// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.MinimumRate
import dev.torsion.net.PeerTooSlowException
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit

/**
 * Breaks when the peer is slower than its [MinimumRate]. It stands below a throttle, so that what the throttle holds up is not the peer's
 * fault.
 */
internal class RatedChannel(private val loop: StreamLoop, channel: StreamChannel, rate: MinimumRate) : PassingChannel(channel) {
    private val input = rate.pace(rate.reading)?.let { PaceWatch(loop, it, ::lookAtInput) }
    private val output = rate.pace(rate.writing)?.let { PaceWatch(loop, it, ::lookAtOutput) }
    private val lookAgain = TimeUnit.NANOSECONDS.convert(rate.grace)
    private var isReading = true
    private var isExpecting = true
    private var isOutputWanted = false
    private var isBlocked = false // the channel has not taken all of what it was given last
    private var wasFull = false // from then on it takes only what the peer has made room for
    private var isOver = false

    override fun start(handler: StreamHandler) {
        super.start(handler)
        val watch = input ?: return
        if (isReading) watch.run()
        watch.lookWithin(lookAgain)
    }

    // Bytes of the peer.

    override fun received(view: ByteBuffer) {
        val watch = input ?: return handler.received(view)
        if (watch.pace.isRunning) watch.moved(view.remaining())
        handler.received(view)
        if (!isOver) settleInput(watch)
    }

    private fun settleInput(watch: PaceWatch) {
        isExpecting = handler.expectsBytes()
        when {
            isOver -> Unit // asked, it has ended the connection
            !isExpecting -> watch.pace.reset()
            isReading -> watch.run()
            else -> watch.halt()
        }
    }

    // Nobody may be asked from here.
    override fun reading(on: Boolean) {
        isReading = on
        channel.reading(on)
        val watch = input ?: return
        if (!on || isOver) return watch.halt()
        if (isExpecting) watch.run()
        watch.lookWithin(watch.pace.left(loop.nanoTime()))
    }

    private fun lookAtInput() {
        val watch = input!!
        settleInput(watch)
        if (isOver) return
        if (watch.isTooSlow()) return broken(PeerTooSlowException(true, watch.pace.perSecond))
        if (isReading && !watch.pace.isRunning) watch.lookWithin(lookAgain) // a protocol does not say that it expects bytes now
    }

    override fun inputEnded() {
        input?.pace?.reset()
        input?.stop()
        handler.inputEnded()
    }

    // Bytes for the peer.

    override fun send(data: ByteBuffer): Int {
        val sent = channel.send(data)
        wasSent(sent, data.hasRemaining())
        return sent
    }

    override fun send(data: Array<ByteBuffer>): Long {
        val sent = channel.send(data)
        wasSent(sent.toInt(), data.any { it.hasRemaining() })
        return sent
    }

    private fun wasSent(count: Int, isBlocked: Boolean) {
        this.isBlocked = isBlocked
        val watch = output ?: return
        if (wasFull) watch.moved(count) else wasFull = isBlocked
        settleOutput(watch)
    }

    override fun notifyWhenWritable(on: Boolean) {
        isOutputWanted = on
        channel.notifyWhenWritable(on)
        settleOutput(output ?: return)
    }

    private fun settleOutput(watch: PaceWatch) = if (isBlocked && isOutputWanted && !isOver) watch.run() else watch.rest()

    private fun lookAtOutput() {
        val watch = output!!
        if (watch.isTooSlow()) broken(PeerTooSlowException(false, watch.pace.perSecond))
    }

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
        input?.stop()
        output?.stop()
    }
}
