// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.deferred
import dev.torsion.reactor.reactorScope
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.onTimeout
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import java.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration

/** `delay` and `withTimeout` in virtual time: exact to the nanosecond, and without any waiting. */
class CoroutinesInTimeSpec :
    StringSpec({
        fun inVirtualTime(block: suspend MemoryReactor.() -> Unit) = runReactorTest(24.hours) { block() }

        fun MemoryReactor.elapsed() = clock.elapsed().toKotlinDuration()

        "delays of several coroutines pass at once, each to its own time" {
            inVirtualTime {
                val ends = ArrayList<kotlin.time.Duration>()
                reactorScope {
                    for (time in listOf(3.hours, 1.hours, 2.hours)) {
                        launch {
                            delay(time)
                            ends.add(elapsed())
                        }
                    }
                }
                ends.shouldContainExactly(1.hours, 2.hours, 3.hours)
            }
        }

        "a timeout comes at its time, cancels the Deferred that is waited for, and leaves no delayed call" {
            inVirtualTime {
                var cancelled = 0
                val never = Deferred<Int> { cancelled++ }
                shouldThrow<TimeoutCancellationException> { withTimeout(1.hours) { never.await() } }
                elapsed() shouldBe 1.hours
                cancelled shouldBe 1
                delayedCalls().shouldBeEmpty()
                withTimeout(1.hours) { "in time" } shouldBe "in time"
                delayedCalls().shouldBeEmpty()
            }
        }

        "a timeout inside another: the shorter one counts" {
            inVirtualTime {
                withTimeoutOrNull(2.hours) { withTimeoutOrNull(1.hours) { awaitCancellation() }.shouldBeNull() }
                elapsed() shouldBe 1.hours
                withTimeoutOrNull(1.hours) { withTimeout(5.hours) { awaitCancellation() } }.shouldBeNull()
                elapsed() shouldBe 2.hours
                delayedCalls().shouldBeEmpty()
            }
        }

        @OptIn(ExperimentalCoroutinesApi::class)
        "a select with a timeout goes by it too" {
            inVirtualTime {
                select<String> { onTimeout(30.seconds) { "timeout" } } shouldBe "timeout"
                elapsed() shouldBe 30.seconds
            }
        }

        "a coroutine that was on another thread comes back to the reactor's time" {
            val reactor = MemoryReactor()
            reactor.start()
            // Its end is handed over by that thread, which no virtual clock can know of: here turns are made until it has come.
            val done =
                reactor.scope.deferred {
                    withContext(Dispatchers.IO) { Thread.currentThread() } shouldNotBe Thread.currentThread()
                    delay(1.hours)
                    reactor.elapsed()
                }
            val deadline = System.nanoTime() + 20.seconds.inWholeNanoseconds
            while (reactor.delayedCalls().isEmpty() && System.nanoTime() < deadline) reactor.turn()
            reactor.await(done, Duration.ofHours(2)) shouldBe 1.hours
            reactor.close()
        }
    })
