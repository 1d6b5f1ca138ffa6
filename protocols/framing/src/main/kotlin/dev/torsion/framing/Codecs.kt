// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteOrder
import java.nio.charset.Charset

/**
 * Lines of text. Without a delimiter a line ends at LF or CR LF, and is sent with CR LF. So it understands `nc` as well as `telnet`. With a
 * delimiter, only that ends a line. See [LineFraming].
 *
 * @param delimiter the end of a line, such as `"\r\n"`; null for any newline
 * @param maxLength the most bytes of a line
 * @param charset of the text and the delimiter
 */
public class LineCodec
@JvmOverloads
constructor(
    delimiter: String? = null,
    maxLength: Int = LineFraming.DEFAULT_MAX_LENGTH,
    charset: Charset = Charsets.UTF_8,
) : Codec<String>(
    if (delimiter == null) LineFraming.anyNewline(maxLength) else LineFraming(delimiter.toByteArray(charset), maxLength),
    Content.text(charset),
)

/** Bytes behind a length of one byte: up to 255 of them. See [IntPrefixFraming]. */
public class Int8Codec
@JvmOverloads
constructor(maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
    Codec<ByteArray>(IntPrefixFraming(1, maxLength = maxLength), Content.bytes())

/** Bytes behind a length of two bytes: up to 65,535 of them. See [IntPrefixFraming]. */
public class Int16Codec
@JvmOverloads
constructor(
    maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH,
    order: ByteOrder = ByteOrder.BIG_ENDIAN,
) : Codec<ByteArray>(IntPrefixFraming(2, order, maxLength), Content.bytes())

/** Bytes behind a length of four bytes: up to 99,999 of them unless [maxLength] says otherwise. See [IntPrefixFraming]. */
public class Int32Codec
@JvmOverloads
constructor(
    maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH,
    order: ByteOrder = ByteOrder.BIG_ENDIAN,
) : Codec<ByteArray>(IntPrefixFraming(4, order, maxLength), Content.bytes())

/** Netstrings, as `5:hello,`. See [NetstringFraming]. */
public class NetstringCodec
@JvmOverloads
constructor(maxLength: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
    Codec<ByteArray>(NetstringFraming(maxLength), Content.bytes())

/** Frames of [length] bytes each. See [FixedFraming]. */
public class FixedCodec(length: Int) : Codec<ByteArray>(FixedFraming(length), Content.bytes())

/** The values of a [struct], one after the other: frames of its size. */
public class StructCodec(struct: Struct) : Codec<StructValues>(FixedFraming(struct.size), Content.struct(struct))

/** The bytes as they arrive. See [RawFraming]. */
public class RawCodec : Codec<ByteArray>(RawFraming, Content.bytes())

/**
 * A header with a fixed layout, one of whose values counts the bytes of the body behind it. See [HeaderFraming], which can also check each
 * header.
 *
 * ```kotlin
 * val codec = HeaderCodec(Struct("<iii"), lengthField = 1, body = Content.text())
 * codec.encode(HeaderAndBody(StructValues.of(1, 0, 101), "hello")) // the 0 becomes the length of the body
 * ```
 */
public class HeaderCodec<B : Any>(framing: HeaderFraming, body: Content<B>) :
    Codec<HeaderAndBody<B>>(framing, Content.headed(framing.header, body)) {
    @JvmOverloads
    public constructor(header: Struct, lengthField: Int, body: Content<B>, maxBody: Int = IntPrefixFraming.DEFAULT_MAX_LENGTH) :
        this(HeaderFraming(header, lengthField, maxBody), body)
}
