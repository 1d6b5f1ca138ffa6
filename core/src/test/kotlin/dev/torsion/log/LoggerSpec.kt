// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.slf4j.event.Level
import java.time.Instant

/** The events that a logger makes of its arguments. */
internal class LoggerSpec :
    StringSpec({
        val recorded = Recorded()
        val log = Logger("a.namespace", recorded)
        val error = IllegalStateException("baloney")

        fun last() = recorded.events.last()

        beforeTest { recorded.events.clear() }

        "a logger is called by its namespace, or by its class" {
            Logger("bleargh").toString() shouldBe "Logger(bleargh)"
            Logger(LoggerSpec::class.java).namespace shouldBe "dev.torsion.log.LoggerSpec"
        }

        "each level's method makes an event of that level" {
            val methods = mapOf<Level, (String, Array<Pair<String, Any?>>) -> Unit>(
                Level.DEBUG to log::debug,
                Level.INFO to log::info,
                Level.WARN to log::warn,
                Level.ERROR to log::error,
            )
            for ((level, method) in methods) {
                val before = Instant.now()
                method("This is a {level} message", arrayOf("junk" to "more", "level" to level))
                last().level shouldBe level
                last().format shouldBe "This is a {level} message"
                last().message shouldBe "This is a $level message"
                last().namespace shouldBe "a.namespace"
                last().values shouldBe mapOf("junk" to "more", "level" to level)
                last().throwable shouldBe null
                last().time shouldBeGreaterThanOrEqualTo before
                last().threadName shouldBe Thread.currentThread().name
            }
        }

        "values come by pairs, in turn, or not at all" {
            log.info("{a}{b}", "a" to 1, "b" to 2)
            log.info("{a}{b}", "a", 1, "b", 2)
            log.debug("none")
            log.warn("none")
            recorded.messages shouldContainExactly listOf("12", "12", "none", "none")
            recorded.events.map { it.values } shouldContainExactly
                listOf(mapOf("a" to 1, "b" to 2), mapOf("a" to 1, "b" to 2), emptyMap(), emptyMap())
        }

        "a failure is an error with its throwable" {
            log.failure("Whoops", error)
            log.failure("Whoops {x}", error, "x" to 1)
            log.failure("Whoops {x}", error, "x", 1)
            recorded.messages shouldContainExactly listOf("Whoops", "Whoops 1", "Whoops 1")
            recorded.events.forEach {
                it.level shouldBe Level.ERROR
                it.throwable shouldBeSameInstanceAs error
            }
        }

        "a throwable left over at the end is the event's" {
            log.warn("{x}", "x", 1, error)
            last().throwable shouldBeSameInstanceAs error
            last().values shouldBe mapOf("x" to 1)
        }

        "names and values that do not fit together are kept as far as they can be" {
            log.info("{x}", "x", 1, "left over")
            last().values shouldBe mapOf("x" to 1, "?" to "left over")
            log.info("{7}", 7, "lucky", null, "nobody")
            last().message shouldBe "lucky"
            last().values shouldBe mapOf("7" to "lucky", "null" to "nobody")
            log.emit(Level.TRACE, "{x}", Unformattable(), 1)
            last().values.values shouldContainExactly listOf(1)
        }

        "no value can pass for the event's own fields" {
            log.warn("*", "format" to "#", "level" to Level.ERROR, "namespace" to "*namespace*")
            last().format shouldBe "*"
            last().level shouldBe Level.WARN
            last().namespace shouldBe "a.namespace"
        }

        "a logger's context is in each of its events, before their own values, which win" {
            val own = log.with("peer", "10.0.0.1:80").with(mapOf("user" to "ada"))
            own.info("{user} at {peer}")
            last().message shouldBe "ada at 10.0.0.1:80"
            own.info("{user} at {peer}", "room" to 1, "user" to "bob")
            last().message shouldBe "bob at 10.0.0.1:80"
            last().values.keys.toList() shouldContainExactly listOf("peer", "user", "room")
            log.info("bare")
            last().values shouldBe emptyMap()
        }

        "an event can be put together step by step" {
            log.with("peer", "p").at(Level.DEBUG).with("bytes", 3).with("bytes", 4).withThrowable(error).log("{bytes} from {peer}")
            last().message shouldBe "4 from p"
            last().level shouldBe Level.DEBUG
            last().throwable shouldBeSameInstanceAs error
        }

        "what nobody wants is not even put together" {
            val levels = LogLevelFilterPredicate(Level.WARN)
            val quiet = Logger("a.namespace", FilteringLogObserver(recorded, listOf(levels)))
            quiet.isEnabled(Level.INFO) shouldBe false
            quiet.isEnabled(Level.WARN) shouldBe true
            quiet.at(Level.INFO) shouldBeSameInstanceAs quiet.at(Level.DEBUG).with("x", 1).withThrowable(error)
            quiet.at(Level.INFO).with("x", 1).log("{x}")
            quiet.debug("no")
            quiet.info("no", "x" to 1)
            quiet.info("no", "x", 1)
            recorded.events.shouldBeEmpty()
            levels.setLogLevelForNamespace("a", Level.ERROR)
            quiet.warn("no")
            quiet.failure("yes", error)
            recorded.messages shouldContainExactly listOf("yes")
        }

        "an observer that throws does not reach who logs" {
            Logger("x") { throw error }.info("fine")
        }
    })
