// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/**
 * Looks at the header of a frame before its body comes.
 *
 * ```java
 * HeaderCheck check = header -> {
 *   if (header.getInt(0) != MAGIC) throw new MalformedFrameException("This is none of our messages.");
 * };
 * ```
 */
public fun interface HeaderCheck {
    /**
     * Called once for each header, on the connection's thread.
     *
     * @throws ProtocolViolationException to refuse the frame; any other exception becomes the cause of a [MalformedContentException]
     */
    @Throws(Exception::class)
    public fun check(header: StructValues)
}

/**
 * Frames of a header with a fixed layout and a body. One of the header's values is the length of the body in bytes. Many devices and games
 * have such a private protocol. The payload of a frame is header and body together.
 *
 * ```kotlin
 * HeaderFraming(Struct("<iii"), lengthField = 1) // version, body size, command
 * ```
 *
 * A length over the limit is refused on the header alone. So is a header that [check] refuses, as one of another protocol.
 *
 * @property header the layout of the header
 * @property lengthField the index of the value that counts the bytes of the body
 * @property maxBody the most bytes of a body; 99,999 unless given
 * @property check looks at each header that comes, before a byte of its body has; null for none
 */
public class HeaderFraming
@JvmOverloads
constructor(
    public val header: Struct,
    public val lengthField: Int,
    public val maxBody: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH,
    public val check: HeaderCheck? = null,
) : Framing {
    private val field = header.field(lengthField)

    init {
        require(field.isInteger) { "the length field must be an integer, but value $lengthField of $header is none" }
        require(maxBody in 0..MOST) { "maxBody must be between 0 and $MOST, but is $maxBody" }
        require(header.size <= MOST) { "a header has at most $MOST bytes, but $header was given" }
    }

    override val frameLimit: Int get() = header.size + maxBody

    override fun newDecoder(): FrameDecoder = HeaderDecoder(header, field, maxBody, check)

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
    @JvmSynthetic
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

private class HeaderDecoder(
    private val header: Struct,
    private val field: StructField,
    private val maxBody: Int,
    private val check: HeaderCheck?,
) : FrameDecoder() {
    private val headerSize = header.size
    private var isChecked = false // the header of the unfinished frame

    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        val available = input.remaining()
        if (available < headerSize) return needs(headerSize)
        if (check != null && !isChecked) {
            check(check, input, from)
            isChecked = true
        }
        val length = field.readLong(input, from)
        if (length < 0 && field.isSigned) throw MalformedFrameException("A header announces a body of $length bytes.")
        if (length < 0 || length > maxBody) throw FrameTooLongException("A body", maxBody.toLong(), length)
        val whole = headerSize + length.toInt()
        if (available < whole) return needs(whole)
        isChecked = false
        return found(from, from + whole, from + whole)
    }

    private fun check(check: HeaderCheck, input: ByteBuffer, from: Int) {
        val values = header.unpackFrom(input, from)
        try {
            check.check(values)
        } catch (e: ProtocolViolationException) {
            throw e
        } catch (e: Exception) {
            throw MalformedContentException.of("A header is refused", e)
        }
    }

    override fun reset() {
        isChecked = false
    }
}
