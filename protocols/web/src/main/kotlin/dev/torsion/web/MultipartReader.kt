// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Takes `multipart/form-data` apart (RFC 7578 and RFC 2046 5.1.1), in whatever pieces it comes. It knows no socket. It is strict: nothing
 * stands before the first boundary or behind the last one but the end of a line, and lines end with CR LF.
 */
internal class MultipartReader(boundary: String, private val maxHeadBytes: Int, private val listener: Listener) {
    interface Listener {
        /** A part begins; [fields] are the lines of its head. */
        fun part(fields: List<Pair<String, String>>)

        /** The part goes on with [count] bytes of [bytes]. */
        fun content(bytes: ByteArray, from: Int, count: Int)

        /** The part is whole. */
        fun partEnd()
    }

    private enum class State { START, CONTENT, BOUNDARY, HEAD, OVER }

    private val delimiter = "\r\n--$boundary".toByteArray(Charsets.ISO_8859_1)
    private var state = State.START
    private var bytes = LINE_END // a boundary is behind the end of a line, and the first one may stand at the beginning
    private var at = 0
    private var end = bytes.size
    private val fields = ArrayList<Pair<String, String>>()
    private var headBytes = 0
    private var skipped = 0 // before the first boundary
    private var tail = 0 // behind the last one
    private var searched = 0 // of the line that is coming, how much is known to have no end

    /** @throws ResponseException when [piece] breaks a rule or a limit; nothing may be fed behind that */
    fun feed(piece: ByteArray) {
        val left = end - at
        val all = ByteArray(left + piece.size)
        System.arraycopy(bytes, at, all, 0, left)
        piece.copyInto(all, left)
        bytes = all
        at = 0
        end = all.size
        do {
            val goesOn = step()
        } while (goesOn)
    }

    /** All has come. @throws ResponseException when it is not whole */
    fun end() {
        if (state != State.OVER || tail == 1) throw wrong("is not whole")
    }

    /** False when more bytes are needed. */
    private fun step(): Boolean = when (state) {
        State.START, State.CONTENT -> content()
        State.BOUNDARY -> boundary()
        State.HEAD -> line()
        State.OVER -> over()
    }

    private fun content(): Boolean {
        var from = at
        while (true) {
            while (from < end && bytes[from] != CR) from++
            val matched = matched(from)
            if (matched == delimiter.size || from + matched == end) {
                give(from)
                if (matched < delimiter.size) return false
                at += delimiter.size
                if (state == State.CONTENT) listener.partEnd()
                state = State.BOUNDARY
                return true
            }
            from++ // no boundary begins inside of what has matched, as it has one CR
        }
    }

    private fun matched(from: Int): Int {
        var matched = 0
        while (matched < delimiter.size && from + matched < end && bytes[from + matched] == delimiter[matched]) matched++
        return matched
    }

    private fun give(to: Int) {
        val count = to - at
        if (count == 0) return
        if (state == State.START) {
            skipped += count
            if (skipped > LINE_END.size) throw wrong("begins with no boundary")
        }
        if (state == State.CONTENT) listener.content(bytes, at, count)
        at = to
    }

    private fun boundary(): Boolean {
        if (end - at < 2) return false
        val isLast = bytes[at] == DASH && bytes[at + 1] == DASH
        if (!isLast && (bytes[at] != CR || bytes[at + 1] != LF)) throw wrong("has a boundary that goes on")
        at += 2
        state = if (isLast) State.OVER else State.HEAD
        return true
    }

    private fun line(): Boolean {
        var from = at + searched
        while (from < end && bytes[from] != LF) from++
        val length = from - at
        if (headBytes + length >= maxHeadBytes) throw ResponseException(413, "The head of a part is too long.")
        if (from == end) {
            searched = length
            return false
        }
        if (length == 0 || bytes[from - 1] != CR) throw wrong("has a line that does not end with CR LF")
        val text = String(bytes, at, length - 1, Charsets.UTF_8)
        at = from + 1
        headBytes += length + 1
        searched = 0
        if (text.isNotEmpty()) {
            fields.add(field(text))
        } else {
            listener.part(fields.toList())
            fields.clear()
            headBytes = 0
            state = State.CONTENT
        }
        return true
    }

    private fun field(line: String): Pair<String, String> {
        val name = line.substringBefore(':', "")
        if (!isToken(name)) throw wrong("has a line in a head that is no field")
        val value = line.substring(name.length + 1).trim(' ', '\t')
        if (value.any { it.isISOControl() && it != '\t' }) throw wrong("has a control character in a head")
        return name to value
    }

    private fun over(): Boolean {
        while (at < end) {
            if (tail == LINE_END.size || bytes[at] != LINE_END[tail]) throw wrong("goes on behind its last boundary")
            tail++
            at++
        }
        return false
    }

    companion object {
        private const val CR = '\r'.code.toByte()
        private const val LF = '\n'.code.toByte()
        private const val DASH = '-'.code.toByte()
        private val LINE_END = byteArrayOf(CR, LF)

        /** The fault of a form. */
        fun wrong(what: String) = ResponseException(400, "The form $what.")
    }
}
