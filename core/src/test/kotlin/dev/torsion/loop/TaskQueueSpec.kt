// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import com.sun.management.ThreadMXBean
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll
import java.lang.management.ManagementFactory

/** How it behaves between threads is checked by Lincheck: see [TaskQueueModel]. */
class TaskQueueSpec :
    StringSpec({
        "tasks run once and in order, whatever number is taken together and wherever a chunk ends" {
            checkAll(Arb.int(1, 5), Arb.list(Arb.int(0, 12), 0..20)) { size, batches ->
                val queue = TaskQueue(size)
                val ran = ArrayList<Int>()
                var next = 0
                for (batch in batches) {
                    repeat(batch) {
                        val number = next++
                        queue.offer { ran.add(number) }.shouldBeTrue()
                    }
                    queue.count() shouldBe batch
                    queue.isEmpty() shouldBe (batch == 0)
                    queue.drain(Runnable::run) shouldBe batch
                }
                queue.isEmpty().shouldBeTrue()
                ran shouldContainExactly List(next) { it }
            }
        }

        "a task that is added by a task waits for the next time, also in the next chunk" {
            for (size in 1..3) {
                val queue = TaskQueue(size)
                val ran = ArrayList<String>()
                queue.offer {
                    ran.add("first")
                    repeat(2) { queue.offer { ran.add("added") } }
                }
                queue.drain(Runnable::run) shouldBe 1
                ran shouldContainExactly listOf("first")
                queue.drain(Runnable::run) shouldBe 2
                ran shouldContainExactly listOf("first", "added", "added")
            }
        }

        "what a task throws takes no other task with it" {
            for (size in 1..4) {
                val queue = TaskQueue(size)
                val ran = ArrayList<Int>()
                repeat(6) { number -> queue.offer { if (number == 2) error("no") else ran.add(number) } }
                shouldThrow<IllegalStateException> { queue.drain(Runnable::run) }
                queue.count() shouldBe 3
                queue.drain(Runnable::run) shouldBe 3
                ran shouldContainExactly listOf(0, 1, 3, 4, 5)
            }
        }

        "close runs what is left, what that adds is refused" {
            val queue = TaskQueue(2)
            val ran = ArrayList<Int>()
            repeat(5) { number ->
                queue.offer {
                    ran.add(number)
                    queue.offer { ran.add(-1) }.shouldBeFalse()
                }
            }
            queue.close(Runnable::run)
            ran shouldContainExactly List(5) { it }
            queue.offer {}.shouldBeFalse()
            queue.isEmpty().shouldBeTrue()
        }

        "a consumer that keeps up needs no new memory for its tasks" {
            val queue = TaskQueue()
            val task = Runnable {}
            val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

            fun turns(count: Int) = repeat(count) {
                repeat(100) { queue.offer(task) }
                queue.drain(Runnable::run)
            }
            turns(100)
            val before = threads.currentThreadAllocatedBytes
            turns(1_000)
            // A chunk's head for each 1,024 of the 100,000 tasks; their places alone would be 400,000 bytes.
            threads.currentThreadAllocatedBytes - before shouldBeLessThan 40_000
        }
    })
