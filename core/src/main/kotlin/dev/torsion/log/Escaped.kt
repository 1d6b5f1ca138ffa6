// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("SafeText")
@file:JvmMultifileClass

package dev.torsion.log

import java.nio.ByteBuffer

/**
 * Makes the [text] of a peer fit for a log or a terminal. It escapes characters that are not printable, as Python's `repr` does. So a peer
 * cannot forge a line of the log, move the cursor, or turn the direction of the text behind. A `\` is doubled, so that the result is
 * unambiguous.
 *
 * ```java
 * log.warn("{peer} sent {line}", "peer", peer, "line", SafeText.escaped(line));
 * ```
 *
 * Letters of all languages stay. The text is cut after about [limit] characters, and its end says how many are left out.
 *
 * Thread: any.
 *
 * @throws IllegalArgumentException when [limit] is negative
 */
@JvmOverloads
public fun escaped(text: CharSequence, limit: Int = ESCAPED_LIMIT): String {
    require(limit >= 0) { "a limit must not be negative, but is $limit" }
    val out = StringBuilder(minOf(text.length, limit) + ROOM)
    var at = 0
    while (at < text.length && out.length < limit) {
        val point = Character.codePointAt(text, at)
        out.appendEscaped(point, isPrintable(point))
        at += Character.charCount(point)
    }
    if (at < text.length) out.append("... (").append(text.length - at).append(" more characters)")
    return out.toString()
}

/** The same for bytes: everything except printable ASCII is escaped. */
@JvmOverloads
public fun escaped(bytes: ByteArray, limit: Int = ESCAPED_LIMIT): String = escaped(ByteBuffer.wrap(bytes), limit)

/** The same for the remaining bytes of a buffer. Its position stays. */
@JvmOverloads
public fun escaped(bytes: ByteBuffer, limit: Int = ESCAPED_LIMIT): String {
    require(limit >= 0) { "a limit must not be negative, but is $limit" }
    val out = StringBuilder(minOf(bytes.remaining(), limit) + ROOM)
    var at = bytes.position()
    while (at < bytes.limit() && out.length < limit) {
        val byte = bytes.get(at++).toInt() and 0xff
        out.appendEscaped(byte, byte in FIRST_PRINTABLE..LAST_PRINTABLE)
    }
    if (at < bytes.limit()) out.append("... (").append(bytes.limit() - at).append(" more bytes)")
    return out.toString()
}

private fun StringBuilder.appendEscaped(point: Int, isPrintable: Boolean) {
    when {
        point == '\\'.code -> append("\\\\")
        isPrintable -> appendCodePoint(point)
        point == '\n'.code -> append("\\n")
        point == '\r'.code -> append("\\r")
        point == '\t'.code -> append("\\t")
        point <= 0xff -> appendHex('x', point, 2)
        point <= 0xffff -> appendHex('u', point, 4)
        else -> appendHex('U', point, 8)
    }
}

private fun StringBuilder.appendHex(kind: Char, point: Int, digits: Int) {
    append('\\').append(kind).append(Integer.toHexString(point).padStart(digits, '0'))
}

private fun isPrintable(point: Int): Boolean = point in FIRST_PRINTABLE..LAST_PRINTABLE ||
    when (Character.getType(point).toByte()) {
        Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
        Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR,
        -> false
        else -> true
    }

private const val ESCAPED_LIMIT = 200
private const val ROOM = 32
private const val FIRST_PRINTABLE = 0x20
private const val LAST_PRINTABLE = 0x7e
