// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.callMultipleInThread
import dev.torsion.reactor.deferToThreadPool
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.time.Duration
import java.util.Collections
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.ThreadFactory
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

class ThreadPoolSpec :
    StringSpec({
        val deadline = Duration.ofSeconds(DEADLINE_SECONDS)

        fun <T> withPool(
            size: Int = 10,
            contextCarrier: ContextCarrier = ContextCarrier.mdc(),
            errorListener: ErrorListener = ErrorListener { _, error -> throw error },
            test: (ThreadPool) -> T,
        ): T {
            val pool = ThreadPool("test", size, null, contextCarrier, errorListener)
            pool.start()
            try {
                return test(pool)
            } finally {
                pool.stopAndJoin(deadline) shouldBe true
            }
        }

        /** Work that is there until it is let go. */
        class Gate {
            private val open = CountDownLatch(1)
            private val begun = CountDownLatch(1)

            fun pass() {
                begun.countDown()
                open.awaitOrFail()
            }

            fun awaitBegun() = begun.awaitOrFail()

            fun open() = open.countDown()
        }

        fun ThreadPool.await(what: String, isSo: ThreadPool.() -> Boolean) {
            val end = System.nanoTime() + deadline.toNanos()
            while (!isSo()) {
                check(System.nanoTime() < end) { "$this: not $what in time" }
                Thread.onSpinWait()
            }
        }

        fun ThreadPool.awaitThreads(count: Int) = await("$count threads") { threadCount == count }

        "no thread is made before there is work, and an idle one is used before another is made" {
            withPool { pool ->
                pool.threadCount shouldBe 0
                repeat(20) {
                    val done = CompletableFuture<Thread>()
                    pool.callInThread { done.complete(Thread.currentThread()) }
                    done.getOrFail().name shouldContain "test-"
                    pool.await("idle") { busyCount == 0 } // a thread that has just answered may not be
                }
                pool.threadCount shouldBe 1
            }
        }

        "there are never more threads than its size; the rest waits, first in, first out" {
            withPool(size = 2) { pool ->
                val gates = List(2) { Gate() }
                val order = Collections.synchronizedList(ArrayList<Int>())
                gates.forEach { gate -> pool.callInThread(gate::pass) }
                gates.forEach(Gate::awaitBegun)
                val done = CountDownLatch(5)
                repeat(5) { number ->
                    pool.callInThread {
                        order.add(number)
                        done.countDown()
                    }
                }
                pool.threadCount shouldBe 2
                pool.busyCount shouldBe 2
                pool.waitingCount shouldBe 5
                gates[0].open()
                done.awaitOrFail()
                order shouldContainExactly listOf(0, 1, 2, 3, 4)
                gates[1].open()
            }
        }

        "it grows while it is busy: what waits gets threads at once" {
            withPool(size = 1) { pool ->
                val gates = List(3) { Gate() }
                gates.forEach { gate -> pool.callInThread(gate::pass) }
                gates[0].awaitBegun()
                pool.threadCount shouldBe 1
                pool.adjust(0, 3)
                gates.forEach(Gate::awaitBegun)
                pool.threadCount shouldBe 3
                gates.forEach(Gate::open)
            }
        }

        "it shrinks while it is busy: threads that are too many end when their work is done" {
            withPool(size = 3) { pool ->
                val gates = List(3) { Gate() }
                gates.forEach { gate -> pool.callInThread(gate::pass) }
                gates.forEach(Gate::awaitBegun)
                pool.adjust(0, 1)
                pool.threadCount shouldBe 3
                gates.forEach(Gate::open)
                pool.awaitThreads(1)
                val done = CompletableFuture<Unit>()
                pool.callInThread { done.complete(Unit) }
                done.getOrFail()
            }
        }

        "it shrinks while it is idle, and keeps as many threads as it is told to" {
            withPool(size = 5) { pool ->
                pool.adjust(4, 5)
                pool.threadCount shouldBe 4
                pool.minThreads shouldBe 4
                pool.adjust(2, 2)
                pool.awaitThreads(2)
            }
        }

        "sizes that make no sense are refused" {
            shouldThrow<IllegalArgumentException> { ThreadPool("none", 0) }
            withPool(size = 3) { pool ->
                shouldThrow<IllegalArgumentException> { pool.adjust(-1, 3) }
                shouldThrow<IllegalArgumentException> { pool.adjust(4, 3) }
                shouldThrow<IllegalArgumentException> { pool.adjust(0, 0) }
                pool.size shouldBe 3
            }
        }

        "work that was given before it starts waits for that" {
            val pool = ThreadPool("early")
            val done = CountDownLatch(3)
            repeat(3) { pool.callInThread(done::countDown) }
            pool.threadCount shouldBe 0
            pool.waitingCount shouldBe 3
            pool.start()
            done.awaitOrFail()
            pool.stopAndJoin(deadline) shouldBe true
        }

        "stopping it drains it: what was given is done, more is refused with a typed error" {
            val pool = ThreadPool("drained", 2)
            pool.start()
            val gate = Gate()
            val done = AtomicInteger()
            pool.callInThread(gate::pass)
            repeat(20) { pool.callInThread(done::incrementAndGet) }
            gate.awaitBegun()
            pool.stop()
            shouldThrow<ThreadPoolStoppedException> { pool.callInThread {} }.message shouldContain "drained"
            shouldThrow<ThreadPoolStoppedException> { pool.start() }
            pool.stopAndJoin(Duration.ZERO) shouldBe false
            gate.open()
            pool.stopAndJoin(deadline) shouldBe true
            done.get() shouldBe 20
            pool.threadCount shouldBe 0
        }

        "one that was stopped without ever being started does what it was given all the same" {
            val pool = ThreadPool("never started")
            val done = CompletableFuture<Unit>()
            pool.callInThread { done.complete(Unit) }
            pool.stopAndJoin(deadline) shouldBe true
            done.isDone shouldBe true
        }

        "what work throws is reported, even an Error, and its thread lives on" {
            val reported = Collections.synchronizedList(ArrayList<Throwable>())
            withPool(size = 1, errorListener = { _, error -> reported.add(error) }) { pool ->
                val errors = listOf(IOException("disk"), AssertionError("worse"))
                errors.forEach { pool.callInThread { throw it } }
                val done = CompletableFuture<String>()
                pool.callInThread { done.complete(Thread.currentThread().name) }
                done.getOrFail() shouldBe "test-1"
                reported shouldContainExactly errors
            }
        }

        "an error listener that throws does not end the thread" {
            withPool(size = 1) { pool ->
                pool.callInThread { throw IOException("disk") }
                val done = CompletableFuture<String>()
                pool.callInThread { done.complete(Thread.currentThread().name) }
                done.getOrFail() shouldBe "test-1"
            }
        }

        "a thread that work has left interrupted is not, for the next" {
            withPool(size = 1) { pool ->
                pool.callInThread { Thread.currentThread().interrupt() }
                val done = CompletableFuture<Boolean>()
                pool.callInThread { done.complete(Thread.currentThread().isInterrupted) }
                done.getOrFail() shouldBe false
            }
        }

        "callInThreadWithCallback gives value and error on the thread that did the work" {
            withPool { pool ->
                val results = Collections.synchronizedList(ArrayList<Any?>())
                val done = CountDownLatch(2)

                fun take(outcome: Outcome<Thread>) {
                    results.add(if (outcome is Failure) outcome.value.message else outcome.get() === Thread.currentThread())
                    done.countDown()
                }
                pool.callInThreadWithCallback(::take) { Thread.currentThread() }
                pool.callInThreadWithCallback<Thread>(::take) { throw IOException("disk") }
                done.awaitOrFail()
                results shouldContainExactlyInAnyOrder listOf(true, "disk")
            }
        }

        "an error of onResult is reported, and onResult is not called again" {
            val reported = Collections.synchronizedList(ArrayList<String?>())
            val calls = AtomicInteger()
            withPool(errorListener = { _, error -> reported.add(error.message) }) { pool ->
                pool.callInThreadWithCallback<Int>({
                    calls.incrementAndGet()
                    error("in onResult")
                }) { 1 }
            }
            reported shouldContainExactly listOf("in onResult")
            calls.get() shouldBe 1
        }

        "the context of who hands work over is there in the thread, for the work and its callback, and gone for the next" {
            val context = ThreadLocal<String?>()
            val carrier =
                ContextCarrier { work ->
                    val carried = context.get()
                    Runnable {
                        context.set(carried)
                        try {
                            work.run()
                        } finally {
                            context.remove()
                        }
                    }
                }
            withPool(size = 1, contextCarrier = carrier) { pool ->
                val seen = Collections.synchronizedList(ArrayList<String?>())
                context.set("request 1")
                pool.callInThreadWithCallback<Unit>({ seen.add(context.get()) }) { seen.add(context.get()) }
                context.remove()
                val done = CompletableFuture<String?>()
                pool.callInThread { done.complete(context.get()) }
                done.getOrFail() shouldBe null
                seen shouldContainExactly listOf("request 1", "request 1")
            }
        }

        "threads come from the factory that it is given, and one that gives none is an error of the call" {
            val made = Collections.synchronizedList(ArrayList<Thread>())
            val pool = ThreadPool("factory", 3, ThreadFactory { Thread(it, "mine").also(made::add) })
            pool.start()
            val done = CompletableFuture<Thread>()
            pool.callInThread { done.complete(Thread.currentThread()) }
            made shouldContainExactly listOf(done.getOrFail())
            pool.stopAndJoin(deadline) shouldBe true
            val none = ThreadPool("none", 1, ThreadFactory { null })
            none.start()
            shouldThrow<IllegalStateException> { none.callInThread {} }.message shouldContain "no thread"
        }

        "a call that gets no thread is refused and never runs; those that wait for the start run when there are threads" {
            var threads = 0 // that the factory may still give
            val ran = Collections.synchronizedList(ArrayList<String>())
            val pool = ThreadPool("few", 3, ThreadFactory { if (threads-- > 0) Thread(it) else throw IOException("no more threads") })
            pool.callInThread { ran.add("waits") }
            shouldThrow<IOException> { pool.start() }
            shouldThrow<IOException> { pool.callInThread { ran.add("refused") } }
            pool.waitingCount shouldBe 1
            threads = 1
            val done = CountDownLatch(1)
            val gate = Gate()
            pool.callInThread {
                ran.add("runs")
                gate.pass()
            }
            gate.awaitBegun()
            pool.callInThread {
                // one thread there is, so the call can wait for it
                ran.add("runs later")
                done.countDown()
            }
            gate.open()
            done.awaitOrFail()
            pool.stopAndJoin(deadline) shouldBe true
            ran shouldContainExactly listOf("waits", "runs", "runs later")
        }

        "one that is stopped and has work but no thread drops the work, and says so" {
            val reported = ArrayList<Throwable>()
            val pool = ThreadPool("none", 1, ThreadFactory { throw IOException("no threads") }) { _, error -> reported.add(error) }
            repeat(2) { pool.callInThread { error("must not run") } }
            pool.stopAndJoin(deadline) shouldBe true
            reported.single().message shouldContain "2 calls are never run: the pool none has got no thread"
            reported.single().cause.shouldBeInstanceOf<IOException>()
        }

        "the queue has an end" {
            val pool = ThreadPool("full")
            repeat(ThreadPool.QUEUE_LIMIT) { pool.callInThread {} }
            shouldThrow<ThreadPoolFullException> { pool.callInThread {} }
            pool.stopAndJoin(deadline) shouldBe true
        }

        "work from many threads is done once each, while the pool grows and shrinks" {
            withPool(size = 1) { pool ->
                val count = 20_000
                val done = List(count) { AtomicInteger() }
                val all = CountDownLatch(count)
                val givers =
                    List(4) { giver ->
                        kotlin.concurrent.thread {
                            for (number in giver until count step 4) {
                                pool.callInThread {
                                    done[number].incrementAndGet()
                                    all.countDown()
                                }
                                if (number % 500 == 0) pool.adjust(0, 1 + number / 500 % 8)
                            }
                        }
                    }
                givers.forEach { it.join() }
                all.awaitOrFail()
                done.filter { it.get() != 1 }.shouldBeEmpty()
            }
        }

        "work that is given while it is stopped is either refused, or done before it says that it has ended" {
            repeat(1_000) {
                val pool = ThreadPool("raced", 2)
                pool.start()
                val barrier = CyclicBarrier(3)
                val done = AtomicInteger()
                val taken = AtomicInteger()
                val givers =
                    List(2) {
                        thread {
                            barrier.await()
                            if (runCatching { pool.callInThread { done.incrementAndGet() } }.isSuccess) taken.incrementAndGet()
                        }
                    }
                barrier.await()
                pool.stopAndJoin(deadline) shouldBe true
                val doneAtEnd = done.get()
                givers.forEach { it.join() }
                doneAtEnd shouldBe taken.get()
                done.get() shouldBe doneAtEnd
                pool.threadCount shouldBe 0
            }
        }

        "a pool of a reactor that has stopped refuses work, also when nobody had needed it before" {
            val reactor = Reactor.create()
            reactor.callWhenRunning(reactor::stop)
            reactor.run()
            shouldThrow<ThreadPoolStoppedException> { reactor.callInThread {} }
        }

        "deferToThreadPool uses the pool or executor that it is given, and answers on the loop" {
            withReactor { reactor ->
                withPool { pool ->
                    val thread =
                        reactor.resultOnLoop {
                            reactor.deferToThreadPool(pool) { Thread.currentThread().name }.addCallback { name ->
                                name to reactor.isInReactorThread
                            }
                        }
                    thread shouldBe ("test-1" to true)
                    shouldThrow<IOException> {
                        reactor.resultOnLoop { reactor.deferToThreadPool<Unit>(pool) { throw IOException("disk") } }
                    }
                    reactor.threadPool.threadCount shouldBe 0
                }
                reactor.resultOnLoop { reactor.deferToThreadPool({ it.run() }) { "in this very thread" } } shouldBe "in this very thread"
            }
        }

        "an answer that comes when the reactor has stopped is dropped, and harms nobody" {
            withPool { pool ->
                val gate = Gate()
                withReactor { reactor ->
                    reactor.onLoop {
                        reactor.deferToThreadPool(pool) { gate.pass() }
                        Unit // not the Deferred, which would be waited for
                    }
                }
                gate.open() // an error would be thrown by the pool's error listener
            }
        }

        "callMultipleInThread runs them in order on one thread; the first that throws ends them" {
            val reported = CompletableFuture<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, error -> reported.complete(error) })) { reactor ->
                val seen = Collections.synchronizedList(ArrayList<Pair<Int, Thread>>())
                reactor.callMultipleInThread(
                    List(3) { Runnable { seen.add(it to Thread.currentThread()) } } +
                        Runnable { throw IOException("disk") } +
                        Runnable { seen.add(9 to Thread.currentThread()) },
                )
                reported.getOrFail().shouldBeInstanceOf<IOException>()
                seen.map { it.first } shouldContainExactly listOf(0, 1, 2)
                seen.map { it.second }.toSet().size shouldBe 1
            }
        }
    })
