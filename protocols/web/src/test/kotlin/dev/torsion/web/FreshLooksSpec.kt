// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.file.Path
import java.time.Duration
import java.time.Instant

/** States of files that were found lately, as long as they count. */
class FreshLooksSpec :
    FunSpec({
        var now = 0L
        val state = FileState("key", 3, Instant.EPOCH, Instant.EPOCH, isFile = true, isFolder = false)
        val file = FoundFile(Path.of("a"), state, "text/plain", null, isOfSeveral = false, { error("$it is not opened") })

        test("a look counts from the moment on in which it was asked for") {
            val looks = FreshLooks<String>(Duration.ofNanos(10)) { now }
            val asked = looks.now()
            now += 3
            looks.add("a", file, asked)
            looks.find("a") shouldBe file
            looks.find("b") shouldBe null
            now += 6
            looks.find("a") shouldBe file
            now += 1
            looks.find("a") shouldBe null
            looks.size shouldBe 0
            looks.add("a", file, asked) // it took longer than it counts
            looks.size shouldBe 0
        }

        test("without an age none counts, and the longest age has no end") {
            val none = FreshLooks<String>(Duration.ZERO) { now }
            none.add("a", file, none.now())
            none.find("a") shouldBe null
            val long = FreshLooks<String>(Duration.ofSeconds(Long.MAX_VALUE)) { now }
            long.add("a", file, long.now())
            now += Duration.ofDays(10_000).toNanos()
            long.find("a") shouldBe file
        }

        test("those that count no more go with the next one, and the oldest when there are too many") {
            val looks = FreshLooks<Int>(Duration.ofNanos(10)) { now }
            for (i in 1..5) looks.add(i, file, looks.now())
            now += 9
            looks.add(1, file, looks.now())
            now += 1
            looks.add(6, file, looks.now())
            looks.size shouldBe 2
            for (i in 1..2 * FreshLooks.MOST) looks.add(i, file, looks.now())
            looks.size shouldBe FreshLooks.MOST
            looks.find(FreshLooks.MOST) shouldBe null
            looks.find(FreshLooks.MOST + 1) shouldBe file
        }
    })
