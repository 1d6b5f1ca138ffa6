// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import dev.torsion.log.LogEvent
import dev.torsion.log.LogPublisher
import dev.torsion.log.Logger
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldBeEmpty
import org.slf4j.event.Level
import java.io.BufferedWriter
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.StringReader
import java.io.StringWriter
import java.io.Writer
import kotlin.concurrent.thread
import kotlin.text.Charsets.UTF_8

/** How lines get to where they are written. */
internal class JsonLinesObserverSpec :
    StringSpec({
        fun read(text: String): List<LogEvent> = JsonLines.events(StringReader(text)).toList()

        "each event is a line" {
            val out = StringWriter()
            val log = Logger("a", JsonLinesObserver(out))
            log.info("{x}", "x" to 1)
            log.info("two\nlines")
            out.toString().lines() shouldHaveSize 3
            read(out.toString()).map { it.message } shouldContainExactly listOf("1", "two\nlines")
        }

        "a stream gets UTF-8" {
            val out = ByteArrayOutputStream()
            Logger("a", JsonLinesObserver(out)).info("Sánchez \uD83D\uDE00")
            read(out.toString(UTF_8)).single().message shouldBe "Sánchez \uD83D\uDE00"
        }

        "a failure is written with its stack" {
            val out = StringWriter()
            Logger("a", JsonLinesObserver(out)).failure("failed as expected", ArithmeticException("by zero"))
            val error = read(out.toString()).single().throwable as LoggedException
            error.stack.lines().any { "JsonLinesObserverSpec" in it } shouldBe true
        }

        "every event is flushed, or those from a level on" {
            val target = StringWriter()
            val log = Logger("a", JsonLinesObserver(BufferedWriter(target), flushAt = Level.WARN))
            log.info("waits")
            target.toString().shouldBeEmpty()
            log.warn("goes")
            read(target.toString()).map { it.message } shouldContainExactly listOf("waits", "goes")
            val each = StringWriter()
            Logger("a", JsonLinesObserver(BufferedWriter(each))).at(Level.TRACE).log("goes")
            read(each.toString()) shouldHaveSize 1
        }

        "a writer that fails disturbs nobody, and the next event begins a line" {
            val written = StringBuilder()
            var isFull = false
            val disk = object : Writer() {
                override fun write(buffer: CharArray, offset: Int, length: Int) {
                    if (isFull) {
                        written.appendRange(buffer, offset, offset + 10)
                        throw IOException("disk full")
                    }
                    written.appendRange(buffer, offset, offset + length)
                }

                override fun flush() {}

                override fun close() {}
            }
            val others = ArrayList<LogEvent>()
            val log = Logger("a", LogPublisher(JsonLinesObserver(disk), { others.add(it) }))
            log.info("first")
            isFull = true
            log.info("lost")
            isFull = false
            log.info("last")
            others.map { it.throwable?.message } shouldContainExactly listOf(null, null, "disk full", null)
            read(written.toString()).map { it.message } shouldContainExactly listOf("first", "last")
        }

        "lines of several threads do not mix" {
            val out = StringWriter()
            val log = Logger("a", JsonLinesObserver(out))
            List(4) { n -> thread { repeat(250) { log.info("{n}-{i}", "n" to n, "i" to it) } } }.forEach { it.join(10_000) }
            val expected = (0..3).flatMap { n -> (0..<250).map { "$n-$it" } }
            read(out.toString()).map { it.message } shouldContainExactlyInAnyOrder expected
        }
    })
