// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.yield
import java.io.ByteArrayOutputStream
import java.util.zip.GZIPOutputStream

/**
 * Compresses answers with gzip for clients that take it; Twisted's `GzipEncoderFactory`.
 *
 * ```java
 * Site site = Site.of(reactor, router).with(Gzip.filter());
 * ```
 *
 * It compresses texts, scripts, JSON, XML, SVG and WebAssembly, and no type that is compressed already. Bodies of less than 1 KiB stay as
 * they are, and so do answers that have a `Content-Encoding`, are a part (206) or say `no-transform`. Each write of a stream goes out at
 * once, so that events come in time. `ETag` becomes a weak one, and `Vary` names `Accept-Encoding`, also in a part and in a 304.
 *
 * Do not compress a page that has both a secret (a token of a form) and a text from the request. Over TLS a listener sees the length of the
 * answer, which tells how alike the two are (BREACH). Give such an answer `Cache-Control: no-transform`, or keep its route outside of this
 * filter.
 *
 * Thread: the reactor's. Large bodies are compressed in pieces of 32 KiB, with turns for others between.
 */
public object Gzip {
    private const val MIN_BYTES = 1024
    private const val PIECE = 32 * 1024

    /** The filter, for a site, a router or a route. */
    @JvmStatic
    public fun filter(): RequestFilter = requestFilter { request, next ->
        val answer = next(request)
        if (!isForThis(answer)) return@requestFilter answer
        val varying = answer.varying("Accept-Encoding")
        val isWanted = AcceptEncoding.takesGzip(request.headers) && isWhole(answer) && !isShort(answer.content)
        if (isWanted) compressed(varying) else varying
    }

    /** Whether the client's wish makes a difference, for this answer or for the whole one that it stands for (RFC 9110 15.3.7, 15.4.5). */
    private fun isForThis(answer: Response): Boolean {
        if (answer.status == 204 || answer.status == 205) return false
        val fields = answer.headers
        if ("Content-Encoding" in fields || "no-transform" in fields.tokens("Cache-Control")) return false
        val type = fields["Content-Type"].orEmpty().substringBefore(';').trim().lowercase()
        return isCompressible(type) || (!isWhole(answer) && isUnknown(type))
    }

    private fun isWhole(answer: Response) = answer.status != 206 && answer.status != 304 && "Content-Range" !in answer.headers

    /** The type of the whole answer is not in the head: a 304 need not have one, and each of several parts has its own. */
    private fun isUnknown(type: String) = type.isEmpty() || type == "multipart/byteranges"

    private fun isCompressible(type: String) = type.startsWith("text/") || type.endsWith("+json") || type.endsWith("+xml") || type in TYPES

    private fun isShort(content: Response.Content): Boolean = when (content) {
        is Response.Content.Bytes -> content.size < MIN_BYTES
        is Response.Content.Stream -> content.length in 0 until MIN_BYTES
    }

    private fun compressed(answer: Response): Response {
        val fields = Headers.builder()
        answer.headers.forEach { name, value ->
            when {
                name.equals("Accept-Ranges", ignoreCase = true) -> Unit // they would be ranges of other bytes
                name.equals("ETag", ignoreCase = true) && !value.startsWith("W/") -> fields.add(name, "W/$value")
                else -> fields.add(name, value)
            }
        }
        return answer.withHeaders(fields.add("Content-Encoding", "gzip").build()).withContent(compressed(answer.content))
    }

    private fun compressed(content: Response.Content): Response.Content = when (content) {
        is Response.Content.Bytes -> compressed(content.bytes)
        is Response.Content.Stream -> stream(content)
    }

    private fun compressed(bytes: ByteArray): Response.Content =
        if (bytes.size <= PIECE) Response.Content.Bytes(whole(bytes)) else stream(Response.Content.Stream(-1) { inPieces(bytes, it) })

    private fun whole(bytes: ByteArray): ByteArray {
        val packed = ByteArrayOutputStream(bytes.size / 2)
        GZIPOutputStream(packed).use { it.write(bytes) }
        return packed.toByteArray()
    }

    private suspend fun inPieces(bytes: ByteArray, sink: BodySink) {
        for (from in bytes.indices step PIECE) {
            sink.write(bytes.copyOfRange(from, minOf(from + PIECE, bytes.size)))
            yield()
        }
    }

    /** The length that was announced is that of the body before it is compressed. A body that is shorter is cut, with or without gzip. */
    private fun stream(plain: Response.Content.Stream) = Response.Content.Stream(-1, plain.goesOn, plain.waits) { sink ->
        Gzipping().use { gzip ->
            val inside = sink.through(plain.length, gzip::add)
            sink.rest = gzip::end
            var isWhole = false
            try {
                plain.write(inside)
            } finally {
                sink.rest = null
                isWhole = inside.end()
            }
            if (!isWhole) throw bodyTooShort()
            sink.write(gzip.end())
        }
    }

    private val TYPES = setOf(
        "application/json",
        "application/javascript",
        "application/xml",
        "application/wasm",
        "application/x-ndjson",
        "application/manifest+json",
        "font/ttf",
        "font/otf",
    )
}

/** One stream of gzip (RFC 1952), all of whose bytes come out at once. Its memory is none of the heap's, so it is closed. */
private class Gzipping : AutoCloseable {
    private val packed = ByteArrayOutputStream()
    private val gzip = object : GZIPOutputStream(packed, SIZE, true) {
        fun free() = def.end()
    }

    fun add(bytes: ByteArray): ByteArray {
        gzip.write(bytes)
        gzip.flush() // also what the deflater would keep for later (SYNC_FLUSH)
        return taken()
    }

    fun end(): ByteArray {
        gzip.finish()
        return taken()
    }

    private fun taken() = packed.toByteArray().also { packed.reset() }

    override fun close() = gzip.free()

    private companion object {
        const val SIZE = 8192
    }
}

/** `Accept-Encoding` (RFC 9110 12.5.3). */
internal object AcceptEncoding {
    fun takesGzip(headers: Headers): Boolean = takes(headers, "gzip")

    /** Whether a client with [headers] wants content in [wanted], such as `br`. One that says nothing does not. */
    fun takes(headers: Headers, wanted: String): Boolean {
        var ofAny: Boolean? = null
        for (each in headers.tokens("Accept-Encoding")) {
            val coding = each.substringBefore(';').trim().removePrefix("x-")
            val isWanted = weight(each.substringAfter(';', "")) > 0
            if (coding == wanted) return isWanted
            if (coding == "*") ofAny = isWanted
        }
        return ofAny ?: false
    }

    private fun weight(parameters: String): Double {
        val q = parameters.split(';').map { it.trim() }.firstOrNull { it.startsWith("q=") } ?: return 1.0
        return q.drop(2).takeIf { WEIGHT.matches(it) }?.toDouble() ?: 0.0
    }

    private val WEIGHT = Regex("[01](\\.[0-9]{0,3})?")
}
