// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.LogEvent
import dev.torsion.log.LogObserver
import dev.torsion.log.Logger
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.slf4j.event.Level

/** The errback that logs, and what a failure says of itself. */
internal class LogFailureSpec :
    StringSpec({
        lateinit var events: ArrayList<LogEvent>
        lateinit var log: Logger
        beforeTest {
            events = ArrayList()
            log = Logger("test", LogObserver { events.add(it) })
        }

        fun <T> results(deferred: Deferred<T>): List<T> = ArrayList<T>().also { results -> deferred.addCallback { results.add(it) } }

        "a failure is logged with its trace, and the chain goes on with null" {
            val error = IllegalStateException("disk full")
            results(fail<Int>(error).logFailure(log, "{order} was not saved", "order" to 7)) shouldBe listOf(null)
            val event = events.single()
            event.level shouldBe Level.ERROR
            event.message shouldBe "7 was not saved"
            event.values shouldBe mapOf("order" to 7)
            event.throwable shouldBeSameInstanceAs error
        }

        "names and values in turn do as well, and no text at all" {
            results(fail<Int>(IllegalStateException()).logFailure(log, "{a}", "a", 1))
            results(fail<Int>(IllegalStateException()).logFailure(log))
            events.map { it.message } shouldBe listOf("1", "A Deferred has failed")
        }

        "a good result passes by" {
            results(succeed(7).logFailure(log, "never")) shouldBe listOf(7)
            events.shouldBeEmpty()
        }

        "it is handled by that, and not reported as unhandled" {
            val unhandled = ArrayList<UnhandledFailure>()
            UnhandledFailures.addListener { unhandled.add(it) }.use {
                UnhandledFailures.beginTurn()
                fail<Int>(IllegalStateException()).logFailure(log)
                UnhandledFailures.endTurn()
            }
            unhandled.shouldBeEmpty()
            events shouldHaveSize 1
        }

        "a failure's message is its exception's, or the name of that" {
            Failure(IllegalStateException("why")).errorMessage shouldBe "why"
            Failure(IllegalStateException()).errorMessage shouldBe "java.lang.IllegalStateException"
            val bad =
                object : RuntimeException() {
                    override val message: String get() = error("no message")
                }
            Failure(bad).errorMessage shouldBe "<${bad.javaClass.name} whose getMessage throws java.lang.IllegalStateException>"
        }

        "a failure whose exception has no description has one all the same" {
            val bad =
                object : RuntimeException("why") {
                    override fun toString(): String = error("no text")

                    override fun getStackTrace(): Array<StackTraceElement> = error("no trace")
                }
            val text = "<${bad.javaClass.name} whose toString throws java.lang.IllegalStateException>"
            Failure(bad).toString() shouldBe "Failure($text)"
            Failure(bad).briefTraceback.lines().first() shouldBe "Traceback: $text"
            Failure(bad).traceback.lines().first() shouldBe "dev.torsion.log.StandInException: ${bad.javaClass.name}: why"
            FirstError(1, Failure(bad)).message shouldBe "Deferred #1 failed: $text"
            FailureGroup(listOf(Failure(bad), Failure(bad))).message shouldBe "all 2 failed: [$text, $text]"
        }
    })
