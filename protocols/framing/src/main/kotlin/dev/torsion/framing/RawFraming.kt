// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/** No framing at all: each frame has the bytes that have arrived, however the peer wrote them. Useful for an echo, or to relay bytes. */
public object RawFraming : Framing {
    override fun newDecoder(): FrameDecoder = RawDecoder(Int.MAX_VALUE)

    /** Writes [payload] as it is. */
    override fun encode(payload: ByteArray, sink: FrameSink): Unit = sink.write(payload, 0, payload.size)

    override fun encode(payload: ByteBuffer, sink: FrameSink): Unit = sink.write(payload)

    override fun toString(): String = "RawFraming"
}

/** All bytes that there are, in frames of at most [atMost] bytes. */
internal class RawDecoder(private val atMost: Int) : FrameDecoder() {
    override fun find(input: ByteBuffer): Boolean {
        val from = input.position()
        val end = from + minOf(input.remaining(), atMost)
        return if (end > from) found(from, end, end) else needs(1)
    }

    override fun reset() {}
}
