// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Frames with their length before them, as an unsigned integer of 1, 2 or 4 bytes; Twisted's `Int8StringReceiver`,
 * `Int16StringReceiver` and `Int32StringReceiver`, whose prefix is big-endian.
 *
 * A length over the limit is refused as soon as the prefix is there: no byte is kept for it.
 *
 * @property prefixBytes 1, 2 or 4
 * @property order the byte order of the prefix
 * @property maxLength the most bytes of a payload; 99,999 as in Twisted, or the largest number of the prefix if that is less
 */
public class IntPrefixFraming
@JvmOverloads
constructor(
    public val prefixBytes: Int,
    public val order: ByteOrder = ByteOrder.BIG_ENDIAN,
    maxLength: Int = DEFAULT_MAX_LENGTH,
) : Framing {
    init {
        require(prefixBytes == 1 || prefixBytes == 2 || prefixBytes == 4) {
            "a prefix has 1, 2 or 4 bytes, but $prefixBytes were asked for"
        }
        require(maxLength in 0..MOST) { "maxLength must be between 0 and $MOST, but is $maxLength" }
    }

    public val maxLength: Int = if (prefixBytes == 4) maxLength else minOf(maxLength, (1 shl prefixBytes * Byte.SIZE_BITS) - 1)

    override val frameLimit: Int get() = prefixBytes + maxLength

    override fun newDecoder(): FrameDecoder = IntPrefixDecoder(prefixBytes, order == ByteOrder.BIG_ENDIAN, maxLength)

    /**
     * Writes the prefix and [payload].
     *
     * @throws StringTooLongException when it has more than [maxLength] bytes
     */
    override fun encode(payload: ByteArray, sink: FrameSink) {
        writePrefix(payload.size, sink)
        sink.write(payload, 0, payload.size)
    }

    override fun encode(payload: ByteBuffer, sink: FrameSink) {
        writePrefix(payload.remaining(), sink)
        sink.write(payload)
    }

    private fun writePrefix(length: Int, sink: FrameSink) {
        if (length > maxLength) throw StringTooLongException("a string", maxLength.toLong(), length.toLong())
        sink.writeNumber(length.toLong(), prefixBytes, order)
    }

    override fun toString(): String = "IntPrefixFraming($prefixBytes bytes, $order, at most $maxLength bytes)"

    public companion object {
        /** 99,999 bytes, Twisted's limit of a string. */
        public const val DEFAULT_MAX_LENGTH: Int = 99_999

        private const val MOST = Int.MAX_VALUE / 4
    }
}

private class IntPrefixDecoder(private val prefixBytes: Int, private val bigEndian: Boolean, private val maxLength: Int) : FrameDecoder() {
    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        val available = input.limit() - from
        if (available < prefixBytes) return needs(prefixBytes)
        val length = length(input, from)
        if (length > maxLength) throw FrameTooLongException("A string", maxLength.toLong(), length)
        val whole = prefixBytes + length.toInt()
        if (available < whole) return needs(whole)
        return found(from + prefixBytes, from + whole, from + whole)
    }

    private fun length(input: ByteBuffer, at: Int): Long {
        val swap = (input.order() == ByteOrder.BIG_ENDIAN) != bigEndian
        return when (prefixBytes) {
            1 -> input.get(at).toLong() and 0xff
            2 -> input.getShort(at).let { if (swap) java.lang.Short.reverseBytes(it) else it }.toLong() and 0xffff
            else -> input.getInt(at).let { if (swap) Integer.reverseBytes(it) else it }.toLong() and 0xffffffffL
        }
    }

    override fun reset() {}
}
