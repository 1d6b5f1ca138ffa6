// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.math.BigDecimal
import java.math.BigInteger
import java.time.LocalDateTime
import java.time.OffsetDateTime
import java.time.ZoneOffset
import java.util.Random

/** Values that do not fit their types, from the wire and from the program. AmpVectorsSpec has those that do. */
class AmpTypesSpec :
    FunSpec({
        fun refuses(type: AmpType<*>, vararg texts: String) {
            for (text in texts) {
                withClue("$type \"$text\"") {
                    shouldThrow<IllegalArgumentException> { type.decode(text.toByteArray(Charsets.ISO_8859_1)) }
                }
            }
        }

        test("integers") {
            for (type in listOf(AmpTypes.INTEGER, AmpTypes.LONG, AmpTypes.INT)) {
                refuses(type, "", "-", "+", "1.0", "0x1", " 1", "1 ", "1_0", "--1", "\u0661", "1e3", "\u00b2", "1\u0000")
                "${type.decode("+007".toByteArray())}" shouldBe "7"
                "${type.decode("-0".toByteArray())}" shouldBe "0"
            }
            refuses(AmpTypes.INT, "2147483648", "-2147483649", "99999999999999999999")
            refuses(AmpTypes.LONG, "9223372036854775808", "-9223372036854775809")
            val most = BigInteger.TEN.pow(4300).subtract(BigInteger.ONE)
            AmpTypes.INTEGER.decode(AmpTypes.INTEGER.encode(most)) shouldBe most
            AmpTypes.INTEGER.decode(AmpTypes.INTEGER.encode(most.negate())) shouldBe most.negate()
            refuses(AmpTypes.INTEGER, "1" + "0".repeat(4300), "-1" + "0".repeat(4300), "0".repeat(65_535))
            shouldThrow<IllegalArgumentException> { AmpTypes.INTEGER.encode(most.add(BigInteger.ONE)) }
            shouldThrow<IllegalArgumentException> { AmpTypes.INTEGER.encode(BigInteger.ONE.shiftLeft(500_000)) }
        }

        test("texts, booleans and paths") {
            refuses(AmpTypes.UNICODE, "\u00ff", "\u00c0\u0080", "\u00ed\u00a0\u0080", "\u00e4\u00bd")
            shouldThrow<IllegalArgumentException> { AmpTypes.UNICODE.encode("x\ud800") }
            refuses(AmpTypes.BOOLEAN, "", "true", "1", "False ")
            refuses(AmpTypes.PATH, "\u0000", "\u00ff")
        }

        test("bytes are copied where they are sent") {
            val bytes = byteArrayOf(1)
            val encoded = AmpTypes.BYTES.encode(bytes)
            bytes[0] = 2
            encoded shouldBe byteArrayOf(1)
        }

        test("floats") {
            refuses(AmpTypes.FLOAT, "", "1d", "1.0f", "0x1p3", "1_0.0", " 1", ".", "e5", "1e", "--1", "infinite", "in", "+-inf", "nan1")
            val odd =
                mapOf(
                    "1" to 1.0,
                    ".5" to 0.5,
                    "5." to 5.0,
                    "+1E+2" to 100.0,
                    "INF" to Double.POSITIVE_INFINITY,
                    "-Infinity" to Double.NEGATIVE_INFINITY,
                    "1e999" to Double.POSITIVE_INFINITY,
                )
            for ((text, value) in odd) {
                AmpTypes.FLOAT.decode(text.toByteArray()) shouldBe value
            }
            AmpTypes.FLOAT.decode("-NaN".toByteArray()).isNaN() shouldBe true
            AmpTypes.FLOAT.decode(("0." + "1".repeat(65_000)).toByteArray()) shouldBe 0.1111111111111111
        }

        test("decimals") {
            refuses(AmpTypes.DECIMAL, "", "Infinity", "-inf", "NaN", "sNaN", "1_0", " 1", "0x1", ".", "1e")
            refuses(AmpTypes.DECIMAL, "1e99999999999", "1E+1000000", "1E-1004300")
            refuses(AmpTypes.DECIMAL, "1".repeat(4301), "0." + "1".repeat(4301))
            AmpTypes.DECIMAL.decode(".5".toByteArray()) shouldBe BigDecimal("0.5")
            AmpTypes.DECIMAL.decode("5.".toByteArray()) shouldBe BigDecimal("5")
            AmpTypes.DECIMAL.decode("-0".toByteArray()) shouldBe BigDecimal("0")
            shouldThrow<IllegalArgumentException> { AmpTypes.DECIMAL.encode(BigDecimal(BigInteger.ONE, Int.MIN_VALUE)) }
            shouldThrow<IllegalArgumentException> { AmpTypes.DECIMAL.encode(BigDecimal(BigInteger.ONE, Int.MAX_VALUE)) }
            shouldThrow<IllegalArgumentException> { AmpTypes.DECIMAL.encode(BigDecimal(BigInteger.TEN.pow(4300))) }
        }

        test("dates and times") {
            val good = "2024-01-02T03:04:05.000006-00:00"
            AmpTypes.DATE_TIME.decode(good.toByteArray()) shouldBe OffsetDateTime.of(2024, 1, 2, 3, 4, 5, 6000, ZoneOffset.UTC)
            refuses(
                AmpTypes.DATE_TIME, "", good.dropLast(1), good + "0", good.replace('T', ' '), good.replace("-00:00", "Z00:00"),
                "2024-02-30" + good.drop(10),
                "0000-01-02" + good.drop(10), good.replace("03:04:05", "24:00:00"), good.replace("03:04:05", "03:04:60"),
                good.replace("-00:00", "+18:01"),
                good.replace("-00:00", "+00:60"), good.replace("-00:00", "-99:00"), good.replace("2024", "+024"),
            )

            fun at(year: Int, offset: ZoneOffset) = OffsetDateTime.of(LocalDateTime.of(year, 1, 1, 0, 0, 0, 999_999_999), offset)
            AmpTypes.DATE_TIME.encode(at(1, ZoneOffset.UTC)).decodeToString() shouldBe "0001-01-01T00:00:00.999999-00:00"
            AmpTypes.DATE_TIME.encode(at(9999, ZoneOffset.ofHours(18))).decodeToString() shouldBe "9999-01-01T00:00:00.999999+18:00"
            shouldThrow<IllegalArgumentException> { AmpTypes.DATE_TIME.encode(at(0, ZoneOffset.UTC)) }
            shouldThrow<IllegalArgumentException> { AmpTypes.DATE_TIME.encode(at(10_000, ZoneOffset.UTC)) }
            shouldThrow<IllegalArgumentException> { AmpTypes.DATE_TIME.encode(at(2024, ZoneOffset.ofTotalSeconds(1))) }
        }

        test("lists and rows") {
            val integers = AmpTypes.listOf(AmpTypes.INT)
            for (hex in listOf("00", "0001", "000231", "000131ff", "0000", "000178")) {
                withClue(hex) { shouldThrow<IllegalArgumentException> { integers.decode(hex.hexToByteArray()) } }
            }
            val rows = AmpTypes.ampList(Row)
            for (hex in listOf("00", "0001", "0000", "000269640001310000", "0002696400013100046e616d6500000004")) {
                withClue(hex) { shouldThrow<IllegalArgumentException> { rows.decode(hex.hexToByteArray()) } }
            }
            shouldThrow<IllegalArgumentException> { AmpTypes.listOf(AmpTypes.UNICODE).encode(List(3) { "x".repeat(30_000) }) }
            shouldThrow<IllegalArgumentException> { AmpTypes.listOf(AmpTypes.UNICODE).encode(listOf("x".repeat(65_536))) }
            AmpTypes.listOf(AmpTypes.UNICODE).encode(listOf("x".repeat(65_533))).size shouldBe 65_535
            shouldThrow<IllegalArgumentException> { rows.encode(listOf(Values.EMPTY)) }
            shouldThrow<IllegalArgumentException> { rows.encode(listOf(valuesOf(Sum.a(BigInteger.ONE)))) }
            AmpTypes.listOf(AmpTypes.UNICODE).decode(ByteArray(65_534)).size shouldBe 32_767
        }

        test("fuzz: any bytes are a value that can be sent again and comes back the same, or are refused; nothing else happens") {
            val random = Random(4)
            var values = 0
            var refused = 0
            for ((name, type) in TYPES) {
                repeat(20_000) {
                    val bytes = fuzzValue(random, name)
                    val value =
                        try {
                            type.decode(bytes.clone())
                        } catch (_: IllegalArgumentException) {
                            refused++
                            null
                        }
                    if (value != null) {
                        values++
                        @Suppress("UNCHECKED_CAST")
                        val again = (type as AmpType<Any>).encode(value)
                        withClue("$name ${bytes.toHexString()}") { describe(name, type.decode(again)) shouldBe describe(name, value) }
                    }
                }
            }
            values shouldBeGreaterThan 20_000
            refused shouldBeGreaterThan 20_000
        }
    })

private val PIECES =
    listOf(
        "True", "False", "0", "1", "-", "+", ".", "e", "E+", "inf", "nan", "12", ":", "T",
        "2024-01-02T03:04:05.000006-00:00", "/a", "\u0000", "\u00ff",
    )

private fun fuzzValue(random: Random, type: String): ByteArray {
    val good by lazy { vectors().filter { it.first == type } }
    return when (random.nextInt(3)) {
        0 -> ByteArray(random.nextInt(12)).also(random::nextBytes)
        1 -> List(random.nextInt(4)) { PIECES[random.nextInt(PIECES.size)] }.joinToString("").toByteArray(Charsets.ISO_8859_1)
        else -> {
            val all = cached.getOrPut(type) { good.map { bytesOf(it.third) }.filter { it.size < 400 } }
            val bytes = all[random.nextInt(all.size)].clone()
            if (bytes.isNotEmpty() && random.nextBoolean()) bytes[random.nextInt(bytes.size)] = random.nextInt(256).toByte()
            bytes
        }
    }
}

private val cached = HashMap<String, List<ByteArray>>()
