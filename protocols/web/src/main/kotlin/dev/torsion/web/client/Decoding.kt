// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.BodyTooLargeException

/** Takes several codings off a body, the first of [decoders] first, and holds each of them to [limits]. It knows no socket. */
internal class Decoding(private val decoders: List<Decoder>, private val limits: DecodingLimits) : AutoCloseable {
    private val hasEnded = BooleanArray(decoders.size) // no more input for it
    private val grown = LongArray(decoders.size) // how many bytes it has given
    private var received = 0L
    private var isAllThere = false
    private var isClosed = false

    /** Whether all of the body has been given. */
    var isDone = false
        private set

    fun input(bytes: ByteArray) {
        received += bytes.size
        decoders.first().input(bytes)
    }

    /** There is no more input. */
    fun end() {
        isAllThere = true
    }

    /** The next piece; null when it needs input, or is done. @throws ContentCodingException when the body is wrong, or has grown too much */
    fun output(): ByteArray? {
        if (isAllThere && received == 0L) isDone = true // a body of no bytes is in any coding
        if (isDone) return null
        val last = decoders.lastIndex
        return output(last).also { isDone = it == null && hasEnded[last] }
    }

    private fun output(index: Int): ByteArray? {
        while (true) {
            val piece = decoders[index].output()
            if (piece != null) return piece.also { check(index, it.size) }
            if (hasEnded[index]) return null
            val input = if (index == 0) null else output(index - 1)
            when {
                input != null -> decoders[index].input(input)
                if (index == 0) isAllThere else hasEnded[index - 1] -> {
                    hasEnded[index] = true
                    decoders[index].end()
                }
                else -> return null
            }
        }
    }

    private fun check(index: Int, size: Int) {
        grown[index] += size.toLong()
        if (grown[index] > limits.maxBytes) throw BodyTooLargeException(limits.maxBytes)
        if (grown[index] > limits.freeBytes && grown[index] / limits.maxRatio > received) {
            throw ContentCodingException("A body grows by more than ${limits.maxRatio} times when it is decoded.")
        }
    }

    override fun close() {
        if (isClosed) return
        isClosed = true
        isDone = true
        decoders.forEach { it.close() }
    }
}

/**
 * How large a body may become when its codings are taken off. The limits protect against small bodies that become huge (RFC 9110 17.6).
 * Immutable.
 *
 * @property maxBytes how many bytes each coding may give; 1,024 MiB
 * @property maxRatio how many times as many bytes as have come each coding may give; 200
 * @property freeBytes from how many bytes on the ratio counts; 1 MiB
 * @property maxCodings how many codings a body may have; 3
 * @property maxBrotliBytes how many bytes a body in `br` may have before it is decoded; 4 MiB
 */
public class DecodingLimits private constructor(
    public val maxBytes: Long,
    public val maxRatio: Int,
    public val freeBytes: Long,
    public val maxCodings: Int,
    public val maxBrotliBytes: Long,
) {
    init {
        require(maxBytes > 0) { "maxBytes must be positive, but is $maxBytes" }
        require(maxRatio > 0) { "maxRatio must be positive, but is $maxRatio" }
        require(freeBytes >= 0) { "freeBytes must not be negative, but is $freeBytes" }
        require(maxCodings > 0) { "maxCodings must be positive, but is $maxCodings" }
        require(maxBrotliBytes > 0) { "maxBrotliBytes must be positive, but is $maxBrotliBytes" }
    }

    /** These limits with another [maxBytes]. */
    public fun withMaxBytes(most: Long): DecodingLimits = DecodingLimits(most, maxRatio, freeBytes, maxCodings, maxBrotliBytes)

    /** These limits with another [maxRatio]. */
    public fun withMaxRatio(most: Int): DecodingLimits = DecodingLimits(maxBytes, most, freeBytes, maxCodings, maxBrotliBytes)

    /** These limits with another [freeBytes]. */
    public fun withFreeBytes(bytes: Long): DecodingLimits = DecodingLimits(maxBytes, maxRatio, bytes, maxCodings, maxBrotliBytes)

    /** These limits with another [maxCodings]. */
    public fun withMaxCodings(most: Int): DecodingLimits = DecodingLimits(maxBytes, maxRatio, freeBytes, most, maxBrotliBytes)

    /** These limits with another [maxBrotliBytes]. */
    public fun withMaxBrotliBytes(most: Long): DecodingLimits = DecodingLimits(maxBytes, maxRatio, freeBytes, maxCodings, most)

    override fun toString(): String = "DecodingLimits($maxBytes bytes, $maxRatio times, $maxCodings codings)"

    public companion object {
        /** The limits that hold where none are given. */
        @JvmField
        public val DEFAULT: DecodingLimits = DecodingLimits(1024L * 1024 * 1024, 200, 1024L * 1024, 3, 4L * 1024 * 1024)
    }
}
