// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * Netstrings, as `5:hello,`: a decimal length, a colon, the bytes, a comma (D. J. Bernstein, 1997); Twisted's `NetstringReceiver`.
 *
 * Strict: the length is in digits without a leading zero, and a length over the limit is refused on its digits alone.
 *
 * @property maxLength the most bytes of a string; 99,999 as in Twisted
 */
public class NetstringFraming
@JvmOverloads
constructor(public val maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) : Framing {
    init {
        require(maxLength in 0..MOST) { "maxLength must be between 0 and $MOST, but is $maxLength" }
    }

    override val frameLimit: Int get() = "$maxLength:,".length + maxLength

    override fun newDecoder(): FrameDecoder = NetstringDecoder(maxLength)

    /**
     * Writes [payload] as a netstring.
     *
     * @throws StringTooLongException when it has more than [maxLength] bytes
     */
    override fun encode(payload: ByteArray, sink: FrameSink) {
        if (payload.size > maxLength) throw StringTooLongException("a netstring", maxLength.toLong(), payload.size.toLong())
        val prefix = "${payload.size}:".encodeToByteArray()
        sink.write(prefix, 0, prefix.size)
        sink.write(payload, 0, payload.size)
        sink.write(COMMA, 0, 1)
    }

    override fun toString(): String = "NetstringFraming(at most $maxLength bytes)"

    private companion object {
        const val MOST = Int.MAX_VALUE / 4
        val COMMA = byteArrayOf(','.code.toByte())
    }
}

private class NetstringDecoder(private val maxLength: Int) : FrameDecoder() {
    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        val limit = input.limit()
        var at = from
        var length = 0
        while (at < limit && input.get(at) != COLON) {
            val digit = input.get(at) - ZERO
            if (digit !in 0..9) throw malformed("a digit or a colon was expected, but the byte ${hex(input.get(at))} came")
            if (at > from && length == 0) throw malformed("its length has a leading zero")
            length = length * 10 + digit // cannot overflow: it was at most maxLength, which is far below the largest Int
            if (length > maxLength) throw FrameTooLongException("A netstring", maxLength.toLong())
            at++
        }
        if (at == limit) return needs(at - from + 1)
        if (at == from) throw malformed("it begins with a colon")
        val start = at + 1
        val comma = start + length
        if (comma >= limit) return needs(comma - from + 1)
        if (input.get(comma) !=
            COMMA
        ) {
            throw malformed("a comma was expected behind $length bytes, but the byte ${hex(input.get(comma))} came")
        }
        return found(start, comma, comma + 1)
    }

    override fun reset() {}

    private fun malformed(what: String) = MalformedFrameException("This is no netstring: $what.")

    private fun hex(byte: Byte) = "%02x".format(byte)

    private companion object {
        const val COLON = ':'.code.toByte()
        const val COMMA = ','.code.toByte()
        const val ZERO = '0'.code.toByte()
    }
}
