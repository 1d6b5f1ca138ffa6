// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.util.concurrent.locks.Condition
import java.util.concurrent.locks.ReentrantLock

/** The state that the parts of a job share: its lock, and why it is to go no further. */
internal class Fate {
    val lock = ReentrantLock()
    val changed: Condition = lock.newCondition()

    /** Why the job is to go no further. With the lock. */
    var end: Throwable? = null

    /** Whether the lock tells more. So a row costs no lock. */
    @Volatile
    var isToEnd = false
}
