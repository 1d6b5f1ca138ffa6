// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.Locale

/** Times in fields (RFC 9110 5.6.7). */
class HttpDateSpec :
    FunSpec({
        val time = Instant.parse("1994-11-06T08:49:37Z")

        test("the examples of the RFC: the form of today, and the two of old") {
            for (text in listOf("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994")) {
                withClue(text) { HttpDate.parse(text) shouldBe time }
            }
            HttpDate.parse("Wed Nov 16 08:49:37 1994") shouldBe Instant.parse("1994-11-16T08:49:37Z")
            HttpDate.format(time) shouldBe "Sun, 06 Nov 1994 08:49:37 GMT"
        }

        test("a year of two digits is one of the last 50 or of the next ones") {
            val form = DateTimeFormatter.ofPattern("EEEE, dd-MMM-yy", Locale.ENGLISH)
            for (years in listOf(-49L, -1, 0, 1, 49)) {
                val day = LocalDate.now(ZoneOffset.UTC).plusYears(years)
                withClue(day) { HttpDate.parse("${form.format(day)} 00:00:00 GMT") shouldBe day.atStartOfDay().toInstant(ZoneOffset.UTC) }
            }
        }

        test("what is no time is none") {
            for (text in listOf(
                "", "S", "Sun", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT",
                "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
                "Sun Nov 6 08:49:37 1994",
                "Sun Nov 06 08:49:37 1994 GMT", "784111777", "0",
            )) {
                withClue(text) { HttpDate.parse(text) shouldBe null }
            }
        }
    })
