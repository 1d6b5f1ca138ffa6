// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import org.eclipse.jetty.http.HttpCompliance
import org.eclipse.jetty.http.HttpField
import org.eclipse.jetty.http.HttpParser
import org.eclipse.jetty.http.HttpVersion
import java.nio.ByteBuffer

/**
 * Reads bodies in chunks (RFC 9112 7.1). Jetty's parser does the work, in its strictest mode: it gets a head of ours, and the body behind
 * it. The limits are around it: the parser does not limit the bytes between chunks.
 */
internal class ChunkReader(private val limits: HttpLimits, private val listener: (ByteBuffer) -> Unit) {
    private val events = Events()
    private val parser = HttpParser(events as HttpParser.RequestHandler, BEYOND_LIMITS, HttpCompliance.STRICT)
    private var failure: HttpException? = null
    private var isComplete = false

    // Of the bytes of this body.
    private var taken = 0L // before those that the parser looks at
    private var from = 0 // where those begin in the view
    private var current: ByteBuffer = NOTHING
    private var contentEnd = 0L
    private var excess = 0L // of what stands between chunks, over what their sizes need

    init {
        parser.headerCacheSize = 0 // it would take much memory for each connection
        parser.isHeaderCacheCaseSensitive = true // or a value that it knows comes in its own case
    }

    /** A body begins. */
    fun begin() {
        parser.reset()
        events.reset()
        val head = HEAD.duplicate()
        while (head.hasRemaining()) parser.parseNext(head)
        isComplete = false
        taken = 0
        contentEnd = 0
        excess = 0
    }

    /** Takes bytes from [view], and tells the listener. True when the body and its trailer are whole. */
    fun feed(view: ByteBuffer): Boolean {
        val bytes = if (view.isReadOnly) view else view.asReadOnlyBuffer() // a view with an array is parsed less strictly
        try {
            while (true) {
                val before = bytes.position()
                val isStopped = parse(bytes)
                failure?.let { throw it }
                if (isComplete) return true
                checkGap(taken)
                if (!isStopped && (!bytes.hasRemaining() || bytes.position() == before)) return false
            }
        } finally {
            if (bytes !== view) view.position(bytes.position())
        }
    }

    fun takeTrailers(): Headers = events.trailers?.build() ?: Headers.EMPTY

    private fun parse(bytes: ByteBuffer): Boolean {
        current = bytes
        from = bytes.position()
        try {
            return parser.parseNext(bytes)
        } catch (e: Throwable) {
            if (failure == null) throw e
            return false
        } finally {
            if (failure == null) taken = position()
            current = NOTHING
        }
    }

    private fun position() = taken + current.position() - from

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

    /** Events of the parser. An exception that is thrown here ends it. */
    private inner class Events : HttpParser.RequestHandler {
        private var count = 0
        var trailers: Headers.Builder? = null

        fun reset() {
            trailers = null
            count = 0
        }

        // Of the head that is ours.

        override fun startRequest(method: String, uri: String, version: HttpVersion?) = Unit

        override fun parsedHeader(field: HttpField) = Unit

        override fun headerComplete(): Boolean = true

        override fun parsedTrailer(field: HttpField) = stopping {
            if (++count > limits.maxFields) throw HttpViolationException("There are too many fields.", 400, "maxFields")
            val fields = trailers ?: Headers.builder().also { trailers = it }
            try {
                fields.add(field.header?.asString() ?: field.name, field.value ?: "") // in the same case, whole or in pieces
            } catch (e: IllegalArgumentException) {
                throw HttpViolationException("A field has characters that it must not have.", 400, "RFC 9110 5.5").apply { initCause(e) }
            }
        }

        override fun content(content: ByteBuffer): Boolean {
            stopping {
                val length = content.remaining()
                val end = position()
                checkGap(end - length)
                checkExcess(end - length - contentEnd, length)
                contentEnd = end
                listener(content)
            }
            return false
        }

        override fun contentComplete(): Boolean = false

        override fun messageComplete(): Boolean {
            stopping { checkGap(position()) }
            isComplete = true
            return true
        }

        override fun badMessage(error: org.eclipse.jetty.http.HttpException) {
            if (failure != null) return
            val reason = error.reason?.takeIf { it.isNotEmpty() } ?: "The body is malformed"
            failure = HttpViolationException("$reason.", if (error.code in 400..599) error.code else 400, "RFC 9112 5")
        }

        /** The parser says so of a malformed chunk. */
        override fun earlyEOF() {
            if (failure == null) failure = HttpViolationException("A chunk of the body, or the trailer, is malformed.", 400, "RFC 9112 7.1")
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
        /** Two ends of lines and a size. */
        const val USUAL_GAP = 16L

        /** The parser's own limit counts a field differently when it comes in pieces, and logs: it is never reached. */
        const val BEYOND_LIMITS = Int.MAX_VALUE

        val NOTHING: ByteBuffer = ByteBuffer.allocate(0).asReadOnlyBuffer()

        val HEAD: ByteBuffer = ByteBuffer.wrap("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".toByteArray())
            .asReadOnlyBuffer()
    }
}
