// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Reads the fields of a head from an array: `name ":" blanks value blanks CRLF` (RFC 9112 5), and an empty line behind them. A line that is
 * folded, a blank before the colon and an end of a line that is not CR LF are refused.
 */
internal class FieldLines(private val maxFields: Int) {
    private enum class At { BEGIN, NAME, BLANK, VALUE, LINE_END, HEAD_END, DONE }

    private var at = At.BEGIN
    private var nameBegin = 0
    private var nameEnd = 0
    private var nameHash = 0
    private var valueBegin = 0
    private var valueEnd = 0
    private var found = NONE // names and values in turn
    private var count = 0

    val isDone: Boolean get() = at == At.DONE

    fun reset() {
        at = At.BEGIN
        found = NONE
        count = 0
    }

    fun headers(): Headers = Headers.ofChecked(found, count)

    /** Looks at [bytes] from [from] on, and gives where it has stopped: at [end], or behind the empty line. The places of earlier bytes hold. */
    fun read(bytes: ByteArray, from: Int, end: Int): Int {
        var i = from
        while (i < end && at != At.DONE) {
            i = when (at) {
                At.BEGIN -> begin(bytes, i)
                At.NAME -> name(bytes, i, end)
                At.BLANK -> blank(bytes, i, end)
                At.VALUE -> value(bytes, i, end)
                At.LINE_END -> lineEnd(bytes, i)
                At.HEAD_END -> if (bytes[i] == LF) (i + 1).also { at = At.DONE } else bad(BARE_CR, "RFC 9112 2.2")
                At.DONE -> i
            }
        }
        return i
    }

    private fun begin(bytes: ByteArray, i: Int): Int {
        if (bytes[i] == CR) {
            at = At.HEAD_END
            return i + 1
        }
        if (bytes[i] == SP || bytes[i] == TAB) bad("A field begins with a blank, or is folded.", "RFC 9112 5.2")
        nameBegin = i
        nameHash = 0
        at = At.NAME
        return i
    }

    private fun name(bytes: ByteArray, from: Int, end: Int): Int {
        var i = from
        var hash = nameHash
        while (i < end) {
            val lower = FieldNames.lower(bytes[i])
            if (lower == 0) break
            hash = FieldNames.hash(hash, lower)
            i++
        }
        nameHash = hash
        if (i == end) return i
        if (bytes[i] != COLON || i == nameBegin) bad("A field has no name, or no colon right behind it.", "RFC 9112 5.1")
        nameEnd = i
        at = At.BLANK
        return i + 1
    }

    private fun blank(bytes: ByteArray, from: Int, end: Int): Int {
        var i = from
        while (i < end && (bytes[i] == SP || bytes[i] == TAB)) i++
        if (i == end) return i
        valueBegin = i
        at = At.VALUE
        return i
    }

    private fun value(bytes: ByteArray, from: Int, end: Int): Int {
        var i = from
        while (i < end && isFieldByte(bytes[i])) i++
        if (i == end) return i
        if (bytes[i] != CR) bad("A field has characters that it must not have, or ends without CR LF.", "RFC 9110 5.5")
        valueEnd = i
        at = At.LINE_END
        return i + 1
    }

    private fun lineEnd(bytes: ByteArray, i: Int): Int {
        if (bytes[i] != LF) bad(BARE_CR, "RFC 9112 2.2")
        if (count == maxFields) throw HttpViolationException("There are too many fields.", 431, "maxFields")
        var last = valueEnd
        while (last > valueBegin && (bytes[last - 1] == SP || bytes[last - 1] == TAB)) last--
        if (2 * count == found.size) found = if (count == 0) arrayOfNulls(2 * FIRST_ROOM) else found.copyOf(2 * found.size)
        found[2 * count] = FieldNames.of(bytes, nameBegin, nameEnd, nameHash)
        found[2 * count + 1] = String(bytes, valueBegin, last - valueBegin, Charsets.ISO_8859_1)
        count++
        at = At.BEGIN
        return i + 1
    }

    private fun bad(message: String, rule: String): Nothing = throw HttpViolationException(message, 400, rule)

    private companion object {
        const val CR: Byte = 13
        const val LF: Byte = 10
        const val SP: Byte = 32
        const val TAB: Byte = 9
        const val COLON: Byte = 58
        const val FIRST_ROOM = 6
        const val BARE_CR = "A carriage return stands alone."
        val NONE = arrayOfNulls<String>(0)
    }
}
