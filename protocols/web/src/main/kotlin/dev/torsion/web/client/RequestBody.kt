// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.BodySink
import dev.torsion.web.BodyWriter
import dev.torsion.web.isFieldValue
import kotlinx.coroutines.flow.Flow
import java.io.IOException
import java.net.URLEncoder
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.Flow.Publisher

/**
 * The body of a request; Twisted's `IBodyProducer`. Immutable.
 *
 * ```kotlin
 * RequestBody.stream("text/csv") { sink -> for (row in rows) sink.write(row) }
 * ```
 *
 * @property contentType the media type, where the headers of the request have none; null for none
 * @property length how many bytes it has; -1 where nobody knows: then it goes out in chunks
 * @property isReplayable whether it can be sent twice, with the same bytes: on a second try, or to the place of a redirect
 */
public class RequestBody private constructor(
    @get:JvmName("contentType") public val contentType: String?,
    @get:JvmName("length") public val length: Long,
    @get:JvmName("isReplayable") public val isReplayable: Boolean,
    @get:JvmSynthetic internal val content: Content,
) {
    internal sealed class Content {
        class Bytes(val bytes: ByteArray) : Content()

        class OfFile(val path: Path) : Content()

        class Stream(val write: suspend (BodySink) -> Unit) : Content()
    }

    init {
        require(contentType == null || isFieldValue(contentType)) { "the media type is no value of a field" }
        require(length >= -1) { "length must be -1 or more, but is $length" }
    }

    /** This body with another media type. */
    public fun withContentType(contentType: String?): RequestBody = RequestBody(contentType, length, isReplayable, content)

    /** This body, whose writer writes the same bytes each time that it is called: so it may be sent twice. */
    public fun asReplayable(): RequestBody = RequestBody(contentType, length, true, content)

    override fun toString(): String = "RequestBody(${contentType ?: "no media type"}, ${if (length < 0) "chunks" else "$length bytes"})"

    public companion object {
        private const val FORM = "application/x-www-form-urlencoded"

        /** [bytes], which are not copied. */
        @JvmStatic
        @JvmOverloads
        public fun bytes(bytes: ByteArray, contentType: String? = "application/octet-stream"): RequestBody =
            RequestBody(contentType, bytes.size.toLong(), true, Content.Bytes(bytes))

        /** [text] in UTF-8. */
        @JvmStatic
        @JvmOverloads
        public fun text(text: String, contentType: String? = "text/plain; charset=utf-8"): RequestBody =
            bytes(text.toByteArray(), contentType)

        /**
         * The fields of a form (`application/x-www-form-urlencoded`): names and values by turns. A name may be there several times, as that
         * of boxes to tick is.
         *
         * @throws IllegalArgumentException when the last name has no value
         */
        @JvmStatic
        public fun form(vararg namesAndValues: String): RequestBody {
            require(namesAndValues.size % 2 == 0) { "the last name has no value" }
            return text(namesAndValues.toList().chunked(2).joinToString("&") { it.joinToString("=", transform = ::formEncoded) }, FORM)
        }

        /**
         * The file at [path], which is read as the server takes it. It has to have the same length until then. Asks the file system for that.
         *
         * @throws IOException when there is no such file
         */
        @JvmStatic
        @JvmOverloads
        @Throws(IOException::class)
        public fun file(path: Path, contentType: String? = "application/octet-stream"): RequestBody =
            RequestBody(contentType, Files.size(path), true, Content.OfFile(path))

        /**
         * All that [write] writes, as the server takes it. When [write] fails, the connection is cut, so that the server does not take it for
         * the whole; and the request fails with that error. Fields behind the body are given to [BodySink.setTrailers].
         *
         * @param length how many bytes will be written, where that is known; [write] must then write as many
         */
        @JvmSynthetic
        public fun stream(contentType: String?, length: Long = -1, write: suspend (BodySink) -> Unit): RequestBody =
            RequestBody(contentType, length, false, Content.Stream(write))

        /** All [pieces], as the server takes them; see [stream] above. They are collected on the reactor's thread. */
        @JvmSynthetic
        public fun stream(contentType: String?, pieces: Flow<ByteArray>, length: Long = -1): RequestBody =
            stream(contentType, length) { sink -> sink.writeAll(pieces) }

        /**
         * All that [publisher] gives, as the server takes it: the next piece is requested when there is room for it. It may give them on
         * any thread. When it fails, the connection is cut, and the request fails with that error. The subscription is cancelled when the
         * request is over.
         *
         * @param length how many bytes there will be, where that is known; [publisher] must give as many
         */
        @JvmStatic
        @JvmOverloads
        public fun publishing(contentType: String?, publisher: Publisher<ByteBuffer>, length: Long = -1): RequestBody =
            stream(contentType, length) { sink -> sink.writeAll(publisher) }

        /** The same for Java: the body ends when the stage does. */
        @JvmStatic
        @JvmOverloads
        public fun streaming(contentType: String?, writer: BodyWriter, length: Long = -1): RequestBody =
            stream(contentType, length) { sink -> sink.awaiting(writer.write(sink)) }
    }
}

/** [text] as a name or a value of a form; the other way of `formDecoded`. */
internal fun formEncoded(text: String): String = URLEncoder.encode(text, Charsets.UTF_8)
