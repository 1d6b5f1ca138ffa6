// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped
import dev.torsion.reactor.Reactor
import dev.torsion.web.isFieldValue
import dev.torsion.web.mediaTypeOf
import java.io.IOException
import java.nio.file.Path
import java.security.SecureRandom
import java.util.HexFormat

/**
 * The parts of a form with files: `multipart/form-data` (RFC 7578). Immutable: each method gives another one.
 *
 * ```java
 * Multipart form = Multipart.of("title", "Tom").file("picture", Path.of("tom.png"));
 * http.post(url).multipart(form).text();
 * ```
 *
 * Names are in UTF-8. A quote, a backslash and a control character in them are escaped with `%`, as browsers do it: so a name, which may come from
 * somebody else, cannot end its part and begin another one.
 *
 * Files are read as the server takes them. Thread: any.
 */
public class Multipart private constructor(private val parts: List<Part>) {
    /** The lines around the content of a part are made with the boundary. */
    internal class Part(val disposition: String, val content: RequestBody)

    /** Another field with a text. */
    public fun field(name: String, value: String): Multipart = part(disposition(name), RequestBody.text(value, null))

    /** Another file: its own name, and a media type by the end of that. @throws IOException when there is no such file */
    @Throws(IOException::class)
    public fun file(name: String, path: Path): Multipart {
        val fileName = path.fileName?.toString() ?: throw IOException("the path of the file has no name")
        return file(name, fileName, RequestBody.file(path, mediaTypeOf(fileName)))
    }

    /**
     * Another file that is called [fileName] and has [content], from anywhere.
     *
     * @throws IllegalArgumentException when the media type of the content is none
     */
    public fun file(name: String, fileName: String, content: RequestBody): Multipart =
        part("${disposition(name)}; filename=\"${quotable(fileName)}\"", content)

    private fun part(disposition: String, content: RequestBody): Multipart {
        content.contentType?.let { require(isFieldValue(it)) { "\"${escaped(it, SHOWN)}\" is no media type" } }
        return Multipart(parts + Part(disposition, content))
    }

    /** The body of a request. It has a new boundary each time. */
    @JvmSynthetic
    internal fun body(reactor: Reactor): RequestBody {
        val boundary = HexFormat.of().formatHex(ByteArray(BOUNDARY_BYTES).also(random::nextBytes))
        val heads = parts.map { head(boundary, it) }
        val end = "--$boundary--\r\n".toByteArray()
        val lengths = parts.map { it.content.length }
        val length = if (lengths.any { it < 0 }) -1 else heads.sumOf { it.size.toLong() } + lengths.sum() + 2L * parts.size + end.size
        val body = RequestBody.stream("multipart/form-data; boundary=$boundary", length) { sink ->
            parts.forEachIndexed { index, part ->
                sink.write(heads[index])
                part.content.writeTo(sink, reactor)
                sink.write("\r\n")
            }
            sink.write(end)
        }
        return if (parts.all { it.content.isReplayable }) body.asReplayable() else body
    }

    private fun head(boundary: String, part: Part): ByteArray = buildString {
        append("--").append(boundary).append("\r\n")
        append("Content-Disposition: ").append(part.disposition).append("\r\n")
        part.content.contentType?.let { append("Content-Type: ").append(it).append("\r\n") }
        append("\r\n")
    }.toByteArray()

    override fun toString(): String = "Multipart(${parts.size} parts)"

    public companion object {
        private const val BOUNDARY_BYTES = 16
        private const val SHOWN = 80
        private val random = SecureRandom()

        /** No parts. */
        @JvmField
        public val EMPTY: Multipart = Multipart(emptyList())

        /** One field with a text. */
        @JvmStatic
        public fun of(name: String, value: String): Multipart = EMPTY.field(name, value)

        private fun disposition(name: String) = "form-data; name=\"${quotable(name)}\""

        /** The escapes of the WHATWG's form data, and some more: nobody can tell how a reader takes a backslash or a control character. */
        private fun quotable(text: String): String = buildString {
            for (c in text) if (c < ' ' || c == '"' || c == '\\' || c == '\u007f') append("%%%02X".format(c.code)) else append(c)
        }
    }
}
