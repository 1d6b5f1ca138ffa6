// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer

/**
 * Turns bytes to messages of HTTP/1.1 and HTTP/1.0 (RFC 9112), and knows no socket. [HeadReader] reads heads, [HeadRules] has their rules, and
 * [ChunkReader] reads bodies in chunks.
 *
 * The same bytes have the same verdict however they are cut. So each limit is a number of bytes or fields, and never one of pieces.
 *
 * Thread: the reactor's.
 */
internal class HttpReader(private val limits: HttpLimits, isRequest: Boolean, private val listener: MessageListener) {
    private enum class At { HEAD, BODY, CHUNKS, FAILED }

    private val heads = HeadReader(isRequest, limits)
    private val chunks = lazy(LazyThreadSafetyMode.NONE) { ChunkReader(limits, ::content) } // few connections need it

    private var at = At.HEAD
    private var isToHead = false
    private var isEnded = false
    private var left = 0L // of a body whose length is known; -1 for one until the end
    private var contentBytes = 0L

    /** Whether a message has begun, and not ended. */
    val isInside: Boolean get() = at == At.BODY || at == At.CHUNKS || isInHead

    /** Whether a head has begun, and not ended. */
    val isInHead: Boolean get() = at == At.HEAD && heads.isBegun

    /** The answer that comes next is one to HEAD, and has no body whatever its head says. */
    fun expectNoBody(isToHead: Boolean) {
        this.isToHead = isToHead
    }

    /**
     * Reads from [view] until a message is complete, and tells the listener. True when one is; the rest of the view is then that of the
     * next. After a failure it takes and drops everything.
     */
    fun feed(view: ByteBuffer): Boolean {
        val end = view.limit()
        try {
            while (at != At.FAILED) {
                when (at) {
                    At.HEAD -> if (begin(heads.read(view, isToHead) ?: return false)) return complete(Headers.EMPTY)
                    At.BODY -> return body(view)
                    At.CHUNKS -> return if (chunks.value.feed(view)) complete(chunks.value.takeTrailers()) else false
                    At.FAILED -> Unit
                }
            }
        } catch (e: HttpException) {
            failed(e)
        }
        view.limit(end).position(end)
        return false
    }

    /** The stream has ended. True when that completes a message. */
    fun end(): Boolean {
        if (at == At.FAILED || isEnded) return false
        isEnded = true
        if (!isInside) return false
        if (at == At.BODY && left < 0) return complete(Headers.EMPTY)
        val isCutHead = at == At.HEAD
        failed(if (isCutHead) IncompleteMessageException(CUT_HEAD, null, MessagePart.HEAD) else IncompleteMessageException(CUT_BODY))
        return false
    }

    /** True when the message has no body. */
    private fun begin(head: MessageHead): Boolean {
        val framing = head.framing
        if (framing.length > limits.maxBodyBytes) throw tooLarge()
        left = framing.length
        contentBytes = 0
        at = if (framing.isChunked) At.CHUNKS else At.BODY
        if (framing.isChunked) chunks.value.begin()
        telling { listener.head(head) }
        return left == 0L
    }

    private fun body(view: ByteBuffer): Boolean {
        if (!view.hasRemaining()) return false
        val end = view.limit()
        val next = if (left < 0 || left > view.remaining()) end else view.position() + left.toInt()
        if (left > 0) left -= next - view.position()
        view.limit(next)
        content(view)
        view.limit(end).position(next)
        return left == 0L && complete(Headers.EMPTY)
    }

    private fun content(view: ByteBuffer) {
        contentBytes += view.remaining()
        if (contentBytes > limits.maxBodyBytes) throw tooLarge()
        telling { listener.content(view) }
    }

    private fun complete(trailers: Headers): Boolean {
        at = At.HEAD
        telling { listener.end(trailers) }
        return true
    }

    private fun tooLarge() = HttpViolationException("The body is too large.", 413, "maxBodyBytes")

    /** An exception of the listener ends the reading. */
    private inline fun telling(tell: () -> Unit) {
        try {
            tell()
        } catch (e: HttpException) {
            throw e
        } catch (e: Exception) {
            throw HttpException("The message could not be taken.", e)
        }
    }

    private fun failed(error: HttpException) {
        at = At.FAILED
        listener.failed(error)
    }

    private companion object {
        const val CUT_HEAD = "The connection ended inside the head of a message."
        const val CUT_BODY = "The connection ended inside the body of a message."
    }
}
