// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.AlreadyCancelledException
import dev.torsion.clock.DelayedCall
import dev.torsion.defer.AlreadyCalledException
import io.kotest.common.ExperimentalKotest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.PropTestConfig
import io.kotest.property.arbitrary.bind
import io.kotest.property.arbitrary.choice
import io.kotest.property.arbitrary.constant
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.map
import io.kotest.property.checkAll
import java.time.Duration
import java.util.concurrent.TimeUnit

/** One step on a clock. A call is named by its number among those made so far, modulo how many there are. */
private sealed interface Step {
    /** Plans a call, which itself plans another [then] later unless that is negative. */
    data class Plan(val delay: Long, val then: Long) : Step

    data class Cancel(val call: Int) : Step

    data class Reset(val call: Int, val delay: Long) : Step

    data class Postpone(val call: Int, val by: Long) : Step

    data class Advance(val by: Long) : Step

    data class RunFor(val time: Long) : Step
}

/** The rules of a clock in the simplest way: a list that is searched for the earliest call. */
private class Model {
    class Call(val number: Int, var time: Long, var sequence: Int, val then: Long) {
        var state = "waiting"
    }

    val calls = ArrayList<Call>()
    val ran = ArrayList<Pair<Int, Long>>()
    var now = 0L
    private var sequence = 0

    fun apply(step: Step) {
        when (step) {
            is Step.Plan -> plan(step.delay, step.then)
            is Step.Cancel -> onWaiting(step.call) { it.state = "cancelled" }
            is Step.Reset -> onWaiting(step.call) { it.moveTo(now + step.delay) }
            is Step.Postpone -> onWaiting(step.call) { it.moveTo(it.time + step.by) }
            is Step.Advance -> {
                now += step.by
                runDue()
            }
            is Step.RunFor -> {
                val end = now + step.time
                runDue()
                while (true) {
                    val next = waiting().minOfOrNull { it.time } ?: break
                    if (next > end) break
                    now = maxOf(now, next)
                    runDue()
                }
                now = end
            }
        }
    }

    fun waiting() = calls.filter { it.state == "waiting" }

    private fun plan(delay: Long, then: Long) {
        calls.add(Call(calls.size, now + delay, sequence++, then))
    }

    private fun Call.moveTo(time: Long) {
        this.time = time
        sequence = this@Model.sequence++
    }

    private fun onWaiting(number: Int, change: (Call) -> Unit) {
        if (calls.isEmpty()) return
        val call = calls[number % calls.size]
        if (call.state == "waiting") change(call)
    }

    private fun runDue() {
        do {
            val more = runEarliest()
        } while (more)
    }

    private fun runEarliest(): Boolean {
        val due = waiting().filter { it.time <= now }.minWithOrNull(compareBy({ it.time }, { it.sequence })) ?: return false
        due.state = "called"
        ran.add(due.number to now)
        if (due.then >= 0) plan(due.then, -1)
        return true
    }
}

/** The clock under test, with the same steps. */
private class Driven(private val clock: VirtualClock) {
    val calls = ArrayList<DelayedCall>()
    val ran = ArrayList<Pair<Int, Long>>()

    /** Gives the state that a change of a call found it in. */
    fun apply(step: Step): String? {
        try {
            when (step) {
                is Step.Plan -> plan(step.delay, step.then)
                is Step.Cancel -> call(step.call)?.cancel()
                is Step.Reset -> call(step.call)?.reset(step.delay, TimeUnit.NANOSECONDS)
                is Step.Postpone -> call(step.call)?.delay(step.by, TimeUnit.NANOSECONDS)
                is Step.Advance -> clock.advance(Duration.ofNanos(step.by))
                is Step.RunFor -> clock.runFor(Duration.ofNanos(step.time))
            }
        } catch (_: AlreadyCalledException) {
            return "called"
        } catch (_: AlreadyCancelledException) {
            return "cancelled"
        }
        return null
    }

    private fun call(number: Int) = if (calls.isEmpty()) null else calls[number % calls.size]

    private fun plan(delay: Long, then: Long) {
        val number = calls.size
        calls.add(
            clock.callLater(delay, TimeUnit.NANOSECONDS) {
                ran.add(number to clock.nanoTime())
                if (then >= 0) plan(then, -1)
            },
        )
    }
}

/** Core's timer queue, behind the clock, against the simplest model of one; see [Model]. */
@OptIn(ExperimentalKotest::class)
class TimerModelSpec :
    StringSpec({
        val number = Arb.int(0..10_000)
        val delay = Arb.choice(Arb.long(0L..5L), Arb.long(0L..1000L))
        val change: Arb<Step> =
            Arb.choice(
                Arb.bind(delay, Arb.choice(Arb.constant(-1L), Arb.long(0L..20L)), Step::Plan),
                Arb.bind(delay, Arb.constant(-1L), Step::Plan),
                number.map(Step::Cancel),
                Arb.bind(number, delay, Step::Reset),
                Arb.bind(number, Arb.long(-50L..500L), Step::Postpone),
            )
        val time: Arb<Step> = Arb.choice(Arb.long(0L..50L).map(Step::Advance), Arb.long(0L..50L).map(Step::RunFor))
        val step: Arb<Step> = Arb.choice(change, change, change, change, change, time, time)

        /** Looks at the queue after each [every]th step, since looking has it put its calls in order. */
        fun compare(steps: List<Step>, every: Int = 1) {
            val model = Model()
            val clock = VirtualClock()
            val driven = Driven(clock)
            for ((index, one) in steps.withIndex()) {
                val refused = driven.apply(one)
                val expected =
                    when (one) {
                        is Step.Cancel -> one.call
                        is Step.Reset -> one.call
                        is Step.Postpone -> one.call
                        else -> null
                    }?.let { model.calls.getOrNull(it % maxOf(model.calls.size, 1)) }?.state?.takeIf { it != "waiting" }
                refused shouldBe expected
                model.apply(one)
                if ((index + 1) % every != 0 && index != steps.lastIndex) continue
                driven.ran shouldBe model.ran
                clock.nanoTime() shouldBe model.now
                val waiting = model.waiting()
                clock.delayedCalls().map { it.time }.sorted() shouldBe waiting.map { it.time }.sorted()
                clock.timers.count shouldBe waiting.size
                clock.timers.nextDeadline() shouldBe (waiting.minOfOrNull { it.time } ?: Long.MAX_VALUE)
                driven.calls.map { it.isActive } shouldBe model.calls.map { it.state == "waiting" }
            }
        }

        "short histories" {
            checkAll(PropTestConfig(seed = 2007, iterations = 3000), Arb.list(step, 0..40)) { compare(it) }
        }

        "long histories, in which stale entries are swept out" {
            checkAll(PropTestConfig(seed = 2024, iterations = 30), Arb.list(step, 400..800)) { compare(it) }
        }

        "histories that nobody looks at on the way" {
            checkAll(PropTestConfig(seed = 2031, iterations = 1000), Arb.list(step, 20..80)) { compare(it, every = 25) }
        }

        "thousands of changes before time goes on" {
            checkAll(PropTestConfig(seed = 2042, iterations = 3), Arb.list(change, 4000..5000), Arb.list(step, 100..100)) {
                    changes,
                    steps,
                ->
                compare(changes + Step.RunFor(100) + changes + steps + Step.RunFor(2000), every = 500)
            }
        }
    })
