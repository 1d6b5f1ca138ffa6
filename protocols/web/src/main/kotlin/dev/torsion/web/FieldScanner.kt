// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** Reads the value of a field from its left to its right: tokens, quoted strings and the signs between them (RFC 9110 5.6). */
internal class FieldScanner(private val text: String) {
    private var at = 0

    val isAtEnd: Boolean get() = at == text.length

    /** The next character; null at the end. */
    fun peek(): Char? = text.getOrNull(at)

    /** Goes on behind [sign], if it is next. */
    fun skip(sign: Char): Boolean = (peek() == sign).also { if (it) at++ }

    /** Goes on behind all characters that [isPassed] takes. */
    fun skipWhile(isPassed: (Char) -> Boolean) {
        while (at < text.length && isPassed(text[at])) at++
    }

    fun skipBlanks() = skipWhile { it == ' ' || it == '\t' }

    /** A token; null when none is next. */
    fun token(): String? {
        val from = at
        skipWhile { isTokenByte(it.code) }
        return if (at == from) null else text.substring(from, at)
    }

    /** A quoted string if a quote is next, and otherwise a token; null when neither is there, or the string has no end. */
    fun tokenOrQuoted(): String? = if (skip('"')) restOfQuoted() else token()

    private fun restOfQuoted(): String? {
        val value = StringBuilder()
        while (at < text.length) {
            when (val c = text[at++]) {
                '"' -> return value.toString()
                '\\' -> value.append(text.getOrNull(at++) ?: return null)
                else -> value.append(c)
            }
        }
        return null
    }

    /** Goes on behind the characters that [isThere] reads. When it gives false, nothing is read. */
    fun skipIf(isThere: () -> Boolean) {
        val from = at
        if (!isThere()) at = from
    }
}
