// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.log.safeMessage
import java.nio.ByteBuffer
import java.nio.charset.Charset

/**
 * Turns the bytes of a frame to a value and back.
 *
 * Like a [Framing] it is immutable, knows no socket, and serves any number of connections.
 */
public interface Content<T : Any> {
    /**
     * The value in [frame]. The frame is valid only during the call, so the value copies the bytes that it needs.
     *
     * @throws dev.torsion.net.ProtocolViolationException when the bytes are not what they should be
     */
    public fun decode(frame: ByteBuffer): T

    /**
     * The bytes of [value], in an array that nobody changes afterwards.
     *
     * @throws EncodeException when the value has no bytes
     */
    public fun encode(value: T): ByteArray

    /**
     * Writes [value] as one frame of [framing]. The default writes the array of [encode]. A content that needs no array overrides this.
     *
     * @throws EncodeException when the value, or the frame, cannot be written; then nothing was written
     */
    public fun encode(value: T, framing: Framing, sink: FrameSink): Unit = framing.encode(encode(value), sink)

    /** [value] in a form that outlives its call: itself, unless it refers to the frame that it was [decode]d from. */
    public fun keep(value: T): T = value

    public companion object {
        /** The bytes themselves, in an array that is yours. */
        @JvmStatic
        public fun bytes(): Content<ByteArray> = BytesContent

        /**
         * The bytes themselves without a copy: a read-only view of the buffer that they were read into. It is valid until the handler
         * returns, or until the receiving coroutine suspends. Copy it to keep it. It is a copy of your own in the answer to a request, and
         * if nobody was waiting for the message.
         *
         * ```kotlin
         * reactor.serve("tcp:8007", Int32Codec().with(Content.view())) { c -> for (frame in c.incoming) c.send(frame) }
         * ```
         *
         * A buffer that is sent is read to its end.
         */
        @JvmStatic
        public fun view(): Content<ByteBuffer> = ViewContent

        /** Text. Bytes that are no text in [charset] are refused. Characters without bytes in it cannot be sent. */
        @JvmStatic
        @JvmOverloads
        public fun text(charset: Charset = Charsets.UTF_8): Content<String> = TextContent(charset)

        /** The values of [struct], in frames of exactly its size. */
        @JvmStatic
        public fun struct(struct: Struct): Content<StructValues> = StructContent(struct)

        /** A header of the layout [header], then [body], for [HeaderFraming]. */
        @JvmStatic
        public fun <B : Any> headed(header: Struct, body: Content<B>): Content<HeaderAndBody<B>> = HeaderAndBodyContent(header, body)

        /**
         * Any mapper, as two functions; `torsion-json` has kotlinx-serialization. With Jackson:
         *
         * ```java
         * Content.of(mapper::writeValueAsBytes, bytes -> mapper.readValue(bytes, Order.class))
         * ```
         *
         * An exception of [decode] becomes a [MalformedContentException], one of [encode] an [EncodeException].
         */
        @JvmStatic
        public fun <T : Any> of(encode: ContentFunction<T, ByteArray>, decode: ContentFunction<ByteArray, T>): Content<T> =
            MappedContent(BytesContent, encode, decode)
    }
}

/** One direction of [Content.of] and [Codec.map]: takes one form of a message and gives the other. */
public fun interface ContentFunction<in A, out B> {
    /** The other form of [value]. Any exception says that it has none. */
    @Throws(Exception::class)
    public fun convert(value: A): B
}

private object BytesContent : Content<ByteArray> {
    override fun decode(frame: ByteBuffer): ByteArray = frame.copyOut()

    override fun encode(value: ByteArray): ByteArray = value

    override fun toString() = "bytes"
}

private object ViewContent : Content<ByteBuffer> {
    override fun decode(frame: ByteBuffer): ByteBuffer = frame

    override fun encode(value: ByteBuffer): ByteArray = value.copyOut()

    override fun encode(value: ByteBuffer, framing: Framing, sink: FrameSink): Unit = framing.encode(value, sink)

    override fun keep(value: ByteBuffer): ByteBuffer = ByteBuffer.wrap(value.copyOut())

    override fun toString() = "views"
}

/** Maps the values of [inner]. */
internal class MappedContent<A : Any, T : Any>(
    private val inner: Content<A>,
    private val encode: ContentFunction<T, A>,
    private val decode: ContentFunction<A, T>,
) : Content<T> {
    override fun decode(frame: ByteBuffer): T {
        val value = inner.decode(frame)
        return understood { decode.convert(value) }
    }

    override fun encode(value: T): ByteArray = inner.encode(
        try {
            encode.convert(value)
        } catch (e: EncodeException) {
            throw e
        } catch (e: Exception) {
            throw EncodeException("A message cannot be encoded: ${safeMessage(e)}", e)
        },
    )

    override fun toString() = "mapped $inner"
}

private class StructContent(private val struct: Struct) : Content<StructValues> {
    override fun decode(frame: ByteBuffer): StructValues {
        if (frame.remaining() != struct.size) {
            throw MalformedContentException("A message of ${frame.remaining()} bytes is not one of $struct.")
        }
        return struct.unpackFrom(frame, frame.position())
    }

    /** Gives the bytes of [value]; a [StructException] says what does not fit. */
    override fun encode(value: StructValues): ByteArray = struct.pack(value)

    override fun toString() = struct.toString()
}
