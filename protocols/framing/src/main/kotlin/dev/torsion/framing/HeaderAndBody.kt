// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * A message with a header, for [HeaderCodec].
 *
 * @property header the values of the header. When the message is sent, the length of the body among them is put right
 * @property body the value behind the header
 */
public class HeaderAndBody<B : Any>(public val header: StructValues, public val body: B) {
    /** The header's values, for Kotlin's destructuring. */
    public operator fun component1(): StructValues = header

    /** The body, for Kotlin's destructuring. */
    public operator fun component2(): B = body

    override fun toString(): String = "HeaderAndBody$header $body"
}

internal class HeaderAndBodyContent<B : Any>(private val header: Struct, private val body: Content<B>) : Content<HeaderAndBody<B>> {
    override fun decode(frame: ByteBuffer): HeaderAndBody<B> {
        if (frame.remaining() < header.size) {
            throw MalformedContentException("A message of ${frame.remaining()} bytes has no header of $header.")
        }
        val values = header.unpackFrom(frame, frame.position())
        frame.position(frame.position() + header.size)
        return HeaderAndBody(values, body.decode(frame))
    }

    override fun encode(value: HeaderAndBody<B>): ByteArray = header.pack(value.header) + body.encode(value.body)

    override fun encode(value: HeaderAndBody<B>, framing: Framing, sink: FrameSink) {
        if (framing is HeaderFraming && framing.header == header) {
            framing.encode(header.pack(value.header), body.encode(value.body), 0, sink) // not put together first
        } else {
            super.encode(value, framing, sink)
        }
    }

    override fun keep(value: HeaderAndBody<B>): HeaderAndBody<B> {
        val kept = body.keep(value.body)
        return if (kept === value.body) value else HeaderAndBody(value.header, kept)
    }

    override fun toString() = "$header and $body"
}
