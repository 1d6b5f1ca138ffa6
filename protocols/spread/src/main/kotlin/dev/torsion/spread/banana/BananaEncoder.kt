// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

import java.math.BigInteger

/**
 * Writes Banana: elements in, bytes out, with no socket; the sending half of Twisted's `Banana`, byte for byte.
 *
 * Not thread-safe.
 */
public class BananaEncoder
@JvmOverloads
constructor(private val limits: BananaLimits = BananaLimits.DEFAULT) {
    private var buffer = ByteArray(FIRST_ROOM)
    private var size = 0
    private var elementCount = 0
    private var byteCount = 0L

    /**
     * The bytes of [element].
     *
     * @throws UnsendableValueException when it is over the limits
     */
    @JvmOverloads
    public fun encode(element: BananaElement, dialect: BananaDialect = BananaDialect.NONE): ByteArray {
        size = 0
        elementCount = 0
        byteCount = 0
        write(element, dialect == BananaDialect.PB, 0)
        val bytes = buffer.copyOf(size)
        if (buffer.size > KEPT_ROOM) buffer = ByteArray(FIRST_ROOM)
        return bytes
    }

    private fun write(element: BananaElement, vocabulary: Boolean, depth: Int) {
        if (++elementCount > limits.maxElements) refuse("It has more than the ${limits.maxElements} elements that are allowed.")
        when (element) {
            is BananaInteger -> writeInteger(element)
            is BananaFloat -> writeFloat(element.value)
            is Bytes -> writeBytes(element, vocabulary)
            is BananaList -> {
                if (depth == limits.maxDepth) refuse("Its lists stand deeper in each other than the ${limits.maxDepth} that are allowed.")
                if (element.size > limits.maxSize) refuse("It has a list of ${element.size}, which is over the limit of ${limits.maxSize}.")
                writePrefix(element.size.toLong())
                writeType(Types.LIST)
                for (i in 0 until element.size) write(element[i], vocabulary, depth + 1)
            }
        }
    }

    private fun writeInteger(element: BananaInteger) {
        if (!element.isLong || element.toLong() == Long.MIN_VALUE) return writeLarge(element.toBigInteger())
        val number = element.toLong()
        writePrefix(if (number < 0) -number else number)
        writeType(
            when {
                number < Int.MIN_VALUE -> Types.LONG_NEG
                number < 0 -> Types.NEG
                number <= Int.MAX_VALUE -> Types.INT
                else -> Types.LONG_INT
            },
        )
    }

    private fun writeLarge(number: BigInteger) {
        val positive = number.abs()
        val digits = (positive.bitLength() + DIGIT_BITS - 1) / DIGIT_BITS
        if (digits > limits.maxPrefix) refuse("It has an integer of more than ${limits.maxPrefix * DIGIT_BITS} bits, which is the limit.")
        ensure(digits)
        var rest = positive
        repeat(digits) {
            buffer[size++] = (rest.toInt() and DIGIT).toByte()
            rest = rest.shiftRight(DIGIT_BITS)
        }
        writeType(if (number.signum() < 0) Types.LONG_NEG else Types.LONG_INT)
    }

    private fun writeFloat(number: Double) {
        writeType(Types.FLOAT)
        ensure(Double.SIZE_BYTES)
        val bits = number.toRawBits()
        for (shift in Long.SIZE_BITS - Byte.SIZE_BITS downTo 0 step Byte.SIZE_BITS) buffer[size++] = (bits shr shift).toByte()
    }

    private fun writeBytes(bytes: Bytes, vocabulary: Boolean) {
        val number = if (vocabulary) Vocabulary.number(bytes) else 0
        if (number != 0) {
            writePrefix(number.toLong())
            return writeType(Types.VOCAB)
        }
        if (bytes.size > limits.maxSize) {
            refuse("It has a string of ${bytes.size} bytes, which is over the limit of ${limits.maxSize}: send it in pages.")
        }
        byteCount += bytes.size
        if (byteCount > limits.maxBytes) refuse("Its strings have more than the ${limits.maxBytes} bytes that are allowed together.")
        writePrefix(bytes.size.toLong())
        writeType(Types.STRING)
        ensure(bytes.size)
        bytes.raw().copyInto(buffer, size)
        size += bytes.size
    }

    private fun writePrefix(number: Long) {
        ensure(LONGEST_PREFIX)
        var rest = number
        do {
            buffer[size++] = (rest.toInt() and DIGIT).toByte()
            rest = rest ushr DIGIT_BITS
        } while (rest != 0L)
    }

    private fun writeType(type: Int) {
        ensure(1)
        buffer[size++] = type.toByte()
    }

    private fun ensure(more: Int) {
        if (size + more > buffer.size) buffer = buffer.copyOf(maxOf(buffer.size * 2, size + more))
    }

    private fun refuse(why: String): Nothing = throw UnsendableValueException("The value cannot be sent. $why")

    private companion object {
        const val DIGIT_BITS = 7
        const val DIGIT = 0x7F
        const val LONGEST_PREFIX = 10
        const val FIRST_ROOM = 512
        const val KEPT_ROOM = 64 * 1024
    }
}
