// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** The content of a head, with its rules checked. */
internal sealed class MessageHead(val isHttp11: Boolean, val headers: Headers, val framing: BodyFraming) {
    /** Whether the connection may be used for another message after this one (RFC 9112 9.3). */
    val isPersistent: Boolean = !headers.hasToken("Connection", "close") && (isHttp11 || headers.hasToken("Connection", "keep-alive"))
}

internal class RequestHead(val method: String, val target: String, isHttp11: Boolean, headers: Headers, framing: BodyFraming) :
    MessageHead(isHttp11, headers, framing)

internal class ResponseHead(val status: Int, val reason: String, isHttp11: Boolean, headers: Headers, framing: BodyFraming) :
    MessageHead(isHttp11, headers, framing)

/** How the end of a body is known: by [length], by the last of its chunks, or, of an answer, by the end of the connection. */
internal class BodyFraming private constructor(val length: Long, val isChunked: Boolean) {
    companion object {
        val NONE = BodyFraming(0, false)
        val CHUNKED = BodyFraming(-1, true)
        val UNTIL_END = BodyFraming(-1, false)

        fun of(length: Long): BodyFraming = if (length == 0L) NONE else BodyFraming(length, false)
    }
}

/** Hears what an [HttpReader] finds. It must not feed the reader from inside. */
internal interface MessageListener {
    fun head(head: MessageHead)

    /** A part of the body, valid during the call. */
    fun content(view: java.nio.ByteBuffer)

    fun end(trailers: Headers)

    /** The last call. */
    fun failed(error: HttpException)
}
