// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import org.eclipse.jetty.http.HttpCompliance
import org.eclipse.jetty.http.HttpField
import org.eclipse.jetty.http.HttpParser
import org.eclipse.jetty.http.HttpVersion
import java.nio.ByteBuffer

/**
 * Turns bytes to messages of HTTP/1.1 and HTTP/1.0 (RFC 9112), and knows no socket. Jetty's parser does the work, in its strictest mode;
 * around it are [StartLine], [HeadRules] and the limits.
 *
 * The same bytes have the same verdict however they are cut. So each limit is a number of bytes or fields, and never one of pieces; and the
 * parser is given no byte beyond the limit of a head.
 *
 * Thread: the reactor's.
 */
internal class HttpReader(private val limits: HttpLimits, isRequest: Boolean, private val listener: MessageListener) {
    private enum class At { HEAD, BODY, FAILED }

    private val events = Events()
    private val parser =
        if (isRequest) {
            HttpParser(events as HttpParser.RequestHandler, BEYOND_LIMITS, COMPLIANCE)
        } else {
            HttpParser(events as HttpParser.ResponseHandler, BEYOND_LIMITS, COMPLIANCE)
        }
    private val startLine = StartLine(isRequest, limits.maxUrlBytes)
    private val headLimit = limits.maxUrlBytes + limits.maxHeadBytes + BESIDES

    private var at = At.HEAD
    private var failure: HttpException? = null
    private var isComplete = false
    private var isToHead = false
    private var isEnded = false

    // Of the bytes of this message.
    private var taken = 0L // before those that the parser looks at
    private var from = 0 // where those begin in the view
    private var current: ByteBuffer = NOTHING
    private var startLineEnd = 0L
    private var contentEnd = 0L
    private var contentBytes = 0L
    private var excess = 0L // of what stands between chunks, over what their sizes need

    init {
        parser.headerCacheSize = 0 // it would take much memory for each connection
        parser.isHeaderCacheCaseSensitive = true // or a value that it knows comes in its own case
    }

    /** Whether a message has begun, and not ended. */
    val isInside: Boolean get() = at == At.BODY || (at == At.HEAD && startLine.isBegun)

    /** Whether a head has begun, and not ended. */
    val isInHead: Boolean get() = at == At.HEAD && startLine.isBegun

    /** The answer that comes next is one to HEAD, and has no body whatever its head says. */
    fun expectNoBody(isToHead: Boolean) {
        this.isToHead = isToHead
        parser.setHeadResponse(isToHead)
    }

    /**
     * Reads from [view] until a message is complete, and tells the listener. True when one is; the rest of the view is then that of the
     * next. After a failure it takes and drops everything.
     */
    fun feed(view: ByteBuffer): Boolean {
        val bytes = if (view.isReadOnly) view else view.asReadOnlyBuffer() // a view with an array is parsed less strictly
        val isDone = read(bytes)
        if (bytes !== view) view.position(view.limit() - if (at == At.FAILED) 0 else bytes.remaining())
        return isDone
    }

    /** The stream has ended. True when that completes a message. */
    fun end(): Boolean {
        if (at == At.FAILED || isEnded) return false
        isEnded = true
        if (!isInside) return false
        if (at == At.HEAD) return failed(IncompleteMessageException(CUT_HEAD, null, MessagePart.HEAD))
        parser.atEOF()
        return read(NOTHING.duplicate())
    }

    private fun read(bytes: ByteBuffer): Boolean {
        val end = bytes.limit()
        try {
            while (at != At.FAILED) {
                if (at == At.HEAD && !prepare(bytes)) return false
                val before = bytes.position()
                val isStopped = parse(bytes)
                failure?.let { return failed(it) }
                if (isComplete) return complete()
                bytes.limit(end)
                checkLimits()
                if (!isStopped && (!bytes.hasRemaining() || bytes.position() == before)) return false
            }
        } catch (e: HttpViolationException) {
            return failed(e)
        } finally {
            bytes.limit(end)
            if (at == At.FAILED) bytes.position(end)
        }
        return false
    }

