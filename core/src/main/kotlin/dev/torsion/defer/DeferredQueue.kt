// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/**
 * A queue for asynchronous work (Twisted's `DeferredQueue`): [get] gives a Deferred that fires when there is an object for it.
 *
 * Like a Deferred it belongs to one thread.
 *
 * @property size how many objects may wait for a [get]; 0 takes objects only for a `get` that waits already, [UNLIMITED] means no
 * limit
 * @property backlog how many Deferreds of [get] may wait for an object; [UNLIMITED] means no limit
 */
public class DeferredQueue<T>(public val size: Int, public val backlog: Int) {
    private val waiting = ArrayDeque<Deferred<T>>()
    private val pending = ArrayDeque<T>()

    init {
        require(size >= 0) { "negative size $size" }
        require(backlog >= 0) { "negative backlog $backlog" }
    }

    /** How many objects wait for a [get]. */
    public val pendingCount: Int get() = pending.size

    /** How many Deferreds of [get] wait for an object. */
    public val waitingCount: Int get() = waiting.size

    /**
     * Adds [value]: the Deferred that has waited longest gets it at once, or else it is kept.
     * @throws QueueOverflow when [size] objects are kept
     */
    public fun put(value: T) {
        if (waiting.isNotEmpty()) {
            waiting.removeFirst().callback(value)
        } else {
            if (pending.size >= size) throw QueueOverflow("the queue is full with $size objects")
            pending.addLast(value)
        }
    }

    /**
     * A Deferred of the next object. Cancelling it while it waits takes it out of the queue.
     *
     * @throws QueueUnderflow when [backlog] Deferreds wait already
     */
    public fun get(): Deferred<T> {
        if (pending.isNotEmpty()) return succeed(pending.removeFirst())
        if (waiting.size >= backlog) throw QueueUnderflow("$backlog Deferreds wait for an object already")
        return Deferred<T> { waiting.remove(it) }.also(waiting::addLast)
    }

    /** Takes [value], which was taken and could not be delivered, back in front of all others; there may be one more than [size] then. */
    internal fun putBack(value: T) {
        if (waiting.isNotEmpty()) waiting.removeFirst().callback(value) else pending.addFirst(value)
    }

    override fun toString(): String = "DeferredQueue(${pending.size} objects, ${waiting.size} waiting)"

    public companion object {
        /** As a limit: none. */
        public const val UNLIMITED: Int = Int.MAX_VALUE
    }
}

/** [DeferredQueue.put] on a full queue. */
public class QueueOverflow internal constructor(message: String) : IllegalStateException(message)

/** [DeferredQueue.get] with the backlog used up. */
public class QueueUnderflow internal constructor(message: String) : IllegalStateException(message)
