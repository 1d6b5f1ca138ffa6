// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

/** `delay` and `withTimeout` go by the reactor's clock, whatever that is; by a virtual one see the testkit's `CoroutinesInTimeSpec`. */
class CoroutineTimeSpec :
    StringSpec({
        fun HandTurnedReactor.pass(time: kotlin.time.Duration) {
            now += time.inWholeNanoseconds
            turnByHand()
        }

        "a delay of an hour is over when the reactor's clock says so" {
            val reactor = HandTurnedReactor()
            reactor.beginByHand()
            val seen = ArrayList<String>()
            reactor.scope.launch {
                delay(1.hours)
                seen.add("an hour")
            }
            reactor.pass(59.minutes)
            seen.shouldBeEmpty()
            reactor.pass(1.minutes)
            seen.shouldContainExactly("an hour")
        }

        "a timeout cancels the Deferred that is waited for, and one that is not needed leaves no delayed call" {
            val reactor = HandTurnedReactor()
            reactor.beginByHand()
            var cancelled = 0
            val never = Deferred<Int> { cancelled++ }
            val soon = Deferred<Int>()
            val seen = ArrayList<Any?>()
            reactor.scope.launch {
                seen.add(withTimeoutOrNull(1.minutes) { soon.await() })
                seen.add(withTimeoutOrNull(1.minutes) { never.await() })
            }
            soon.callback(1)
            reactor.delayedCalls().size shouldBe 1
            seen.shouldContainExactly(1)
            reactor.pass(1.minutes)
            seen.shouldContainExactly(1, null)
            cancelled shouldBe 1
            reactor.delayedCalls().shouldBeEmpty()
        }

        "a delay that is cancelled takes its delayed call along" {
            val reactor = HandTurnedReactor()
            reactor.beginByHand()
            val job = reactor.scope.launch { delay(1.hours) }
            reactor.delayedCalls().size shouldBe 1
            job.cancel()
            reactor.delayedCalls().shouldBeEmpty()
        }

        "on the real clock both take the time they should, in order with delayed calls" {
            withReactor { reactor ->
                val order = ArrayList<String>()
                val start = System.nanoTime()
                runBlocking {
                    reactor.reactorScope {
                        reactor.callLater(5.milliseconds) { order.add("call") }
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            delay(10)
                            order.add("delay")
                        }
                        shouldThrow<TimeoutCancellationException> { withTimeout(15) { Deferred<Int>().await() } }
                        order.add("timeout")
                    }
                }
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) shouldBeGreaterThanOrEqual 15
                order.shouldContainExactly("call", "delay", "timeout")
            }
        }
    })
