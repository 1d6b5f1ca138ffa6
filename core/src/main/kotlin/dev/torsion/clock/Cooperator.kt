// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Deferred
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.function.BooleanSupplier
import java.util.function.Supplier

/**
 * Shares the loop among long tasks; Twisted's `Cooperator`. A task is an iterator. Each of its steps is a small piece of work. In every
 * turn the tasks step in rotation for a slice of time. A step that gives a [Deferred] holds up its own task until that fires. A
 * `CompletionStage` and a coroutine's `Job` do the same.
 *
 * ```kotlin
 * val cooperator = Cooperator(reactor)
 * val task = cooperator.cooperate(iterator { for (page in book) yield(print(page)) })
 * task.whenDone().addCallback { println("printed") }
 * ```
 *
 * Thread: the clock's.
 *
 * @param sliceEnds called at the start of each turn; after each step its result says whether the turn's slice is used up
 * @param started whether tasks run at once, or only after [start]
 */
public class Cooperator
@JvmOverloads
constructor(
    @get:JvmSynthetic
    internal val clock: Clock,
    private val sliceEnds: Supplier<BooleanSupplier>,
    started: Boolean = true,
) {
    /** A cooperator whose slices last [timeSlice] on [clock], and at most [STEP_LIMIT] steps, should that clock stand still. */
    @JvmOverloads
    public constructor(
        clock: Clock,
        timeSlice: Duration = Duration.ofMillis(10),
        started: Boolean = true,
    ) : this(clock, TimeSlice(clock, timeSlice.saturatedNanos()), started)

    private val tasks = ArrayList<CooperativeTask<*>>()
    private var cursor = 0
    private var tick: DelayedCall? = null
    private var state = if (started) State.RUNNING else State.NEW

    private enum class State { NEW, RUNNING, STOPPED }

    /** True when tasks may step: after [start], until [stop]. */
    public val isRunning: Boolean get() = state == State.RUNNING

    /** Adds a task that steps through [iterator]. On a cooperator that was stopped it fails with [SchedulerStoppedException]. */
    public fun <I : Iterator<*>> cooperate(iterator: I): CooperativeTask<I> {
        val task = CooperativeTask(iterator, this)
        if (state == State.STOPPED) task.schedulerStopped() else add(task)
        return task
    }

    /** [cooperate] for those who only want to know when it is done. */
    public fun <I : Iterator<*>> coiterate(iterator: I): Deferred<I> = cooperate(iterator).whenDone()

    /** Lets the tasks step; also after [stop], whose tasks are gone. */
    public fun start() {
        state = State.RUNNING
        schedule()
    }

    /** Ends all tasks with [SchedulerStoppedException], those that are paused too when they go on. */
    public fun stop() {
        state = State.STOPPED
        val stopped = tasks.toList()
        tasks.clear()
        schedule()
        stopped.forEach { it.schedulerStopped() }
    }

    @JvmSynthetic
    internal fun add(task: CooperativeTask<*>) {
        if (state == State.STOPPED) return task.schedulerStopped()
        tasks.add(task)
        schedule()
    }

    @JvmSynthetic
    internal fun remove(task: CooperativeTask<*>) {
        val index = tasks.indexOf(task)
        if (index < 0) return
        tasks.removeAt(index)
        if (index < cursor) cursor--
        schedule()
    }

    /** Has a tick planned when there is something to do, and none otherwise. */
    private fun schedule() {
        val planned = tick
        if (state == State.RUNNING && tasks.isNotEmpty()) {
            if (planned == null) tick = clock.callLater(0, TimeUnit.NANOSECONDS, ::runSlice)
        } else if (planned != null) {
            tick = null
            planned.cancel()
        }
    }

    private fun runSlice() {
        tick = null
        try {
            val isOver = sliceEnds.get()
            while (tasks.isNotEmpty()) {
                if (cursor >= tasks.size) cursor = 0
                tasks[cursor++].step()
                if (isOver.asBoolean) break
            }
        } finally {
            schedule()
        }
    }

    override fun toString(): String = "Cooperator(${state.name.lowercase()}, ${tasks.size} tasks)"

    private class TimeSlice(private val clock: Clock, private val nanos: Long) : Supplier<BooleanSupplier> {
        init {
            require(nanos >= 0) { "a time slice must not be negative, but is $nanos ns" }
        }

        override fun get(): BooleanSupplier {
            val begin = clock.nanoTime()
            var steps = 0
            return BooleanSupplier { ++steps == STEP_LIMIT || clock.nanoTime() - begin >= nanos }
        }
    }

    public companion object {
        /** The most steps in one slice of time. */
        public const val STEP_LIMIT: Int = 10_000
    }
}