    /** Checks the first line, and lets the parser see no more than a head may have. False when there is nothing for it. */
    private fun prepare(bytes: ByteBuffer): Boolean {
        val before = bytes.position()
        startLine.skipEmptyLines(bytes)
        taken += bytes.position() - before
        if (!bytes.hasRemaining()) return false
        val room = headLimit - taken
        if (room < bytes.remaining()) bytes.limit(bytes.position() + room.toInt())
        startLine.check(bytes)
        return true
    }

    private fun parse(bytes: ByteBuffer): Boolean {
        current = bytes
        from = bytes.position()
        try {
            return parser.parseNext(bytes)
        } catch (e: Throwable) {
            if (failure == null && e !is AssertionError) throw e
            if (failure == null) failure = malformed("Bad Response")
            return false // the parser asserts that the status of an answer is one of an error
        } finally {
            if (failure == null) taken = position()
            current = NOTHING
        }
    }

    /** The parser has refused the bytes; or, behind all of them, their end. */
    private fun malformed(reason: String, status: Int = 400) = if (isEnded) {
        IncompleteMessageException(CUT_BODY)
    } else {
        HttpViolationException("$reason.", if (status in 400..599) status else 400, "RFC 9112 5")
    }

    private fun position() = taken + current.position() - from

    private fun checkLimits() {
        if (at == At.HEAD && taken >= headLimit) {
            throw HttpViolationException("The head is too large.", if (startLine.isDone) 431 else 414, "maxHeadBytes")
        }
        if (at == At.BODY) checkGap(taken)
    }

    /** The bytes between the parts of a body: sizes and extensions of chunks, and the trailer. */
    private fun checkGap(now: Long) {
        if (now - contentEnd > limits.maxHeadBytes) {
            throw HttpViolationException("What stands between the chunks of a body is too long.", 400, "maxHeadBytes")
        }
    }

    /** A chunk of [content] bytes, or a part of one, behind a gap. Long extensions of small chunks are work without a limit. */
    private fun checkExcess(gap: Long, content: Int) {
        excess += maxOf(0, gap - USUAL_GAP)
        if (excess > limits.maxHeadBytes) {
            throw HttpViolationException("The extensions of the chunks have more bytes than the body.", 400, "maxHeadBytes")
        }
        excess = maxOf(0, excess - 2L * content)
    }

    private fun complete(): Boolean {
        val trailers = events.trailers?.build() ?: Headers.EMPTY
        parser.reset()
        startLine.reset()
        events.reset()
        at = At.HEAD
        isComplete = false
        taken = 0
        startLineEnd = 0
        contentBytes = 0
        excess = 0
        listener.end(trailers)
        return true
    }

    private fun failed(error: HttpException): Boolean {
        at = At.FAILED
        listener.failed(error)
        return false
    }

