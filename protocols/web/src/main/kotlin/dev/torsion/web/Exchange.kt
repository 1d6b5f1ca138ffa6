// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.log.readable
import dev.torsion.net.CloseReason
import dev.torsion.net.Producer
import java.nio.ByteBuffer
import kotlin.coroutines.CoroutineContext

/** One request of a [ServerConnection] and its answer. */
internal class Exchange(private val connection: ServerConnection, val head: RequestHead) :
    RequestLife(connection.site.reactor, connection.transport.scope),
    HttpBody.Flow {
    private val transport = connection.transport
    private val options = connection.options
    private val body = HttpBody(loop, this)
    private var handling: Deferred<*>? = null
    private var sink: BodySink? = null
    private var isAnswered = false // the head of the answer is written
    private var isOver = false
    private var isContinueWanted = false
    private var isBroken = false // nothing more of the body comes
    private var isLast = !head.isPersistent
    private var written = 0L // bytes of an answer's body that is no stream
    private var taken = 0L // bytes of the request's body
    private var untold = 0 // of them
    private var fault: Throwable? = null // why the answer is not that of the handler
    private var isOngoing = false
    private var isUntilEnd = false // the end of the connection is that of the answer
    private var status = 413 // when the handler fails with the fault of the body: by itself, that is more than it allows

    var isBegun = false
        private set

    /** Whether the whole request has come. */
    var isReceived = false
        private set

    val hasRoom: Boolean get() = isReceived || isOver || body.hasRoom

    fun begin() {
        if (isBegun) return
        isBegun = true
        untold = 0
        val origin = findOrigin()
        this.origin = origin
        isSecure = origin.scheme == "https"
        id = options.requestIds?.idOf(head.headers, origin.isFromProxy)
        if (options.listener != null) record = connection.record(head, origin.client, id).also { it.bytesReceived = taken }
        fault?.let { return refuse((it as HttpViolationException).status) }
        if (head.method == "CONNECT") return refuse(501)
        if (head.isHttp11 && "Expect" in head.headers) {
            if (!head.headers.all("Expect").all { it.equals("100-continue", ignoreCase = true) }) return refuse(417)
            isContinueWanted = !isReceived
        }
        val request = Request(head.method, head.target, head.headers, head.isHttp11, body, transport.peer(), this)
        handle(request)
        if (isOver) return
        transport.registerProducer(KeepsOpen, true) // an end in order waits for the answer
        if (!isAnswered) connection.deadline.setTimeout(options.handlerTimeout)
        watchBody()
    }

    private fun handle(request: Request) {
        if (id != null) { // what its coroutine has on the thread is there from the beginning
            val result = inlineCallbacks(context()) { connection.site.handler(request) }
            handling = result
            result.addCallbacks(::answer, { handlerFailed(it.value) })
            return
        }
        val run = HandlerRun(transport.scope.coroutineContext) { result ->
            handling = result
            result.addCallbacks(::answer, { handlerFailed(it.value) })
        }
        val answer =
            try {
                run.start(connection.site.handler, request)
            } catch (e: Throwable) {
                return handlerFailed(e)
            }
        if (answer != null) answer(answer)
    }

    private fun context(): CoroutineContext {
        val context = transport.scope.coroutineContext
        return id?.let { context + RequestContext(it) } ?: context
    }

    override val isObserved: Boolean get() = record != null

    override fun routed(mount: String, pattern: String, isOpen: Boolean) {
        val record = record ?: return
        val whole = if (pattern == "/" && (isOpen || mount.isNotEmpty())) mount else mount + pattern
        record.route = if (isOpen) "$whole/**" else whole
    }

    private fun findOrigin(): Origin {
        val proxies = options.trustedProxies ?: return connection.origin
        return try {
            Origin.of(connection.origin, head.headers, proxies)
        } catch (e: HttpViolationException) {
            fault = e
            connection.origin
        }
    }

    private fun refuse(status: Int) {
        isLast = true
        answer(Response.error(status))
    }

    // The body of the request.

    fun content(view: ByteBuffer) {
        isContinueWanted = false
        if (isOver) return
        taken += view.remaining()
        untold += view.remaining()
        val piece = ByteArray(view.remaining())
        view.get(piece)
        body.add(piece)
    }

    /** Bytes are read from now on until [gathered]. */
    fun gather(): Unit = body.gather()

    fun gathered() {
        if (untold > 0) came(untold)
        untold = 0
        body.gathered()
    }

    private fun came(count: Int) {
        record?.bytesReceived = taken
        connection.bodyWatch.came(count)
        watchBody()
    }

    fun received(trailers: Headers) {
        isReceived = true
        this.trailers = trailers // before a reader hears of the end
        isContinueWanted = false
        watchBody()
        body.end()
    }

    /** The bytes of the body break a rule. */
    fun failed(error: HttpException) {
        isLast = true
        status = (error as? HttpViolationException)?.status ?: 400
        fault = error
        isBroken = true
        watchBody()
        body.fail(error)
    }

    /** One that the client cannot take now is left out: nobody needs it, and it would wait in memory. */
    override fun sendInterim(status: Int, headers: Headers) {
        if (isAnswered || isOver || !head.isHttp11 || !transport.isWritable) return
        transport.write(HttpWriter.response(status, headers))
    }

    override fun wanted() {
        if (!isContinueWanted || isOver) return
        isContinueWanted = false
        if (!isAnswered) HttpWriter.continueTo(transport) // there is none behind the head of an answer
        transport.resumeProducing() // one that drains reads no more while nothing is expected
        watchBody()
    }

    override fun roomChanged() {
        if (isOver) return
        watchBody()
        connection.roomChanged()
    }

    /** Whether the next byte of the body is the client's to send. */
    val isExpecting: Boolean get() = !isReceived && !isOver && !isBroken && !isContinueWanted && body.hasRoom

    /** The time of the next byte counts while we read, and the client has no reason to wait. */
    private fun watchBody() {
        if (!isBegun || isOver) return
        if (isExpecting) connection.bodyWatch.expect() else connection.bodyWatch.rest()
    }

    fun bodyIsLate() {
        isLast = true
        status = 408
        val error = connection.bodyWatch.fault()
        fault = error
        body.fail(error)
    }

    // The answer.

    /** The time of the handler counts from the head on, with the body: otherwise a client could hold it for ever with a byte now and then. */
    fun handlerIsLate() {
        val isClientLate = isExpecting && body.isAwaited
        val late = handling
        isLast = true
        val error =
            HttpTimeoutException(
                if (isClientLate) "The body has not come whole" else "The handler has given no answer",
                options.handlerTimeout,
            )
        fault = error
        dropSink(error)
        answer(Response.error(if (isClientLate) 408 else 503))
        late?.cancel()
        log.warn(
            if (isClientLate) LATE_BODY else LATE_HANDLER,
            "method" to head.method,
            "path" to path,
            "timeout" to readable(options.handlerTimeout),
        )
    }

    /** For the log: a query may have secrets. */
    private val path get() = escaped(head.target.substringBefore('?'))

    /** Whether [error] is what the client has done to its body. */
    private fun isOfRequest(error: Throwable) = body.fault?.let { isCause(it, of = error) } ?: false

    private fun handlerFailed(error: Throwable) {
        if (isAnswered || isOver) return // it was cancelled, or its client is gone
        dropSink(error)
        if (error is ResponseException) return answer(error.response)
        val isOfRequest = isOfRequest(error)
        fault = error
        answer(Response.error(if (isOfRequest) status else 500))
        if (isOfRequest) return
        log.failure("The handler of {method} {path} has failed", error, "method" to head.method, "path" to path)
    }

    private fun answer(answer: Response) {
        if (isAnswered || isOver) return
        try {
            write(answer)
        } catch (e: Throwable) { // no time would end it: a handler has answered
            transport.abortConnection(e)
            throw e
        }
    }

    private fun write(answer: Response) {
        val response = connection.site.paged(answer)
        val given = response.content
        if (given is Response.Content.Stream && given.waits && head.method != "HEAD") return streamLater(response, given)
        begun(response)
        when (val content = given) {
            is Response.Content.Bytes -> {
                val hasBody = response.status != 204 && response.status != 304
                writeHead(response, if (hasBody) content.size.toLong() else NO_BODY, isChunked = false)
                if (hasBody && head.method != "HEAD") {
                    written = content.size.toLong()
                    content.writeTo(transport)
                }
                finish()
            }

            is Response.Content.Stream -> stream(response, content)
        }
    }

    /** The head of [response] goes out now. */
    private fun begun(response: Response) {
        isAnswered = true
        connection.deadline.setTimeout(null)
        isLast = isLast || !isReceived || connection.site.isEnding || transport.isDraining ||
            response.headers.hasToken("Connection", "close")
    }

    private fun stream(response: Response, content: Response.Content.Stream) {
        writeHead(response, content)
        if (head.method == "HEAD") return finish()
        if (content.goesOn) {
            isOngoing = true
            connection.site.ongoing.add(this)
            if (isOver) return // the server stops
        }
        writeBody(content, sinkOf(content))
    }

    /** The head goes out with the first bytes. Until then this is the handler, with its time and its failures. */
    private fun streamLater(response: Response, content: Response.Content.Stream) {
        val sink = sinkOf(content)
        sink.beforeFirst = {
            begun(response)
            writeHead(response, content)
        }
        writeBody(content, sink)
    }

    private fun isChunked(content: Response.Content.Stream) = content.length < 0 && head.isHttp11

    private fun sinkOf(content: Response.Content.Stream) =
        BodySink(reactor, loop, transport, isChunked(content), content.length, connection::room).also { sink = it }

    private fun writeBody(content: Response.Content.Stream, sink: BodySink) {
        val writing = inlineCallbacks(context()) { content.write(sink) }
        if (!isOver) handling = writing
        writing.addCallbacks({ written(content, sink) }) { if (isAnswered) cut(sink, it.value) else handlerFailed(it.value) }
    }

    private fun written(content: Response.Content.Stream, sink: BodySink) {
        if (isOver) return
        if (!isAnswered && content.length > 0) return handlerFailed(bodyTooShort())
        try {
            sink.begun()
            if (sink.end()) finish() else cut(sink, bodyTooShort())
        } catch (e: Throwable) { // no time would end it
            cut(sink, e)
            throw e
        }
    }

    /** Another answer takes the place of one that has not begun. */
    private fun dropSink(reason: Throwable) {
        if (isAnswered) return
        sink?.also { sink = null }?.cut(reason)
    }

    /** The server stops: this is the end of a body that goes on. */
    fun endInOrder() {
        if (isOver) return
        val writing = handling
        isLast = true
        sink?.end()
        finish()
        writing?.cancel()
    }

    /** A body that is not whole must not look as if it were. */
    private fun cut(sink: BodySink, error: Throwable) {
        sink.cut(error)
        if (isOver) return
        val unsent = transport.bufferedBytes
        transport.abortConnection(error)
        recordCut(error, unsent)
        if (error !is CloseReason && error !is HttpTimeoutException && !isOfRequest(error)) {
            log.failure(
                "The body of the answer to {method} {path} has failed, and its connection is cut",
                error,
                "method" to head.method,
                "path" to path,
            )
        }
        over()
    }

    private fun writeHead(response: Response, content: Response.Content.Stream) {
        isUntilEnd = content.length < 0 && !isChunked(content)
        isLast = isLast || isUntilEnd
        writeHead(response, content.length, isChunked(content))
    }

    private fun writeHead(response: Response, length: Long, isChunked: Boolean) {
        val fields = withId(response.fields(isSecure))
        val date = if ("Date" in fields) null else connection.site.date()
        val connectionField = if (isLast) {
            "close"
        } else if (head.isHttp11) {
            null
        } else {
            "keep-alive"
        }
        transport.write(HttpWriter.response(response.status, fields, length, isChunked, date, connectionField))
        record?.status = response.status
    }

    private fun withId(fields: Headers): Headers {
        val ids = options.requestIds ?: return fields
        return if (ids.field in fields) fields else fields.plus(ids.field, id!!)
    }

    private fun finish() {
        if (isOver) return
        over()
        if (connection.isConnected) transport.unregisterProducer()
        try {
            record?.let {
                it.bytesSent = sink?.total ?: written
                connection.written(it, fault)
            }
        } finally {
            connection.finished(this, isLast)
        }
    }

    private fun over() {
        isOver = true
        connection.deadline.setTimeout(null)
        connection.bodyWatch.end()
        handling = null
        if (isOngoing) connection.site.ongoing.remove(this)
        body.discard()
        ended()
    }

    /** The answer is cut, or there is none, because of [reason]. */
    private fun recordCut(reason: Throwable, unsent: Long) {
        val record = record ?: return
        record.bytesSent = maxOf(0, (sink?.total ?: 0) - unsent)
        connection.ended(record, isWhole = false, reason)
    }

    /** The client sends no more. True when the end of the connection would look like that of the answer. */
    fun isMistakenForWhole(): Boolean = isUntilEnd && !isOver

    /** The connection is gone; its scope cancels the handler. */
    fun lost(reason: CloseReason) {
        if (isOver) return
        isOver = true
        if (isOngoing) connection.site.ongoing.remove(this)
        recordCut(reason, reason.unsentBytes)
        sink?.cut(reason) // before a reader of the body goes on
        body.fail(IncompleteMessageException("The connection ended before the body did. ${reason.message}", reason))
        ended()
    }

    /** Of a connection whose answer is not there yet: a stop in order waits for it. */
    private object KeepsOpen : Producer {
        override fun resumeProducing() = Unit

        override fun stopProducing() = Unit
    }

    private companion object {
        val log = Logger(Site::class.java)
        const val NO_BODY = -1L
        const val LATE_HANDLER = "The handler of {method} {path} has given no answer within {timeout}, and is cancelled"
        const val LATE_BODY = "The body of {method} {path} has not come whole within {timeout}, and its handler is cancelled"
    }
}
