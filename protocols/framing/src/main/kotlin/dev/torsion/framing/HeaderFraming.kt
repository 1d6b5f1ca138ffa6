// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * Frames of a header with a fixed layout and a body. One of the header's values is the length of the body in bytes. Many devices and games
 * have such a private protocol. The payload of a frame is header and body together.
 *
 * ```kotlin
 * HeaderFraming(Struct("<iii"), lengthField = 1) // version, body size, command
 * ```
 *
 * A length over the limit is refused on the header alone.
 *
 * @property header the layout of the header
 * @property lengthField the index of the value that counts the bytes of the body
 * @property maxBody the most bytes of a body; 99,999 unless given
 */
public class HeaderFraming
@JvmOverloads
constructor(
    public val header: Struct,
    public val lengthField: Int,
    public val maxBody: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH,
) : Framing {
    private val field = header.field(lengthField)

    init {
        require(field.isInteger) { "the length field must be an integer, but value $lengthField of $header is none" }
        require(maxBody in 0..MOST) { "maxBody must be between 0 and $MOST, but is $maxBody" }
        require(header.size <= MOST) { "a header has at most $MOST bytes, but $header was given" }
    }

    override val frameLimit: Int get() = header.size + maxBody

    override fun newDecoder(): FrameDecoder = HeaderDecoder(header.size, field, maxBody)

    /**
     * Writes [payload], which is a header and a body, with the true length of the body in the header's length field.
     *
     * @throws EncodeException when it is shorter than a header, or the length of its body does not fit the field
     * @throws StringTooLongException when the body has more than [maxBody] bytes
     */
    override fun encode(payload: ByteArray, sink: FrameSink) {
        val body = payload.size - header.size
        if (body < 0) throw EncodeException("Cannot send ${payload.size} bytes: the header alone has ${header.size}.")
        encode(payload.copyOf(header.size), payload, header.size, sink)
    }

    /** Writes the header [first], whose length field it sets, and [data] from [from] on. */
    internal fun encode(first: ByteArray, data: ByteArray, from: Int, sink: FrameSink) {
        val length = data.size - from
        if (length > maxBody) throw StringTooLongException("a body", maxBody.toLong(), length.toLong())
        if (!field.holds(
                length.toLong(),
            )
        ) {
            throw EncodeException("Cannot send a body of $length bytes: the length field holds no such number.")
        }
        field.writeBits(first, length.toLong())
        sink.write(first, 0, first.size)
        sink.write(data, from, length)
    }

    override fun toString(): String = "HeaderFraming($header, length in value $lengthField, bodies of at most $maxBody bytes)"

    private companion object {
        const val MOST = Int.MAX_VALUE / 4
    }
}

private class HeaderDecoder(private val headerSize: Int, private val field: StructField, private val maxBody: Int) : FrameDecoder() {
    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        val available = input.remaining()
        if (available < headerSize) return needs(headerSize)
        val length = field.readLong(input, from)
        if (length < 0 && field.isSigned) throw MalformedFrameException("A header announces a body of $length bytes.")
        if (length < 0 || length > maxBody) throw FrameTooLongException("A body", maxBody.toLong(), length)
        val whole = headerSize + length.toInt()
        return if (available < whole) needs(whole) else found(from, from + whole, from + whole)
    }

    override fun reset() {}
}
