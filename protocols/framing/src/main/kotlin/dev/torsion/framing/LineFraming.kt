// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Lines: each ends in a delimiter, which is no part of it; the framing of Twisted's `LineReceiver` and `LineOnlyReceiver`.
 *
 * A line that is over the limit is refused once [maxLength] and the length of the delimiter have come without a delimiter among them,
 * so that a delimiter that is split over two reads does not make a line of exactly [maxLength] bytes too long.
 *
 * @property maxLength the most bytes of a line, without its delimiter; 16,384 as in Twisted
 */
public class LineFraming private constructor(
    private val delimiter: ByteArray,
    public val maxLength: Int,
    private val anyNewline: Boolean,
) : Framing {
    /** Lines that end in [delimiter]: CR LF unless given. */
    @JvmOverloads
    public constructor(delimiter: ByteArray = CRLF, maxLength: Int = DEFAULT_MAX_LENGTH) : this(delimiter.clone(), maxLength, false)

    init {
        require(delimiter.isNotEmpty()) { "a line needs a delimiter, but it is empty" }
        require(maxLength in 1..MOST) { "maxLength must be between 1 and $MOST, but is $maxLength" }
    }

    override val frameLimit: Int get() = maxLength + delimiter.size

    override fun newDecoder(): FrameDecoder = if (anyNewline) LineDecoder(LF, maxLength, true) else LineDecoder(delimiter, maxLength, false)

    /**
     * Writes [payload] and the delimiter.
     *
     * @throws StringTooLongException when it has more than [maxLength] bytes
     * @throws EncodeException when it contains the delimiter, so that the peer would see two lines
     */
    override fun encode(payload: ByteArray, sink: FrameSink) {
        check(ByteBuffer.wrap(payload))
        sink.write(payload, 0, payload.size)
        sink.write(delimiter, 0, delimiter.size)
    }

    override fun encode(payload: ByteBuffer, sink: FrameSink) {
        check(payload)
        sink.write(payload)
        sink.write(delimiter, 0, delimiter.size)
    }

    private fun check(payload: ByteBuffer) {
        val length = payload.remaining()
        if (length > maxLength) throw StringTooLongException("a line", maxLength.toLong(), length.toLong())
        if (endsInside(payload)) throw EncodeException("Cannot send a line that has the end of a line in it: the peer would see two lines.")
    }

    private fun endsInside(payload: ByteBuffer): Boolean {
        val ending = if (anyNewline) LF else delimiter
        val last = ending.last()
        val from = payload.position()
        var at = payload.indexOf(last, from)
        while (at >= 0) {
            val start = at + 1 - ending.size
            if (start >= from && matches(ending) { payload.get(start + it) }) return true
            at = payload.indexOf(last, at + 1)
        }
        return false
    }

    override fun toString(): String {
        val ending = if (anyNewline) "any newline" else delimiter.joinToString(" ") { "%02x".format(it) }
        return "LineFraming($ending, at most $maxLength bytes)"
    }

    public companion object {
        /** 16,384 bytes, Twisted's limit of a line. */
        public const val DEFAULT_MAX_LENGTH: Int = 16_384

        private const val MOST = Int.MAX_VALUE / 4
        private val CRLF = "\r\n".encodeToByteArray()
        private val LF = "\n".encodeToByteArray()

        /**
         * Lines of text, whichever system they come from: a line ends at LF, and a CR right before it is dropped. Sent lines end in
         * CR LF.
         */
        @JvmStatic
        @JvmOverloads
        public fun anyNewline(maxLength: Int = DEFAULT_MAX_LENGTH): LineFraming = LineFraming(CRLF, maxLength, true)
    }
}

private inline fun matches(delimiter: ByteArray, at: (Int) -> Byte): Boolean {
    for (i in 0 until delimiter.size - 1) if (at(i) != delimiter[i]) return false
    return true
}

/** Looks for the delimiter's last byte, eight bytes at a time, and then at the bytes before it. */
private class LineDecoder(private val delimiter: ByteArray, private val maxLength: Int, private val dropCarriageReturn: Boolean) :
    FrameDecoder() {
    private val last = delimiter.last()
    private val ending = delimiter.size + if (dropCarriageReturn) 1 else 0
    private var scanned = 0 // how many bytes of the unfinished line hold no end of a delimiter

    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        var at = from + scanned
        while (true) {
            at = input.indexOf(last, at)
            if (at < 0) break
            val lineEnd = at + 1 - delimiter.size
            if (lineEnd >= from && matches(delimiter) { input.get(lineEnd + it) }) return found(input, from, lineEnd, at + 1)
            at++
        }
        scanned = input.remaining()
        if (scanned >= maxLength + ending) throw tooLong()
        return needs(scanned + 1)
    }

    private fun found(input: ByteBuffer, from: Int, lineEnd: Int, next: Int): Boolean {
        scanned = 0
        val end = if (dropCarriageReturn && lineEnd > from && input.get(lineEnd - 1) == CR) lineEnd - 1 else lineEnd
        if (end - from > maxLength) throw tooLong()
        return found(from, end, next)
    }

    private fun tooLong() = FrameTooLongException("A line", maxLength.toLong())

    override fun reset() {
        scanned = 0
    }

    private companion object {
        const val CR = '\r'.code.toByte()
    }
}

/**
 * The index of the first [byte] from [at] on, or -1. Reads eight bytes at once and finds those that are zero after an exclusive or
 * (Hacker's Delight, 6-1, in the form that is exact for every byte): faster than one at a time.
 *
 * Inline, so that its callers are larger than what the JIT inlines in its turn (325 bytes of code), and are compiled with the buffer's
 * own methods in them. At the end of a long chain of inlined calls those would stay calls, one for each eight bytes. A line then takes
 * twice as long, in some runs and not in others.
 */
@Suppress("NOTHING_TO_INLINE")
private inline fun ByteBuffer.indexOf(byte: Byte, at: Int): Int {
    val pattern = (byte.toLong() and 0xff) * 0x0101010101010101L
    val limit = limit()
    val bigEndian = order() == ByteOrder.BIG_ENDIAN
    var i = at
    while (i <= limit - Long.SIZE_BYTES) {
        val word = getLong(i) xor pattern
        val zeros = (((word and LOW_BITS) + LOW_BITS) or word or LOW_BITS).inv()
        if (zeros != 0L) return i + (if (bigEndian) zeros.countLeadingZeroBits() else zeros.countTrailingZeroBits()) / Byte.SIZE_BITS
        i += Long.SIZE_BYTES
    }
    while (i < limit) {
        if (get(i) == byte) return i
        i++
    }
    return -1
}

private const val LOW_BITS = 0x7f7f7f7f7f7f7f7fL
