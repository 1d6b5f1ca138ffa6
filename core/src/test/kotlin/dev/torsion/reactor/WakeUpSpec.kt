// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.loop.Loop
import dev.torsion.nio.NioPoller
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds

/** Behaviours 27 and 28: nobody who calls from a thread is forgotten, and the loop is woken no more than it needs. */
class WakeUpSpec :
    StringSpec({
        /** Counts how often it is woken. */
        class CountingPoller(loop: Loop, val wakeUps: AtomicInteger) : NioPoller(loop) {
            override fun wakeUp() {
                wakeUps.incrementAndGet()
                super.wakeUp()
            }
        }

        class CountingReactor(val wakeUps: AtomicInteger = AtomicInteger()) :
            EngineReactor(ReactorOptions(), nioEngine(ReactorOptions()) { CountingPoller(it, wakeUps) })

        fun <T> withCounting(test: (CountingReactor) -> T): T {
            val reactor = CountingReactor()
            reactor.start()
            try {
                return test(reactor)
            } finally {
                check(reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS))) { "the reactor did not stop" }
            }
        }

        "behaviour 28: a flood of calls while the loop is blocked: all run, in each thread's order, and the loop is woken at most once" {
            withCounting { reactor ->
                val threads = 4
                val calls = 25_000
                val blocked = CountDownLatch(1)
                val release = CountDownLatch(1)
                reactor.callFromThread {
                    blocked.countDown()
                    release.awaitOrFail()
                }
                blocked.awaitOrFail()
                val before = reactor.wakeUps.get()
                val seen = IntArray(threads)
                var inOrder = true
                val done = CountDownLatch(threads * calls)
                val givers =
                    List(threads) { number ->
                        thread {
                            repeat(calls) { call ->
                                reactor.callFromThread {
                                    if (seen[number]++ != call) inOrder = false
                                    done.countDown()
                                }
                            }
                        }
                    }
                givers.forEach { it.join() }
                done.count shouldBe threads * calls.toLong()
                reactor.wakeUps.get() - before shouldBe 0 // it is awake
                release.countDown()
                done.awaitOrFail()
                reactor.onLoop { inOrder } shouldBe true
                reactor.wakeUps.get() - before shouldBeLessThanOrEqual 1 // by the call of the line above, if the loop was asleep by then
            }
        }

        "behaviour 28: a flood while the loop goes on: it is woken at most once for each time it waits" {
            withCounting { reactor ->
                val threads = 4
                val calls = 25_000
                val done = CountDownLatch(threads * calls)
                val turns = reactor.onLoop { reactor.health().turns }
                val before = reactor.wakeUps.get()
                repeat(threads) { thread { repeat(calls) { reactor.callFromThread(done::countDown) } } }
                done.awaitOrFail()
                // A turn waits once, and the one that has not ended yet is not counted.
                val turnsMade = reactor.onLoop { reactor.health().turns } - turns + 1
                (reactor.wakeUps.get() - before).toLong() shouldBeLessThanOrEqual turnsMade + 1
            }
        }

        "behaviour 28: calls that come one by one to a sleeping loop are each noticed" {
            withCounting { reactor ->
                repeat(2_000) {
                    val done = CompletableFuture<Unit>()
                    reactor.callFromThread { done.complete(Unit) }
                    done.getOrFail()
                }
            }
        }

        "behaviour 27: a call from a delayed call needs no other event to be run" {
            withReactor { reactor ->
                val done = CompletableFuture<Unit>()
                reactor.onLoop { reactor.callLater(1.milliseconds) { reactor.callFromThread { done.complete(Unit) } } }
                done.getOrFail()
            }
        }

        "a loop that waits for a very distant delayed call is woken for a call, and for a nearer one" {
            withReactor { reactor ->
                reactor.onLoop { reactor.callLater(Long.MAX_VALUE, java.util.concurrent.TimeUnit.DAYS) {} }
                val done = CompletableFuture<Unit>()
                reactor.callFromThread { reactor.callLater(1.milliseconds) { done.complete(Unit) } }
                done.getOrFail()
                reactor.onLoop { reactor.delayedCalls().size } shouldBe 1
            }
        }
    })
