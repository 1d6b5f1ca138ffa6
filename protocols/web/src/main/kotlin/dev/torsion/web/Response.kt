// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.util.concurrent.CompletionStage

/**
 * The answer to a [Request]. Immutable.
 *
 * ```java
 * Response.text("hello").withHeader("Cache-Control", "no-store");
 * Response.of(404);
 * ```
 *
 * The server adds `Content-Length` or `Transfer-Encoding`, `Date` and `Connection`. HEAD, 204 and 304 get no body.
 *
 * @property status from 200 to 599
 * @property headers the fields that were given
 */
public class Response private constructor(
    @get:JvmName("status") public val status: Int,
    @get:JvmName("headers") public val headers: Headers,
    @get:JvmSynthetic internal val content: Content,
) {
    init {
        require(status in 200..599) { "an answer has a status from 200 to 599, and not $status" }
        require("Transfer-Encoding" !in headers) { "the server sets Transfer-Encoding by itself" }
        require("Content-Length" !in headers) { "the server sets Content-Length by itself: the length of a stream is an argument" }
        require((status != 204 && status != 205 && status != 304) || content === NOTHING) { "an answer of status $status has no body" }
    }

    /** The bytes behind the head. */
    internal sealed class Content {
        class Bytes(val bytes: ByteArray) : Content()

        /** [length] is -1 where nobody knows it. */
        class Stream(val length: Long, val write: suspend (BodySink) -> Unit) : Content()
    }

    /** This answer with another [status]. */
    public fun withStatus(status: Int): Response = Response(status, headers, content)

    /** This answer with one field of [name] in place of all that there are. */
    public fun withHeader(name: String, value: String): Response = Response(status, headers.with(name, value), content)

    /** This answer with other [headers]. */
    public fun withHeaders(headers: Headers): Response = Response(status, headers, content)

    override fun toString(): String = "Response($status, $headers)"

    public companion object {
        private val NOTHING = Content.Bytes(ByteArray(0))

        /** An answer without a body. */
        @JvmStatic
        public fun of(status: Int): Response = Response(status, Headers.EMPTY, NOTHING)

        /** [text] in UTF-8, with status 200. */
        @JvmStatic
        public fun text(text: String): Response = bytes(text.toByteArray(), "text/plain; charset=utf-8")

        /** [bytes] of the media type [contentType], with status 200. The array is not copied. */
        @JvmStatic
        public fun bytes(bytes: ByteArray, contentType: String): Response =
            Response(200, Headers.of("Content-Type", contentType), Content.Bytes(bytes))

        /** A short page of text that says what [status] means: with no stack, and nothing of the program. */
        @JvmStatic
        public fun error(status: Int): Response = text("$status ${reasonOf(status)}\n").withStatus(status)

        /** The answer that sends the client to [location]. */
        @JvmStatic
        @JvmOverloads
        public fun redirect(location: String, status: Int = 302): Response = of(status).withHeader("Location", location)

        /**
         * A body that [write] writes as the client takes it. It goes out in chunks. When [write] fails, the connection is cut, so that the
         * client does not take it for the whole.
         *
         * @param length how many bytes will be written, where that is known; [write] must then write as many
         */
        @JvmSynthetic
        public fun stream(contentType: String, length: Long = -1, write: suspend (BodySink) -> Unit): Response =
            Response(200, Headers.of("Content-Type", contentType), Content.Stream(length, write))

        /** The same for Java: the body ends when the stage does. */
        @JvmStatic
        public fun streaming(contentType: String, writer: BodyWriter): Response = stream(contentType) { sink ->
            sink.awaiting(writer.write(sink))
        }
    }
}

/** Writes the body of an answer, see [Response.streaming]. */
public fun interface BodyWriter {
    /** Writes to [sink], on the reactor's thread. The body ends when the stage does, and is cut when it fails. */
    public fun write(sink: BodySink): CompletionStage<*>
}
