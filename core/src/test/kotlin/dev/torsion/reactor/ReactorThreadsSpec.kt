// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.WrongThreadException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.lang.management.ManagementFactory
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds

class ReactorThreadsSpec :
    StringSpec({
        "calls from several threads keep each thread's order, and a flood of them loses none (behaviour 28)" {
            withReactor { reactor ->
                val threads = 4
                val calls = 50_000
                val seen = IntArray(threads)
                var inOrder = true
                val done = CountDownLatch(threads * calls)
                repeat(threads) { number ->
                    thread {
                        repeat(calls) { call ->
                            reactor.callFromThread {
                                if (seen[number]++ != call) inOrder = false
                                done.countDown()
                            }
                        }
                    }
                }
                done.awaitOrFail()
                reactor.onLoop { inOrder } shouldBe true
            }
        }

        "a call from a delayed call wakes the loop, and runs in a later turn (behaviour 27)" {
            withReactor { reactor ->
                val order = ArrayList<String>()
                val done = CompletableFuture<Unit>()
                reactor.onLoop {
                    reactor.callLater(1.milliseconds) {
                        reactor.callFromThread {
                            order.add("handed over")
                            done.complete(Unit)
                        }
                        order.add("delayed call ends")
                    }
                }
                done.getOrFail()
                order shouldContainExactly listOf("delayed call ends", "handed over")
            }
        }

        "deferToThread runs elsewhere and answers on the loop, with a value or an error" {
            withReactor { reactor ->
                val worker =
                    reactor.resultOnLoop {
                        reactor.deferToThread { Thread.currentThread().name }.addCallback { name ->
                            reactor.isInReactorThread shouldBe true
                            name
                        }
                    }
                worker shouldContain "pool"
                shouldThrow<IOException> { reactor.resultOnLoop { reactor.deferToThread<Unit> { throw IOException("disk") } } }
            }
        }

        "the pool makes threads when there is work, up to the size that was suggested" {
            withReactor { reactor ->
                reactor.threadPool.threadCount shouldBe 0
                reactor.suggestThreadPoolSize(3)
                val running = CountDownLatch(3)
                val release = CountDownLatch(1)
                val done = CountDownLatch(5)
                repeat(5) {
                    reactor.callInThread {
                        running.countDown()
                        release.awaitOrFail()
                        done.countDown()
                    }
                }
                running.awaitOrFail()
                reactor.threadPool.threadCount shouldBe 3
                release.countDown()
                done.awaitOrFail()
                shouldThrow<IllegalArgumentException> { reactor.suggestThreadPoolSize(0) }
            }
        }

        "work given before the reactor runs waits for it; what it was given is done before the reactor has ended" {
            val reactor = Reactor.create()
            val order = java.util.Collections.synchronizedList(ArrayList<String>())
            reactor.callInThread { order.add("early work") }
            reactor.callWhenRunning {
                order.add("running")
                reactor.deferToThread { order.add("late work") }.addCallback { order.add("its answer") }
                reactor.stop()
            }
            order shouldBe emptyList<String>()
            reactor.run()
            order.toSet() shouldBe setOf("running", "early work", "late work", "its answer")
            shouldThrow<RejectedExecutionException> { reactor.callInThread {} }
        }

        "blockingCallFromThread gives the result of a Deferred, throws its error, and refuses the loop's own thread" {
            withReactor { reactor ->
                val later =
                    reactor.blockingCallFromThread {
                        Deferred<Int>().also { result -> reactor.callLater(1.milliseconds) { result.callback(42) } }
                    }
                later shouldBe 42
                shouldThrow<IOException> { reactor.blockingCallFromThread { fail<Unit>(IOException("no")) } }
                shouldThrow<IllegalArgumentException> { reactor.blockingCallFromThread<Unit> { throw IllegalArgumentException("at once") } }
                val refused =
                    reactor.onLoop {
                        shouldThrow<IllegalStateException> { reactor.blockingCallFromThread { succeed(1) } }
                    }
                refused.message shouldContain "wait for itself"
            }
        }

        "another thread is refused with a sentence that says what to do" {
            withReactor { reactor ->
                shouldThrow<WrongThreadException> { reactor.callLater(1.milliseconds) {} }.message shouldContain "callFromThread"
                shouldThrow<WrongThreadException> { reactor.stop() }
            }
        }

        "a callback that blocks the loop is reported with its stack while it blocks" {
            val report = CompletableFuture<String>()
            val listener =
                BlockedLoopListener { _, blockedFor, stack ->
                    report.complete("${blockedFor.toMillis() >= 50} ${stack.joinToString { it.methodName }}")
                }
            withReactor(ReactorOptions(blockedThreshold = Duration.ofMillis(50), blockedLoopListener = listener)) { reactor ->
                // The callback ends only when it has been reported.
                reactor.onLoop { report.getOrFail() } shouldContain "true"
                report.getOrFail() shouldContain "getOrFail"
            }
        }

        "a busy loop whose callbacks are short is not reported" {
            var reports = 0
            val listener = BlockedLoopListener { _, _, _ -> reports++ }
            withReactor(ReactorOptions(blockedThreshold = Duration.ofMillis(200), blockedLoopListener = listener)) { reactor ->
                val done = CompletableFuture<Unit>()
                val end = System.nanoTime() + 600_000_000

                fun again() {
                    if (System.nanoTime() - end < 0) reactor.callFromThread(::again) else done.complete(Unit)
                }
                reactor.callFromThread(::again)
                done.getOrFail()
            }
            reports shouldBe 0
        }

        "an idle reactor uses no CPU, and neither does its watch" {
            withReactor { reactor ->
                val threads = ManagementFactory.getThreadMXBean()
                val ids = Thread.getAllStackTraces().keys.filter { it.name.startsWith("torsion-reactor") }.map {
                    @Suppress("DEPRECATION")
                    it.id
                }

                fun cpu() = ids.sumOf { threads.getThreadCpuTime(it).coerceAtLeast(0) }
                val idle = CompletableFuture<Long>()
                reactor.onLoop {
                    val before = cpu()
                    reactor.callLater(1000.milliseconds) { idle.complete(cpu() - before) }
                }
                idle.getOrFail() shouldBeLessThan 20_000_000 // ns in a second: 2 %, where a spinning loop needs 100 %
            }
        }
    })
