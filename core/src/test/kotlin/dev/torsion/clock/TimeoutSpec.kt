// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.succeed
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import kotlin.time.Duration.Companion.seconds

class TimeoutSpec :
    StringSpec({
        fun <T> outcomes(deferred: Deferred<T>) = ArrayList<Outcome<T>>().also { seen -> deferred.addBoth { seen.add(it) } }

        "deferLater calls after the delay and gives the result" {
            val clock = ManualClock()
            var calls = 0
            val seen = outcomes(clock.deferLater(2.seconds) { "late".also { calls++ } })
            clock.advance(1.seconds)
            calls shouldBe 0
            clock.advance(1.seconds)
            seen shouldContainExactly listOf(Success("late"))
        }

        "deferLater fails with what the call throws" {
            val clock = ManualClock()
            val error = IOException("no")
            val seen = outcomes(clock.deferLater(1.seconds) { throw error })
            clock.advance(1.seconds)
            seen shouldContainExactly listOf(Failure(error))
        }

        "cancelling deferLater cancels the call" {
            val clock = ManualClock()
            var calls = 0
            val deferred = clock.deferLater(1.seconds) { calls++ }
            val seen = outcomes(deferred)
            deferred.cancel()
            (seen.single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            clock.delayedCalls().shouldBeEmpty()
            clock.advance(1.seconds)
            calls shouldBe 0
        }

        "deferLater refuses a negative delay" {
            shouldThrow<IllegalArgumentException> { ManualClock().deferLater((-1).seconds) { } }
        }

        "a timeout cancels, and shows as a DeferredTimeoutException" {
            val clock = ManualClock()
            var cancelled = 0
            val seen = outcomes(Deferred<Int> { cancelled++ }.addTimeout(3.seconds, clock))
            clock.advance(2.seconds)
            seen.shouldBeEmpty()
            clock.advance(1.seconds)
            cancelled shouldBe 1
            val error = (seen.single() as Failure).value.shouldBeInstanceOf<DeferredTimeoutException>()
            error.timeout shouldBe java.time.Duration.ofSeconds(3)
        }

        "a result in time cleans the timer, whether good or bad" {
            val clock = ManualClock()
            val good = Deferred<Int>()
            val bad = Deferred<Int>()
            val seen = listOf(good, bad).map { outcomes(it.addTimeout(1.seconds, clock)) }
            val error = IOException("no")
            good.callback(1)
            bad.errback(error)
            clock.delayedCalls().shouldBeEmpty()
            seen.map { it.single() } shouldContainExactly listOf(Success(1), Failure(error))
            outcomes(succeed(1).addTimeout(1.seconds, clock)) shouldContainExactly listOf(Success(1))
            clock.delayedCalls().shouldBeEmpty()
        }

        "behaviour 13: a canceller's value on timeout wins" {
            val clock = ManualClock()
            val seen = outcomes(Deferred<Int> { it.callback(7) }.addTimeout(1.seconds, clock))
            clock.advance(1.seconds)
            seen shouldContainExactly listOf(Success(7))
        }

        "a canceller's own error is not converted" {
            val clock = ManualClock()
            val error = IOException("gave up")
            val seen = outcomes(Deferred<Int> { it.errback(error) }.addTimeout(1.seconds, clock))
            clock.advance(1.seconds)
            seen shouldContainExactly listOf(Failure(error))
        }

        "behaviour 14: an errback added before may swallow the timeout" {
            val clock = ManualClock()
            val trapped = ArrayList<Class<*>>()
            val seen =
                outcomes(
                    Deferred<String>()
                        .addErrback {
                            trapped.add(it.trap(DeferredCancelledException::class.java))
                            "instead"
                        }.addTimeout(1.seconds, clock),
                )
            clock.advance(1.seconds)
            trapped shouldContainExactly listOf(DeferredCancelledException::class.java)
            seen shouldContainExactly listOf(Success("instead"))
        }

        "the time covers what was added before, and nothing that is added later" {
            val clock = ManualClock()
            val before = Deferred<Int>()
            val covered = outcomes(succeed(1).addAsyncCallback { before }.addTimeout(1.seconds, clock))
            val after = Deferred<Int>()
            val uncovered = outcomes(succeed(1).addTimeout(1.seconds, clock).addAsyncCallback { after })
            clock.advance(1.seconds)
            (covered.single() as Failure).value.shouldBeInstanceOf<DeferredTimeoutException>()
            uncovered.shouldBeEmpty()
            after.callback(2)
            uncovered shouldContainExactly listOf(Success(2))
        }

        "a cancellation by hand stays one, and cleans the timer" {
            val clock = ManualClock()
            val deferred = Deferred<Int>().addTimeout(1.seconds, clock)
            val seen = outcomes(deferred)
            deferred.cancel()
            (seen.single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            clock.delayedCalls().shouldBeEmpty()
        }

        "onTimeout decides what a timeout ends with, and is not called otherwise" {
            val clock = ManualClock()
            val told = ArrayList<Any>()
            val late =
                Deferred<Int>().addTimeout(2.seconds, clock) { outcome, timeout ->
                    told.add((outcome as Failure).type)
                    told.add(timeout)
                    42
                }
            val early = succeed(1).addTimeout(1.seconds, clock) { _, _ -> 42 }
            clock.advance(2.seconds)
            outcomes(late) shouldContainExactly listOf(Success(42))
            outcomes(early) shouldContainExactly listOf(Success(1))
            told shouldContainExactly listOf(DeferredCancelledException::class.java, java.time.Duration.ofSeconds(2))
        }

        "the stricter of two timeouts wins and both timers go" {
            val clock = ManualClock()
            val seen = outcomes(Deferred<Int>().addTimeout(1.seconds, clock).addTimeout(5.seconds, clock))
            clock.advance(1.seconds)
            ((seen.single() as Failure).value as DeferredTimeoutException).timeout shouldBe java.time.Duration.ofSeconds(1)
            clock.delayedCalls().shouldBeEmpty()
        }
    })
