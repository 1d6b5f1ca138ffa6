// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/**
 * The thread of a loop while the loop runs, for debug mode: a Deferred that is made in one of its turns belongs to it, and is refused to
 * other threads.
 */
internal class LoopThread {
    private val thread = Thread.currentThread()

    @Volatile
    private var isOver = false

    /** A turn begins; returns what [leave] wants. */
    fun enter(): LoopThread? = current.get().also { current.set(this) }

    /** The turn is over; [outer] is the one that it was made within. */
    fun leave(outer: LoopThread?): Unit = current.set(outer) // which keeps the entry: a turn allocates nothing

    /** The loop has ended: its objects are anybody's. */
    fun end() {
        isOver = true
    }

    /** The calling thread is going to use [deferred], which was made in a turn of this loop. */
    fun checkUse(deferred: Deferred<*>, act: String, places: DebugInfo) {
        val here = Thread.currentThread()
        check(here === thread || isOver) {
            "$deferred belongs to the loop of the thread \"${thread.name}\", where it was made, but the thread \"${here.name}\" $act. " +
                "Hand it over through the reactor's callFromThread.\n$places"
        }
    }

    companion object {
        private val current = ThreadLocal<LoopThread?>()

        /** The loop whose turn the calling thread is in, or null. */
        fun current(): LoopThread? = current.get()
    }
}
