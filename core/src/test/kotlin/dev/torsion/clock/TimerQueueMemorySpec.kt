// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.DeferredDebug
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds

/** After a peak of delayed calls the queue gives the memory back, and goes on as before. */
internal class TimerQueueMemorySpec :
    StringSpec({
        // Many calls, each of which would remember its stack.
        beforeSpec { DeferredDebug.setDebugging(false) }
        afterSpec { DeferredDebug.setDebugging(true) }

        fun room(queue: TimerQueue): Int {
            fun <T> field(name: String) = TimerQueue::class.java.getDeclaredField(name).apply { isAccessible = true }.get(queue)
            return maxOf((field<Any>("calls") as Array<*>).size, (field<Any>("keys") as LongArray).size)
        }

        "when they have run" {
            var now = 0L
            val queue = TimerQueue { now }
            var ran = 0
            repeat(PEAK) { queue.add(it % 1000L, TimeUnit.MILLISECONDS) { ran++ } }
            queue.nextDeadline() shouldBe 0
            room(queue) shouldBeGreaterThan PEAK
            now = 998.milliseconds.inWholeNanoseconds
            while (true) (queue.pollDue(now) ?: break).run()
            queue.count shouldBe PEAK / 1000
            room(queue) shouldBeLessThan PEAK / 10
            now += 1_000_000
            while (true) (queue.pollDue(now) ?: break).run()
            ran shouldBe PEAK
            queue.count shouldBe 0
        }

        "when they were cancelled, sorted or not, and none comes after them" {
            listOf(true, false).forEach { isSorted ->
                var now = 0L
                val queue = TimerQueue { now }
                val calls = List(PEAK) { queue.add(1 + it % 1000L, TimeUnit.MILLISECONDS) {} }
                if (isSorted) queue.nextDeadline()
                calls.drop(10).forEach { it.cancel() }
                room(queue) shouldBeLessThan PEAK / 10
                queue.calls().toSet() shouldBe calls.take(10).toSet()
                now = 10.milliseconds.inWholeNanoseconds
                val times = generateSequence { queue.nextDeadline().takeIf { queue.pollDue(now) != null } }.toList()
                times shouldBe List(10) { (it + 1).milliseconds.inWholeNanoseconds }
            }
        }
    })

private const val PEAK = 200_000
