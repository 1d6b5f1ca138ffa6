// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** A part of a representation: [count] bytes from [from] on. */
internal class ByteRange(val from: Long, val count: Long) {
    companion object {
        private val ONE = Regex("bytes=(\\d{0,18})-(\\d{0,18})", RegexOption.IGNORE_CASE)

        /**
         * The part of [size] bytes that [value], a field `Range`, asks for (RFC 9110 14.1.2). Null when it is none, or several at once: then all
         * is sent, as that section allows. One that is not there has no bytes.
         */
        fun of(value: String, size: Long): ByteRange? {
            val (first, last) = ONE.matchEntire(value)?.destructured ?: return null
            return when {
                first.isEmpty() && last.isEmpty() -> null
                first.isEmpty() -> minOf(last.toLong(), size).let { ByteRange(size - it, it) }
                last.isNotEmpty() && last.toLong() < first.toLong() -> null
                first.toLong() >= size -> ByteRange(size, 0)
                else -> first.toLong().let { ByteRange(it, minOf(last.toLongOrNull() ?: size, size - 1) - it + 1) }
            }
        }
    }
}
