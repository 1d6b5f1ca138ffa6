// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.log.escapedThrowable
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CharacterCodingException
import java.nio.file.InvalidPathException
import java.nio.file.Path
import java.time.OffsetDateTime

/**
 * The types of values that Twisted has. A value that is not one of its type, from the wire or from the program, is refused with an error.
 *
 * | Here | Twisted | On the wire |
 * |---|---|---|
 * | [INT], [LONG], [INTEGER] | `Integer` | decimal digits |
 * | [BYTES] | `String` | as it is |
 * | [UNICODE] | `Unicode` | UTF-8 |
 * | [FLOAT] | `Float` | as Python prints it |
 * | [BOOLEAN] | `Boolean` | `True`, `False` |
 * | [PATH] | `Path` | UTF-8 |
 * | [DECIMAL] | `Decimal` | as Python prints it |
 * | [DATE_TIME] | `DateTime` | 32 characters |
 * | [listOf] | `ListOf` | a length of two bytes before each item |
 * | [ampList] | `AmpList` | a box for each row |
 *
 * Twisted's `Descriptor` is not here: it hands a file descriptor over a UNIX socket, which Java cannot do.
 */
public object AmpTypes {
    /** An integer of any size up to 4,300 digits, which is also Python's limit. */
    @JvmField
    public val INTEGER: AmpType<BigInteger> = BigIntegerType

    /** An integer of 64 bits. */
    @JvmField
    public val LONG: AmpType<Long> =
        NarrowType("Integer of 64 bits", { Decimals.digits(it) }, { Decimals.long(it, Long.MIN_VALUE, Long.MAX_VALUE) })

    /** An integer of 32 bits. */
    @JvmField
    public val INT: AmpType<Int> =
        NarrowType("Integer of 32 bits", { Decimals.digits(it.toLong()) }, {
            Decimals.long(it, Int.MIN_VALUE.toLong(), Int.MAX_VALUE.toLong()).toInt()
        })

    /** Bytes; Twisted's `String`. The array of a call is read while the call is made, the array of an answer is yours. */
    @JvmField
    public val BYTES: AmpType<ByteArray> = NarrowType("String of bytes", { it.clone() }, { it })

    /** Text. Halves of surrogate pairs, which have no form in UTF-8, are refused. */
    @JvmField
    public val UNICODE: AmpType<String> = NarrowType("Unicode", Utf8::encode, Utf8::decode)

    /** A number with a floating point; `inf`, `-inf` and `nan` as well. */
    @JvmField
    public val FLOAT: AmpType<Double> = NarrowType("Float", { Floats.encode(it) }, Floats::decode)

    /** True or false. */
    @JvmField
    public val BOOLEAN: AmpType<Boolean> =
        NarrowType("Boolean", { (if (it) "True" else "False").encodeToByteArray() }, {
            when (ascii(it)) {
                "True" -> true
                "False" -> false
                else -> refuse("it is neither True nor False")
            }
        })

    /** A path of files. A relative path stays relative. Twisted makes every path absolute. */
    @JvmField
    public val PATH: AmpType<Path> =
        NarrowType("Path", { Utf8.encode(it.toString()) }, {
            try {
                Path.of(Utf8.decode(it))
            } catch (e: InvalidPathException) {
                refuse("it is no path on this system", escapedThrowable(e))
            }
        })

    /**
     * A decimal number, whose zeros at the end count. Up to 4,300 digits, with an exponent within 999,999. `Infinity` and `NaN`, which
     * `BigDecimal` does not have, are refused; the sign of a zero is lost.
     */
    @JvmField
    public val DECIMAL: AmpType<BigDecimal> = NarrowType("Decimal", Decimals::encode, Decimals::decode)

    /**
     * A date and a time of the years 1 to 9999, with the offset of its zone in whole minutes, at most 18 hours. Of a second it keeps the
     * microseconds; nanoseconds are cut off.
     */
    @JvmField
    public val DATE_TIME: AmpType<OffsetDateTime> = NarrowType("DateTime", DateTimes::encode, DateTimes::decode)

    /** A list of values of one [type], in 65,535 bytes together with two for each. */
    @JvmStatic
    public fun <T : Any> listOf(type: AmpType<T>): AmpType<List<T>> = ListType(type)

    /** A list of rows, each of which has the values of [row], in 65,535 bytes together. */
    @JvmStatic
    public fun ampList(row: Arguments): AmpType<List<Values>> = RowsType(row)
}

/** A type made of two functions. */
private class NarrowType<T : Any>(name: String, private val encoder: (T) -> ByteArray, private val decoder: (ByteArray) -> T) :
    AmpType<T>(name) {
    override fun encode(value: T) = encoder(value)

    override fun decode(bytes: ByteArray) = decoder(bytes)
}

internal fun refuse(why: String, cause: Throwable? = null): Nothing = throw IllegalArgumentException(why, cause)

/** One character for each byte. */
internal fun ascii(bytes: ByteArray) = String(bytes, Charsets.ISO_8859_1)

private object Utf8 {
    fun encode(text: String): ByteArray = try {
        val bytes = Charsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text))
        ByteArray(bytes.remaining()).also { bytes.get(it) }
    } catch (e: CharacterCodingException) {
        refuse("it has half of a surrogate pair, which has no form in UTF-8", e)
    }

    fun decode(bytes: ByteArray): String = try {
        Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString()
    } catch (e: CharacterCodingException) {
        refuse("it is no UTF-8", e)
    }
}
