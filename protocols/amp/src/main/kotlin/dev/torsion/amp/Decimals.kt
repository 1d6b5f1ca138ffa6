// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import java.math.BigDecimal
import java.math.BigInteger

internal object BigIntegerType : AmpType<BigInteger>("Integer") {
    // Of an integer with more bits than this only its digits can say whether there are too many.
    private const val BITS_OF_FEWER_DIGITS = 14_284

    override fun encode(value: BigInteger): ByteArray {
        if (value.bitLength() > BITS_OF_FEWER_DIGITS + 1) tooLong()
        val digits = value.toString()
        if (digits.length - (if (value.signum() < 0) 1 else 0) > Decimals.MOST_DIGITS) tooLong()
        return digits.encodeToByteArray()
    }

    override fun decode(bytes: ByteArray): BigInteger = BigInteger(Decimals.integer(bytes))

    private fun tooLong(): Nothing = refuse("it has more than ${Decimals.MOST_DIGITS} digits")
}

/** Numbers by their decimal digits. */
internal object Decimals {
    /** To read more takes a time that grows with their square; Python has the same limit. */
    const val MOST_DIGITS = 4_300
    private const val MOST_EXPONENT = 999_999
    private const val SAFE_DIGITS = 18
    private const val TEN = 10
    private val DECIMAL = Regex("[+-]?(?:[0-9]++(?:\\.[0-9]*+)?|\\.[0-9]++)(?:[eE]([+-]?[0-9]{1,10}+))?")

    fun digits(number: Long): ByteArray = number.toString().encodeToByteArray()

    /** The digits of an integer, when the bytes are such. Python would also take spaces around and `_` in them, and sends neither. */
    fun integer(bytes: ByteArray): String {
        val from = if (bytes.isNotEmpty() && (bytes[0] == PLUS || bytes[0] == MINUS)) 1 else 0
        if (bytes.size == from || bytes.size - from > MOST_DIGITS) {
            refuse(if (bytes.size == from) "it has no digits" else "it has more than $MOST_DIGITS digits")
        }
        for (i in from until bytes.size) if (bytes[i] !in ZERO..NINE) refuse("it has other characters than digits")
        return ascii(bytes)
    }

    fun long(bytes: ByteArray, least: Long, most: Long): Long {
        if (bytes.size > SAFE_DIGITS) return wide(bytes, least, most)
        val from = if (bytes.isNotEmpty() && (bytes[0] == PLUS || bytes[0] == MINUS)) 1 else 0
        if (bytes.size == from) refuse("it has no digits")
        var number = 0L
        for (i in from until bytes.size) {
            if (bytes[i] !in ZERO..NINE) refuse("it has other characters than digits")
            number = number * TEN + (bytes[i] - ZERO)
        }
        if (bytes[0] == MINUS) number = -number
        if (number < least || number > most) refuse("it does not fit")
        return number
    }

    private fun wide(bytes: ByteArray, least: Long, most: Long): Long {
        val number = BigInteger(integer(bytes))
        if (number < BigInteger.valueOf(least) || number > BigInteger.valueOf(most)) refuse("it does not fit")
        return number.toLong()
    }

    fun encode(number: BigDecimal): ByteArray {
        check(number)
        return number.toString().encodeToByteArray()
    }

    fun decode(bytes: ByteArray): BigDecimal {
        if (bytes.size > MOST_DIGITS + ROOM) refuse("it has more than $MOST_DIGITS digits")
        val text = ascii(bytes)
        val parts = DECIMAL.matchEntire(text) ?: refuse("it is no decimal number, or one that is not finite")
        val exponent = parts.groupValues[1]
        if (exponent.isNotEmpty() && exponent.toLong() !in -MOST_EXPONENT - MOST_DIGITS..MOST_EXPONENT.toLong()) tooFar()
        return BigDecimal(text).also(::check)
    }

    private fun check(number: BigDecimal) {
        if (number.unscaledValue().bitLength() > MOST_BITS ||
            number.precision() > MOST_DIGITS
        ) {
            refuse("it has more than $MOST_DIGITS digits")
        }
        val exponent = -number.scale().toLong()
        if (exponent < -MOST_EXPONENT - MOST_DIGITS || exponent > MOST_EXPONENT) tooFar()
    }

    private fun tooFar(): Nothing = refuse("its exponent is beyond $MOST_EXPONENT")

    private const val ROOM = 16
    private const val MOST_BITS = 14_300
    private const val PLUS = '+'.code.toByte()
    private const val MINUS = '-'.code.toByte()
    private const val ZERO = '0'.code.toByte()
    private const val NINE = '9'.code.toByte()
}
