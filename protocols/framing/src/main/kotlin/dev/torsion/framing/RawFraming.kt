// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/** No framing at all: each frame is whatever has arrived, with no regard to how it was written. Useful for an echo, or to relay bytes. */
public object RawFraming : Framing {
    override fun newDecoder(): FrameDecoder =
        object : FrameDecoder() {
            override fun find(input: ByteBuffer): Boolean =
                if (input.hasRemaining()) found(input.position(), input.limit(), input.limit()) else needs(1)

            override fun reset() {}
        }

    /** Writes [payload] as it is. */
    override fun encode(
        payload: ByteArray,
        sink: FrameSink,
    ): Unit = sink.write(payload, 0, payload.size)

    override fun toString(): String = "RawFraming"
}
