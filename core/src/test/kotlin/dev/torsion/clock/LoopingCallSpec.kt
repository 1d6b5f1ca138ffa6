// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.Callable
import kotlin.time.Duration
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

class LoopingCallSpec :
    StringSpec({
        val clock = ManualClock()
        val times = ArrayList<Duration>()

        fun note() = times.add(clock.now.nanoseconds)

        fun <T> outcomes(deferred: Deferred<T>) = ArrayList<Outcome<T>>().also { seen -> deferred.addBoth { seen.add(it) } }

        beforeTest {
            times.clear()
            clock.now = 0
            clock.delayedCalls().forEach { it.cancel() }
        }

        "behaviour 20: a call that takes long skips the points of the grid up to and including now" {
            var takes = 2.seconds
            val loop = LoopingCall(clock) { note().also { clock.now += takes.inWholeNanoseconds } }
            loop.start(500.milliseconds)
            clock.advance(ZERO)
            takes = 1.seconds
            clock.advance(500.milliseconds)
            clock.advance(ZERO)
            takes = ZERO
            clock.advance(500.milliseconds)
            times shouldContainExactly listOf(ZERO, 2.5.seconds, 4.seconds)
        }

        "behaviour 21: ten intervals of a tenth never count 0, and sum to 10" {
            val counts = ArrayList<Long>()
            LoopingCall.withCount(clock) { counts.add(it) }.start(100.milliseconds, now = false)
            repeat(10) { clock.advance(100.milliseconds) }
            counts shouldContainExactly List(10) { 1L }
        }

        "behaviour 22: a Deferred from the call holds up the next one, which is on the grid" {
            val gate = Deferred<Unit>()
            LoopingCall(clock) {
                note()
                if (times.size == 1) gate else null
            }.start(1.seconds)
            clock.advance(3.5.seconds)
            times shouldContainExactly listOf(ZERO)
            gate.callback(Unit)
            clock.advance(500.milliseconds)
            times shouldContainExactly listOf(ZERO, 4.seconds)
        }

        "with now = false the first call is one interval away" {
            LoopingCall(clock) { note() }.start(1.seconds, now = false)
            times.shouldBeEmpty()
            clock.advance(999.milliseconds)
            times.shouldBeEmpty()
            clock.advance(1.milliseconds)
            times shouldContainExactly listOf(1.seconds)
        }

        "thousands of calls do not drift by a nanosecond" {
            LoopingCall(clock) { note() }.start(333_333_333.nanoseconds)
            repeat(10_000) { clock.advance(100.milliseconds) }
            times.withIndex().all { (i, time) -> time - 333_333_333.nanoseconds * i in ZERO..100.milliseconds } shouldBe true
            times.size shouldBe 3_001
        }

        "stop fires the Deferred of start with the loop, which can be started again" {
            val loop = LoopingCall(clock) { note() }
            val first = outcomes(loop.start(1.seconds))
            loop.isRunning shouldBe true
            loop.stop()
            first shouldContainExactly listOf(Success(loop))
            loop.isRunning shouldBe false
            clock.delayedCalls().shouldBeEmpty()

            clock.advance(10.5.seconds)
            loop.start(1.seconds, now = false)
            clock.advance(1.seconds)
            times shouldContainExactly listOf(ZERO, 11.5.seconds)
        }

        "a counting loop that is started again does not count the time between" {
            val counts = ArrayList<Long>()
            val loop = LoopingCall.withCount(clock) { counts.add(it) }
            loop.start(1.seconds)
            loop.stop()
            clock.advance(10.seconds)
            loop.start(1.seconds)
            counts shouldContainExactly listOf(1L, 1L)
        }

        "stop during a call fires the Deferred at the end of that call" {
            val gate = Deferred<Unit>()
            val loop = LoopingCall(clock) { gate }
            val ended = outcomes(loop.start(1.seconds))
            loop.stop()
            ended.shouldBeEmpty()
            gate.callback(Unit)
            ended shouldContainExactly listOf(Success(loop))
            clock.delayedCalls().shouldBeEmpty()
        }

        "a call may stop the loop and start it with another interval: both runs end properly" {
            lateinit var loop: LoopingCall
            var second: Deferred<LoopingCall>? = null
            loop =
                LoopingCall(clock) {
                    note()
                    if (times.size == 2) {
                        loop.stop()
                        second = loop.start(5.seconds, now = false)
                    }
                }
            val first = outcomes(loop.start(1.seconds))
            clock.advance(1.seconds)
            first shouldContainExactly listOf(Success(loop))
            clock.advance(5.seconds)
            times shouldContainExactly listOf(ZERO, 1.seconds, 6.seconds)
            clock.delayedCalls().size shouldBe 1
            loop.stop()
            outcomes(second!!) shouldContainExactly listOf(Success(loop))
        }

        "an exception ends the loop and the Deferred fails with it" {
            val error = IllegalStateException("enough")
            val loop =
                LoopingCall(clock) {
                    note()
                    if (times.size == 2) throw error
                }
            val ended = outcomes(loop.start(1.seconds))
            clock.advance(1.seconds)
            ended shouldContainExactly listOf(Failure(error))
            loop.isRunning shouldBe false
            clock.delayedCalls().shouldBeEmpty()
        }

        "a Deferred that fails ends the loop" {
            val gate = Deferred<Unit>()
            val loop = LoopingCall(clock) { gate }
            val ended = outcomes(loop.start(1.seconds))
            val error = IllegalStateException("no")
            gate.errback(error)
            ended shouldContainExactly listOf(Failure(error))
            loop.isRunning shouldBe false
        }

        "cancelling the Deferred of start stops the loop" {
            val loop = LoopingCall(clock) { note() }
            val ended = loop.start(1.seconds)
            val seen = outcomes(ended)
            ended.cancel()
            (seen.single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            loop.isRunning shouldBe false
            clock.delayedCalls().shouldBeEmpty()
        }

        "cancelling while a call is in progress cancels that call's Deferred" {
            var cancelled = 0
            val loop = LoopingCall(clock) { Deferred<Unit> { cancelled++ } }
            val ended = loop.start(1.seconds)
            val seen = outcomes(ended)
            ended.cancel()
            cancelled shouldBe 1
            (seen.single() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
            loop.isRunning shouldBe false
        }

        "an interval of zero means each turn; a negative one is refused" {
            val loop = LoopingCall(clock) { note() }
            loop.start(ZERO, now = false)
            val planned = clock.delayedCalls().single()
            planned.time shouldBe 0
            loop.stop()
            shouldThrow<IllegalArgumentException> { loop.start((-1).nanoseconds) }
            loop.isRunning shouldBe false
        }

        "starting twice, and stopping or resetting what does not run, are errors" {
            val loop = LoopingCall(clock) { note() }
            shouldThrow<IllegalStateException> { loop.stop() }.message!! shouldContain "not running"
            shouldThrow<IllegalStateException> { loop.reset() }
            loop.start(1.seconds)
            shouldThrow<IllegalStateException> { loop.start(1.seconds) }.message!! shouldContain "running already"
            clock.delayedCalls().size shouldBe 1
        }

        "reset skips the coming call and begins a new grid" {
            val loop = LoopingCall(clock) { note() }
            loop.start(1.seconds)
            clock.advance(700.milliseconds)
            loop.reset()
            clock.advance(900.milliseconds)
            times shouldContainExactly listOf(ZERO)
            clock.advance(100.milliseconds)
            times shouldContainExactly listOf(ZERO, 1.7.seconds)
        }

        "an enormous interval is for ever" {
            val loop = LoopingCall(clock) { note() }
            loop.start(java.time.Duration.ofSeconds(Long.MAX_VALUE))
            clock.advance(1_000_000.seconds)
            times shouldContainExactly listOf(ZERO)
        }

        "toString names the very function that was given, in each way to make it" {
            class Named :
                () -> Any?,
                Callable<Any?>,
                Callback<Long, Any?> {
                override fun invoke(): Any? = null

                override fun call(): Any? = null

                override fun call(value: Long): Any? = null

                override fun toString() = "look for mail"
            }
            val given = Named()
            val made =
                listOf(
                    LoopingCall(clock, given as () -> Any?),
                    LoopingCall(clock, given as Callable<Any?>),
                    LoopingCall.withCount(clock, given),
                )
            made.forEach { it.toString() shouldBe "LoopingCall(look for mail, stopped)" }
        }

        "for ever is never" {
            var calls = 0
            val loop = LoopingCall(clock) { calls++ }
            loop.start(kotlin.time.Duration.INFINITE)
            clock.advance(36_500.days)
            calls shouldBe 1
            loop.stop()
            loop.start(java.time.temporal.ChronoUnit.FOREVER.duration, now = false)
            clock.advance(365.days)
            calls shouldBe 1
        }

        "toString tells what it calls, how often, and whether it runs" {
            val loop = LoopingCall(clock, Runnable { })
            loop.toString() shouldContain "stopped"
            loop.start(1.5.seconds)
            loop.toString() shouldContain "1.5 s, running"
        }
    })
