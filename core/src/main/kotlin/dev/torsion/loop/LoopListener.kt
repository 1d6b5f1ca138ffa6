// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/**
 * Hears how a loop goes: what measures it, watches it and records it. A class and no interface: while a program has but one kind of it, the
 * JIT calls that one directly.
 *
 * Thread: the loop's. An exception is the loop's own failure.
 */
internal abstract class LoopListener {
    /** The loop is going to wait for events. */
    abstract fun waits()

    /** The waiting is over. */
    abstract fun woke()

    /** The earliest of the delayed calls that are run now is this late. */
    abstract fun timerLate(nanos: Long)

    /** So many tasks have run. */
    abstract fun tasksRan(count: Int)

    /** A turn is over; one that may not wait for events may be driven on a clock that stands still. */
    abstract fun turnEnded(mayWait: Boolean)

    /** A callback has thrown. Any thread. */
    abstract fun callbackFailed(context: String, error: Throwable)
}
