// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Transport

/**
 * Writes messages. It checks messages on their way out as strictly as those that come: a method is a token, a target has visible characters
 * of ASCII only, and [Headers] cannot hold the end of a line.
 */
internal object HttpWriter {
    private val LAST_CHUNK = "0\r\n\r\n".toByteArray()
    private val LINE_END = "\r\n".toByteArray()
    private val CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".toByteArray()

    fun request(method: String, target: String, headers: Headers): ByteArray {
        require(isToken(method)) { "the method is no token" }
        require(isTarget(method, target) && target.all { it.code in 0x21..0x7e }) { "the target of the request is none" }
        return head("$method $target HTTP/1.1\r\n", headers)
    }

    fun response(status: Int, headers: Headers): ByteArray = head(startLine(status), headers)

    /**
     * The head of an answer with [headers] except for `Connection`, and with what the server knows behind them: what frames its body, its
     * time, and whether the connection stays. [length] is -1 where there is none, or where the body [isChunked]. Parameters that are null
     * are left out.
     */
    fun response(status: Int, headers: Headers, length: Long, isChunked: Boolean, date: String?, connection: String?): ByteArray {
        val startLine = startLine(status)
        val framing = if (isChunked) {
            "Transfer-Encoding"
        } else if (length >= 0) {
            "Content-Length"
        } else {
            null
        }
        val framed = if (isChunked) {
            "chunked"
        } else if (length >= 0) {
            length.toString()
        } else {
            null
        }
        var size = startLine.length + 2 + sizeOf(framing, framed) + sizeOf("Date", date) + sizeOf("Connection", connection)
        for (i in 0 until headers.size) if (!isConnection(headers.name(i))) size += sizeOf(headers.name(i), headers.value(i))
        val bytes = ByteArray(size)
        var at = put(bytes, 0, startLine)
        for (i in 0 until headers.size) if (!isConnection(headers.name(i))) at = putField(bytes, at, headers.name(i), headers.value(i))
        at = putField(bytes, at, framing, framed)
        at = putField(bytes, at, "Date", date)
        at = putField(bytes, at, "Connection", connection)
        put(bytes, at, "\r\n")
        return bytes
    }

    private fun startLine(status: Int): String =
        START_LINES[status] ?: "HTTP/1.1 $status ${reasonOf(status)}\r\n".also { START_LINES[status] = it }

    private fun isConnection(name: String) = name.equals("Connection", ignoreCase = true)

    private fun sizeOf(name: String?, value: String?) = if (name == null || value == null) 0 else name.length + value.length + BESIDES

    private fun putField(bytes: ByteArray, at: Int, name: String?, value: String?): Int {
        if (name == null || value == null) return at
        return put(bytes, put(bytes, put(bytes, put(bytes, at, name), ": "), value), "\r\n")
    }

    /** No character of a head is beyond ISO 8859-1. So its low byte is all of it, and nothing has to be encoded. */
    @Suppress("DEPRECATION", "PLATFORM_CLASS_MAPPED_TO_KOTLIN")
    private fun put(bytes: ByteArray, at: Int, text: String): Int {
        (text as java.lang.String).getBytes(0, text.length, bytes, at)
        return at + text.length
    }

    private fun head(startLine: String, headers: Headers): ByteArray {
        var size = startLine.length + 2
        for (i in 0 until headers.size) size += sizeOf(headers.name(i), headers.value(i))
        val bytes = ByteArray(size)
        var at = put(bytes, 0, startLine)
        for (i in 0 until headers.size) at = putField(bytes, at, headers.name(i), headers.value(i))
        put(bytes, at, "\r\n")
        return bytes
    }

    fun continueTo(transport: Transport): Unit = transport.write(CONTINUE)

    /** [bytes], of which there is one at least: a chunk without bytes is the last. */
    fun chunk(transport: Transport, bytes: ByteArray) {
        check(bytes.isNotEmpty())
        transport.write("${bytes.size.toString(16)}\r\n".toByteArray())
        transport.write(bytes)
        transport.write(LINE_END)
    }

    /** The end of a body in chunks, with [trailers] in it. */
    fun lastChunk(transport: Transport, trailers: Headers): Unit =
        transport.write(if (trailers.isEmpty) LAST_CHUNK else head("0\r\n", trailers))

    /** The colon, the space and the end of the line of a field. */
    private const val BESIDES = 4

    private val START_LINES = arrayOfNulls<String>(600)
}
