// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.health.BlockedLoopListener
import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.EventLoop
import dev.torsion.net.WrongThreadException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.lang.management.ManagementFactory
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds

class ReactorThreadsSpec :
    StringSpec({
        "behaviour 28: calls from several threads keep each thread's order, and a flood of them loses none" {
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

        "what an interrupted caller has begun is cancelled, and what it has not begun is not begun" {
            withReactor { reactor ->
                val cancelled = CompletableFuture<Unit>()
                val begun = CountDownLatch(1)
                val waiter =
                    thread {
                        shouldThrow<InterruptedException> {
                            reactor.blockingCallFromThread {
                                Deferred<Int> { cancelled.complete(Unit) }.also { begun.countDown() }
                            }
                        }
                    }
                begun.awaitOrFail()
                waiter.interrupt()
                cancelled.getOrFail()
                waiter.join()

                val held = CountDownLatch(1)
                val isHolding = CountDownLatch(1)
                reactor.callFromThread {
                    isHolding.countDown()
                    held.awaitOrFail()
                }
                isHolding.awaitOrFail()
                var calls = 0
                val late = CompletableFuture<Throwable?>()
                thread {
                    Thread.currentThread().interrupt()
                    late.complete(runCatching { reactor.blockingCallFromThread { succeed(++calls) } }.exceptionOrNull())
                }
                (late.getOrFail() is InterruptedException) shouldBe true
                held.countDown()
                reactor.onLoop { calls } shouldBe 0
            }
        }

        "behaviour 27: a call from a delayed call wakes the loop, and runs in a later turn" {
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

        "a failing deferToThread behind one that went well is its own error" {
            withReactor { reactor ->
                val error =
                    shouldThrow<IOException> {
                        reactor.resultOnLoop {
                            reactor.deferToThread {
                                "fine"
                            }.addAsyncCallback { reactor.deferToThread<String> { throw IOException("disk") } }
                        }
                    }
                error.message shouldBe "disk"
            }
        }

        "cancelling deferToThread ends the waiting; the work goes on, and its answer harms nobody" {
            val reported = java.util.Collections.synchronizedList(ArrayList<Throwable>())
            withReactor(ReactorOptions(errorListener = { _, error -> reported.add(error) })) { reactor ->
                val release = CountDownLatch(1)
                val worked = CompletableFuture<Unit>()
                shouldThrow<DeferredCancelledException> {
                    reactor.resultOnLoop {
                        reactor.deferToThread { release.awaitOrFail().also { worked.complete(Unit) } }.also(Deferred<*>::cancel)
                    }
                }
                release.countDown()
                worked.getOrFail()
            }
            reported shouldBe emptyList<Throwable>()
        }

        "what a pool's thread throws is reported, and work given by work is done" {
            val reported = CompletableFuture<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, error -> reported.complete(error) })) { reactor ->
                val inner = CompletableFuture<Unit>()
                reactor.callInThread {
                    reactor.callInThread { inner.complete(Unit) }
                    throw IOException("disk")
                }
                inner.getOrFail()
                reported.getOrFail().message shouldBe "disk"
            }
        }

        "work of a reactor whose startup was never done is done at its end" {
            val reactor = Reactor.create()
            val worked = CompletableFuture<Unit>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) {
                reactor.callFromThread(reactor::stop)
                Deferred<Unit>()
            }
            reactor.callInThread { worked.complete(Unit) }
            reactor.run()
            worked.isDone shouldBe true
        }

        "a pool that was only asked for, of a reactor that never runs, has no thread" {
            val reactor = Reactor.create()
            reactor.suggestThreadPoolSize(4)
            reactor.callInThread { error("it never runs") }
            reactor.threadPool.size shouldBe 4
            reactor.threadPool.threadCount shouldBe 0
            reactor.threadPool.waitingCount shouldBe 1
        }

        "the pool keeps SLF4J's MDC of who hands work over, by the carrier of the options, and uses their thread factory" {
            val seen = CompletableFuture<String>()
            val carrier =
                ContextCarrier { work ->
                    val from = Thread.currentThread().name
                    Runnable {
                        work.run()
                        seen.complete("from $from on ${Thread.currentThread().name}")
                    }
                }
            val options = ReactorOptions.builder().contextCarrier(carrier).threadFactory { Thread(it, "mine") }.threadName("loop").build()
            withReactor(options) { reactor ->
                reactor.resultOnLoop { reactor.deferToThread { "work" } }
                seen.getOrFail() shouldBe "from loop on mine"
            }
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

        "a turn of many small callbacks is reported as such, and none of them as one that blocks" {
            val turn = CompletableFuture<Long>()
            val threshold = Duration.ofMillis(200)
            val blocked = AtomicInteger()
            var gaps = 0 // in which the loop got no processor, as happens on a crowded machine: to report those is right
            val listener =
                object : BlockedLoopListener {
                    override fun loopBlocked(loop: EventLoop, blockedFor: Duration, stack: Array<StackTraceElement>) {
                        blocked.incrementAndGet()
                    }

                    override fun turnIsLong(loop: EventLoop, turnTime: Duration, callbacks: Long) {
                        check(turnTime >= threshold)
                        turn.complete(callbacks)
                    }
                }
            withReactor(ReactorOptions(blockedThreshold = threshold, blockedLoopListener = listener)) { reactor ->
                reactor.onLoop {
                    // Each is short; all are in the next turn, and end when they have been reported.
                    repeat(100_000) {
                        reactor.callFromThread {
                            val began = System.nanoTime()
                            while (!turn.isDone && System.nanoTime() - began < 1_000_000) Thread.onSpinWait()
                            if (System.nanoTime() - began >= threshold.toNanos()) gaps++
                        }
                    }
                }
                turn.getOrFail() shouldBeGreaterThan 10
            }
            blocked.get() shouldBeLessThanOrEqual gaps
        }

        "a busy loop whose callbacks are short is not reported" {
            val reports = AtomicInteger()
            val listener = BlockedLoopListener { _, _, _ -> reports.incrementAndGet() }
            val threshold = Duration.ofMillis(200)
            var gaps = 0 // in which the loop got no processor, as happens on a crowded machine: to report those is right
            withReactor(ReactorOptions(blockedThreshold = threshold, blockedLoopListener = listener)) { reactor ->
                val done = CompletableFuture<Unit>()
                var last = System.nanoTime()
                val end = last + 3 * threshold.toNanos()

                fun again() {
                    val now = System.nanoTime()
                    if (now - last >= threshold.toNanos()) gaps++
                    last = now
                    if (now - end < 0) reactor.callFromThread(::again) else done.complete(Unit)
                }
                reactor.callFromThread(::again)
                done.getOrFail()
            }
            reports.get() shouldBeLessThanOrEqual gaps
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
