// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.time.temporal.ChronoUnit

class DurationTextSpec :
    StringSpec({
        "times as people write them" {
            val cases =
                mapOf(
                    Duration.ZERO to "0 s",
                    Duration.ofNanos(7) to "7 ns",
                    Duration.ofNanos(1_500) to "1.5 µs",
                    Duration.ofMillis(1) to "1 ms",
                    Duration.ofNanos(999_999_999) to "1 s",
                    Duration.ofMillis(350) to "350 ms",
                    Duration.ofMillis(1_983) to "1.98 s",
                    Duration.ofSeconds(10) to "10 s",
                    Duration.ofMillis(59_999) to "1 min",
                    Duration.ofSeconds(60) to "1 min",
                    Duration.ofSeconds(125) to "2 min 5 s",
                    Duration.ofMinutes(60) to "1 h",
                    Duration.ofMinutes(61) to "1 h 1 min",
                    Duration.ofHours(98) to "4 d 2 h",
                    Duration.ofMillis(-1_983) to "-1.98 s",
                )
            cases.mapValues { (time, _) -> readable(time) } shouldBe cases
        }

        "the longest time there is, and the shortest" {
            readable(ChronoUnit.FOREVER.duration) shouldBe "106751991167300 d 15 h"
            readable(Duration.ofSeconds(Long.MIN_VALUE)) shouldBe "-106751991167300 d 15 h"
        }
    })
