// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.io.ByteArrayOutputStream

/**
 * Messages in a stream of bytes. A [framing] tells them apart, and a [content] says what they are. It knows no socket.
 *
 * ```kotlin
 * val lines = LineCodec()           // Codec<String>
 * val texts = Int32Codec().text()   // Codec<String>, behind a length
 * ```
 *
 * JSON is in `torsion-json`: `Int32Codec().json<Order>()` is a `Codec<Order>`. Other libraries are two functions: [Content.of].
 *
 * Immutable: one object serves any number of connections.
 *
 * @property framing tells the messages apart
 * @property content turns the bytes of one message to a value and back
 */
public open class Codec<T : Any>(public val framing: Framing, public val content: Content<T>) {
    /** The same framing with other content. */
    public fun <R : Any> with(content: Content<R>): Codec<R> = Codec(framing, content)

    /** The same framing with the bytes of each frame as they are. */
    public fun bytes(): Codec<ByteArray> = with(Content.bytes())

    /** The same framing with UTF-8 text in each frame. */
    public fun text(): Codec<String> = with(Content.text())

    /** Other values, made of this codec's by [decode]. [encode] makes this codec's values of them. Both may throw, as in [Content.of]. */
    public fun <R : Any> map(encode: ContentFunction<R, T>, decode: ContentFunction<T, R>): Codec<R> =
        with(MappedContent(content, encode, decode))

    /**
     * Writes [message] to [sink] as one frame.
     *
     * @throws EncodeException when this codec cannot carry it; then nothing was written
     */
    public fun encode(message: T, sink: FrameSink): Unit = content.encode(message, framing, sink)

    /** [message] as the bytes of one frame. */
    public fun encode(message: T): ByteArray {
        val bytes = ByteArrayOutputStream()
        encode(message, bytes::write)
        return bytes.toByteArray()
    }

    override fun toString(): String = "Codec($framing, $content)"
}
