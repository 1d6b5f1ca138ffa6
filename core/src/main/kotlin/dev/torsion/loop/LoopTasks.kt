// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.util.function.Consumer

/**
 * The work of a loop besides events and timers: tasks of its own, and those that other threads hand over, which wake it up when it waits.
 *
 * @param run runs a task, and throws nothing
 * @param wakeUp ends the loop's waiting
 */
internal class LoopTasks(private val run: Consumer<Runnable>, private val wakeUp: Runnable) {
    private val own = ArrayDeque<Runnable>()
    private val incoming = TaskQueue()
    private val guard = WakeUpGuard()
    private var isOver = false

    /** How many wait, more or less. Any thread. */
    val count: Int get() = own.size + incoming.count()

    /** False while a task waits. Loop only. */
    fun isEmpty(): Boolean = own.isEmpty() && incoming.isEmpty()

    /** Adds a task of the loop's own; false when the last ones have run. Loop only. */
    fun add(task: Runnable): Boolean {
        if (isOver) return false
        own.addLast(task)
        return true
    }

    /** Hands [task] over; false when the loop has ended and will not run it. Any thread. */
    fun offer(task: Runnable): Boolean {
        if (!incoming.offer(task)) return false
        if (guard.ring()) wakeUp.run()
        return true
    }

    /** Runs the tasks that are there now, and says how many; those that they add wait for the next call. Loop only. */
    fun runAll(): Int = runOwn() + incoming.drain(run)

    private fun runOwn(): Int {
        val count = own.size
        repeat(count) { run.accept(own.removeFirst()) }
        return count
    }

    /** Whether the loop may wait; then whoever offers a task wakes it up, until it says that it is [awake]. Loop only. */
    fun mayWait(): Boolean = guard.mayWait(incoming)

    /** The loop waits no more. Loop only. */
    fun awake() = guard.awake()

    /**
     * Refuses further tasks of other threads at once, however many they hand over; runs what was there, and then what that adds, as the last
     * steps of coroutines do. Says how many are dropped because there was no end of them. Loop only.
     */
    fun close(): Int {
        runOwn()
        incoming.close(run)
        var passes = 0
        while (own.isNotEmpty() && ++passes < LAST_PASSES) runOwn()
        isOver = true
        return own.size.also { own.clear() }
    }

    private companion object {
        const val LAST_PASSES = 1000
    }
}