    /** Events of the parser. An exception that is thrown here ends it. */
    private inner class Events :
        HttpParser.RequestHandler,
        HttpParser.ResponseHandler {
        private var method = ""
        private var target = ""
        private var status = 0
        private var reason = ""
        private var isHttp11 = false
        private var fields = Headers.builder()
        private var count = 0
        private var framing = Framing.NONE
        var trailers: Headers.Builder? = null

        fun reset() {
            fields = Headers.builder()
            trailers = null
            count = 0
        }

        override fun startRequest(method: String, uri: String, version: HttpVersion?) {
            this.method = method
            target = uri
            isHttp11 = version == HttpVersion.HTTP_1_1
            startLineEnd = position()
        }

        override fun startResponse(version: HttpVersion?, status: Int, reason: String?) {
            this.status = status
            this.reason = reason ?: ""
            isHttp11 = version == HttpVersion.HTTP_1_1
            startLineEnd = position()
        }

        override fun parsedHeader(field: HttpField) = add(fields, field, 431)

        override fun parsedTrailer(field: HttpField) = add(trailers ?: Headers.builder().also { trailers = it }, field, 400)

        private fun add(builder: Headers.Builder, field: HttpField, statusOfTooMany: Int) = stopping {
            if (++count > limits.maxFields) throw HttpViolationException("There are too many fields.", statusOfTooMany, "maxFields")
            try {
                builder.add(field.header?.asString() ?: field.name, field.value ?: "") // in the same case, whole or in pieces
            } catch (e: IllegalArgumentException) {
                throw HttpViolationException("A field has characters that it must not have.", 400, "RFC 9110 5.5").apply { initCause(e) }
            }
        }

        override fun headerComplete(): Boolean {
            stopping {
                if (position() - startLineEnd > limits.maxHeadBytes) {
                    throw HttpViolationException("The head is too large.", 431, "maxHeadBytes")
                }
                val headers = fields.build()
                val head =
                    if (status == 0) {
                        HeadRules.request(method, target, isHttp11, headers)
                    } else {
                        HeadRules.response(status, reason, isHttp11, headers, isToHead)
                    }
                if (head.framing.length > limits.maxBodyBytes) throw HttpViolationException("The body is too large.", 413, "maxBodyBytes")
                at = At.BODY
                count = 0
                framing = head.framing
                contentEnd = position()
                listener.head(head)
            }
            return true
        }

        override fun content(content: ByteBuffer): Boolean {
            stopping {
                val length = content.remaining()
                val end = position()
                checkGap(end - length)
                checkExcess(end - length - contentEnd, length)
                contentEnd = end
                contentBytes += length
                if (contentBytes > limits.maxBodyBytes) throw HttpViolationException("The body is too large.", 413, "maxBodyBytes")
                listener.content(content)
            }
            return false
        }

        override fun contentComplete(): Boolean = false

        override fun messageComplete(): Boolean {
            stopping {
                // Of a last chunk without its end the parser says that it is complete.
                if (isEnded && framing !== Framing.UNTIL_END) throw IncompleteMessageException(CUT_BODY)
                if (!isEnded) checkGap(position())
            }
            isComplete = true
            return true
        }

        override fun badMessage(error: org.eclipse.jetty.http.HttpException) {
            if (failure != null) return
            failure = malformed(error.reason?.takeIf { it.isNotEmpty() } ?: "The head is malformed", error.code)
        }

        /** The stream has ended in a body; or, since the parser does not tell this apart, a chunk is malformed. */
        override fun earlyEOF() {
            if (failure != null) return
            failure =
                if (isEnded) {
                    IncompleteMessageException(CUT_BODY)
                } else {
                    HttpViolationException("A chunk of the body, or the trailer, is malformed.", 400, "RFC 9112 7.1")
                }
        }

        /** Keeps what the rules throw, and stops the parser with it. */
        private inline fun stopping(block: () -> Unit) {
            try {
                block()
            } catch (e: Throwable) {
                if (failure == null) failure = e as? HttpException ?: HttpException("The message could not be taken.", e)
                throw e
            }
        }
    }

    private companion object {
        /** Room for a method and a version beside the target and the fields. */
        const val BESIDES = 80

        /** Two ends of lines and a size. */
        const val USUAL_GAP = 16L

        const val CUT_HEAD = "The connection ended inside the head of a message."
        const val CUT_BODY = "The connection ended inside the body of a message."

        /** The parser's own limit counts a field differently when it comes in pieces, and logs: it is never reached. */
        const val BEYOND_LIMITS = Int.MAX_VALUE

        /** Nothing is forgiven. */
        val COMPLIANCE: HttpCompliance = HttpCompliance.STRICT

        val NOTHING: ByteBuffer = ByteBuffer.allocate(0).asReadOnlyBuffer()
    }
}
