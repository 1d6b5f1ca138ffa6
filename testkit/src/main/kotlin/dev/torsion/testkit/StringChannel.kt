// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.InternetAddress
import dev.torsion.net.TcpOptions
import dev.torsion.spi.StreamHandler
import dev.torsion.spi.TcpChannel
import dev.torsion.spi.TorsionSpi
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer

/**
 * A channel without another end: it keeps what it is given to send, and brings what it is told to.
 *
 * Thread: the loop's.
 */
@OptIn(TorsionSpi::class)
internal class StringChannel(
    override val localAddress: InternetAddress,
    override val remoteAddress: InternetAddress,
    options: TcpOptions,
) : TcpChannel {
    private val sent = ByteArrayOutputStream()
    private val arriving = ArrayDeque<ByteBuffer>()
    private var isReading = true
    private var hasEnded = false
    private var isEndTold = false
    private var isAsked = false

    /** The handler that this tells; null until it is started. */
    var handler: StreamHandler? = null
        private set

    /** How many bytes it takes at most before [clear]. */
    var room: Int = Int.MAX_VALUE

    var isOutputEnded: Boolean = false
        private set

    /** It is to finish, and [finished] has not been called. */
    var isFinishing: Boolean = false
        private set

    /** It has ended: in order, or not. */
    var isOver: Boolean = false
        private set

    var isAborted: Boolean = false
        private set

    override var tcpNoDelay: Boolean = options.tcpNoDelay

    override var tcpKeepAlive: Boolean = options.tcpKeepAlive

    // Calls of the transport.

    override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    override fun start(handler: StreamHandler) {
        this.handler = handler
    }

    override fun reading(on: Boolean) {
        isReading = on && !isEndTold
    }

    override fun send(data: ByteBuffer): Int {
        if (isOver) return 0
        val count = minOf(data.remaining(), room)
        val bytes = ByteArray(count).also(data::get)
        sent.write(bytes)
        if (room != Int.MAX_VALUE) room -= count
        return count
    }

    override fun notifyWhenWritable(on: Boolean) {
        isAsked = on
    }

    override fun endOutput() {
        isOutputEnded = true
    }

    override fun finish(): Boolean {
        isFinishing = true
        isReading = false
        return false
    }

    override fun close() {
        isOver = true
        isFinishing = false
    }

    override fun abort() {
        isAborted = true
        close()
    }

    // Acts of the other end.

    fun sent(): ByteArray = sent.toByteArray()

    val sentBytes: Int get() = sent.size()

    /** Whether something has come that nobody has taken. */
    val hasUnread: Boolean get() = arriving.isNotEmpty()

    fun clear(): Unit = sent.reset()

    /** [data] has come; see [deliver]. */
    fun arrive(data: ByteArray) {
        if (data.isNotEmpty()) arriving.addLast(ByteBuffer.wrap(data))
    }

    /** The peer's stream ends behind what has come. */
    fun end() {
        hasEnded = true
    }

    /**
     * Hands out what has come, as far as it is wanted. Each view turns into garbage after the call, as on a real reactor, so that a protocol
     * that keeps it is found out.
     */
    fun deliver() {
        val handler = handler ?: return
        while (isReading && !isOver && arriving.isNotEmpty()) {
            val most = handler.receiveLimit()
            if (most <= 0 || !isReading || isOver) return
            val next = arriving.first()
            val lent = ByteArray(minOf(most, next.remaining())).also(next::get)
            if (!next.hasRemaining()) arriving.removeFirst()
            handler.received(ByteBuffer.wrap(lent).asReadOnlyBuffer())
            lent.fill(GARBAGE)
        }
        if (isReading && !isOver && arriving.isEmpty() && hasEnded && !isEndTold) {
            isEndTold = true
            isReading = false
            handler.inputEnded()
        }
    }

    /** Tells that there is room, if anybody has asked. */
    fun tellRoom() {
        if (isAsked && !isOver && !isFinishing && room > 0) handler?.outputReady()
    }

    /** The work of [finish] is done. */
    fun finished() {
        if (!isFinishing) return
        close()
        handler?.finished(null)
    }

    override fun toString(): String = "StringChannel($localAddress <-> $remoteAddress)"

    private companion object {
        const val GARBAGE: Byte = 0x5A
    }
}
