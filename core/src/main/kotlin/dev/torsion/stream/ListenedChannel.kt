// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionListener
import dev.torsion.net.ConnectionListenerFactory
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer
import java.util.function.Consumer

/** Tells a [ConnectionListener] what passes. A connection that cannot be started has none. */
internal class ListenedChannel(private val loop: StreamLoop, channel: StreamChannel, private val listeners: ConnectionListenerFactory) :
    PassingChannel(channel) {
    private var listener: ConnectionListener? = null
    private var isOutputEnded = false

    override fun start(handler: StreamHandler) {
        super.start(handler)
        loop.guarded({ "the listener of a connection" }) { listener = listeners.connectionOpened(localAddress, remoteAddress) }
    }

    /** Tells the listener last of all. */
    fun beforeTelling(lost: Consumer<CloseReason>?) = Consumer<CloseReason> { reason ->
        try {
            lost?.accept(reason)
        } finally {
            telling { it.closed(reason) }
        }
    }

    override fun received(view: ByteBuffer) {
        telling { it.received(view.asReadOnlyBuffer()) }
        super.received(view)
    }

    override fun inputEnded() {
        telling { it.inputEnded() }
        super.inputEnded()
    }

    override fun send(data: ByteBuffer): Int {
        val before = data.position()
        return channel.send(data).also { tellSent(data, before) }
    }

    // One by one: the listener has to see what of which was taken.
    override fun send(data: Array<ByteBuffer>): Long {
        val before = IntArray(data.size) { data[it].position() }
        return channel.send(data).also { data.forEachIndexed { i, buffer -> tellSent(buffer, before[i]) } }
    }

    private fun tellSent(data: ByteBuffer, before: Int) {
        if (data.position() == before) return
        telling { it.sent(data.asReadOnlyBuffer().position(before).limit(data.position())) }
    }

    override fun endOutput() {
        channel.endOutput()
        tellOutputEnded()
    }

    override fun finish(): Boolean = channel.finish().also { tellOutputEnded() }

    private fun tellOutputEnded() {
        if (isOutputEnded) return
        isOutputEnded = true
        telling { it.outputEnded() }
    }

    private inline fun telling(tell: (ConnectionListener) -> Unit) {
        val told = listener ?: return
        try {
            tell(told)
        } catch (e: Throwable) {
            listener = null
            loop.reportFailure(e) { "the listener of $channel" }
        }
    }
}
