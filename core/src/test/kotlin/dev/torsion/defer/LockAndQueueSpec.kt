// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import java.io.IOException

class LockAndQueueSpec :
    StringSpec({
        "a lock has one holder, and the others get it in order" {
            val lock = DeferredLock()
            outcomeOf(lock.acquire()) shouldBe Success(lock)
            val seen = mutableListOf<String>()
            lock.acquire().addCallback { seen.add("first") }
            lock.acquire().addCallback { seen.add("second") }
            lock.waiters shouldBe 2
            seen.shouldBeEmpty()
            lock.release()
            seen shouldContainExactly listOf("first")
            lock.release()
            lock.release()
            seen shouldContainExactly listOf("first", "second")
            lock.locked shouldBe false
        }

        "releasing more often than acquiring is an error" {
            shouldThrow<IllegalStateException> { DeferredLock().release() }.message!! shouldContain "released more often"
            val semaphore = DeferredSemaphore(2)
            semaphore.acquire()
            semaphore.release()
            shouldThrow<IllegalStateException> { semaphore.release() }
            shouldThrow<IllegalArgumentException> { DeferredSemaphore(0) }
        }

        "a cancelled waiter leaves the queue" {
            val lock = DeferredLock()
            lock.acquire()
            val first = lock.acquire()
            val second = lock.acquire()
            first.cancel()
            lock.waiters shouldBe 1
            outcomeOf(first).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
            lock.release()
            outcomeOf(second) shouldBe Success(lock)
        }

        "cancelling an acquire that has fired changes nothing" {
            val lock = DeferredLock()
            lock.acquire().cancel()
            lock.locked shouldBe true
        }

        "run releases after a value, an exception, and the Deferred of runAsync" {
            val lock = DeferredLock()
            outcomeOf(lock.run { lock.locked }) shouldBe Success(true)
            lock.locked shouldBe false
            val error = IOException("down")
            outcomeOf(lock.run<Int> { throw error }) shouldBe Failure(error)
            lock.locked shouldBe false
            val work = Deferred<Int>()
            val result = lock.runAsync { work }
            lock.locked shouldBe true
            work.callback(3)
            lock.locked shouldBe false
            outcomeOf(result) shouldBe Success(3)
        }

        "cancelling a run cancels its wait, or its work, and the lock is free again" {
            val lock = DeferredLock()
            val work = Deferred<Int>()
            val running = lock.runAsync { work }
            var called = false
            val waiting = lock.run { called = true }
            waiting.cancel()
            lock.waiters shouldBe 0
            running.cancel()
            work.called shouldBe true
            lock.locked shouldBe false
            called shouldBe false
            listOf(waiting, running).forEach { (outcomeOf(it) as Failure).type shouldBe DeferredCancelledException::class.java }
        }

        "a semaphore lets its limit in" {
            val semaphore = DeferredSemaphore(2)
            val work = List(4) { Deferred<Int>() }
            var started = 0
            work.forEach { part ->
                semaphore.runAsync {
                    started++
                    part
                }
            }
            started shouldBe 2
            semaphore.toString() shouldBe "DeferredSemaphore(0 of 2 free, 2 waiting)"
            work[1].callback(1)
            started shouldBe 3
            work.forEach { if (!it.called) it.callback(0) }
            started shouldBe 4
            semaphore.tokens shouldBe 2
        }

        "withPermit holds the lock while a coroutine is in the block, and a cancelled wait leaves the queue" {
            coroutineScope {
                val lock = DeferredLock()
                lock.acquire()
                val waiting = launch(start = CoroutineStart.UNDISPATCHED) { lock.withPermit { error("never") } }
                lock.waiters shouldBe 1
                waiting.cancel(null)
                waiting.join()
                lock.waiters shouldBe 0
                lock.release()
                lock.withPermit { lock.locked } shouldBe true
                lock.locked shouldBe false
            }
        }

        "a queue gives objects in order, to waiters in order" {
            val queue = DeferredQueue<Int>(size = 2, backlog = 2)
            queue.put(1)
            queue.put(2)
            outcomeOf(queue.get()) shouldBe Success(1)
            outcomeOf(queue.get()) shouldBe Success(2)
            val first = queue.get()
            val second = queue.get()
            queue.put(3)
            queue.put(4)
            outcomeOf(first) shouldBe Success(3)
            outcomeOf(second) shouldBe Success(4)
        }

        "overflow and underflow are synchronous errors" {
            val queue = DeferredQueue<Int>(size = 1, backlog = 1)
            queue.put(1)
            shouldThrow<QueueOverflow> { queue.put(2) }
            outcomeOf(queue.get()) shouldBe Success(1)
            queue.get()
            shouldThrow<QueueUnderflow> { queue.get() }
            queue.waitingCount shouldBe 1
            queue.pendingCount shouldBe 0
        }

        "a queue of size 0 takes only what is waited for" {
            val queue = DeferredQueue<Int>(size = 0, backlog = DeferredQueue.UNLIMITED)
            shouldThrow<QueueOverflow> { queue.put(1) }
            val waiting = queue.get()
            queue.put(2)
            outcomeOf(waiting) shouldBe Success(2)
        }

        "behaviour 15: a cancelled waiter leaves the queue and takes nothing with it" {
            val queue = DeferredQueue<Int>(size = 1, backlog = 2)
            val first = queue.get()
            val second = queue.get()
            first.cancel()
            (outcomeOf(first) as Failure).type shouldBe DeferredCancelledException::class.java
            queue.waitingCount shouldBe 1
            queue.put(1)
            outcomeOf(second) shouldBe Success(1)
        }

        "behaviour 15: one that was cancelled after it got its object keeps it" {
            val queue = DeferredQueue<Int>(size = 1, backlog = 1)
            val got = queue.get()
            queue.put(1)
            got.cancel()
            outcomeOf(got) shouldBe Success(1)
        }
    })
