// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration

class VirtualClockSpec :
    StringSpec({
        val log = ArrayList<String>()
        lateinit var clock: VirtualClock

        beforeTest {
            log.clear()
            clock = VirtualClock()
        }

        fun note(what: String) {
            log.add("$what at ${clock.elapsed().toKotlinDuration()}")
        }

        "advance moves time first, as Twisted's clock does" {
            clock.callLater(1.seconds) { note("a") }
            clock.callLater(2.seconds) {
                note("b")
                clock.callLater(0.seconds) { note("c") }
                clock.callLater(1.nanoseconds) { note("d") }
            }
            clock.advance(5.seconds)
            log.shouldContainExactly("a at 5s", "b at 5s", "c at 5s")
        }

        "runFor takes each call to its own instant" {
            clock.callLater(1.seconds) { note("a") }
            clock.callLater(2.seconds) {
                note("b")
                clock.callLater(1.seconds) { note("c") }
                clock.callLater(4.seconds) { note("d") }
            }
            clock.runFor(5.seconds)
            log.shouldContainExactly("a at 1s", "b at 2s", "c at 3s")
            clock.elapsed().toKotlinDuration() shouldBe 5.seconds
        }

        "calls due at one instant run in the order in which they were made" {
            listOf("a", "b", "c").forEach { clock.callLater(1.seconds) { note(it) } }
            clock.advance(999.milliseconds)
            log.shouldContainExactly()
            clock.advance(1.milliseconds)
            log.shouldContainExactly("a at 1s", "b at 1s", "c at 1s")
        }

        "pump advances step by step" {
            clock.callLater(1.seconds) { note("a") }
            clock.callLater(2.seconds) { note("b") }
            clock.pump(listOf(1.5.seconds, 1.5.seconds))
            log.shouldContainExactly("a at 1.5s", "b at 3s")
        }

        "a call that takes long moves time, and what became due by it runs after it" {
            clock.callLater(1.seconds) {
                clock.advance(3.seconds)
                note("slow")
            }
            clock.callLater(2.seconds) { note("late") }
            clock.runFor(2.seconds)
            log.shouldContainExactly("slow at 4s", "late at 4s")
            clock.elapsed().toKotlinDuration() shouldBe 4.seconds
        }

        "what calls throw comes to the test when all have run" {
            val first = IllegalStateException("first")
            val second = IllegalStateException("second")
            clock.callLater(1.seconds) { throw first }
            clock.callLater(1.seconds) { throw second }
            clock.callLater(1.seconds) { note("unharmed") }
            val thrown = shouldThrow<IllegalStateException> { clock.advance(1.seconds) }
            thrown shouldBe first
            thrown.suppressed.toList().shouldContainExactly(second)
            log.shouldContainExactly("unharmed at 1s")
            clock.advance(1.seconds)
        }

        "runUntilIdle jumps until nothing is left" {
            var left = 3

            fun again() {
                note("$left")
                if (--left > 0) clock.callLater(1.hours) { again() }
            }
            clock.callLater(1.hours) { again() }
            clock.runUntilIdle(java.time.Duration.ofHours(3))
            log.shouldContainExactly("3 at 1h", "2 at 2h", "1 at 3h")
        }

        "runUntilIdle says what keeps it from ending" {
            fun forever() {
                clock.callLater(1.seconds) { forever() }
            }
            forever()
            val thrown = shouldThrow<AssertionError> { clock.runUntilIdle() }
            thrown.message shouldContain "after PT1H of virtual time there is still something to wait for: DelayedCall(due in 1000 ms"
            thrown.message shouldContain "VirtualClockSpec.kt"
        }

        "runUntil stops as soon as its condition holds, and complains when it cannot" {
            var rung = false
            clock.callLater(3.seconds) { rung = true }
            clock.callLater(30.seconds) { note("later") }
            clock.runUntil({ rung })
            clock.elapsed().toKotlinDuration() shouldBe 3.seconds
            shouldThrow<AssertionError> { clock.runUntil({ log.size == 2 }) }.message shouldContain "nothing left to wait for"
            log.shouldContainExactly("later at 30s")
        }

        "time does not run backwards" {
            shouldThrow<IllegalArgumentException> { clock.advance((-1).seconds) }
            shouldThrow<IllegalArgumentException> { clock.runFor((-1).seconds) }
            shouldThrow<IllegalArgumentException> { clock.callLater((-1).seconds) {} }
        }
    })
