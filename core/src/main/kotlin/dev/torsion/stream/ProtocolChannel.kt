// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.StreamOptions
import dev.torsion.net.Transport
import dev.torsion.net.TransportOver
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import java.nio.ByteBuffer

/**
 * The connection of a protocol as a channel, for a layer that knows no other way to its bytes: [transport] has a protocol, which passes on what
 * it hears. It is the other way round than a [StreamTransport], which makes a transport of a channel.
 */
internal class ProtocolChannel(private val transport: Transport) : StreamChannel {
    private val below: StreamTransport =
        checkNotNull(transport.connection) { "$transport is none of Torsion's own, and says nothing of its loop" }

    /** The loop of the connection. */
    val loop: StreamLoop get() = below.loop

    /** The limits of the connection. Its pace and its listener are below already. */
    val options: StreamOptions get() = below.options.withThrottle(null).withListener(null).withMinimumRate(null)
    private lateinit var handler: StreamHandler
    private var isAskedForRoom = false
    private var isToAsk = false
    private var isFinishing = false
    private var isOver = false

    override val localAddress: Address get() = transport.host()

    override val remoteAddress: Address get() = transport.peer()

    override fun start(handler: StreamHandler) {
        this.handler = handler
    }

    override fun handOver(handler: StreamHandler) = start(handler)

    /** The connection carries [inside], which sends what it has before the connection ends. */
    fun carries(inside: StreamTransport) = below.carries(inside)

    // Events that the protocol passes on.

    fun received(view: ByteBuffer) {
        if (!isOver && !isFinishing) handler.received(view)
    }

    fun receiveLimit(): Int = if (isOver || isFinishing) 1 else handler.receiveLimit()

    fun expectsBytes(): Boolean = !isOver && !isFinishing && handler.expectsBytes()

    fun inputEnded() {
        if (!isOver && !isFinishing) handler.inputEnded()
    }

    fun connectionLost(reason: CloseReason) {
        if (isOver) return
        isOver = true
        if (isFinishing) handler.finished(reason.takeUnless { it is ConnectionDone || below.hasStopped }) else handler.broken(reason)
    }

    // Requests of the layer.

    override val isHeldBack: Boolean get() = below.isHeldBack

    override fun reading(on: Boolean) {
        if (isOver || isFinishing) return
        if (on) transport.resumeProducing() else transport.pauseProducing()
    }

    override fun send(data: ByteBuffer): Int {
        if (isOver || !transport.isWritable) return 0
        val count = minOf(data.remaining(), PIECE)
        val rest = data.limit()
        data.limit(data.position() + count)
        transport.write(data)
        data.limit(rest)
        return count
    }

    override fun notifyWhenWritable(on: Boolean) {
        isAskedForRoom = on
        askForRoom()
    }

    private fun askForRoom() {
        if (isToAsk || !isAskedForRoom || isOver) return
        isToAsk = true
        transport.whenWritable().addCallbacks({ loop.runSoon(::tellOfRoom) }, { isToAsk = false })
    }

    private fun tellOfRoom() {
        isToAsk = false
        if (!isAskedForRoom || isOver) return
        handler.outputReady()
        askForRoom()
    }

    override fun endOutput() {
        (transport as? HalfCloseableTransport)?.loseWriteConnection()
    }

    override fun finish(): Boolean {
        if (isOver) return true
        isFinishing = true
        transport.loseConnection()
        return false
    }

    override fun close() = abort()

    override fun abort() {
        if (isOver) return
        isOver = true
        transport.abortConnection()
    }

    override fun toString() = "ProtocolChannel($transport)"

    private companion object {
        const val PIECE = 64 * 1024
    }
}

/** The transport of the connection that this one stands for; null when it is none of Torsion's own. */
internal val Transport.connection: StreamTransport?
    get() = generateSequence(this) { (it as? TransportOver)?.connection }.firstNotNullOfOrNull { it as? StreamTransport }
