// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Where each field of a [Struct] is. */
internal class StructLayout private constructor(val fields: List<StructField>, val size: Int) {
    /** Whether the values say everything about the bytes: no padding, and no value that can be written in several ways. */
    val isExact = fields.sumOf { it.bytes } == size && fields.none { it.isLenient }

    companion object {
        private const val MARKS = "@=<>!"

        fun parse(format: String): StructLayout {
            fun fail(problem: String): Nothing = throw StructException(format, -1, problem)
            val mark = format.firstOrNull()?.takeIf { it in MARKS }
            val native = mark == null || mark == '@'
            val bigEndian = mark == '>' || mark == '!'
            val fields = ArrayList<StructField>()
            var offset = 0L
            var at = if (mark == null) 0 else 1
            while (at < format.length) {
                if (format[at].isWhitespace()) {
                    at++
                    continue
                }
                val digits = format.substring(at).takeWhile { it in '0'..'9' }
                at += digits.length
                if (at == format.length) fail("it ends in a count without a field")
                val code = format[at++]
                val kind = StructKind.of(code) ?: fail("there is no field '$code'")
                if (kind.isNativeOnly && !native) fail("the field '$code' is for native formats only")
                val count = if (digits.isEmpty()) 1L else digits.toLongOrNull() ?: fail("the count $digits is too large")
                val bytes = if (native) kind.nativeBytes else kind.standardBytes
                if (native) offset += Math.floorMod(-offset, bytes.toLong())
                if (count > Int.MAX_VALUE - offset ||
                    count * bytes > Int.MAX_VALUE - offset
                ) {
                    fail("it is larger than ${Int.MAX_VALUE} bytes")
                }
                when {
                    kind == StructKind.PADDING -> Unit
                    kind.isBytes -> fields.add(StructField(kind, code, offset.toInt(), count.toInt(), bigEndian))
                    else -> repeat(count.toInt()) { fields.add(StructField(kind, code, (offset + it * bytes).toInt(), bytes, bigEndian)) }
                }
                offset += count * bytes
            }
            return StructLayout(fields, offset.toInt())
        }
    }
}

/** The kind of a field of a [Struct]; the alignment in native formats is the native size. */
internal enum class StructKind(val nativeBytes: Int = 1, val standardBytes: Int = nativeBytes) {
    PADDING,
    BYTE,
    BOOLEAN,
    SIGNED_8,
    SIGNED_16(2),
    SIGNED_32(4),
    SIGNED_LONG(8, 4),
    SIGNED_64(8),
    UNSIGNED_8,
    UNSIGNED_16(2),
    UNSIGNED_32(4),
    UNSIGNED_LONG(8, 4),
    UNSIGNED_64(8),
    POINTER(8),
    FLOAT(4),
    DOUBLE(8),
    BYTES,
    PASCAL,
    ;

    val isNativeOnly get() = this == POINTER
    val isBytes get() = this == BYTES || this == PASCAL
    val isSigned get() = this in SIGNED_8..SIGNED_64
    val isInteger get() = this in SIGNED_8..POINTER

    companion object {
        private const val CODES = "xc?bhilqBHILQPfdsp"

        fun of(code: Char): StructKind? = entries.getOrNull(CODES.indexOf(code))
    }
}

