// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Transport
import kotlinx.coroutines.flow.Flow
import java.nio.ByteBuffer
import java.util.concurrent.CompletionStage
import java.util.concurrent.Flow.Publisher

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
    private val cookies: List<SetCookie>,
    @get:JvmSynthetic internal val isErrorPage: Boolean,
) {
    private constructor(status: Int, headers: Headers, content: Content) : this(status, headers, content, emptyList(), false)

    init {
        require(status in 200..599) { "an answer has a status from 200 to 599, and not $status" }
        require("Transfer-Encoding" !in headers) { "the server sets Transfer-Encoding by itself" }
        require("Content-Length" !in headers) { "the server sets Content-Length by itself: the length of a stream is an argument" }
        require((status != 204 && status != 205 && status != 304) || content === NOTHING) { "an answer of status $status has no body" }
    }

    /** The bytes behind the head. */
    internal sealed class Content {
        class Bytes private constructor(private val array: ByteArray?, private val memory: ByteBuffer?) : Content() {
            constructor(bytes: ByteArray) : this(bytes, null)

            /** Direct [memory], which nobody changes any more. */
            constructor(memory: ByteBuffer) : this(null, memory.slice())

            val size: Int get() = array?.size ?: memory!!.remaining()

            /** All of them: a copy where they are in direct memory. */
            val bytes: ByteArray get() = array ?: ByteArray(size).also { memory!!.duplicate().get(it) }

            /** A socket takes direct memory as it is. */
            fun writeTo(transport: Transport) {
                if (array != null) transport.write(array) else transport.write(memory!!.duplicate())
            }
        }

        /**
         * [length] is -1 where nobody knows it. One that [goesOn] has no end of its own: the end of the server is its end in order. The
         * head of one that [waits] goes out with its first bytes, so a failure before them is that of the handler.
         */
        class Stream(val length: Long, val goesOn: Boolean = false, val waits: Boolean = false, val write: suspend (BodySink) -> Unit) :
            Content()
    }

    /** This answer with another [status]. */
    public fun withStatus(status: Int): Response = with(status = status)

    /** This answer with one field of [name] in place of all that there are. */
    public fun withHeader(name: String, value: String): Response = with(headers = headers.with(name, value))

    /** This answer with other [headers]. */
    public fun withHeaders(headers: Headers): Response = with(headers = headers)

    /**
     * This answer, which sets [cookie], in place of one of the same name, domain and path; Twisted's `addCookie`. It stands in no
     * [headers]: the server writes it, as it knows whether the connection carries TLS.
     */
    public fun withCookie(cookie: SetCookie): Response = with(cookies = cookies.filterNot(cookie::replaces) + cookie)

    /** This answer with [name] among those of `Vary`: caches keep answers apart by that field of requests. */
    @JvmSynthetic
    internal fun varying(name: String): Response {
        val known = headers.all("Vary").joinToString(", ")
        if (known.split(',').any { it.trim() == "*" || it.trim().equals(name, ignoreCase = true) }) return this
        return withHeader("Vary", if (known.isEmpty()) name else "$known, $name")
    }

    /** The same head with another form of the body, such as a compressed one: no page takes its place any more. */
    @JvmSynthetic
    internal fun withContent(content: Content): Response = Response(status, headers, content, cookies, isErrorPage = false)

    /** The fields and cookies without a body, as 304 has them: what describes the body only is left out (RFC 9110 15.4.5). */
    @JvmSynthetic
    internal fun withoutContent(status: Int): Response {
        val fields = Headers.builder()
        headers.forEach { name, value -> if (OF_CONTENT.none { it.equals(name, ignoreCase = true) }) fields.add(name, value) }
        return Response(status, fields.build(), NOTHING, cookies, isErrorPage = false)
    }

    /** The body of [page], for this error. The fields of this one stay, such as `Allow`. */
    @JvmSynthetic
    internal fun withPage(page: Response): Response {
        val bytes = page.content as? Content.Bytes ?: error("the body of an error page is a stream")
        val fields = Headers.builder().add(page.headers)
        headers.forEach { name, value -> if (name !in page.headers) fields.add(name, value) }
        return Response(status, fields.build(), bytes, cookies + page.cookies, isErrorPage)
    }

    /** The fields with those of cookies, for a connection with TLS or without. */
    @JvmSynthetic
    internal fun fields(isSecure: Boolean): Headers {
        if (cookies.isEmpty()) return headers
        val fields = Headers.builder().add(headers)
        for (cookie in cookies) fields.add("Set-Cookie", cookie.field(isSecure))
        return fields.build()
    }

    private fun with(status: Int = this.status, headers: Headers = this.headers, cookies: List<SetCookie> = this.cookies) =
        Response(status, headers, content, cookies, isErrorPage)

    override fun toString(): String = "Response($status, $headers)"

    public companion object {
        private val NOTHING = Content.Bytes(ByteArray(0))
        private val PLAIN = Headers.of("Content-Type", "text/plain; charset=utf-8")
        private const val JSON = "application/json"
        private val OF_CONTENT = listOf("Content-Type", "Content-Encoding", "Content-Language", "Content-Range")

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

        /** The direct memory [bytes], which nobody changes any more. */
        @JvmSynthetic
        internal fun memory(bytes: ByteBuffer, contentType: String): Response =
            Response(200, Headers.of("Content-Type", contentType), Content.Bytes(bytes))

        /**
         * A short page of text that says what [status] means: with no stack, and nothing of the program. A site may have pages of its own:
         * [Site.withErrorPages].
         */
        @JvmStatic
        public fun error(status: Int): Response =
            Response(status, PLAIN, Content.Bytes("$status ${reasonOf(status)}\n".toByteArray()), emptyList(), isErrorPage = true)

        /** [text], which is JSON, in UTF-8 as `application/json`, with status 200. */
        @JvmStatic
        public fun json(text: String): Response = bytes(text.toByteArray(), JSON)

        /**
         * [value] as `application/json`, by [writer], such as a mapper's: `Response.json(order, mapper::writeValueAsBytes)`. An exception
         * of [writer] comes as it is.
         */
        @JvmStatic
        @Throws(Exception::class)
        public fun <T> json(value: T, writer: ValueWriter<in T>): Response = bytes(writer.write(value), JSON)

        /** The answer that sends the client to [location]. */
        @JvmStatic
        @JvmOverloads
        public fun redirect(location: String, status: Int = 302): Response = of(status).withHeader("Location", location)

        /**
         * A body that [write] writes as the client takes it. It goes out in chunks. When [write] fails, the connection is cut, so that the
         * client does not take it for the whole. Fields behind the body are given to [BodySink.setTrailers].
         *
         * @param length how many bytes will be written, where that is known; [write] must then write as many
         */
        @JvmSynthetic
        public fun stream(contentType: String, length: Long = -1, write: suspend (BodySink) -> Unit): Response =
            Response(200, Headers.of("Content-Type", contentType), Content.Stream(length, write = write))

        /** A body that goes on until its client goes away, or the server stops: then it ends in order. */
        @JvmSynthetic
        internal fun ongoing(contentType: String, write: suspend (BodySink) -> Unit): Response =
            Response(200, Headers.of("Content-Type", contentType), Content.Stream(-1, goesOn = true, write = write))

        /**
         * A body of all [pieces], as the client takes them. The head goes out with the first piece: when [pieces] fail before, the answer
         * is 500, or what a [ResponseException] says. When they fail later, the connection is cut. They are collected on the reactor's
         * thread.
         *
         * @param length how many bytes there will be, where that is known
         */
        @JvmSynthetic
        public fun stream(contentType: String, pieces: Flow<ByteArray>, length: Long = -1): Response =
            waiting(contentType, length) { sink -> sink.writeAll(pieces) }

        /**
         * A body of all that [publisher] gives, such as the rows of a database: the next piece is requested when the client has room for
         * it. It may give them on any thread. The buffers stay as they are, so a publisher may give the same ones to each request.
         *
         * ```java
         * Response.publishing("text/csv", db.stream(Sql.of("SELECT name FROM fruit").map(row -> UTF_8.encode(row.get("name") + "\n"))));
         * ```
         *
         * The head goes out with the first piece: when [publisher] fails before, the answer is 500, or what a [ResponseException] says.
         * When it fails later, the connection is cut. The subscription is cancelled when the client goes away. Each request has a
         * subscription of its own.
         */
        @JvmStatic
        public fun publishing(contentType: String, publisher: Publisher<ByteBuffer>): Response = publishing(contentType, publisher, -1)

        /** [publishing] for a body of [length] bytes: [publisher] must give as many. */
        @JvmStatic
        public fun publishing(contentType: String, publisher: Publisher<ByteBuffer>, length: Long): Response =
            waiting(contentType, length) { sink -> sink.writeAll(publisher) }

        private fun waiting(contentType: String, length: Long, write: suspend (BodySink) -> Unit) =
            Response(200, Headers.of("Content-Type", contentType), Content.Stream(length, waits = true, write = write))

        /** The same for Java: the body ends when the stage does. */
        @JvmStatic
        public fun streaming(contentType: String, writer: BodyWriter): Response = streaming(contentType, writer, -1)

        /** [streaming] for a body of [length] bytes: [writer] must write as many. */
        @JvmStatic
        public fun streaming(contentType: String, writer: BodyWriter, length: Long): Response =
            stream(contentType, length) { sink -> sink.awaiting(writer.write(sink)) }
    }
}

/** Writes the body of an answer, see [Response.streaming]. */
public fun interface BodyWriter {
    /** Writes to [sink], on the reactor's thread. The body ends when the stage does, and is cut when it fails. */
    public fun write(sink: BodySink): CompletionStage<*>
}
