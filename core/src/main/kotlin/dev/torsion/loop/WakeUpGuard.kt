// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.util.concurrent.atomic.AtomicBoolean

/**
 * Sees to it that a loop that waits is woken up for a task, and once only: a wake-up costs a system call.
 *
 * The loop says that it [is about to wait][mayWait] before it looks at its tasks for the last time, and a thread that adds a task [rings][ring]
 * afterwards. So either the loop sees the task or the other sees the loop.
 */
internal class WakeUpGuard {
    private val sleeping = AtomicBoolean()

    /** Whether the loop may wait; false when there are [tasks]. Until [awake] those who ring wake it up. Loop only. */
    fun mayWait(tasks: TaskQueue): Boolean {
        sleeping.set(true)
        if (tasks.isEmpty()) return true
        awake()
        return false
    }

    /** The loop waits no more. Loop only. */
    fun awake(): Unit = sleeping.setRelease(false)

    /** A task was added: true when the loop waits and the caller is the one to wake it up. Any thread. */
    fun ring(): Boolean = sleeping.get() && sleeping.compareAndSet(true, false)
}
