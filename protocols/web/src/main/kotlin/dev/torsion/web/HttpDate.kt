// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.DateTimeException
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.time.format.DateTimeFormatterBuilder
import java.time.temporal.ChronoField
import java.util.Locale

/** Times in fields, such as `Sun, 06 Nov 1994 08:49:37 GMT`; the two forms of old are read, and never written (RFC 9110 5.6.7). */
internal object HttpDate {
    private val FORM = formatter(DateTimeFormatterBuilder().appendPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'"))

    /** `Sunday, 06-Nov-94 08:49:37 GMT`; a year of two digits is none that is more than 50 years away. */
    private val RFC_850 by lazy {
        val first = LocalDate.now(ZoneOffset.UTC).minusYears(49)
        formatter(
            DateTimeFormatterBuilder().appendPattern("EEEE, dd-MMM-").appendValueReduced(ChronoField.YEAR, 2, 2, first)
                .appendPattern(" HH:mm:ss 'GMT'"),
        )
    }

    /** `Sun Nov  6 08:49:37 1994`, of C's `asctime`. */
    private val ASCTIME by lazy { formatter(DateTimeFormatterBuilder().appendPattern("EEE MMM ppd HH:mm:ss yyyy")) }

    fun format(time: Instant): String = FORM.format(time)

    /** Null when [text] is no time. */
    fun parse(text: String): Instant? = when {
        text.length <= COMMA -> null
        text[COMMA] == ',' -> parse(text, FORM)
        ',' in text -> parse(text, RFC_850)
        else -> parse(text, ASCTIME)
    }

    private fun parse(text: String, form: DateTimeFormatter): Instant? = try {
        Instant.from(form.parse(text))
    } catch (_: DateTimeException) {
        null
    }

    private fun formatter(form: DateTimeFormatterBuilder) = form.toFormatter(Locale.ENGLISH).withZone(ZoneOffset.UTC)

    private const val COMMA = 3
}
