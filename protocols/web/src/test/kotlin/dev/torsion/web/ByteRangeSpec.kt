// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** RFC 9110 14.1.2 and 14.2. */
class ByteRangeSpec :
    FunSpec({
        fun parts(value: String, size: Long) = ByteRange.allOf("bytes=$value", size)?.map { "${it.from}-${it.from + it.count - 1}" }

        test("the ranges of a field, in their order; those that overlap or touch are one") {
            mapOf(
                "0-9" to listOf("0-9"),
                "0-0,-1" to listOf("0-0", "99-99"),
                "20-29,0-9" to listOf("20-29", "0-9"),
                "0-9, 20-29" to listOf("0-9", "20-29"),
                " ,0-9,,\t20-29, " to listOf("0-9", "20-29"),
                "0-9,10-19" to listOf("0-19"),
                "0-9,11-19" to listOf("0-9", "11-19"),
                "40-49,0-9,45-59" to listOf("40-59", "0-9"),
                "40-49,0-9,60-69,5-64" to listOf("0-69"),
                "0-,0-,0-,50-" to listOf("0-99"),
                "0-9,500-" to listOf("0-9"),
                "500-,-0" to emptyList(),
                "90-500" to listOf("90-99"),
            ).forEach { (value, expected) -> withClue(value) { parts(value, 100) shouldBe expected } }
        }

        test("a field that breaks the grammar, or asks for too many, is none") {
            for (value in listOf("", ",", "0-9,a-b", "0-9;10-11", "9-0,0-9", "0-9,-", "0 -9", "1", "0-9999999999999999999")) {
                withClue(value) { parts(value, 100) shouldBe null }
            }
            parts((0 until 16).joinToString(",") { "${4 * it}-${4 * it}" }, 100)!!.size shouldBe 16
            parts((0 until 17).joinToString(",") { "${4 * it}-${4 * it}" }, 100) shouldBe null
            parts("0-0,".repeat(17), 100) shouldBe null
            ByteRange.allOf("lines=0-1", 100) shouldBe null
            parts("0-1,-5", 0)!!.shouldBeEmpty()
        }

        test("of any ranges: each byte that is asked for comes once, and no other") {
            val random = Random(7)
            repeat(2000) {
                val size = random.nextInt(1, 60)
                val asked = List(random.nextInt(1, 17)) { random.nextInt(70).let { from -> from..from + random.nextInt(20) } }
                val value = asked.joinToString(",") { "${it.first}-${it.last}" }
                withClue("$value of $size") {
                    val got = ByteRange.allOf("bytes=$value", size.toLong())!!
                    val bytes = got.flatMap { it.from until it.from + it.count }
                    bytes.sorted() shouldBe asked.flatten().filter { it < size }.distinct().sorted().map { it.toLong() }
                    bytes.size.toLong() shouldBeLessThanOrEqual size.toLong()
                }
            }
        }
    })
