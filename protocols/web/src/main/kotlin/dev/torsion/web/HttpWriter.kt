// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Transport

/**
 * Writes messages. It checks what goes on the wire as strictly as what comes: a method is a token, a target has visible characters of ASCII
 * only, and [Headers] cannot hold the end of a line.
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

    fun response(status: Int, headers: Headers): ByteArray = head("HTTP/1.1 $status ${reasonOf(status)}\r\n", headers)

    private fun head(startLine: String, headers: Headers): ByteArray {
        val text = StringBuilder(startLine.length + TYPICAL_FIELD * headers.size).append(startLine)
        for (i in 0 until headers.size) text.append(headers.name(i)).append(": ").append(headers.value(i)).append("\r\n")
        return text.append("\r\n").toString().toByteArray(Charsets.ISO_8859_1)
    }

    fun continueTo(transport: Transport): Unit = transport.write(CONTINUE)

    /** [bytes], of which there is one at least: a chunk without bytes is the last. */
    fun chunk(transport: Transport, bytes: ByteArray) {
        check(bytes.isNotEmpty())
        transport.write("${bytes.size.toString(16)}\r\n".toByteArray())
        transport.write(bytes)
        transport.write(LINE_END)
    }

    fun lastChunk(transport: Transport): Unit = transport.write(LAST_CHUNK)

    private const val TYPICAL_FIELD = 48
}
