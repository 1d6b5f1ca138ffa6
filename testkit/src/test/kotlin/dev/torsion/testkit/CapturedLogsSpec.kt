// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.log.LogEvent
import dev.torsion.log.Logger
import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import io.kotest.assertions.throwables.shouldNotThrowAny
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.slf4j.event.Level
import java.io.IOException
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds

/** Which events a capture takes, and what it says of them. */
class CapturedLogsSpec :
    StringSpec({
        val log = Logger("a.test")

        "what is logged meanwhile is captured, at every level" {
            val foo = Any()
            log.info("before")
            val captured = CapturedLogs.start()
            captured.use {
                log.debug("Capture this, please", "foo" to foo)
                log.info("Capture this too, please", "foo" to foo)
                log.at(Level.TRACE).log("and this")
            }
            log.info("after")
            captured.messages() shouldContainExactly listOf("Capture this, please", "Capture this too, please", "and this")
            captured.events().map { it.level } shouldContainExactly listOf(Level.DEBUG, Level.INFO, Level.TRACE)
            captured.events().first().values shouldBe mapOf("foo" to foo)
        }

        "single gives the only event of a level, or says what there was" {
            CapturedLogs.start().use { logs ->
                shouldThrow<AssertionError> { logs.single(Level.WARN) }.message shouldContain "there are 0. Logged was: nothing"
                log.warn("one")
                log.info("not of that level")
                logs.single(Level.WARN).message shouldBe "one"
                log.warn("two")
                shouldThrow<AssertionError> { logs.single(Level.WARN) }.message shouldContain "INFO a.test: not of that level"
            }
        }

        "failures are found by type, and flushed by type" {
            CapturedLogs.start().use { logs ->
                val io = IOException("io")
                val math = ArithmeticException("math")
                log.failure("first", io)
                log.failure("second", math)
                log.warn("no error", IOException("only a warning"))
                log.error("without a throwable")
                logs.failures(ArithmeticException::class.java) shouldContainExactly listOf(math)
                logs.unexpectedErrors().map { it.message } shouldContainExactly listOf("first", "second")
                logs.flushLoggedErrors(IOException::class.java, IllegalStateException::class.java).map { it.throwable } shouldBe listOf(io)
                logs.unexpectedErrors().map { it.message } shouldContainExactly listOf("second")
                logs.flushLoggedErrors().map(LogEvent::throwable) shouldBe listOf(math)
                logs.unexpectedErrors().shouldBeEmpty()
                logs.events(Level.ERROR).size shouldBe 3
            }
        }

        "captures nest: both have the event, and what is flushed within is flushed without" {
            CapturedLogs.start().use { outer ->
                log.info("outside")
                val inner = CapturedLogs.start()
                inner.use {
                    log.failure("inside", IOException())
                    it.flushLoggedErrors()
                }
                log.info("outside again")
                inner.messages() shouldContainExactly listOf("inside")
                outer.messages() shouldContainExactly listOf("outside", "inside", "outside again")
                outer.unexpectedErrors().shouldBeEmpty()
            }
        }

        "the threads that a captured thread starts are captured, those that were there before are not" {
            val before = Executors.newSingleThreadExecutor()
            try {
                before.submit {}.get(10, TimeUnit.SECONDS)
                CapturedLogs.start().use { logs ->
                    CapturedLogs.ofAllThreads().use { all ->
                        thread { thread { log.info("a child's child") }.join() }.join()
                        before.submit { log.info("a stranger") }.get(10, TimeUnit.SECONDS)
                        logs.messages() shouldContainExactly listOf("a child's child")
                        all.messages() shouldContain "a stranger"
                    }
                }
            } finally {
                before.shutdown()
            }
        }

        "so is a reactor that the test starts, with its pool" {
            CapturedLogs.start().use { logs ->
                val reactor = Reactor.create(ReactorOptions(threadName = "captured"))
                reactor.start()
                reactor.callInThread { log.info("in the pool") }
                reactor.callFromThread { throw IOException("in a callback") }
                reactor.stopAndJoin(java.time.Duration.ofSeconds(10)) shouldBe true
                logs.messages() shouldContain "in the pool"
                logs.flushLoggedErrors(IOException::class.java).single().message shouldBe "captured: a call on the reactor failed"
            }
        }

        "the oldest events go when there are too many" {
            CapturedLogs.start().use { logs ->
                repeat(CapturedLogs.LIMIT + 2) { log.debug("{n}", "n" to it) }
                logs.events().size shouldBe CapturedLogs.LIMIT
                logs.messages().first() shouldBe "2"
            }
        }

        "an error that a memory reactor throws to the test need not be taken from the log as well" {
            val watch = LeakWatch.begin()
            val reactor = watch.reactor
            reactor.callFromThread { throw IOException("thrown to the test") }
            shouldThrow<IOException> { reactor.advance(1.seconds) }
            val heard = ArrayList<Throwable>()
            val other = MemoryReactor(ErrorListener { _, error -> heard.add(error) })
            other.callFromThread { throw IOException("given to the listener") }
            other.flush()
            heard.size shouldBe 1
            watch.logs.failures(IOException::class.java).size shouldBe 2
            shouldNotThrowAny { watch.end() }
        }

        "an error that a real reactor reports has to be" {
            val watch = LeakWatch.begin()
            val reactor = Reactor.create(ReactorOptions(threadName = "real"))
            reactor.start()
            reactor.callFromThread { throw IOException("nobody looked") }
            reactor.stopAndJoin(java.time.Duration.ofSeconds(10)) shouldBe true
            val left = shouldThrow<AssertionError> { watch.end() }
            left.message shouldContain "logged error: "
            left.suppressed.single().message shouldBe "nobody looked"
        }
    })
