// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** A part of a representation: [count] bytes, one at least, from [from] on. */
internal data class ByteRange(val from: Long, val count: Long) {
    private val end: Long get() = from + count

    /** Whether the two overlap, or one begins where the other ends. */
    private fun touches(other: ByteRange) = from <= other.end && other.from <= end

    private fun with(other: ByteRange) = minOf(from, other.from).let { ByteRange(it, maxOf(end, other.end) - it) }

    companion object {
        /** How many ranges one request may ask for. */
        const val MOST = 16
        private const val UNIT = "bytes="
        private val ONE = Regex("(\\d{0,18})-(\\d{0,18})")

        /**
         * The parts of [size] bytes that [value], a field `Range`, asks for (RFC 9110 14.1.2), in its order. Those that overlap or touch are
         * one, at the place of the first: so they are never more than there is, however often it is asked for (RFC 9110 14.2,
         * CVE-2011-3192). Those that are not there are left out; when none is left, the list is empty. Null when it is no such field, or
         * asks for more than [MOST] parts: then all is sent, as that section allows.
         */
        fun allOf(value: String, size: Long): List<ByteRange>? {
            if (!value.startsWith(UNIT, ignoreCase = true)) return null
            val texts = value.substring(UNIT.length).split(',').map { it.trim(' ', '\t') }.filter { it.isNotEmpty() }
            if (texts.isEmpty() || texts.size > MOST) return null
            val parts = ArrayList<ByteRange>(texts.size)
            for (text in texts) {
                val (first, last) = ONE.matchEntire(text)?.destructured ?: return null
                when {
                    first.isEmpty() && last.isEmpty() -> return null
                    first.isEmpty() -> minOf(last.toLong(), size).let { if (it > 0) join(parts, ByteRange(size - it, it)) }
                    last.isNotEmpty() && last.toLong() < first.toLong() -> return null
                    first.toLong() < size ->
                        first.toLong().let { join(parts, ByteRange(it, minOf(last.toLongOrNull() ?: size, size - 1) - it + 1)) }
                }
            }
            return parts
        }

        /** Adds [range] to [parts], of which no two touch. */
        private fun join(parts: MutableList<ByteRange>, range: ByteRange) {
            var whole = range
            var place = parts.size
            for (i in parts.indices.reversed()) {
                if (!parts[i].touches(whole)) continue
                whole = whole.with(parts.removeAt(i))
                place = i
            }
            parts.add(place, whole)
        }
    }
}
