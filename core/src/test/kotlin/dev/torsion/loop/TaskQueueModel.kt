// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import org.jetbrains.lincheck.datastructures.Operation

/**
 * [TaskQueue] as Lincheck sees it: any thread offers, one consumes. A task stands for its number.
 *
 * A task that a single drain leaves out (it stands behind one that is not linked yet) comes with the next; here, as in the loop, it goes on
 * until the queue says that it is empty.
 */
class TaskQueueModel {
    private val queue = TaskQueue(2) // so that its operations cross the ends of chunks

    @Operation
    fun offer(number: Int): Boolean = queue.offer(NumberedTask(number))

    @Operation(nonParallelGroup = "consumer")
    fun takeAll(): List<Int> {
        val taken = ArrayList<Int>()
        while (!queue.isEmpty()) queue.drain { taken.add((it as NumberedTask).number) }
        return taken
    }

    @Operation(nonParallelGroup = "consumer")
    fun close(): List<Int> {
        val left = ArrayList<Int>()
        queue.close { left.add((it as NumberedTask).number) }
        return left
    }
}

/** The behaviour of [TaskQueueModel] from outside. */
class TaskQueueSpecification {
    private val tasks = ArrayList<Int>()
    private var isClosed = false

    fun offer(number: Int): Boolean {
        if (!isClosed) tasks.add(number)
        return !isClosed
    }

    fun takeAll(): List<Int> = tasks.toList().also { tasks.clear() }

    fun close(): List<Int> {
        isClosed = true
        return takeAll()
    }
}

private class NumberedTask(val number: Int) : Runnable {
    override fun run() = Unit
}
