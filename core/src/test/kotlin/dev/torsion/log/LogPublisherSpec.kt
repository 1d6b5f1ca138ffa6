// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.slf4j.event.Level
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

/** The observers that hear an event, whatever the others do. */
internal class LogPublisherSpec :
    StringSpec({
        val evil = IllegalStateException("ARGH! EVIL DEATH!")

        "observers are those of the constructor and those that were added, each once, in order" {
            val (a, b, c) = List(3) { Recorded() }
            val publisher = LogPublisher(a, b, a)
            publisher.addObserver(c)
            publisher.addObserver(a)
            publisher.observers() shouldContainExactly listOf(a, b, c)
            publisher.removeObserver(b)
            publisher.observers() shouldContainExactly listOf(a, c)
            publisher.removeObserver(b)
            publisher.observers() shouldContainExactly listOf(a, c)
        }

        "everybody hears" {
            val all = List(3) { Recorded() }
            val event = event("hello")
            LogPublisher(*all.toTypedArray()).observe(event)
            all.forEach { it.events.single() shouldBeSameInstanceAs event }
        }

        "an observer that throws stops nobody, and is reported to the others" {
            val seen = ArrayList<LogEvent>()
            val before = Recorded()
            val after = Recorded()
            val broken = LogObserver { seen.add(it).also { throw evil } }
            LogPublisher(before, broken, after).observe(event("hello", namespace = "its.source"))
            seen.map { it.message } shouldContainExactly listOf("hello")
            for (other in listOf(before, after)) {
                other.events shouldHaveSize 2
                other.events[0].message shouldBe "hello"
                other.events[1].throwable shouldBeSameInstanceAs evil
                other.events[1].level shouldBe Level.ERROR
                other.events[1].message shouldContain "failed at an event of its.source"
            }
        }

        "one that fails at the report too is reported to those that are left" {
            val fine = Recorded()
            var count = 0
            val atSecond = LogObserver { if (++count == 2) throw UnsupportedOperationException() }
            LogPublisher(atSecond, { throw evil }, fine).observe(event("hello"))
            fine.events.map { it.throwable?.javaClass } shouldContainExactly
                listOf(null, IllegalStateException::class.java, UnsupportedOperationException::class.java)
            count shouldBe 2
        }

        "when all observers throw, and have no text, whoever logs does not notice" {
            val hostile = object : LogObserver {
                override fun observe(event: LogEvent) = throw StackOverflowError()

                override fun isInterested(level: Level, namespace: String) = throw evil

                override fun toString(): String = throw evil
            }
            val publisher = LogPublisher(hostile, { throw evil })
            publisher.observe(event("hello"))
            publisher.isInterested(Level.INFO, "x") shouldBe true
            publisher.toString() shouldContain "whose toString throws"
        }

        "what observers log meanwhile comes after the event, for all of them" {
            val (first, last) = List(2) { Recorded() }
            lateinit var log: Logger
            val talkative = LogObserver { if (it.message == "hello") log.info("I heard {it}", "it" to it.message) }
            log = Logger("test", LogPublisher(first, talkative, last))
            log.info("hello")
            for (observer in listOf(first, last)) observer.messages shouldContainExactly listOf("hello", "I heard hello")
        }

        "an observer that always logs is stopped, and the loss is told" {
            val recorded = Recorded()
            lateinit var log: Logger
            log = Logger("test", LogPublisher(recorded, { log.info("echo") }))
            log.info("hello")
            recorded.messages.count { it == "echo" } shouldBe LogPublisher.MOST_NESTED
            recorded.messages.last() shouldContain "1 of them are lost"
            recorded.events.last().level shouldBe Level.WARN
            log.info("again")
            recorded.messages.count { it == "echo" } shouldBe 2 * LogPublisher.MOST_NESTED
        }

        "so is a value that logs while it is shown" {
            val recorded = Recorded()
            lateinit var log: Logger
            val value = object {
                override fun toString() = "shown".also { log.info("showing") }
            }
            log = Logger("test", LogPublisher(recorded, { it.message }))
            log.info("{it}", "it" to value)
            recorded.messages shouldContainExactly listOf("shown", "showing")
        }

        "somebody is interested when one of the observers is" {
            val warnings = FilteringLogObserver(Recorded(), listOf(LogLevelFilterPredicate(Level.WARN)))
            val publisher = LogPublisher(warnings)
            publisher.isInterested(Level.INFO, "x") shouldBe false
            publisher.addObserver(Recorded())
            publisher.isInterested(Level.INFO, "x") shouldBe true
            LogPublisher().isInterested(Level.ERROR, "x") shouldBe false
        }

        "observers come and go while other threads log, and nobody misses an event" {
            val always = Recorded()
            val publisher = LogPublisher(always)
            val left = AtomicInteger(4)
            val start = CountDownLatch(1)
            val threads = List(4) { n ->
                thread {
                    start.await(10, TimeUnit.SECONDS)
                    repeat(500) { publisher.observe(event("$n")) }
                    left.decrementAndGet()
                }
            }
            start.countDown()
            while (left.get() > 0) {
                val passing = Recorded()
                publisher.addObserver(passing)
                publisher.removeObserver(passing)
            }
            threads.forEach { it.join(10_000) }
            always.messages.groupingBy { it }.eachCount() shouldBe (0..3).associate { "$it" to 500 }
        }

        "the global publisher sends to SLF4J" {
            LogPublisher.global().observers().first().toString() shouldBe "Slf4jLogObserver"
        }
    })
