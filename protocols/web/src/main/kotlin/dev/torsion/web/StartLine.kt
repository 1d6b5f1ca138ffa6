// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer

/**
 * Reads the first line of a message. Each byte is refused where it stands, and nothing is forgiven: no second space, no `http/1.1`, no
 * version to come.
 *
 * The line of a request is `method SP target SP version CRLF` (RFC 9112 3), that of an answer `version SP status [SP [reason]] CRLF`
 * (RFC 9112 4).
 */
internal class StartLine(private val isRequest: Boolean, private val maxUrlBytes: Int) {
    private enum class At { BEGIN, EMPTY_LINE, METHOD, TARGET, VERSION, STATUS, AFTER_STATUS, BEFORE_REASON, REASON, LAST, DONE }

    private var at = At.BEGIN
    private var count = 0 // of bytes in this part
    private var emptyLines = 0
    private var version = 0L // its last 8 bytes
    private var place = 0 // of the byte that is checked
    private var firstEnd = 0
    private var secondEnd = 0
    private var reasonBegin = 0

    val isDone: Boolean get() = at == At.DONE
    val isBegun: Boolean get() = at != At.BEGIN && at != At.EMPTY_LINE
    val isHttp11: Boolean get() = version == HTTP_1_1

    // The parts of a line that is done, whose first byte is that of [bytes].

    fun method(bytes: ByteArray): String = METHODS.find { it.length == firstEnd && isAt(bytes, it) } ?: text(bytes, 0, firstEnd)

    private fun isAt(bytes: ByteArray, text: String): Boolean {
        for (i in text.indices) if (bytes[i] != text[i].code.toByte()) return false
        return true
    }

    fun target(bytes: ByteArray): String = text(bytes, firstEnd + 1, secondEnd)

    fun status(bytes: ByteArray): Int = (0 until 3).fold(0) { sum, i -> 10 * sum + (bytes[VERSION_LENGTH + 1 + i] - '0'.code) }

    fun reason(bytes: ByteArray): String = if (reasonBegin == 0) "" else text(bytes, reasonBegin, secondEnd).trimEnd(' ', '\t')

    private fun text(bytes: ByteArray, begin: Int, end: Int) = String(bytes, begin, end - begin, Charsets.ISO_8859_1)

    fun reset() {
        begin(At.BEGIN)
        emptyLines = 0
        version = 0
        reasonBegin = 0
    }

    private fun begin(part: At) {
        at = part
        count = 0
    }

    /** Skips empty lines before a request, which RFC 9112 2.2 asks a server to ignore: two at most. */
    fun skipEmptyLines(bytes: ByteBuffer) {
        while (isRequest && !isBegun && bytes.hasRemaining()) {
            val byte = bytes.get(bytes.position()).toInt()
            when {
                at == At.EMPTY_LINE -> if (byte == LF) begin(At.BEGIN) else bad("A line begins with a carriage return.", "RFC 9112 2.2")
                byte == CR ->
                    if (++emptyLines > 2) bad("There are empty lines in place of a request.", "RFC 9112 2.2") else begin(At.EMPTY_LINE)
                else -> return
            }
            bytes.get()
        }
    }

    /** Checks [bytes] from [from] on, and gives where it has stopped: at [end], or behind the line. The first byte of the line is that of the array. */
    fun check(bytes: ByteArray, from: Int, end: Int): Int {
        var i = from
        while (i < end && at != At.DONE) {
            if (at == At.TARGET) i = skipTarget(bytes, i, end)
            if (at == At.VERSION && count == 0 && endsUsually(bytes, i, end)) return i + USUAL_END.size
            if (i == end) break
            place = i
            check(bytes[i++].toInt() and 0xff)
        }
        return i
    }

    /** Characters that a target may have, and no more of them than it may have. */
    private fun skipTarget(bytes: ByteArray, from: Int, end: Int): Int {
        val most = minOf(end, from + maxUrlBytes - count)
        var i = from
        while (i < most && bytes[i] > SP && bytes[i] < DEL) i++
        count += i - from
        return i
    }

    /** A line that ends as nearly all do is done with at once. */
    private fun endsUsually(bytes: ByteArray, from: Int, end: Int): Boolean {
        if (!isRequest || end - from < USUAL_END.size) return false
        for (i in USUAL_END.indices) if (bytes[from + i] != USUAL_END[i]) return false
        version = HTTP_1_1
        begin(At.DONE)
        return true
    }

