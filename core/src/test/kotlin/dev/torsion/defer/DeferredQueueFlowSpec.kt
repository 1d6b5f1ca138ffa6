// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlin.coroutines.CoroutineContext

class DeferredQueueFlowSpec :
    StringSpec({
        fun <T> queue() = DeferredQueue<T>(DeferredQueue.UNLIMITED, DeferredQueue.UNLIMITED)

        "a collector gets what is there and what comes, nulls too, in order" {
            val queue = queue<Int?>()
            queue.put(1)
            queue.put(null)
            val result = inlineCallbacks { queue.asFlow().take(4).toList() }
            queue.waitingCount shouldBe 1
            queue.put(3)
            queue.put(4)
            queue.put(5)
            outcomeOf(result) shouldBe Success(listOf(1, null, 3, 4))
            queue.pendingCount shouldBe 1
        }

        "a slow collector leaves the objects in the queue, and its limit counts" {
            val queue = DeferredQueue<Int>(size = 2, backlog = 1)
            val slow = Deferred<Unit>()
            val seen = ArrayList<Int>()
            inlineCallbacks {
                queue.asFlow().collect {
                    seen.add(it)
                    slow.await()
                }
            }
            repeat(3) { queue.put(it) }
            shouldThrow<QueueOverflow> { queue.put(3) }
            seen shouldContainExactly listOf(0)
            slow.callback(Unit)
            seen shouldContainExactly listOf(0, 1, 2)
        }

        "collectors share the objects, and one too many for the backlog fails" {
            val queue = DeferredQueue<Int>(size = 0, backlog = 2)
            val one = inlineCallbacks { queue.asFlow().first() }
            val two = inlineCallbacks { queue.asFlow().first() }
            (outcomeOf(inlineCallbacks { queue.asFlow().first() }) as Failure).type shouldBe QueueUnderflow::class.java
            queue.put(1)
            queue.put(2)
            listOf(outcomeOf(one), outcomeOf(two)) shouldContainExactly listOf(Success(1), Success(2))
        }

        "cancelling a collector takes it out of the queue" {
            val queue = queue<Int>()
            val waiting = inlineCallbacks { queue.asFlow().first() }
            waiting.cancel()
            queue.waitingCount shouldBe 0
            queue.put(1)
            queue.pendingCount shouldBe 1
            (outcomeOf(waiting) as Failure).type shouldBe DeferredCancelledException::class.java
        }

        "an object on its way to a collector that is cancelled is put back before the others" {
            val tasks = ArrayDeque<Runnable>()
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun dispatch(context: CoroutineContext, block: Runnable) = tasks.addLast(block)
                }
            val runAll = { while (tasks.isNotEmpty()) tasks.removeFirst().run() }
            val queue = queue<Int>()
            val seen = ArrayList<Int>()
            val collector = CoroutineScope(dispatcher).launch { queue.asFlow().collect { seen.add(it) } }
            runAll()
            queue.put(1)
            queue.put(2)
            collector.cancel(null)
            runAll()
            seen.size shouldBe 0
            queue.pendingCount shouldBe 2
            outcomeOf(inlineCallbacks { queue.asFlow().take(2).toList() }) shouldBe Success(listOf(1, 2))

            val second = CoroutineScope(dispatcher).launch { queue.asFlow().collect { seen.add(it) } }
            runAll()
            second.cancel(null) // its cancellation is on its way when the object comes
            queue.put(3)
            runAll()
            queue.waitingCount shouldBe 0
            outcomeOf(queue.get()) shouldBe Success(3)
        }

        "objects that are there need no stack, however many" {
            onSmallStack {
                val queue = queue<Int>()
                repeat(100_000) { queue.put(it) }
                val sum = inlineCallbacks { queue.asFlow().take(100_000).toList().size }
                outcomeOf(sum) shouldBe Success(100_000)
            }
        }
    })