/** One value of a [Struct]: [bytes] long, [offset] bytes from its beginning. */
internal class StructField(
    private val kind: StructKind,
    private val code: Char,
    val offset: Int,
    val bytes: Int,
    private val bigEndian: Boolean,
) {
    val isInteger get() = kind.isInteger
    val isSigned get() = kind.isSigned
    val isLenient get() = kind == StructKind.BOOLEAN || kind == StructKind.PASCAL

    /** Whether every value is a `Long`. */
    val fitsLong = kind.isInteger && (kind.isSigned || bytes < Long.SIZE_BYTES)

    fun read(data: ByteBuffer, base: Int): Any {
        val at = base + offset
        return when (kind) {
            StructKind.BYTE -> data.get(at)
            StructKind.BOOLEAN -> data.get(at) != 0.toByte()
            StructKind.FLOAT -> Float.fromBits(bits(data, base).toInt())
            StructKind.DOUBLE -> Double.fromBits(bits(data, base))
            StructKind.BYTES -> ByteArray(bytes).also { data.get(at, it) }
            StructKind.PASCAL -> {
                val length = if (bytes == 0) 0 else minOf(data.get(at).toInt() and 0xff, bytes - 1)
                ByteArray(length).also { if (length > 0) data.get(at + 1, it) }
            }
            else -> integer(data, base)
        }
    }

    private fun integer(data: ByteBuffer, base: Int): Any {
        val value = readLong(data, base)
        return when {
            bytes == Long.SIZE_BYTES && !kind.isSigned -> BigInteger(1, bigEndianBytes(value))
            bytes <= 2 || kind == StructKind.SIGNED_32 -> value.toInt()
            else -> value
        }
    }

    /** The value of an integer field; an unsigned one of 8 bytes as its two's complement. */
    fun readLong(data: ByteBuffer, base: Int): Long {
        val raw = bits(data, base)
        return if (kind.isSigned) raw shl unusedBits shr unusedBits else raw
    }

    private fun bits(data: ByteBuffer, base: Int): Long {
        val at = base + offset
        val swap = (data.order() == ByteOrder.BIG_ENDIAN) != bigEndian
        return when (bytes) {
            1 -> data.get(at).toLong() and 0xff
            2 -> data.getShort(at).let { if (swap) java.lang.Short.reverseBytes(it) else it }.toLong() and 0xffff
            4 -> data.getInt(at).let { if (swap) Integer.reverseBytes(it) else it }.toLong() and 0xffffffffL
            else -> data.getLong(at).let { if (swap) java.lang.Long.reverseBytes(it) else it }
        }
    }

    fun writeBits(target: ByteArray, bits: Long): Unit =
        target.putNumber(offset, bits, bytes, if (bigEndian) ByteOrder.BIG_ENDIAN else ByteOrder.LITTLE_ENDIAN)

    /** Writes [value], which is the one at [index] of [struct], to its place in [array]. */
    fun write(array: ByteArray, value: Any, struct: Struct, index: Int) {
        fun wrongType(wanted: String): Nothing =
            throw StructException(struct.format, index, "'$code' takes $wanted, but is given ${value::class.java.name}")
        when {
            kind == StructKind.BYTE -> array[offset] = value as? Byte ?: wrongType("a Byte")
            kind == StructKind.BOOLEAN -> array[offset] = if (value as? Boolean ?: wrongType("a Boolean")) 1 else 0
            kind == StructKind.FLOAT -> {
                val number = value as? Number ?: wrongType("a number")
                val float = number.toFloat()
                if (float.isInfinite() && !number.toDouble().isInfinite()) {
                    throw StructException(struct.format, index, "$value is too large for 'f'")
                }
                writeBits(array, float.toRawBits().toLong())
            }
            kind == StructKind.DOUBLE -> writeBits(array, (value as? Number ?: wrongType("a number")).toDouble().toRawBits())
            kind == StructKind.BYTES -> {
                val data = value as? ByteArray ?: wrongType("a ByteArray")
                data.copyInto(array, offset, 0, minOf(data.size, bytes))
            }
            kind == StructKind.PASCAL -> writePascal(array, value as? ByteArray ?: wrongType("a ByteArray"))
            value is Int || value is Long || value is Short || value is Byte -> {
                val number = (value as Number).toLong()
                if (!holds(number)) outOfRange(value, struct, index)
                writeBits(array, number)
            }
            else -> {
                val number = integerOf(value) ?: wrongType("an integer")
                if (number !in range) outOfRange(value, struct, index)
                writeBits(array, number.toLong())
            }
        }
    }

    /** Whether this integer field has a place for [number]. */
    fun holds(number: Long): Boolean {
        val shifted = number shl unusedBits
        return if (kind.isSigned) shifted shr unusedBits == number else number >= 0 && shifted ushr unusedBits == number
    }

    private val unusedBits get() = Long.SIZE_BITS - bytes * Byte.SIZE_BITS

    private fun writePascal(array: ByteArray, data: ByteArray) {
        if (bytes == 0) return
        val length = minOf(data.size, bytes - 1)
        array[offset] = minOf(length, 255).toByte()
        data.copyInto(array, offset + 1, 0, length)
    }

    private fun outOfRange(value: Any, struct: Struct, index: Int): Nothing =
        throw StructException(struct.format, index, "'$code' takes ${range.start} to ${range.endInclusive}, but is given $value")

    private val range: ClosedRange<BigInteger>
        get() {
            val width = bytes * Byte.SIZE_BITS
            val low = if (kind.isSigned) BigInteger.ONE.shiftLeft(width - 1).negate() else BigInteger.ZERO
            return low..BigInteger.ONE.shiftLeft(if (kind.isSigned) width - 1 else width) - BigInteger.ONE
        }

    private fun integerOf(value: Any): BigInteger? = when (value) {
        is BigInteger -> value
        is UByte, is UShort, is UInt, is ULong -> BigInteger(value.toString())
        else -> null
    }

    private fun bigEndianBytes(value: Long) = ByteArray(Long.SIZE_BYTES) { (value ushr (7 - it) * Byte.SIZE_BITS).toByte() }
}
