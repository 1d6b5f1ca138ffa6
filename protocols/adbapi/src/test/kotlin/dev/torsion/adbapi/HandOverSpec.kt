// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/** Jobs that are given to a thread that looks for them, in a time that the test makes pass: it looks as long as the test wants. */
internal class HandOverSpec :
    FunSpec({
        fun scene(connections: Int = 2, queueLimit: Int = 1, block: Scene.() -> Unit) = Scene(connections, queueLimit).use(block)

        test("a job is given to the thread that looks, and no other is woken for it") {
            scene {
                val first = becomeLooking()
                repeat(3) {
                    val next = submit()
                    next.end.result() shouldBeSameInstanceAs first
                    awaitLook()
                    found.last() shouldBeSameInstanceAs next.job
                }
                found shouldHaveSize 3
                engine.workers.threadCount shouldBe 1
            }
        }

        test("a thread that looks is not busy, and a job that was given to it is") {
            scene {
                becomeLooking()
                engine.health().run { busy to waiting } shouldBe (0 to 0)
                val held = hold()
                val next = submit()
                engine.health().run { busy to waiting } shouldBe (1 to 0)
                engine.workers.jobs() shouldBe listOf(next.job)
                held.countDown()
                next.end.result()
            }
        }

        test("the thread that looks takes one job, the next one waits, and one more is refused") {
            scene(connections = 1) {
                becomeLooking()
                val held = hold()
                val given = submit()
                val queued = submit()
                shouldThrow<TooBusyException> { submit() }
                engine.health().run { listOf(busy, waiting, refused.toInt()) } shouldBe listOf(1, 1, 1)
                held.countDown()
                given.end.result()
                queued.end.result()
            }
        }

        test("a second job at once goes to a second thread, and then none looks") {
            scene {
                val first = becomeLooking()
                val begun = CountDownLatch(2)
                val goOn = CountDownLatch(1)
                val work = {
                    begun.countDown()
                    goOn.awaitSoon()
                }
                val given = submit(work)
                val other = submit(work)
                begun.awaitSoon()
                engine.health().run { busy to threads } shouldBe (2 to 2)
                goOn.countDown()
                given.end.result() shouldBeSameInstanceAs first
                (other.end.result() === first) shouldBe false
                awaitIdle()
                looks.get() shouldBe 1
            }
        }

        test("a job that is cancelled in the hand-over does not run, and the thread goes on") {
            scene {
                val first = becomeLooking()
                val held = hold()
                val given = submit { error("it was cancelled") }
                given.job.cancel()
                held.countDown()
                awaitLook()
                engine.health().run { listOf(busy, cancelled.toInt(), succeeded.toInt()) } shouldBe listOf(0, 1, Odds.ENOUGH)
                given.end.isDone shouldBe false // who cancels is not told
                submit().end.result() shouldBeSameInstanceAs first
            }
        }

        test("closing while a thread looks: nothing is taken, and it is closed when that thread has left") {
            scene {
                becomeLooking()
                val closed = engine.close()
                shouldThrow<ConnectionPoolClosedException> { submit() }
                closed.isDone shouldBe false
                pass()
                closed.result()
                found.filterNotNull().shouldBeEmpty()
            }
        }

        test("closing after a job was given: it is done") {
            scene {
                becomeLooking()
                val held = hold()
                val given = submit()
                val closed = engine.close()
                held.countDown()
                given.end.result()
                closed.result()
                engine.health().succeeded shouldBe Odds.ENOUGH + 1
            }
        }

        test("a job that comes when the thread has looked, but not left: it waits for that thread, or another takes it") {
            for (connections in 1..2) {
                scene(connections) {
                    becomeLooking()
                    val late = CompletableFuture<Submitted>()
                    whenLooked = {
                        whenLooked = {}
                        late.complete(submit())
                        engine.workers.waitingCount shouldBe 2 - connections
                    }
                    pass()
                    late.result().end.result()
                    awaitIdle()
                    engine.workers.threadCount shouldBe connections
                }
            }
        }

        test("an interrupt while it looks is not meant for the next job") {
            scene {
                becomeLooking()
                val isInterrupted = CompletableFuture<Boolean>()
                atPause = {
                    atPause = {}
                    Thread.currentThread().interrupt()
                    submit { isInterrupted.complete(Thread.currentThread().isInterrupted) }
                }
                isInterrupted.result() shouldBe false
            }
        }

        test("an error while it looks costs no thread and no job") {
            scene(connections = 1) {
                becomeLooking()
                atPause = {
                    atPause = {}
                    throw StackOverflowError()
                }
                awaitIdle()
                found shouldBe listOf(null)
                submit().end.result()
            }
        }

        test("an Error of a job that was given: the thread goes on") {
            scene(connections = 1) {
                val first = becomeLooking()
                val given = submit { throw StackOverflowError() }
                shouldThrow<StackOverflowError> { given.end.result() }
                awaitLook()
                submit().end.result() shouldBeSameInstanceAs first
            }
        }
    }) {
    private class Submitted(val job: Job<Thread>, val end: CompletableFuture<Thread>)

    private class Scene(connections: Int, queueLimit: Int) : AutoCloseable {
        private val now = AtomicLong()
        private val begun = Semaphore(0)
        private var isFirstPause = false // the looking thread only
        val looks = AtomicInteger()

        @Volatile
        var atPause: () -> Unit = {}

        /** Called between the end of looking and leaving. */
        @Volatile
        var whenLooked: () -> Unit = {}

        /** The job that each look has found. */
        val found = CopyOnWriteArrayList<Job<*>?>()

        private val lookout =
            object : Lookout<Job<*>>(now::get, 2, ::paused, AtomicBoolean()) {
                override fun look(): Job<*>? {
                    looks.incrementAndGet()
                    isFirstPause = true
                    val job = super.look()
                    found.add(job)
                    whenLooked()
                    return job
                }
            }
        private val source = HookedSource()
        val engine =
            PoolEngine(
                ConnectionPoolOptions.DEFAULT.withConnections(connections).withQueueLimit(queueLimit),
                SourceConnections { source.connection },
                lookout = lookout,
            )

        private fun paused() {
            if (isFirstPause) begun.release()
            isFirstPause = false
            atPause()
        }

        /** [work] on a thread of the pool, which is the result. */
        fun submit(work: () -> Unit = {}): Submitted {
            val end = CompletableFuture<Thread>()
            val job =
                Job(
                    engine,
                    interaction = null,
                    work = {
                        work()
                        Thread.currentThread()
                    },
                    end.asCompletion(),
                )
            engine.submit(job)
            return Submitted(job, end)
        }

        /** Jobs one by one, in no time, until their thread looks. */
        fun becomeLooking(): Thread {
            repeat(Odds.ENOUGH - 1) {
                submit().end.result()
                awaitIdle()
            }
            val thread = submit().end.result()
            awaitLook()
            return thread
        }

        fun awaitLook() = check(begun.tryAcquire(20, TimeUnit.SECONDS)) { "no thread looks" }

        /** Until no thread is at work. */
        fun awaitIdle() = within { engine.workers.busyCount == 0 && looks.get() == found.size }

        /** The thread that looks is held, until the latch is counted down. */
        fun hold(): CountDownLatch {
            val held = CountDownLatch(1)
            val isHeld = CountDownLatch(1)
            atPause = {
                isHeld.countDown()
                held.awaitSoon()
            }
            isHeld.awaitSoon()
            return held
        }

        /** The time of looking is over. */
        fun pass() {
            now.addAndGet(Lookout.BOUND_NANOS)
        }

        override fun close() {
            val closed = engine.close()
            within {
                pass()
                closed.isDone
            }
        }
    }
}
