// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import java.math.BigDecimal
import java.time.DateTimeException
import java.time.Duration
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime

/** Dates, times, durations and decimals: the values whose parts have ranges of their own. */
internal object Temporal {
    fun of(tag: Bytes, list: BananaList): Any = try {
        if (tag == Tags.DECIMAL) decimal(list) else fromNumbers(tag, numbers(list))
    } catch (e: DateTimeException) {
        throw ProtocolViolationException("A value of type \"$tag\" is out of its range.", e)
    } catch (e: ArithmeticException) {
        throw ProtocolViolationException("A value of type \"$tag\" is out of its range.", e)
    }

    private fun fromNumbers(tag: Bytes, n: IntArray): Any {
        fun at(index: Int) = n.getOrElse(index) { 0 }

        fun time(from: Int) = LocalTime.of(at(from), at(from + 1), at(from + 2), nanos(at(from + 3)))
        return when (tag) {
            Tags.DATETIME -> {
                if (n.size !in DATE_PARTS..DATE_PARTS + TIME_PARTS) malformed()
                LocalDateTime.of(date(n), time(DATE_PARTS))
            }
            Tags.DATE -> {
                if (n.size != DATE_PARTS) malformed()
                date(n)
            }
            Tags.TIME -> {
                if (n.size > TIME_PARTS) malformed()
                time(0)
            }
            else -> {
                if (n.size != DATE_PARTS) malformed()
                timedelta(n)
            }
        }
    }

    private fun date(n: IntArray): LocalDate {
        if (n[0] !in 1..Jellier.MOST_YEAR) malformed()
        return LocalDate.of(n[0], n[1], n[2])
    }

    private fun timedelta(n: IntArray): Duration {
        val (days, seconds, micros) = n
        val duration = Duration.ofDays(days.toLong()).plusSeconds(seconds.toLong()).plusNanos(micros * Jellier.NANOS_OF_MICRO)
        val wholeDays = Math.floorDiv(duration.seconds, Jellier.SECONDS_OF_DAY)
        if (wholeDays !in -Jellier.MOST_DAYS..Jellier.MOST_DAYS) malformed()
        return duration
    }

    private fun nanos(micros: Int): Int {
        if (micros !in 0 until MICROS) malformed()
        return micros * Jellier.NANOS_OF_MICRO.toInt()
    }

    private fun decimal(list: BananaList): BigDecimal {
        val unscaled = list.elements.getOrNull(1) as? BananaInteger
        val exponent = list.elements.getOrNull(2) as? BananaInteger
        if (list.size != DATE_PARTS || unscaled == null || exponent == null) malformed()
        return BigDecimal(unscaled.toBigInteger(), Math.toIntExact(Math.negateExact(exponent.toLong())))
    }

    private fun numbers(list: BananaList): IntArray {
        val text = list.elements.getOrNull(1) as? Bytes
        if (list.size != 2 || text == null || text.size > LONGEST) malformed()
        return try {
            text.utf8().split(' ').filter(String::isNotEmpty).map(String::toInt).toIntArray()
        } catch (e: NumberFormatException) {
            throw ProtocolViolationException("A date, time or duration is made of no numbers.", e)
        }
    }

    private fun malformed(): Nothing =
        throw ProtocolViolationException("A date, time, duration or decimal has not the parts that it should.")

    private const val DATE_PARTS = 3
    private const val TIME_PARTS = 4
    private const val MICROS = 1_000_000
    private const val LONGEST = 100
}
