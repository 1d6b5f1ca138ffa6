// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.util.function.BooleanSupplier
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds

class CooperatorSpec :
    StringSpec({
        fun <T> outcomes(deferred: Deferred<T>) = ArrayList<Outcome<T>>().also { seen -> deferred.addBoth { seen.add(it) } }

        fun Outcome<*>.error() = (this as Failure).value

        /** One step per turn. */
        fun stepwise(clock: Clock) = Cooperator(clock, { BooleanSupplier { true } })

        /** Counts its steps for ever. */
        class Counter : Iterator<Any?> {
            var steps = 0
            var next: () -> Any? = { null }

            override fun hasNext() = true

            override fun next() = next.invoke().also { steps++ }
        }

        "tasks step in rotation, and whenDone fires with the iterator" {
            val clock = ManualClock()
            val steps = ArrayList<String>()
            val cooperator = stepwise(clock)
            val iterators = listOf("a", "b", "c").map { name -> iterator { repeat(2) { yield(steps.add("$name$it")) } } }
            val done = iterators.map { outcomes(cooperator.coiterate(it)) }
            steps.shouldBeEmpty()
            clock.advance(0)
            steps shouldContainExactly listOf("a0", "b0", "c0", "a1", "b1", "c1")
            done.map { it.single() } shouldContainExactly iterators.map { Success(it) }
            clock.delayedCalls().shouldBeEmpty()
        }

        "a slice ends after 10 ms, and the rest waits for the next turn" {
            val clock = ManualClock()
            val counter = Counter()
            val task = Cooperator(clock).cooperate(counter)
            counter.next = {
                clock.now += 3.milliseconds.inWholeNanoseconds
                if (counter.steps == 3) task.pause() // the fourth step: 12 ms
            }
            clock.advance(0)
            counter.steps shouldBe 4
            clock.now shouldBe 12.milliseconds.inWholeNanoseconds
        }

        "on a clock that stands still a slice ends after a number of steps, so that other calls get their turn" {
            val clock = ManualClock()
            val counter = Counter()
            val task = Cooperator(clock).cooperate(counter)
            clock.callLater(0, java.util.concurrent.TimeUnit.NANOSECONDS) { task.stop() }
            outcomes(task.whenDone())
            clock.advance(0)
            counter.steps shouldBe Cooperator.STEP_LIMIT
        }

        "a Deferred that a step gives holds up its task only" {
            val clock = ManualClock()
            val gate = Deferred<Int>()
            val steps = ArrayList<String>()
            val cooperator = stepwise(clock)
            val waiting =
                outcomes(
                    cooperator.coiterate(
                        iterator {
                            yield(gate)
                            steps.add("after the gate")
                        },
                    ),
                )
            cooperator.coiterate(iterator { repeat(3) { yield(steps.add("other $it")) } })
            clock.advance(0)
            steps shouldContainExactly listOf("other 0", "other 1", "other 2")
            waiting.shouldBeEmpty()
            gate.callback(1)
            clock.advance(0)
            steps.last() shouldBe "after the gate"
            waiting.size shouldBe 1
        }

        "a Deferred that fails, and an iterator that throws, end the task with that error" {
            val clock = ManualClock()
            val error = IOException("no")
            val cooperator = stepwise(clock)
            val gate = Deferred<Int>()
            val gated = cooperator.cooperate(iterator { yield(gate) })
            val throwing = cooperator.cooperate(iterator<Int> { throw error })
            clock.advance(0)
            gate.errback(error)
            listOf(gated, throwing).forEach {
                outcomes(it.whenDone()) shouldContainExactly listOf(Failure(error))
                it.isFinished shouldBe true
                shouldThrow<TaskFailedException> { it.stop() }
            }
        }

        "pauses are counted" {
            val clock = ManualClock()
            val cooperator = stepwise(clock)
            val task = cooperator.cooperate(listOf(1, 2).iterator())
            val done = outcomes(task.whenDone())
            task.pause()
            task.pause()
            clock.delayedCalls().shouldBeEmpty()
            task.resume()
            clock.delayedCalls().shouldBeEmpty()
            task.resume()
            clock.advance(0)
            done.size shouldBe 1
            shouldThrow<NotPausedException> { task.resume() }
            shouldThrow<TaskDoneException> { task.pause() }
        }

        "stop ends a task: its Deferreds fail, and it can be neither stopped nor paused again" {
            val clock = ManualClock()
            val task = stepwise(clock).cooperate(Counter())
            val done = listOf(outcomes(task.whenDone()), outcomes(task.whenDone()))
            task.stop()
            done.forEach { it.single().error().shouldBeInstanceOf<TaskStoppedException>() }
            outcomes(task.whenDone()).single().error().shouldBeInstanceOf<TaskStoppedException>()
            shouldThrow<TaskStoppedException> { task.stop() }
            shouldThrow<TaskStoppedException> { task.pause() }
            clock.delayedCalls().shouldBeEmpty()
        }

        "a task stopped while it waits for a Deferred ends once, and goes on with nothing" {
            val clock = ManualClock()
            val gate = Deferred<Int>()
            val counter = Counter().apply { next = { gate } }
            val task = stepwise(clock).cooperate(counter)
            val done = outcomes(task.whenDone())
            clock.advance(0)
            task.stop()
            gate.callback(1)
            clock.advance(0)
            counter.steps shouldBe 1
            done.size shouldBe 1
        }

        "stopping the cooperator ends every task, and those that come later" {
            val clock = ManualClock()
            val cooperator = stepwise(clock)
            val done = List(4) { outcomes(cooperator.coiterate(Counter())) }
            val paused = cooperator.cooperate(Counter()).also { it.pause() }
            cooperator.stop()
            done.forEach { it.single().error().shouldBeInstanceOf<SchedulerStoppedException>() }
            cooperator.isRunning shouldBe false
            clock.delayedCalls().shouldBeEmpty()
            outcomes(cooperator.coiterate(Counter())).single().error().shouldBeInstanceOf<SchedulerStoppedException>()
            paused.resume()
            outcomes(paused.whenDone()).single().error().shouldBeInstanceOf<SchedulerStoppedException>()
        }

        "behaviour 23: whenDone may stop the cooperator" {
            val clock = ManualClock()
            val cooperator = stepwise(clock)
            val phases = ArrayList<String>()
            val task = cooperator.cooperate(Counter())
            val other = outcomes(cooperator.coiterate(Counter()))
            task.whenDone().addBoth {
                phases.add("done")
                cooperator.stop()
                phases.add("stopped")
            }
            task.stop()
            phases shouldContainExactly listOf("done", "stopped")
            other.single().error().shouldBeInstanceOf<SchedulerStoppedException>()
        }

        "a cooperator made unstarted waits for start, and one that was stopped can start anew" {
            val clock = ManualClock()
            val cooperator = Cooperator(clock, started = false)
            val done = outcomes(cooperator.coiterate(listOf(1).iterator()))
            cooperator.isRunning shouldBe false
            clock.delayedCalls().shouldBeEmpty()
            cooperator.start()
            clock.advance(1.nanoseconds)
            done.size shouldBe 1
            cooperator.stop()
            cooperator.start()
            val again = outcomes(cooperator.coiterate(listOf(1).iterator()))
            clock.advance(0)
            again.single().isSuccess shouldBe true
        }
    })
