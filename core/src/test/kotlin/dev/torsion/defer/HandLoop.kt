// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/** A loop whose tasks wait until the test runs them. */
internal class HandLoop : LoopExecutor {
    val queue = ArrayDeque<Runnable>()
    override var inLoop = false

    override fun execute(task: Runnable) = queue.addLast(task)

    /** Runs what waits, and what that adds, as on the thread of the loop. */
    fun run() = onLoop { while (queue.isNotEmpty()) queue.removeFirst().run() }

    inline fun <T> onLoop(block: () -> T): T {
        inLoop = true
        try {
            return block()
        } finally {
            inLoop = false
        }
    }
}
