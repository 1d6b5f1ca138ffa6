// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT
package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

class DeferredStackSpec : StringSpec({
    "5: a million Deferreds that wait for each other resolve on a small stack" {
        onSmallStack {
            val innermost = Deferred<Int>()
            var ran = 0
            var outermost = innermost
            repeat(MILLION) {
                val inner = outermost
                outermost = succeed(0).addAsyncCallback { inner }.addCallback { it.also { ran++ } }
            }
            innermost.callback(7)
            outcomeOf(outermost) shouldBe Success(7)
            ran shouldBe MILLION
        }
    }

    "5: so do a million that were each started by the one before" {
        onSmallStack {
            var left = MILLION
            val waiting = ArrayDeque<Deferred<Int>>()

            fun next(): Deferred<Int> {
                if (left-- == 0) return succeed(0)
                val one = Deferred<Int>()
                waiting.addLast(one)
                return one.addAsyncCallback { next() }.addCallback { it + 1 }
            }
            val result = next()
            while (waiting.isNotEmpty()) waiting.removeFirst().callback(0)
            outcomeOf(result) shouldBe Success(MILLION)
        }
    }

    "5: callbacks in the middle of a long chain run too, after those that wait" {
        onSmallStack {
            val count = 100_000
            val chain = List(count) { Deferred<Any?>() }
            val order = IntArray(count)
            var ran = 0
            for (index in 1 until count) chain[index].addAsyncCallback { chain[index - 1] }
            for (index in count - 1 downTo 1) chain[index].callback(0)
            chain.forEachIndexed { index, deferred -> deferred.addCallback { order[ran++] = index } }
            chain[0].callback(7)
            ran shouldBe count
            order.first() shouldBe count - 1
            order.last() shouldBe 0
        }
    }

    "cancelling the outermost of a million reaches the innermost" {
        onSmallStack {
            val innermost = Deferred<Int>()
            var outermost = innermost
            repeat(MILLION) {
                val inner = outermost
                outermost = succeed(0).addAsyncCallback { inner }
            }
            outermost.cancel()
            (outcomeOf(outermost) as Failure).type shouldBe DeferredCancelledException::class.java
        }
    }

    "a hundred thousand waiters of a lock are served on a small stack" {
        onSmallStack {
            val lock = DeferredLock()
            lock.acquire()
            var ran = 0
            val results = List(100_000) { index -> lock.run { ran++ == index } }
            lock.release()
            ran shouldBe 100_000
            results.all { outcomeOf(it) == Success(true) } shouldBe true
            lock.locked shouldBe false
        }
    }
})

private const val MILLION = 1_000_000
