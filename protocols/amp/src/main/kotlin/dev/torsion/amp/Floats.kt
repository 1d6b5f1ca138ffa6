// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import java.math.BigDecimal
import java.math.MathContext
import java.math.RoundingMode

/**
 * Floating-point numbers as Python's `repr` prints them: as few digits as say which number it is, and of those the nearest. The JDK's own
 * text has the right digits from 19 on only, and two at least.
 */
internal object Floats {
    private const val MOST_PLAIN = 1e15
    private const val LEAST_EXPONENT = -4
    private const val MOST_EXPONENT = 16
    private const val EXPONENT_DIGITS = 2
    private val NUMBER = Regex("[+-]?(?:[0-9]++(?:\\.[0-9]*+)?|\\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
    private val SPECIAL = Regex("([+-]?)(?:(inf|infinity)|nan)", RegexOption.IGNORE_CASE)

    fun encode(number: Double): ByteArray = repr(number).encodeToByteArray()

    fun repr(number: Double): String = when {
        number.isNaN() -> "nan"
        number.isInfinite() -> if (number > 0) "inf" else "-inf"
        number == 0.0 -> if (1 / number > 0) "0.0" else "-0.0"
        number == Math.rint(number) && Math.abs(number) < MOST_PLAIN -> "${number.toLong()}.0"
        else -> (if (number < 0) "-" else "") + positive(Math.abs(number))
    }

    private fun positive(number: Double): String {
        val shortest = shortest(number)
        val digits = shortest.unscaledValue().toString().trimEnd('0')
        val exponent = shortest.precision() - shortest.scale() - 1
        if (exponent < LEAST_EXPONENT || exponent >= MOST_EXPONENT) {
            val rest = digits.drop(1)
            val sign = if (exponent < 0) '-' else '+'
            return digits.take(1) + (if (rest.isEmpty()) "" else ".$rest") + "e" + sign +
                Math.abs(exponent).toString().padStart(EXPONENT_DIGITS, '0')
        }
        return when {
            exponent < 0 -> "0." + "0".repeat(-exponent - 1) + digits
            digits.length <= exponent + 1 -> digits.padEnd(exponent + 1, '0') + ".0"
            else -> digits.substring(0, exponent + 1) + "." + digits.substring(exponent + 1)
        }
    }

    private fun shortest(number: Double): BigDecimal {
        val exact = BigDecimal(number)
        var length = BigDecimal(number.toString()).stripTrailingZeros().precision()
        var best = nearest(exact, number, length) ?: BigDecimal(number.toString())
        while (length > 1) best = nearest(exact, number, --length) ?: return best
        return best
    }

    /** The nearest with [length] digits that still is [number], or null. */
    private fun nearest(exact: BigDecimal, number: Double, length: Int): BigDecimal? {
        val even = exact.round(MathContext(length, RoundingMode.HALF_EVEN))
        if (even.toDouble() == number) return even
        // At a power of two the numbers below are nearer than those above, so the other side may have one.
        val up = exact.round(MathContext(length, RoundingMode.UP))
        if (up.toDouble() == number) return up
        val down = exact.round(MathContext(length, RoundingMode.DOWN))
        return down.takeIf { it.toDouble() == number }
    }

    fun decode(bytes: ByteArray): Double {
        val text = ascii(bytes)
        SPECIAL.matchEntire(text)?.let { special ->
            if (special.groupValues[2].isEmpty()) return Double.NaN
            return if (special.groupValues[1] == "-") Double.NEGATIVE_INFINITY else Double.POSITIVE_INFINITY
        }
        if (!NUMBER.matches(text)) refuse("it is no number")
        return text.toDouble()
    }
}
