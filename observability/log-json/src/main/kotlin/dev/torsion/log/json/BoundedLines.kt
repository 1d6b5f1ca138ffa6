// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import java.io.IOException
import java.io.Reader
import java.io.UncheckedIOException

/** The lines of [reader], of which those longer than [limit] have no text and take no memory. */
internal class BoundedLines(private val reader: Reader, private val limit: Int) : Sequence<BoundedLines.Line> {
    /** One line, counted from 1; without [text] when it is too long. */
    class Line(val number: Long, val text: String?)

    private val buffer = CharArray(BUFFER)
    private var at = 0
    private var end = 0
    private var number = 0L

    override fun iterator(): Iterator<Line> = generateSequence(::next).iterator()

    private fun next(): Line? {
        if (!hasMore()) return null
        val text = StringBuilder()
        var isTooLong = false
        while (hasMore()) {
            val char = buffer[at++]
            if (char == '\n') break
            if (text.length < limit) text.append(char) else isTooLong = true
        }
        return Line(++number, if (isTooLong) null else text.toString())
    }

    private fun hasMore(): Boolean {
        if (at < end) return true
        at = 0
        end =
            try {
                reader.read(buffer)
            } catch (e: IOException) {
                throw UncheckedIOException(e)
            }
        return end > 0
    }

    private companion object {
        const val BUFFER = 8192
    }
}
