// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

import dev.torsion.net.ProtocolViolationException
import java.math.BigInteger
import java.nio.ByteBuffer

/*
 * The bytes, and the decoder's action for each:
 *
 *   digits*  type byte         digits: base 128, the lowest first, below 0x80; the type byte is 0x80 or above
 *   -------  ----------------  ----------------------------------------------------------------------------------
 *   count    80 LIST           opens a list of that many elements; it closes with the last of them
 *   number   81 INT 85 LONGINT the number
 *   number   83 NEG 86 LONGNEG minus the number
 *   length   82 STRING         reads that many bytes
 *   (any)    84 FLOAT          reads 8 bytes, big-endian
 *   index    87 VOCAB          the word of that number, in dialect pb only
 */

/**
 * Reads Banana: bytes in, elements out, with no socket; the receiving half of Twisted's `Banana`.
 *
 * Bytes may come in any pieces. Between them it keeps at most one element within its [limits]. A string's memory grows with the bytes that
 * have come, not with those that were announced. After a violation it takes nothing more.
 *
 * Not thread-safe.
 */
public class BananaDecoder
@JvmOverloads
constructor(private val limits: BananaLimits = BananaLimits.DEFAULT) {
    /** Whether numbers of the vocabulary are understood; change it between two elements. */
    public var dialect: BananaDialect = BananaDialect.NONE

    private val digits = ByteArray(limits.maxPrefix)
    private var digitCount = 0
    private var low = 0L // the number that the first nine digits make
    private var isLarge = false // whether digits behind those count

    private var body: ByteArray? = null
    private var bodyLength = 0
    private var bodyFilled = 0
    private var bodyIsFloat = false

    private val open = ArrayList<OpenList>()
    private var elementCount = 0
    private var byteCount = 0L
    private var violation: ProtocolViolationException? = null

    private class OpenList(val size: Int) {
        val items = ArrayList<BananaElement>(minOf(size, FIRST_ROOM))
    }

    /** Whether an element has begun and is not complete: the end of the input here cuts it short. */
    public val isInsideElement: Boolean get() = digitCount > 0 || body != null || open.isNotEmpty()

    /**
     * The next element, or null when [input] is at its end before that is complete; then feed the bytes that follow. The bytes behind the
     * element stay in [input].
     *
     * @throws ProtocolViolationException when the bytes are no element, or one that is over the limits; and again at every later call
     */
    public fun decode(input: ByteBuffer): BananaElement? {
        violation?.let { throw it }
        try {
            return read(input)
        } catch (e: ProtocolViolationException) {
            violation = e
            body = null
            open.clear()
            throw e
        }
    }

    private fun read(input: ByteBuffer): BananaElement? {
        while (true) {
            val element: BananaElement
            if (body != null) {
                element = fillBody(input) ?: return null
            } else {
                if (!input.hasRemaining()) return null
                val byte = input.get().toInt()
                if (byte >= 0) {
                    addDigit(byte)
                    continue
                }
                element = typeByte(byte and 0xFF) ?: continue
            }
            return complete(element) ?: continue
        }
    }

    private fun addDigit(digit: Int) {
        if (digitCount == limits.maxPrefix) {
            throw ProtocolViolationException("The number before a type has more than the ${limits.maxPrefix} bytes that are allowed.")
        }
        digits[digitCount] = digit.toByte()
        if (digitCount < LONG_DIGITS) {
            low = low or (digit.toLong() shl DIGIT_BITS * digitCount)
        } else if (digit != 0) {
            isLarge = true
        }
        digitCount++
    }

    /** The element that the type byte completes, or null when more has to come. */
    private fun typeByte(type: Int): BananaElement? {
        val element: BananaElement? =
            when (type) {
                Types.LIST -> openList()
                Types.STRING -> openString()
                Types.INT, Types.LONG_INT -> integer(false)
                Types.NEG, Types.LONG_NEG -> integer(true)
                Types.FLOAT -> openFloat()
                Types.VOCAB -> word()
                else -> throw ProtocolViolationException("There is no type 0x${type.toString(16)} in Banana.")
            }
        digitCount = 0
        low = 0
        isLarge = false
        return element
    }

    private fun integer(negative: Boolean): BananaElement {
        if (!isLarge) return BananaInteger.of(if (negative) -low else low)
        var number = BigInteger.ZERO
        // Groups of nine digits, so that the work is small whatever the limit.
        var from = (digitCount - 1) / LONG_DIGITS * LONG_DIGITS
        while (from >= 0) {
            var group = 0L
            for (i in minOf(from + LONG_DIGITS, digitCount) - 1 downTo from) group = group shl DIGIT_BITS or digits[i].toLong()
            number = number.shiftLeft(DIGIT_BITS * LONG_DIGITS).or(BigInteger.valueOf(group))
            from -= LONG_DIGITS
        }
        return BananaInteger.of(if (negative) number.negate() else number)
    }

    private fun openList(): BananaElement? {
        val size = checkedSize("list")
        if (open.size == limits.maxDepth) {
            throw ProtocolViolationException("Lists stand deeper in each other than the ${limits.maxDepth} that are allowed.")
        }
        if (size > limits.maxElements - elementCount) tooManyElements()
        if (size == 0) return BananaList(emptyList())
        open.add(OpenList(size))
        return null
    }

    private fun openString(): BananaElement? {
        bodyLength = checkedSize("string")
        byteCount += bodyLength
        if (byteCount > limits.maxBytes) {
            throw ProtocolViolationException("The strings of an element have more than ${limits.maxBytes} bytes together, the limit.")
        }
        if (bodyLength == 0) return Bytes.EMPTY
        bodyIsFloat = false
        bodyFilled = 0
        body = ByteArray(minOf(bodyLength, FIRST_BODY))
        return null
    }

    private fun openFloat(): BananaElement? {
        bodyLength = Double.SIZE_BYTES
        bodyIsFloat = true
        bodyFilled = 0
        body = ByteArray(bodyLength)
        return null
    }

    private fun checkedSize(what: String): Int {
        if (isLarge || low > limits.maxSize) {
            val size = if (isLarge) "2^63 or more" else "$low"
            throw ProtocolViolationException("A $what of $size is over the limit of ${limits.maxSize}.")
        }
        return low.toInt()
    }

    private fun word(): BananaElement {
        if (dialect != BananaDialect.PB) {
            throw ProtocolViolationException("A number of the vocabulary came, but dialect pb was not agreed on.")
        }
        return (if (isLarge) null else Vocabulary.word(low)) ?: throw ProtocolViolationException("The vocabulary has no such number.")
    }

    private fun fillBody(input: ByteBuffer): BananaElement? {
        var target = body!!
        val take = minOf(input.remaining(), bodyLength - bodyFilled)
        if (bodyFilled + take > target.size) {
            target = target.copyOf(minOf(bodyLength, maxOf(bodyFilled + take, target.size * 2)))
            body = target
        }
        input.get(target, bodyFilled, take)
        bodyFilled += take
        if (bodyFilled < bodyLength) return null
        body = null
        return if (bodyIsFloat) BananaFloat(ByteBuffer.wrap(target).double) else Bytes(target, Unit)
    }

    /** Puts [element] where it belongs; gives the outermost one when that is complete with it. */
    private fun complete(element: BananaElement): BananaElement? {
        var done = element
        while (true) {
            if (++elementCount > limits.maxElements) tooManyElements()
            val list = open.lastOrNull() ?: break
            list.items.add(done)
            if (list.items.size < list.size) return null
            open.removeAt(open.lastIndex)
            done = BananaList.owning(list.items)
        }
        elementCount = 0
        byteCount = 0
        return done
    }

    private fun tooManyElements(): Nothing =
        throw ProtocolViolationException("An element has more than the ${limits.maxElements} elements that are allowed in it.")

    private companion object {
        const val DIGIT_BITS = 7
        const val LONG_DIGITS = 9
        const val FIRST_ROOM = 16
        const val FIRST_BODY = 4096
    }
}

/** The type bytes. */
internal object Types {
    const val LIST = 0x80
    const val INT = 0x81
    const val STRING = 0x82
    const val NEG = 0x83
    const val FLOAT = 0x84
    const val LONG_INT = 0x85
    const val LONG_NEG = 0x86
    const val VOCAB = 0x87
}
