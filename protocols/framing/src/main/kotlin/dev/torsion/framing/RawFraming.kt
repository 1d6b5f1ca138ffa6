// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/** No framing at all: each frame is whatever has arrived, with no regard to how it was written. Useful for an echo, or to relay bytes. */
public object RawFraming : Framing {
    override fun newDecoder(): FrameDecoder = RawDecoder(Int.MAX_VALUE)

    /** Writes [payload] as it is. */
    override fun encode(
        payload: ByteArray,
        sink: FrameSink,
    ): Unit = sink.write(payload, 0, payload.size)

    override fun encode(
        payload: ByteBuffer,
        sink: FrameSink,
    ): Unit = sink.write(payload)

    override fun toString(): String = "RawFraming"
}

/** Whatever there is, in frames of at most [atMost] bytes. */
internal class RawDecoder(
    private val atMost: Int,
) : FrameDecoder() {
    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        val end = from + minOf(input.remaining(), atMost)
        return if (end > from) found(from, end, end) else needs(1)
    }

    override fun reset() {}
}
