// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.isFieldValue
import java.io.ByteArrayOutputStream

/**
 * Reads one stream of `text/event-stream`, by "Server-sent events" of the HTML standard. It knows no socket. A piece is [fed][feed], and [next] gives
 * the events in it, one by one; so a reader may be waited for between two of them.
 *
 * | a line | does |
 * |---|---|
 * | empty | ends the event, which is one if it has data |
 * | `: ...` | nothing: a comment |
 * | `data: x` | adds a line to the data |
 * | `event: x` | sets the type of the event |
 * | `id: x` | sets the id from the end of the event on; not one with a NUL, or with another character that no field of HTTP can have |
 * | `retry: 99` | sets the time before the next attempt; digits only |
 *
 * Lines end with CR, LF or both. An event that the end of the stream cuts is dropped. [lastEventId] goes on from one stream to the next, as in
 * browsers.
 *
 * @param most how many bytes a line may have, and the data of an event
 */
internal class EventParser(private val most: Int, lastEventId: String) {
    /** The id that the next request says: that of the last event that has ended. */
    var lastEventId: String = lastEventId
        private set

    /** The time that the server wants between two attempts, in milliseconds; -1 when it has not said any. */
    var retryMillis = -1L
        private set
    private var piece = EMPTY
    private var at = 0
    private var isAfterCr = false
    private var isFirstLine = true
    private val begun = ByteArrayOutputStream() // of a line whose end has not come
    private val data = StringBuilder()
    private var dataBytes = 0L
    private var hasData = false
    private var type = ""
    private var id = lastEventId

    /** Adds bytes of the stream, once [next] has given all events of the bytes before. The array is not changed from now on. */
    fun feed(bytes: ByteArray) {
        check(at == piece.size) { "there are events left in what came before" }
        piece = bytes
        at = 0
    }

    /** The next event; null when more is needed. @throws EventTooLargeException when a line or an event is above the limit */
    fun next(): ServerEvent? {
        while (at < piece.size) {
            if (isAfterCr) {
                isAfterCr = false
                if (piece[at] == LF) {
                    at++
                    continue
                }
            }
            val end = endOfLine()
            if (begun.size() + (end - at) > most) throw EventTooLargeException(most)
            if (end == piece.size) {
                begun.write(piece, at, end - at)
                at = end
                return null
            }
            isAfterCr = piece[end] == CR
            line(end)?.let { return it }
        }
        return null
    }

    private fun endOfLine(): Int {
        var i = at
        while (i < piece.size && piece[i] != LF && piece[i] != CR) i++
        return i
    }

    /** The line that ends before [end], and the event that it ends. */
    private fun line(end: Int): ServerEvent? {
        val from = at
        at = end + 1
        if (begun.size() == 0) return line(piece, from, end)
        begun.write(piece, from, end - from)
        val whole = begun.toByteArray()
        begun.reset()
        return line(whole, 0, whole.size)
    }

    private fun line(bytes: ByteArray, begin: Int, end: Int): ServerEvent? {
        val from = if (isFirstLine && hasMark(bytes, begin, end)) begin + MARK.size else begin
        isFirstLine = false
        if (from == end) return dispatch()
        var colon = from
        while (colon < end && bytes[colon] != COLON) colon++
        if (colon == from) return null
        var value = minOf(colon + 1, end)
        if (value < end && bytes[value] == BLANK) value++
        when (String(bytes, from, colon - from, Charsets.ISO_8859_1)) {
            "data" -> addData(bytes, value, end)
            "event" -> type = text(bytes, value, end)
            "id" -> text(bytes, value, end).let { if (isSendable(it)) id = it }
            "retry" -> retry(text(bytes, value, end))
        }
        return null
    }

    private fun addData(bytes: ByteArray, from: Int, to: Int) {
        dataBytes += to - from + if (hasData) 1 else 0
        if (dataBytes > most) throw EventTooLargeException(most)
        if (hasData) data.append('\n')
        hasData = true
        data.append(text(bytes, from, to))
    }

    private fun retry(text: String) {
        if (text.isEmpty() || !text.all { it in '0'..'9' }) return
        retryMillis = text.toLongOrNull() ?: Long.MAX_VALUE
    }

    private fun dispatch(): ServerEvent? {
        lastEventId = id
        val event = if (hasData) ServerEvent(type.ifEmpty { "message" }, data.toString(), id) else null
        type = ""
        hasData = false
        dataBytes = 0
        if (data.length > LITTLE) data.clearAndTrim() else data.setLength(0)
        return event
    }

    private fun StringBuilder.clearAndTrim() {
        setLength(0)
        trimToSize()
    }

    companion object {
        private const val LF = '\n'.code.toByte()
        private const val CR = '\r'.code.toByte()
        private const val COLON = ':'.code.toByte()
        private const val BLANK = ' '.code.toByte()
        private const val LITTLE = 8 * 1024
        private val EMPTY = ByteArray(0)
        private val MARK = byteArrayOf(0xef.toByte(), 0xbb.toByte(), 0xbf.toByte()) // the byte order mark of UTF-8

        private fun hasMark(bytes: ByteArray, from: Int, to: Int) =
            to - from >= MARK.size && MARK.indices.all { bytes[from + it] == MARK[it] }

        private fun text(bytes: ByteArray, from: Int, to: Int) = String(bytes, from, to - from, Charsets.UTF_8)

        /** Whether a request can say it. */
        fun isSendable(id: String): Boolean = isFieldValue(inField(id))

        /** [id] as a value of a field, which has no blanks at its ends: each of its bytes in UTF-8 is a character. */
        fun inField(id: String): String = String(id.toByteArray(), Charsets.ISO_8859_1).trim(' ', '\t')
    }
}
