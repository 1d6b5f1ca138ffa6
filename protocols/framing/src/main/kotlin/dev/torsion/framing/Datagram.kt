// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.InternetAddress
import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/**
 * A message that came in a datagram.
 *
 * @property message the message
 * @property sender who has sent it; answer there
 */
public open class Datagram<T : Any> internal constructor(
    @get:JvmName("message")
    public val message: T,
    @get:JvmName("sender")
    public val sender: InternetAddress,
) {
    /** The [message]. */
    public operator fun component1(): T = message

    /** The [sender]. */
    public operator fun component2(): InternetAddress = sender

    override fun toString(): String = "Datagram($message from $sender)"
}

/**
 * A [codec] for datagrams: each holds exactly one frame. `RawCodec` has no framing, so that the datagram is the message. It has buffers of
 * its own, and so belongs to one port.
 *
 * ```kotlin
 * val lines = DatagramCodec(LineCodec())
 * override fun datagramReceived(view: ByteBuffer, sender: InternetAddress) = transport.write(lines.encode(lines.decode(view)), sender)
 * ```
 *
 * Not thread-safe.
 */
public class DatagramCodec<T : Any>(private val codec: Codec<T>) {
    private val decoder = codec.framing.newDecoder()
    private val isRaw = codec.framing is RawFraming
    private val sink = BufferSink()

    /**
     * The message in [datagram], which is not changed. With [Content.view] it is valid as long as the buffer is.
     *
     * @throws ProtocolViolationException when the datagram is not one whole frame, or its content is not understood
     */
    public fun decode(datagram: ByteBuffer): T {
        val input = datagram.duplicate()
        if (isRaw) return codec.content.decode(input)
        decoder.startOver()
        if (!decoder.find(input)) throw TruncatedFrameException(input.remaining().toLong())
        if (decoder.next != input.limit()) {
            throw ProtocolViolationException("A datagram holds one message, but ${input.limit() - decoder.next} bytes follow on it.")
        }
        input.limit(decoder.end).position(decoder.start)
        return codec.content.decode(input)
    }

    /**
     * [message] as the bytes of one datagram, in a buffer that is good until the next call.
     *
     * @throws EncodeException when the codec cannot carry it
     */
    public fun encode(message: T): ByteBuffer {
        sink.clear()
        codec.encode(message, sink)
        return sink.bytes()
    }

    override fun toString(): String = "DatagramCodec($codec)"

    private class BufferSink : FrameSink {
        private var buffer = ByteBuffer.allocateDirect(FIRST)

        fun clear() {
            buffer.clear()
        }

        fun bytes(): ByteBuffer = buffer.flip()

        override fun write(data: ByteArray, offset: Int, length: Int) {
            reserve(length)
            buffer.put(data, offset, length)
        }

        override fun write(data: ByteBuffer) {
            reserve(data.remaining())
            buffer.put(data)
        }

        private fun reserve(length: Int) {
            if (buffer.remaining() >= length) return
            val needed = Math.addExact(buffer.position(), length)
            buffer = ByteBuffer.allocateDirect(maxOf(needed, minOf(buffer.capacity(), Int.MAX_VALUE / 2) * 2)).put(buffer.flip())
        }
    }

    private companion object {
        const val FIRST = 2048
    }
}
