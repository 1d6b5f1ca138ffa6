// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer

/**
 * A channel between the transport and the [channel] below, and so a handler too. It passes everything on, both ways. A subclass does
 * otherwise where it has to.
 *
 * Thread: the loop's.
 */
internal abstract class PassingChannel(protected val channel: StreamChannel) :
    StreamChannel by channel,
    StreamHandler {
    protected lateinit var handler: StreamHandler

    override fun start(handler: StreamHandler) {
        this.handler = handler
        channel.start(this)
    }

    override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    override fun receiveLimit(): Int = handler.receiveLimit()

    override fun expectsBytes(): Boolean = handler.expectsBytes()

    override fun received(view: ByteBuffer) = handler.received(view)

    override fun inputEnded() = handler.inputEnded()

    override fun outputReady() = handler.outputReady()

    override fun broken(cause: Throwable) = handler.broken(cause)

    override fun outputMoved() = handler.outputMoved()

    override fun finished(cause: Throwable?) = handler.finished(cause)

    override fun loopEnding() = handler.loopEnding()

    override fun loopEnded() = handler.loopEnded()

    override val owesPeer: Boolean get() = handler.owesPeer

    override fun toString() = channel.toString()
}
