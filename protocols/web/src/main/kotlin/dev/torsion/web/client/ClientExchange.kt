// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.ScopeExecutor
import dev.torsion.net.CloseReason
import dev.torsion.net.Producer
import dev.torsion.web.BodyFraming
import dev.torsion.web.Headers
import dev.torsion.web.HttpBody
import dev.torsion.web.HttpException
import dev.torsion.web.HttpTimeoutException
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.MessagePart
import dev.torsion.web.ResponseHead
import dev.torsion.web.notOurs
import java.nio.ByteBuffer
import java.time.Duration

/**
 * One request on a [connection], and its answer. The two are independent: an answer may come while the request is still written, and then ends
 * that, unless it is one of success on a connection that stays.
 *
 * It is over when the whole answer has come and the whole request has gone; or when one of them has failed, or nobody wants them any more: then
 * the connection ends.
 */
internal class ClientExchange(private val connection: ClientConnection, private val call: Call) :
    ClientConnection.Asking,
    HttpBody.Flow,
    ClientResponse.Owner {
    private enum class Waiting { NOTHING, LEAVE, RESPONSE, HEAD, NEXT_BYTE, READER, REST }

    private val agent = connection.agent
    private val options = agent.options
    private val request = call.request
    private val transport = connection.transport
    private val loop = ScopeExecutor(transport.scope)
    private val upload = request.body?.let { Upload(it, connection, loop, ::sent, ::notSent) }
    private var waiting = Waiting.NOTHING
    private var isSent = false
    private var isLast = "Connection" in request.headers
    private var isOver = false
    private var isInHead = false // a byte of it has come
    private var isHeadTimed = false
    private var headEnd = 0L
    private var isInterim = false
    private var interims = 0
    private var untold: ArrayList<ResponseHead>? = null // of those on the way to the last
    private var hasLeave = false
    private var hasBegun = false // the answer
    private var isTold = false
    private var isLetGo = false
    private var dropped = 0
    private var written = 0L // of the head and a body that goes with it
    private var head: ResponseHead? = null
    private var body: HttpBody? = null

    override var isAnswered = false
        private set

    override val isExpecting: Boolean get() = isSent && !isAnswered && hasRoom

    @Volatile
    override var trailers: Headers = Headers.EMPTY
        private set

    private val hasRoom get() = isLetGo || body?.hasRoom != false

    fun begin() {
        val expects = upload != null && request.body?.length != 0L && call.expectsLeave
        connection.begin(this)
        if (request.holdsStop) transport.registerProducer(HoldsStop, true)
        connection.reader.expectNoBody(isToHead)
        val head = OutgoingHead.of(request, options, expects, call.plainProxy)
        written = head.size.toLong()
        transport.write(head)
        when {
            upload == null -> sent()
            expects -> await(Waiting.LEAVE, LEAVE)
            else -> upload.begin()
        }
    }

    private val readTimeout get() = request.readTimeout ?: options.readTimeout
    private val isToHead get() = request.method == "HEAD"

    private fun await(what: Waiting, time: Duration) {
        waiting = what
        connection.timer.set(time)
    }

    // The request.

    private fun sent() {
        isSent = true
        if (isOver) return
        if (transport.isDraining) transport.resumeProducing() // one that drains reads no more while nothing is expected
        try {
            when {
                isAnswered -> finish()
                head == null && !isInHead -> await(Waiting.RESPONSE, options.responseTimeout)
            }
        } catch (e: Throwable) { // there may be no time for the answer
            fail(e)
            throw e
        }
    }

    /** The body of the request has failed, by itself or on its way. */
    private fun notSent(error: Throwable) {
        if (isOver || isSent) return
        if (error is CloseReason && transport.isDisconnecting) return // the connection says so itself, and says more
        fail(notOurs("The writer of the request's body was cancelled.", error)) // not by us: that would be the end of the request
    }

    private fun leaveGiven() {
        if (waiting != Waiting.LEAVE || isOver) return
        waiting = Waiting.NOTHING
        connection.timer.clear()
        upload?.begin()
        when {
            isTold -> updateReading() // the answer has come before it, and may wait for its reader
            hasBegun && head == null -> awaitHead()
        }
    }

    /** The rest of the request is not sent. */
    private fun stopSending() {
        if (isSent) return
        isLast = true
        upload?.stop()
    }

    // The answer.

    /**
     * Whether the bytes that come were there before the request: then they are no answer to it, but a second one to the request before, which
     * somebody has put there. Such bytes are seen in the same read as a rule; those of another record of TLS are not.
     */
    private val isTooEarly: Boolean get() = !hasBegun && transport.bufferedBytes >= written + (upload?.atOnce ?: 0)

    override fun bytesCame() {
        if (isTooEarly) return fail(HttpViolationException("An answer came before its request had left.", BAD, "RFC 9112 9.2"))
        if (waiting == Waiting.RESPONSE || waiting == Waiting.NEXT_BYTE || waiting == Waiting.HEAD) waiting = Waiting.NOTHING
        hasBegun = true
        if (head == null) isInHead = true
        body?.gather()
    }

    override fun bytesTold() {
        body?.gathered()
    }

    override fun head(head: ResponseHead) {
        if (head.status < FINAL) return interim(head)
        this.head = head
        call.record?.status = head.status
        body = HttpBody(loop, this, ClientResponse.CLOSED)
        connection.keptSeconds = keptSeconds(head.headers)
    }

    private fun interim(head: ResponseHead) {
        if (head.status ==
            SWITCHING
        ) {
            throw HttpViolationException("The server switches to a protocol that nobody has asked for.", BAD, "RFC 9110 7.8")
        }
        Interims.check(++interims)
        isInterim = true
        if (head.status == CONTINUE) {
            hasLeave = true
        } else if (request.interimListener != null) {
            keepUntold(head)
        }
    }

    private fun keepUntold(head: ResponseHead) {
        (untold ?: ArrayList<ResponseHead>(1).also { untold = it }).add(head)
    }

    /** Tells of answers on the way, outside of the reader: who hears of one may cancel the request. */
    private fun tellInterims() {
        val heads = untold ?: return
        untold = null
        for (head in heads) {
            if (isOver || isLetGo) return
            try {
                request.interimListener?.interim(head.status, head.headers)
            } catch (e: Throwable) { // it is anybody's code
                return fail(notOurs("The listener of answers on the way has failed.", e))
            }
        }
    }

    override fun content(view: ByteBuffer) {
        if (isOver) return
        call.record?.let { it.bytesReceived += view.remaining() }
        if (isLetGo) {
            dropped += view.remaining()
            return
        }
        val piece = ByteArray(view.remaining())
        view.get(piece)
        body?.add(piece)
    }

    override fun ended(trailers: Headers) {
        if (isInterim) {
            isInterim = false
            isInHead = false
            isHeadTimed = false
            connection.reader.expectNoBody(isToHead)
            return
        }
        this.trailers = trailers
        isAnswered = true
    }

    override fun settle(isMore: Boolean) {
        if (isOver) return
        tellInterims()
        if (isOver) return
        if (hasLeave) leaveGiven()
        if (isOver) return
        val head = this.head ?: return awaitHead()
        if (isMore || !head.isPersistent || head.framing === BodyFraming.UNTIL_END) isLast = true
        if (!isTold && (refusesExpectation(head) || isGivenUp(head))) return
        if (!isSent && (isAnswered || head.status !in SUCCESS || isLast)) {
            if (upload?.isWhole == true) isSent = true else stopSending()
        }
        if (isAnswered) return finish()
        tell()
        if (isOver) return
        if (isLetGo && dropped > MOST_DROPPED) return abandon()
        updateReading()
    }

    /** The server does not take the field `Expect`: so it is asked again without it (RFC 9110 15.5.18). */
    private fun refusesExpectation(head: ResponseHead): Boolean {
        if (head.status != EXPECTATION_FAILED || waiting != Waiting.LEAVE) return false
        call.expectsLeave = false
        end(null)
        call.again()
        return true
    }

    /** The server had given up an idle connection, and says so in place of an answer (RFC 9110 15.5.9). It has not heard the request. */
    private fun isGivenUp(head: ResponseHead): Boolean {
        if (head.status != TIMED_OUT || head.isPersistent || interims > 0 || !call.mayRepeat(connection)) return false
        end(null)
        call.again()
        return true
    }

    private fun tell() {
        val head = head ?: return
        if (isTold) return
        isTold = true
        call.answered(ClientResponse(head.status, head.reason, head.headers, head.isHttp11, body!!, request, this))
    }

    private fun awaitBytes() {
        if (isOver || waiting == Waiting.LEAVE || waiting == Waiting.REST) return
        await(Waiting.NEXT_BYTE, readTimeout)
    }

    /**
     * The rest of a head has its time from the first byte on, and each byte has its own. Between two heads there is that of the first byte,
     * once all is sent.
     */
    private fun awaitHead() {
        if (isOver) return
        isInHead = isInHead || connection.reader.isInHead // of the next one, in the same bytes
        if (isInHead && !isHeadTimed) {
            isHeadTimed = true
            headEnd = agent.reactor().nanoTime() + options.headTimeout.toWait
        }
        if (waiting == Waiting.LEAVE) return
        if (!isInHead) {
            waiting = Waiting.NOTHING
            connection.timer.clear()
            if (isSent) await(Waiting.RESPONSE, options.responseTimeout)
            return
        }
        val left = Duration.ofNanos(maxOf(0, headEnd - agent.reactor().nanoTime()))
        if (left <= readTimeout) await(Waiting.HEAD, left) else await(Waiting.NEXT_BYTE, readTimeout)
    }

    private fun updateReading() {
        if (isOver || isAnswered) return
        if (hasRoom) {
            connection.resume()
            awaitBytes()
        } else {
            connection.pause()
            if (waiting != Waiting.READER && waiting != Waiting.LEAVE) await(Waiting.READER, options.unreadTimeout)
        }
    }

    override fun wanted(): Unit = Unit

    override fun roomChanged() {
        if (isTold) updateReading()
    }

    /** Nobody can read the rest of it as what it was. */
    override fun refused(): Unit = letGo()

    // The end.

    /** The whole answer is there. The connection is free before anybody hears of it: who asks next may have it. */
    private fun finish() {
        if (isOver) return
        isOver = true
        countSent()
        try {
            call.over()
            letGoOfConnection()
        } finally { // whatever becomes of the connection
            tell()
            body?.end()
            call.ended(isWhole = true, null)
        }
    }

    private fun letGoOfConnection() {
        try {
            if (request.holdsStop && connection.isConnected) transport.unregisterProducer()
            connection.finished()
            when {
                !isSent -> connection.abort(null)
                isLast -> connection.close()
                else -> agent.pool.release(connection)
            }
        } catch (e: Throwable) {
            connection.abort(e)
            throw e
        }
    }

    override fun failed(error: HttpException) = fail(error)

    override fun lost(reason: CloseReason) {
        if (isOver) return
        val cause = reason.cause
        val part = when {
            !hasBegun -> MessagePart.START
            head == null -> MessagePart.HEAD
            else -> MessagePart.BODY
        }
        val error = cause as? HttpException ?: IncompleteMessageException(MESSAGES.getValue(part) + " ${reason.message}", reason, part)
        if (part == MessagePart.START && cause !is HttpException && call.mayRepeat(connection)) {
            end(error)
            return call.again(error)
        }
        fail(error)
    }

    fun fail(error: Throwable) {
        if (isOver) return
        end(error)
        call.over()
        body?.fail(error)
        if (head == null) call.failed(error) else tell() // a head is told, also when the same bytes had a fault in the body
        call.ended(isWhole = false, error)
    }

    /** Nobody wants the answer any more. */
    fun abandon() {
        if (isOver) return
        end(null)
        call.over()
        body?.discard()
        call.ended(isWhole = false, null)
    }

    private fun countSent() {
        call.record?.bytesSent = upload?.total ?: 0
    }

    private fun end(cause: Throwable?) {
        isOver = true
        countSent()
        if (!connection.isOver) connection.abort(cause)
        if (!isSent) upload?.stop()
    }

    override fun close() = loop.execute { letGo() }

    override fun abort() = loop.execute { abandon() }

    private fun letGo() {
        if (isLetGo) return
        isLetGo = true
        body?.discard()
        if (isOver) return
        val length = head?.framing?.length ?: -1
        if (!isSent || head?.framing === BodyFraming.UNTIL_END || length > MOST_DROPPED) return abandon()
        connection.resume()
        await(Waiting.REST, REST)
    }

    override fun timeIsUp() {
        when (waiting) {
            Waiting.NOTHING -> Unit
            Waiting.LEAVE -> leaveGiven()
            Waiting.RESPONSE -> fail(ResponseTimeoutException(options.responseTimeout))
            Waiting.HEAD -> fail(HeadTimeoutException(options.headTimeout))
            Waiting.NEXT_BYTE -> fail(ReadTimeoutException(readTimeout))
            Waiting.READER -> fail(UnreadBodyException(options.unreadTimeout))
            Waiting.REST -> abandon()
        }
    }

    override fun toString(): String = "$request"

    /** Of a request whose answer goes on to somebody else, who waits for it when the reactor stops. */
    private object HoldsStop : Producer {
        override fun resumeProducing() = Unit

        override fun stopProducing() = Unit
    }

    private companion object {
        const val CONTINUE = 100
        const val SWITCHING = 101
        const val FINAL = 200
        const val TIMED_OUT = 408
        const val EXPECTATION_FAILED = 417
        const val BAD = 502
        const val MOST_DROPPED = 64 * 1024
        val SUCCESS = 200..299
        val LEAVE: Duration = Duration.ofSeconds(1)
        val REST: Duration = Duration.ofSeconds(1)
        val MESSAGES = mapOf(
            MessagePart.START to "The connection ended before the answer began.",
            MessagePart.HEAD to "The connection ended inside the head of the answer.",
            MessagePart.BODY to "The connection ended inside the body of the answer.",
        )

        /** The time in `Keep-Alive: timeout=5, max=100`, which old servers send. */
        fun keptSeconds(headers: Headers): Long = headers.tokens("Keep-Alive").firstNotNullOfOrNull { parameter ->
            parameter.takeIf { it.startsWith("timeout=") }?.substringAfter('=')?.trim('"')?.toLongOrNull()?.takeIf { it >= 0 }
        } ?: Long.MAX_VALUE
    }
}
