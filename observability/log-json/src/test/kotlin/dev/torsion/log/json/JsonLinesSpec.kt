// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import dev.torsion.log.LogEvent
import dev.torsion.log.LogPublisher
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.property.Arb
import io.kotest.property.arbitrary.char
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.map
import io.kotest.property.checkAll
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.slf4j.event.Level
import java.io.IOException
import java.io.StringReader
import java.io.StringWriter
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Path
import java.time.Instant
import kotlin.text.Charsets.UTF_8

/** Events in JSON, and back. */
internal class JsonLinesSpec :
    StringSpec({
        val time = Instant.parse("2026-11-21T12:00:00.000000001Z")

        fun event(format: String = "x", values: Map<String, Any?> = emptyMap(), error: Throwable? = null) =
            LogEvent(time, Level.WARN, "a.b", format, values, error, "a thread")

        fun values(vararg values: Pair<String, Any?>) = JsonLines.read(JsonLines.write(event(values = mapOf(*values)))).values

        "a line is what the document says" {
            JsonLines.write(event("{name} joined {room}", mapOf("name" to "ada", "room" to 7))) shouldBe
                """{"time":"2026-11-21T12:00:00.000000001Z","level":"WARN","logger":"a.b","thread":"a thread",""" +
                """"message":"ada joined 7","format":"{name} joined {room}","values":{"name":"ada","room":7}}"""
            JsonLines.write(event("plain")) shouldBe
                """{"time":"2026-11-21T12:00:00.000000001Z","level":"WARN","logger":"a.b","thread":"a thread","message":"plain"}"""
        }

        "times have nine digits, whatever they are" {
            LineWriter.timeText(Instant.EPOCH) shouldBe "1970-01-01T00:00:00.000000000Z"
            for (extreme in listOf(Instant.MIN, Instant.MAX)) {
                JsonLines.read(JsonLines.write(LogEvent(extreme, Level.INFO, "a", ""))).time shouldBe extreme
            }
        }

        "an event comes back with all that JSON can keep" {
            val read = JsonLines.read(JsonLines.write(event("{a}, {b}", mapOf("b" to listOf(1, mapOf("c" to null)), "a" to true))))
            read.time shouldBe time
            read.level shouldBe Level.WARN
            read.namespace shouldBe "a.b"
            read.format shouldBe "{a}, {b}"
            read.values shouldBe mapOf("b" to listOf(1, mapOf("c" to null)), "a" to true)
            read.values.keys.toList() shouldContainExactly listOf("b", "a")
            read.message shouldBe "true, [1, {c=null}]"
            read.threadName shouldBe "a thread"
            read.throwable shouldBe null
        }

        "numbers stay numbers, and keep their text" {
            val numbers = listOf<Any>(1, -1, Int.MIN_VALUE, Long.MAX_VALUE, 0.1, -1e300, 1.0, BigInteger("123456789012345678901234567890"))
            for (number in numbers) values("n" to number)["n"] shouldBe number
            values("n" to 3.toByte())["n"] shouldBe 3
            values("n" to 0.1f)["n"] shouldBe 0.1
            values("n" to BigDecimal("1.10"))["n"] shouldBe BigDecimal("1.10")
        }

        "numbers that JSON has not are text" {
            values("n" to Double.NaN, "f" to Float.NEGATIVE_INFINITY) shouldBe mapOf("n" to "NaN", "f" to "-Infinity")
        }

        "a number of an unknown class cannot write what it likes" {
            val number = object : Number() {
                override fun toByte(): Byte = 0

                override fun toShort(): Short = 0

                override fun toInt() = 0

                override fun toLong() = 0L

                override fun toFloat() = 0f

                override fun toDouble() = 0.0

                override fun toString() = "0},{"
            }
            values("n" to number)["n"] shouldBe "0},{"
        }

        "arrays and collections are lists, keys are text" {
            values("b" to byteArrayOf(-1, 2), "a" to arrayOf("x", intArrayOf(1)), "c" to charArrayOf('z'), "s" to setOf(1L)) shouldBe
                mapOf("b" to listOf(-1, 2), "a" to listOf("x", listOf(1)), "c" to listOf("z"), "s" to listOf(1))
            values("m" to mapOf(1 to 2, null to "3", 'c' to 4))["m"] shouldBe mapOf("1" to 2, "null" to "3", "c" to 4)
        }

        "everything else is its text; a Path is not taken for a list of Paths" {
            values("p" to Path.of("a", "b"), "l" to Level.INFO)["p"] shouldBe Path.of("a", "b").toString()
        }

        "what fails is shown as that failure, the rest is kept" {
            val evil = object {
                override fun toString(): String = throw IOException("no text")
            }
            val changing = object : AbstractCollection<Int>() {
                override val size = 2

                override fun iterator(): Iterator<Int> = throw ConcurrentModificationException()
            }
            val read = values("evil" to evil, "changing" to changing, "good" to 1, "keys" to mapOf(evil to 1))
            read["evil"].toString() shouldEndWith "could not be written, java.io.IOException)"
            read["changing"].toString() shouldEndWith "could not be written, java.util.ConcurrentModificationException)"
            read["good"] shouldBe 1
        }

        "lists that hold themselves end" {
            val endless = ArrayList<Any>()
            endless.add(endless)
            val line = JsonLines.write(event(values = mapOf("endless" to endless)))
            line shouldContain "(nested deeper than 8)"
            line shouldContain "\"truncated\":true"
            JsonLines.read(line).namespace shouldBe "a.b"
        }

        "an error keeps its type, text and stack" {
            val error = IOException("disk full", ArithmeticException("the cause"))
            val read = JsonLines.read(JsonLines.write(event(error = error))).throwable as LoggedException
            read.type shouldBe "java.io.IOException"
            read.message shouldBe "disk full"
            read.toString() shouldBe error.toString()
            read.stack shouldBe error.stackTraceToString()
            read.stackTraceToString() shouldBe error.stackTraceToString()
        }

        "an error that has no text, or hides it, is written all the same" {
            val hostile = object : RuntimeException() {
                override val message get() = throw IllegalStateException()
            }
            JsonLines.read(JsonLines.write(event(error = hostile))).throwable.toString() shouldContain "could not be written"
            JsonLines.read(JsonLines.write(event(error = RuntimeException()))).throwable?.message shouldBe null
        }

        "any text comes back, but for halves of surrogate pairs" {
            val anyChar = Arb.char(listOf(Char.MIN_VALUE..'\u00ff', '\u2020'..'\u2030', '\ud7f0'..'\ue010', '\ufff0'..Char.MAX_VALUE))
            checkAll(2_000, Arb.list(anyChar, 0..40).map { it.joinToString("") }) { text ->
                val line = JsonLines.write(event(values = mapOf("text" to text, text to 1)))
                line shouldNotContain "\n"
                line shouldNotContain "\r"
                val expected = halvesReplaced(text)
                JsonLines.read(line).values["text"].let { if (text == "text") "text" else it } shouldBe expected
                String(line.toByteArray(UTF_8), UTF_8) shouldBe line
            }
        }

        "no line is longer than its limit, and every line is JSON that says whether it was cut" {
            val awkward = Arb.char(listOf('\u0000'..'\u001f', 'a'..'z', '"'..'"', '\ud83d'..'\ud83d', '\ude00'..'\ude00'))
            val strings = Arb.list(awkward, 0..3_000).map { it.joinToString("") }
            checkAll(200, strings, strings, Arb.int(JsonLines.LEAST_LENGTH..4_000)) { a, b, limit ->
                val fields = mapOf(a to b, "list" to listOf(a, b, List(900) { "" }))
                val given = LogEvent(time, Level.INFO, a, "{a} $b", fields, IOException(a), b)
                val line = JsonLines.write(given, limit)
                line.length shouldBeLessThanOrEqual limit
                val json = Json.parseToJsonElement(line).jsonObject
                json.getValue("truncated").jsonPrimitive.boolean shouldBe true
                JsonLines.read(line).time shouldBe time
            }
        }

        "what is cut ends in a sign, and what follows still has room" {
            val line = JsonLines.write(event("{long}", mapOf("long" to "x".repeat(100_000), "short" to "kept")), 2_000)
            val read = JsonLines.read(line)
            (read.values["long"] as String) shouldStartWith "xxx"
            (read.values["long"] as String) shouldEndWith "…"
            read.values["short"] shouldBe "kept"
        }

        "a limit that leaves no room is refused" {
            shouldThrow<IllegalArgumentException> { JsonLines.write(event(), JsonLines.LEAST_LENGTH - 1) }
            shouldThrow<IllegalArgumentException> { JsonLinesObserver(StringWriter(), 10) }
        }

        "a file is read line by line, what is no event is logged and passed over" {
            val good = JsonLines.write(event("good"))
            val bad = listOf(
                good.dropLast(5),
                "[1]",
                "{}",
                """{"time":"now","level":"INFO","logger":"x"}""",
                """{"time":"2026-11-21T12:00:00Z","level":"LOUD","logger":"x"}""",
                "\u0000\uFFFD",
                good.padEnd(2_000),
                """{"time":"2026-11-21T12:00:00Z","level":"INFO","logger":"x","values":{"a":${"[".repeat(20)}${"]".repeat(20)}}}""",
            )
            val reported = ArrayList<LogEvent>()
            val observer = dev.torsion.log.LogObserver { reported.add(it) }
            LogPublisher.global().addObserver(observer)
            val read = try {
                JsonLines.events(StringReader((bad + "" + good).joinToString("\n")), 1_500).toList()
            } finally {
                LogPublisher.global().removeObserver(observer)
            }
            read.map { it.message } shouldContainExactly listOf("good")
            reported.map { it.values["line"] } shouldContainExactly (1L..bad.size).toList()
            reported.forEach { it.message shouldContain "is no log event" }
        }

        "a file is read as it is asked for" {
            val reader = object : java.io.Reader() {
                var asked = 0

                override fun read(buffer: CharArray, offset: Int, length: Int): Int {
                    if (asked++ > 0) throw IOException("the disk is gone")
                    val line = JsonLines.write(event("first")) + "\n"
                    line.toCharArray(buffer, offset)
                    return line.length
                }

                override fun close() {}
            }
            val events = JsonLines.events(reader).iterator()
            reader.asked shouldBe 0
            events.next().message shouldBe "first"
            shouldThrow<java.io.UncheckedIOException> { events.hasNext() }
        }
    })

/** The document's rule for halves of surrogate pairs, by another way. */
private fun halvesReplaced(text: String): String =
    text.codePoints().toArray().joinToString("") { if (it in 0xD800..0xDFFF) "\uFFFD" else String(Character.toChars(it)) }
