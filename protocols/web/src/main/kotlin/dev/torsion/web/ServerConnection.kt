// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import dev.torsion.net.TimeoutMixin
import dev.torsion.tls.tlsSession
import java.nio.ByteBuffer
import java.time.Duration

/**
 * One connection of a [Site].
 *
 * | state    | bytes                                       | the handler has ended       | time                  | a fault in the bytes         |
 * |----------|---------------------------------------------|-----------------------------|-----------------------|------------------------------|
 * | IDLE     | HEAD; BUSY when a head is whole             | -                           | closes                | answers it, OVER             |
 * | HEAD     | BUSY when the head is whole                 | -                           | 408, OVER             | answers it, OVER             |
 * | BUSY     | the body; what is behind it is held         | IDLE, and goes on with what is held; OVER when the connection is not to last | see [Exchange] | the body fails; OVER after the answer |
 * | OVER     | dropped                                     | -                           | -                     | -                            |
 *
 * One request is handled at a time. Bytes that the client sends ahead are held up to a limit; then nothing is read. Until then reading goes
 * on, since otherwise nobody would notice that the client has gone.
 */
internal class ServerConnection(val site: Site) :
    Protocol(),
    HalfCloseableProtocol,
    MessageListener {
    private enum class State { IDLE, HEAD, BUSY, OVER }

    val options: HttpServerOptions = site.options
    private val reader = HttpReader(options.limits, isRequest = true, this)
    private val timer = TimeoutMixin(this, site.clock, ::timeIsUp)

    /** The time of the handler, and the times of the body: of whichever request there is. */
    val deadline = TimeoutMixin(this, site.clock) { exchange?.handlerIsLate() }
    val bodyWatch = BodyWatch(this, options, site.clock) { exchange?.bodyIsLate() }
    private var state = State.IDLE
    private var exchange: Exchange? = null
    private var isReading = false
    private var isWaitingForRoom = false
    private var isPaused = false
    private val held = HeldBytes()
    private var fault: HttpException? = null
    private var unsent = 0L // when the idle time was over last
    private var key: Any? = null // of the peer, among all that are counted
    private var sending: RequestRecord? = null // of an answer that is written, and not taken yet

    /** Where requests come from, unless proxies say more. */
    val origin: Origin by lazy(LazyThreadSafetyMode.NONE) {
        val peer = transport.peer()
        Origin(peer, peer, if (transport.tlsSession == null) "http" else "https", null)
    }

    override fun connectionMade() {
        key = site.admission.keyOf(transport.peer())
        if (site.admission.begin(key)) {
            timer.setTimeout(options.idleTimeout)
        } else {
            over()
            transport.abortConnection()
        }
    }

    override fun receiveLimit(): Int = MOST_HELD - held.remaining

    override fun expectsBytes(): Boolean = state != State.OVER && (exchange?.isExpecting ?: (!isWaitingForRoom && reader.isInHead))

    override fun dataReceived(view: ByteBuffer) {
        if (state == State.OVER) return
        val isBusy = isReading || isWaitingForRoom || held.remaining > 0 || exchange?.isReceived == true
        if (isBusy) held.add(view) else read(view, isOurs = false)
        updateReading()
    }

    /** Reads requests from [view], which is the transport's, or of bytes that were held and so [isOurs]. Holds what is left. */
    private fun read(view: ByteBuffer, isOurs: Boolean) {
        isReading = true
        try {
            while (view.hasRemaining() && state != State.OVER && !isWaitingForRoom) {
                if (exchange == null && !transport.isWritable) {
                    waitForRoom()
                    break
                }
                val isComplete = feed(view)
                fault?.let { refuse(it) }
                exchange?.begin()
                if (exchange?.isReceived == true || !isComplete) break
            }
        } finally {
            isReading = false
        }
        if (view.hasRemaining() && state != State.OVER) if (isOurs) held.putBack(view) else held.add(view)
        armed()
    }

    private fun feed(view: ByteBuffer): Boolean {
        val current = exchange ?: return reader.feed(view)
        current.gather()
        try {
            return reader.feed(view)
        } finally {
            current.gathered()
        }
    }

    /** A request that the client has sent ahead goes on, when the one before it has its answer. */
    private fun goOn() {
        if (isReading || isWaitingForRoom || state == State.OVER) return
        try {
            held.take()?.let { read(it, isOurs = true) }
            armed()
            updateReading()
        } catch (e: Throwable) { // nobody else would end it: this is the answer of a handler
            transport.abortConnection(e)
            throw e
        }
    }

    /** A client that asks, and does not take its answers, gets no more of them. */
    private fun waitForRoom() {
        isWaitingForRoom = true
        room().addCallbacks({
            isWaitingForRoom = false
            goOn()
        }) { }
    }

    /** Fires when there is room for more; a client that takes nothing for too long is cut off. */
    fun room() = roomFor(this, site.clock, options.writeTimeout)

    private fun updateReading() {
        val wanted = held.remaining < MOST_HELD && exchange?.hasRoom != false
        if (wanted != isPaused || !isConnected) return
        isPaused = !wanted
        if (wanted) transport.resumeProducing() else transport.pauseProducing()
    }

    /** The timer is that of the state. A time of a head begins with its first byte, and goes on. */
    private fun armed() {
        when {
            state == State.OVER -> timer.setTimeout(null)

            exchange != null || isWaitingForRoom -> if (state != State.BUSY) {
                state = State.BUSY
                timer.setTimeout(null)
            }

            reader.isInHead -> if (state != State.HEAD) {
                state = State.HEAD
                timer.setTimeout(options.headTimeout)
            }

            else -> {
                if (state == State.IDLE) timer.resetTimeout() else timer.setTimeout(options.idleTimeout)
                state = State.IDLE
            }
        }
    }

    private fun timeIsUp() {
        if (state == State.HEAD) {
            answerAndEnd(408, HttpTimeoutException("The head of a request did not come", options.headTimeout))
            return
        }
        val waiting = transport.bufferedBytes
        if (waiting > 0 && waiting != unsent) { // a client that is still taking its answer is not idle
            unsent = waiting
            timer.setTimeout(options.idleTimeout)
            return
        }
        over()
        if (waiting > 0) transport.abortConnection(tookNothing(options.idleTimeout)) else transport.loseConnection()
    }

    // Finds of the reader.

    override fun head(head: MessageHead) {
        if (state == State.HEAD) { // the next head has a time of its own
            state = State.BUSY
            timer.setTimeout(null)
        }
        exchange = Exchange(this, head as RequestHead)
    }

    override fun content(view: ByteBuffer) {
        exchange?.content(view)
    }

    override fun end(trailers: Headers) {
        exchange?.received(trailers)
    }

    override fun failed(error: HttpException) {
        fault = error
    }

    private fun refuse(error: HttpException) {
        fault = null
        if (state == State.OVER) return // the request has its answer, which is the last one
        val current = exchange
        if (current == null || !current.isBegun) {
            exchange = null
            answerAndEnd((error as? HttpViolationException)?.status ?: 400, error, current)
        } else {
            current.failed(error)
        }
    }

    private fun answerAndEnd(status: Int, cause: Exception, refused: Exchange? = null) {
        val record = options.listener?.let { record(refused?.head, origin.client) }
        val body = site.paged(Response.error(status))
        val bytes = (body.content as Response.Content.Bytes).bytes
        val fields = body.headers.plus("Content-Length", "${bytes.size}").plus("Date", site.date()).plus("Connection", "close")
        if (record != null) { // before the connection can end
            record.status = status
            record.bytesSent = bytes.size.toLong()
            record.cause = cause
            sending = record
        }
        transport.write(HttpWriter.response(status, fields))
        transport.write(bytes)
        over()
        if (record != null && isConnected) written(record, cause)
        transport.loseConnection(cause)
    }

    // Records of requests.

    /** The record of a request that begins; of one without a [head], of what is refused. */
    fun record(head: RequestHead?, client: Address, id: String? = null): RequestRecord {
        val fields = head?.headers ?: Headers.EMPTY
        val record = RequestRecord(head?.method, head?.target, head?.isHttp11 ?: true, fields, origin.peer, client, site.clock)
        record.requestId = id
        telling { options.listener?.begun(record) }
        return record
    }

    /** The answer of [record] is written: it is whole once the client has taken it, down to the low-water mark. */
    fun written(record: RequestRecord, cause: Throwable?) {
        record.cause = cause
        if (!transport.isDisconnecting && transport.isWritable) return ended(record, isWhole = true, cause)
        sending = record
        if (!transport.isWritable) transport.whenWritable().addCallbacks({ ended(record, isWhole = true, record.cause) }, { })
    }

    /** [record] is over, for whatever reason was first. */
    fun ended(record: RequestRecord, isWhole: Boolean, cause: Throwable?) {
        if (sending === record) sending = null
        if (record.hasEnded) return
        try {
            record.end(isWhole, cause)
        } finally {
            telling { options.listener?.ended(record) }
        }
    }

    // Events of an exchange.

    /** The answer of [done] is written; another request may come, or not. */
    fun finished(done: Exchange, isLast: Boolean) {
        if (exchange !== done) return
        exchange = null
        if (!isConnected) return
        if (isLast || transport.isDisconnecting) {
            over()
            transport.loseConnection()
        } else {
            goOn()
        }
    }

    fun roomChanged() {
        if (!isReading) updateReading()
    }

    private fun over() {
        state = State.OVER
        held.clear()
        timer.setTimeout(null)
    }

    /** The client has gone, or cannot be told from one that has: nothing waits for the handler. */
    override fun readConnectionLost() {
        over()
        if (exchange?.isMistakenForWhole() == true) {
            return transport.abortConnection(IncompleteMessageException("The client has ended its side, and the answer is not whole."))
        }
        transport.unregisterProducer()
        transport.loseConnection()
    }

    override fun writeConnectionLost() = Unit

    override fun connectionLost(reason: CloseReason) {
        state = State.OVER
        held.clear()
        site.admission.end(key)
        sending?.let { record ->
            record.bytesSent = maxOf(0, record.bytesSent - reason.unsentBytes)
            if (reason.unsentBytes == 0L) ended(record, isWhole = true, record.cause) else ended(record, isWhole = false, reason)
        }
        exchange?.lost(reason)
        exchange = null
    }

    override fun toString(): String = "ServerConnection($state)"

    private companion object {
        const val MOST_HELD = 64 * 1024
    }
}
