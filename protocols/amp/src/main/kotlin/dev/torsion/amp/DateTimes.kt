// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import java.time.DateTimeException
import java.time.OffsetDateTime
import java.time.ZoneOffset

/** `2024-01-02T03:04:05.000006-00:00`: always 32 characters. UTC has a minus, as in Twisted. */
internal object DateTimes {
    private const val LENGTH_OF_ALL = 32
    private const val PATTERN = "dddd-dd-ddTdd:dd:dd.ddddddsdd:dd"
    private const val NANOS = 1000
    private const val MINUTE = 60
    private const val MOST_MINUTES = 18 * 60

    fun encode(time: OffsetDateTime): ByteArray {
        if (time.year !in 1..9999) refuse("its year is not one of 1 to 9999")
        val offset = time.offset.totalSeconds
        if (offset % MINUTE != 0) refuse("the offset of its zone has seconds")
        val minutes = Math.abs(offset / MINUTE)
        val out = StringBuilder(LENGTH_OF_ALL)
        out.digits(time.year, 4).append('-').digits(time.monthValue, 2).append('-').digits(time.dayOfMonth, 2).append('T')
        out.digits(time.hour, 2).append(':').digits(time.minute, 2).append(':').digits(time.second, 2)
        out.append('.').digits(time.nano / NANOS, 6)
        out.append(if (offset > 0) '+' else '-').digits(minutes / MINUTE, 2).append(':').digits(minutes % MINUTE, 2)
        return out.toString().encodeToByteArray()
    }

    private fun StringBuilder.digits(number: Int, width: Int): StringBuilder {
        val digits = number.toString()
        repeat(width - digits.length) { append('0') }
        return append(digits)
    }

    fun decode(bytes: ByteArray): OffsetDateTime {
        if (bytes.size != LENGTH_OF_ALL) refuse("it has not 32 characters")
        val text = ascii(bytes)
        for (i in text.indices) {
            val fits =
                when (PATTERN[i]) {
                    'd' -> text[i] in '0'..'9'
                    's' -> text[i] == '+' || text[i] == '-'
                    else -> text[i] == PATTERN[i]
                }
            if (!fits) refuse("it is no date and time")
        }

        fun number(from: Int, until: Int) = text.substring(from, until).toInt()
        val minutes = number(27, 29) * MINUTE + number(30, 32)
        if (minutes > MOST_MINUTES || number(30, 32) >= MINUTE) refuse("the offset of its zone is none")
        val zone = ZoneOffset.ofTotalSeconds((if (text[26] == '-') -minutes else minutes) * MINUTE)
        if (number(0, 4) == 0) refuse("its year is not one of 1 to 9999")
        return try {
            OffsetDateTime.of(
                number(0, 4),
                number(5, 7),
                number(8, 10),
                number(11, 13),
                number(14, 16),
                number(17, 19),
                number(20, 26) * NANOS,
                zone,
            )
        } catch (e: DateTimeException) {
            refuse("there is no such date and time", e)
        }
    }
}
