// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.util.concurrent.TimeUnit
import java.util.function.BooleanSupplier

/** Replays what Twisted's Cooperator did; `src/test/python/cooperator_vectors.py` explains the lines. */
class CooperatorVectorsSpec :
    StringSpec({
        val lines = CooperatorVectorsSpec::class.java.getResource("cooperator-vectors.txt")!!.readText().lines()
        val (generated, written) =
            lines.filter { it.isNotEmpty() && !it.startsWith("#") }.map { it.split(" | ") }.partition { it.size == FIELDS }

        written.forEach { case ->
            val name = case.first()
            name { replay(case.takeLast(FIELDS)) }
        }

        "steps, ends and refusals are Twisted's in every generated case" {
            generated.size shouldBeGreaterThan 500
            generated.forEach(::replay)
        }
    })

/** How many a case has; one that was written by hand has a name in front. */
private const val FIELDS = 4

private fun replay(case: List<String>) {
    val (setUp, tasks, operations, events) = case
    val world = World(setUp == "started", tasks)
    withClue(case) {
        // An operation on a task that ended with its cooperator is refused as on any other stopped task.
        val expected = events.replace("!SchedulerStopped", "!TaskStopped")
        operations.split(", ").joinToString(", ", transform = world::run) shouldBe expected
    }
}

private class World(started: Boolean, scripts: String) {
    private val scripts =
        scripts.split(", ").associate { script ->
            script.substringBefore(":") to
                script.substringAfter(": ").split(" ").filter { it.isNotEmpty() }
        }
    private val clock = StillClock()
    private val cooperator = Cooperator(clock, { BooleanSupplier { false } }, started)
    private val tasks = HashMap<String, CooperativeTask<*>>()
    private val gates = HashMap<String, Deferred<Unit>>()
    private var events = ArrayList<String>()

    /** The events, as the vectors have them. */
    fun run(operation: String): String {
        events = ArrayList()
        val name = operation.substringAfter(" ", "")
        attempt {
            when (val word = operation.substringBefore(" ")) {
                "new" -> begin(name)
                "tick" -> clock.tick()
                "fire" -> gates.remove(name)!!.callback(Unit)
                "fail" -> gates.remove(name)!!.errback(IllegalStateException())
                "start" -> cooperator.start()
                "halt" -> cooperator.stop()
                else -> act(word, tasks.getValue(name))
            }
        }
        return (events.sorted() + if (clock.delayedCalls().isEmpty()) emptyList() else listOf("+")).joinToString(" ")
    }

    private fun begin(name: String) {
        val task = cooperator.cooperate(steps(name))
        tasks[name] = task
        val done: Deferred<*> = task.whenDone().addCallbacks({ events.add("$name=done") }, { events.add("$name=${nameOf(it.value)}") })
        val end = scripts.getValue(name).lastOrNull()?.takeIf { it.startsWith(END) } ?: return
        done.addCallback { if (end == "${END}halt") cooperator.stop() else task.stop() }
            .addCallbacks({ events.add("$name=after") }, { events.add("!${nameOf(it.value)}") })
    }

    private fun act(word: String, task: CooperativeTask<*>) = when (word) {
        "pause" -> task.pause()
        "resume" -> task.resume()
        else -> task.stop()
    }

    private fun steps(name: String): Iterator<Any?> = iterator {
        scripts.getValue(name).filterNot { it.startsWith(END) }.forEachIndexed { index, step ->
            events.add("$name$index")
            when {
                step == "-" -> yield(index)
                step == "f" -> yield(succeed(Unit))
                step == "e" -> yield(fail<Unit>(IllegalStateException()))
                step == "r" -> error("r")
                step.startsWith("d") -> yield(gates.getOrPut(step.drop(1)) { Deferred() })
                else -> {
                    attempt { act(step, tasks.getValue(name)) }
                    yield(null)
                }
            }
        }
    }

    private inline fun attempt(block: () -> Unit) {
        try {
            block()
        } catch (e: SchedulerException) {
            events.add("!${nameOf(e)}")
        }
    }

    private fun nameOf(error: Throwable) =
        if (error is SchedulerException) error.javaClass.simpleName.removeSuffix("Exception") else "RuntimeError"

    private companion object {
        /** The effect of a task's whenDone, behind its last step. */
        const val END = "end:"
    }
}

/** Time stands still; what is scheduled runs when a turn is asked for, what it schedules in the next. */
private class StillClock : Clock {
    private val timers = TimerQueue { 0 }

    override fun nanoTime() = 0L

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable) = timers.add(delay, unit, call)

    override fun delayedCalls() = timers.calls()

    fun tick() {
        val mark = timers.mark()
        while (true) (timers.pollDue(0, mark) ?: return).run()
    }
}
