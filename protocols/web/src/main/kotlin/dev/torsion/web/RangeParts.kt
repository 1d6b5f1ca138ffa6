// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer
import java.security.SecureRandom

/**
 * The text around the [ranges] of a representation of [size] bytes: nothing for one, and `multipart/byteranges` for several (RFC 9110 14.6).
 *
 * @property type that of the whole answer
 */
internal class RangeParts(val ranges: List<ByteRange>, size: Long, innerType: String) {
    private val boundary = if (ranges.size == 1) null else newBoundary()
    private val heads = ranges.mapIndexed { i, range ->
        if (boundary == null) {
            NOTHING
        } else {
            val before = if (i == 0) "" else "\r\n"
            "$before--$boundary\r\nContent-Type: $innerType\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n".toByteArray()
        }
    }

    val type: String = if (boundary == null) innerType else "multipart/byteranges; boundary=$boundary"

    /** The text behind the last part. */
    val end: ByteArray = if (boundary == null) NOTHING else "\r\n--$boundary--\r\n".toByteArray()

    /** How many bytes all has together. */
    val length: Long = ranges.sumOf { it.count } + heads.sumOf { it.size } + end.size

    /** The text before the bytes of the range at [index]. */
    fun head(index: Int): ByteArray = heads[index]

    /** All of it, of a representation that is [whole]. */
    fun of(whole: ByteBuffer): ByteArray {
        val all = ByteBuffer.allocate(length.toInt())
        for ((i, range) in ranges.withIndex()) all.put(heads[i]).put(whole.slice(range.from.toInt(), range.count.toInt()))
        return all.put(end).array()
    }

    companion object {
        private val NOTHING = ByteArray(0)
        private val RANDOM = SecureRandom()

        fun contentRange(range: ByteRange, size: Long): String = "bytes ${range.from}-${range.from + range.count - 1}/$size"

        /** Nobody can have put it into the bytes. */
        private fun newBoundary() = ByteArray(16).also(RANDOM::nextBytes).joinToString("") { "%02x".format(it) }
    }
}
