// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Protocol
import dev.torsion.web.Headers
import dev.torsion.web.HttpException
import dev.torsion.web.HttpReader
import dev.torsion.web.HttpViolationException
import dev.torsion.web.MessageHead
import dev.torsion.web.MessageListener
import dev.torsion.web.ResponseHead
import java.nio.ByteBuffer

/**
 * One connection to a server, or to a proxy. It carries one [Asking] at a time: so an answer is for the request before it, or for none, and then
 * the connection ends.
 *
 * | state | bytes                                   | the end of the connection            | time                  |
 * |-------|-----------------------------------------|--------------------------------------|-----------------------|
 * | IDLE  | nobody has asked: aborts                | leaves the pool                      | closes                |
 * | BUSY  | the asking's, and bytes behind its answer make it the last | the asking decides | the asking's          |
 * | OVER  | dropped                                 | -                                    | -                     |
 */
internal class ClientConnection(val agent: HttpAgent) :
    Protocol(),
    MessageListener {
    /** The user of a connection. */
    interface Asking {
        /** Whether the next byte is the server's to send, and we take it. */
        val isExpecting: Boolean

        /** Whether all of the answer is there. */
        val isAnswered: Boolean

        /** Some bytes have come, of whatever there is to hear of. */
        fun bytesCame()

        /** Those bytes are read. */
        fun bytesTold() {}

        fun head(head: ResponseHead)

        fun content(view: ByteBuffer)

        /** An answer has ended: the last one, or one on the way to it. */
        fun ended(trailers: Headers)

        /** All that has come is told. [isMore] when there are bytes behind the answer. */
        fun settle(isMore: Boolean)

        /** The answer breaks a rule, or has not come whole. The connection can be used no more. */
        fun failed(error: HttpException)

        /** The connection has ended, for [reason], and with it whatever was to come. */
        fun lost(reason: CloseReason)

        fun timeIsUp()
    }

    val reader = HttpReader(agent.options.limits, isRequest = false, this)

    /** The one time that there is: of an asking, or of being idle. */
    val timer = LazyTimeout(agent.reactor()) { timeIsUp() }
    private var asking: Asking? = null
    private var fault: HttpException? = null
    private var isPaused = false

    /** Whether it can be used no more. */
    var isOver = false
        private set

    /** Whether it has carried a request before. */
    var isReused = false
        private set

    /** How long the server keeps it, when it has said so. */
    var keptSeconds = Long.MAX_VALUE

    /** The place in the pool that it takes; null once it has given that back. */
    var place: PooledHost? = null

    val isUsable: Boolean get() = isConnected && !isOver && !transport.isDisconnecting && asking == null

    fun begin(asking: Asking) {
        check(isUsable)
        this.asking = asking
    }

    /** The [Asking] has all that it wanted: the answer to a request, or less. */
    fun finished(isRequest: Boolean = true) {
        asking = null
        isReused = isReused || isRequest
        timer.clear()
        resume()
    }

    /** Ends it at once. The pool hears so afterwards, and serves others. */
    fun abort(cause: Throwable?) {
        end()
        transport.abortConnection(cause)
        agent.pool.gone(this)
    }

    /** Ends it in order. */
    fun close() {
        end()
        transport.loseConnection()
        agent.pool.gone(this)
    }

    private fun end() {
        isOver = true
        asking = null
        timer.end()
    }

    fun pause() {
        if (isPaused || !isConnected) return
        isPaused = true
        transport.pauseProducing()
    }

    fun resume() {
        if (!isPaused || !isConnected) return
        isPaused = false
        transport.resumeProducing()
    }

    override fun expectsBytes(): Boolean = asking?.isExpecting == true

    override fun dataReceived(view: ByteBuffer) {
        if (isOver) return
        val current = asking ?: return abort(HttpViolationException("Bytes came that nobody has asked for.", BAD, "RFC 9112 9.2"))
        current.bytesCame()
        try {
            while (asking === current && view.hasRemaining()) {
                if (!reader.feed(view) || current.isAnswered) break
            }
        } finally {
            current.bytesTold()
        }
        settle(current, view.hasRemaining())
    }

    private fun settle(current: Asking, isMore: Boolean) {
        if (asking !== current) return
        val error = fault
        if (error != null) current.failed(error) else current.settle(isMore)
    }

    override fun head(head: MessageHead) {
        asking?.head(head as ResponseHead)
    }

    override fun content(view: ByteBuffer) {
        asking?.content(view)
    }

    override fun end(trailers: Headers) {
        asking?.ended(trailers)
    }

    override fun failed(error: HttpException) {
        fault = error
    }

    private fun timeIsUp() {
        val current = asking
        if (current != null) {
            current.timeIsUp()
        } else if (!isOver) {
            close()
        }
    }

    override fun connectionLost(reason: CloseReason) {
        val current = asking
        if (isOver || current == null) return gone()
        val isWhole = reason is ConnectionDone && reason.by == ClosedBy.PEER && reader.end()
        gone()
        if (isWhole) current.settle(isMore = false) else current.lost(reason)
    }

    private fun gone() {
        end()
        agent.pool.gone(this)
    }

    override fun toString(): String = "ClientConnection(${if (isOver) "over" else asking?.toString() ?: "idle"})"

    private companion object {
        const val BAD = 502
    }
}
