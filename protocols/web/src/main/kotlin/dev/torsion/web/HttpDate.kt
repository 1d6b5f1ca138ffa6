// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.DateTimeException
import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.Locale

/** Times in fields, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7). The two forms of old are not understood. */
internal object HttpDate {
    private val FORM = DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH).withZone(ZoneOffset.UTC)

    fun format(time: Instant): String = FORM.format(time)

    /** Null when [text] is no time. */
    fun parse(text: String): Instant? = try {
        Instant.from(FORM.parse(text))
    } catch (_: DateTimeException) {
        null
    }
}
