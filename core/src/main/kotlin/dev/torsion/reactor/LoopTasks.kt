// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import java.util.function.Consumer

/**
 * What a loop is to run besides events and timers: tasks of its own, and those that other threads hand over, which wake it up when it waits.
 *
 * @param run runs a task, and throws nothing
 * @param wakeUp ends the loop's waiting
 */
internal class LoopTasks(
    private val run: Consumer<Runnable>,
    private val wakeUp: Runnable,
) {
    private val own = ArrayDeque<Runnable>()
    private val incoming = TaskQueue()
    private val guard = WakeUpGuard()

    /** How many wait, more or less. Any thread. */
    val count: Int get() = own.size + incoming.count()

    /** False while a task waits. Loop only. */
    fun isEmpty(): Boolean = own.isEmpty() && incoming.isEmpty()

    /** Adds a task of the loop's own. Loop only. */
    fun add(task: Runnable) = own.addLast(task)

    /** Hands [task] over; false when the loop has ended and will not run it. Any thread. */
    fun offer(task: Runnable): Boolean {
        if (!incoming.offer(task)) return false
        if (guard.ring()) wakeUp.run()
        return true
    }

    /** Runs the tasks that are there now, and says how many; those that they add wait for the next call. Loop only. */
    fun runAll(): Int {
        val count = own.size
        repeat(count) { run.accept(own.removeFirst()) }
        return count + incoming.drain(run)
    }

    /** Whether the loop may wait; then whoever offers a task wakes it up, until it says that it is [awake]. Loop only. */
    fun mayWait(): Boolean = guard.mayWait(incoming)

    /** The loop waits no more. Loop only. */
    fun awake() = guard.awake()

    /** Refuses further tasks, and runs what other threads have handed over. Loop only. */
    fun close() = incoming.close(run)
}
