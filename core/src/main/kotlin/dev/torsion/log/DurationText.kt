// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("DurationText")

package dev.torsion.log

import java.math.BigDecimal
import java.math.MathContext
import java.math.RoundingMode
import java.time.Duration

/**
 * [time] as people write it, for a log: `350 ms`, `1.98 s`, `2 min 5 s`, `3 h`, `4 d 2 h`. It has three digits or two units, so it is
 * rounded. A negative time begins with `-`.
 *
 * Thread: any. It throws nothing.
 */
public fun readable(time: Duration): String = when {
    time.isZero -> "0 s"
    time.isNegative -> "-" + positive(if (time.seconds == Long.MIN_VALUE) LONGEST else time.negated())
    else -> positive(time)
}

private val LONGEST = Duration.ofSeconds(Long.MAX_VALUE)

private fun positive(time: Duration): String {
    val seconds = BigDecimal.valueOf(time.seconds).add(BigDecimal.valueOf(time.nano.toLong(), NANO_DIGITS))
    for ((unit, perSecond) in SMALL_UNITS) {
        val shown = seconds.multiply(perSecond).round(MathContext(DIGITS, RoundingMode.HALF_UP))
        if (shown < if (unit == "s") MINUTE else THOUSAND) return "${shown.stripTrailingZeros().toPlainString()} $unit"
    }
    val whole = seconds.setScale(0, RoundingMode.HALF_UP).min(MOST_SECONDS).toLong()
    return when {
        whole < HOUR_SECONDS -> parts(whole, MINUTE_SECONDS, "min", 1, "s")
        whole < DAY_SECONDS -> parts(whole, HOUR_SECONDS, "h", MINUTE_SECONDS, "min")
        else -> parts(whole, DAY_SECONDS, "d", HOUR_SECONDS, "h")
    }
}

private fun parts(seconds: Long, large: Long, largeUnit: String, small: Long, smallUnit: String): String {
    val rest = seconds % large / small
    return "${seconds / large} $largeUnit" + if (rest > 0) " $rest $smallUnit" else ""
}

private const val DIGITS = 3
private const val NANO_DIGITS = 9
private const val MINUTE_SECONDS = 60L
private const val HOUR_SECONDS = 3600L
private const val DAY_SECONDS = 86_400L
private val MOST_SECONDS = BigDecimal(Long.MAX_VALUE)
private val MINUTE = BigDecimal(MINUTE_SECONDS)
private val THOUSAND = BigDecimal(1000)
private val SMALL_UNITS =
    listOf("ns" to BigDecimal("1E9"), "µs" to BigDecimal("1E6"), "ms" to BigDecimal(1000), "s" to BigDecimal.ONE)