    private fun check(byte: Int) {
        count++
        when (at) {
            At.BEGIN, At.EMPTY_LINE -> {
                at = if (isRequest) At.METHOD else At.VERSION
                count--
                check(byte)
            }

            At.METHOD -> when {
                byte == SP && count > 1 -> {
                    firstEnd = place
                    begin(At.TARGET)
                }
                !isTokenByte(byte) -> bad("The method is no token.", "RFC 9110 9.1")
                count > LONGEST_METHOD -> throw HttpViolationException("The method is too long.", 501, "RFC 9112 3")
            }

            At.TARGET -> when {
                byte == SP && count > 1 -> {
                    secondEnd = place
                    begin(At.VERSION)
                }
                byte !in VISIBLE -> bad("The first line has not three parts with one space between them.", "RFC 9112 3")
                count > maxUrlBytes -> throw HttpViolationException("The target of the request is too long.", 414, "maxUrlBytes")
            }

            At.VERSION -> version(byte)

            At.STATUS -> when {
                byte !in '0'.code..'9'.code -> bad("The status is no number of three digits.", "RFC 9112 4")
                count == 1 && byte !in '1'.code..'5'.code -> bad("There is no such class of status.", "RFC 9110 15")
                count == 3 -> begin(At.AFTER_STATUS)
            }

            At.AFTER_STATUS -> when (byte) {
                SP -> begin(At.BEFORE_REASON)
                CR -> begin(At.LAST)
                else -> bad("The status is no number of three digits.", "RFC 9112 4")
            }

            At.BEFORE_REASON -> when (byte) {
                SP -> Unit
                TAB -> bad("The reason begins with a tab.", "RFC 9112 4")
                else -> {
                    reasonBegin = place
                    begin(At.REASON)
                    check(byte)
                }
            }

            At.REASON -> when {
                byte == CR -> {
                    secondEnd = place
                    begin(At.LAST)
                }
                byte !in VISIBLE && byte != SP && byte != TAB && byte < BEYOND_ASCII ->
                    bad("The reason has a control character.", "RFC 9112 4")
            }

            At.LAST -> if (byte == LF) begin(At.DONE) else bad("A carriage return stands alone.", "RFC 9112 2.2")

            At.DONE -> Unit
        }
    }

    private fun version(byte: Int) {
        val isEnd = byte == if (isRequest) CR else SP
        when {
            isEnd -> {
                checkVersion()
                begin(if (isRequest) At.LAST else At.STATUS)
            }

            byte !in VISIBLE || count > VERSION_LENGTH -> bad("The version is not one of HTTP.", "RFC 9112 2.3")

            else -> version = (version shl 8) or byte.toLong()
        }
    }

    private fun checkVersion() {
        if (count == VERSION_LENGTH + 1 && (version == HTTP_1_1 || version == HTTP_1_0)) return
        val isHttp = count == VERSION_LENGTH + 1 && version ushr 24 == HTTP_1_1 ushr 24 && isDigit(version ushr 16) &&
            version ushr 8 and 0xff == '.'.code.toLong() && isDigit(version)
        if (isHttp) throw HttpViolationException("Only HTTP/1.1 and HTTP/1.0 are spoken here.", 505, "RFC 9110 15.6.6")
        bad("The version is not one of HTTP.", "RFC 9112 2.3")
    }

    private fun isDigit(value: Long) = (value and 0xff).toInt() in '0'.code..'9'.code

    private fun bad(message: String, rule: String): Unit = throw HttpViolationException(message, 400, rule)

    private companion object {
        const val CR = 13
        const val LF = 10
        const val SP = 32
        const val TAB = 9
        const val DEL = 127
        const val BEYOND_ASCII = 128
        const val LONGEST_METHOD = 64
        const val VERSION_LENGTH = 8
        val VISIBLE = 0x21..0x7e
        val METHODS = listOf("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE")
        val USUAL_END = "HTTP/1.1\r\n".toByteArray()
        val HTTP_1_1 = packed("HTTP/1.1")
        val HTTP_1_0 = packed("HTTP/1.0")

        fun packed(text: String) = text.fold(0L) { sum, c -> (sum shl 8) or c.code.toLong() }
    }
}
