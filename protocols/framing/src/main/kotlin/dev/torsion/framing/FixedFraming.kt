// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * Frames of one length, with nothing between them.
 *
 * @property length the bytes of each frame
 */
public class FixedFraming(public val length: Int) : Framing {
    init {
        require(length > 0) { "a frame must have at least one byte, but the length is $length" }
    }

    override val frameLimit: Int get() = length

    override fun newDecoder(): FrameDecoder = object : FrameDecoder() {
        override fun find(input: ByteBuffer): Boolean {
            val from = input.position()
            return if (input.remaining() < length) needs(length) else found(from, from + length, from + length)
        }

        override fun reset() {}
    }

    /**
     * Writes [payload] as it is.
     *
     * @throws EncodeException when it has not exactly [length] bytes
     */
    override fun encode(payload: ByteArray, sink: FrameSink) {
        check(payload.size)
        sink.write(payload, 0, payload.size)
    }

    override fun encode(payload: ByteBuffer, sink: FrameSink) {
        check(payload.remaining())
        sink.write(payload)
    }

    private fun check(size: Int) {
        if (size > length) throw StringTooLongException("a frame", length.toLong(), size.toLong())
        if (size < length) throw EncodeException("Cannot send $size bytes: each frame has exactly $length bytes.")
    }

    override fun toString(): String = "FixedFraming($length bytes)"
}
