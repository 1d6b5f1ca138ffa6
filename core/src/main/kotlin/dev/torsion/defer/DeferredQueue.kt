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
    private val waiting = ArrayDeque<Delivery>()
    private val pending = ArrayDeque<T>()
    private val returned = ArrayList<Delivery>() // taken, and not delivered: before all that is pending, in the order in which they came
    private var taken = 0L

    init {
        require(size >= 0) { "negative size $size" }
        require(backlog >= 0) { "negative backlog $backlog" }
    }

    /** How many objects wait for a [get]. */
    public val pendingCount: Int get() = pending.size + returned.size

    /** How many Deferreds of [get] wait for an object. */
    public val waitingCount: Int get() = waiting.size

    /**
     * Adds [value]. The Deferred that has waited longest gets it at once. If none waits, it is kept.
     * @throws QueueOverflow when [size] objects are kept
     * @throws IllegalArgumentException when [value] is a Deferred, which could not be handed out
     */
    public fun put(value: T) {
        require(value !is Deferred<*>) { NO_VALUE }
        if (waiting.isNotEmpty()) {
            waiting.removeFirst().give(value, taken++)
        } else {
            if (pendingCount >= size) throw QueueOverflow("the queue is full with $size objects")
            pending.addLast(value)
        }
    }

    /**
     * A Deferred of the next object. Cancelling it while it waits takes it out of the queue. A coroutine or a future that waits for it may
     * be cancelled before it has the object: then the object goes back before all others. There may be more than [size] objects then.
     *
     * @throws QueueUnderflow when [backlog] Deferreds wait already
     */
    public fun get(): Deferred<T> {
        val delivery = Delivery()
        if (returned.isNotEmpty()) {
            delivery.give(returned.removeAt(0))
        } else if (pending.isNotEmpty()) {
            delivery.give(pending.removeFirst(), taken++)
        } else {
            if (waiting.size >= backlog) throw QueueUnderflow("$backlog Deferreds wait for an object already")
            waiting.addLast(delivery)
        }
        return delivery
    }

    private fun takeBack(undelivered: Delivery) {
        if (waiting.isNotEmpty()) return waiting.removeFirst().give(undelivered)
        val place = returned.indexOfFirst { it.number > undelivered.number }
        returned.add(if (place < 0) returned.size else place, undelivered)
    }

    /** The Deferred of one [get]; once it has an object, the one who takes that back. */
    private inner class Delivery :
        Deferred<T>(),
        Keeper {
        private var value: Any? = null

        /** The objects are numbered as they are taken. */
        var number = 0L
            private set

        @Suppress("UNCHECKED_CAST")
        fun give(former: Delivery) = give(former.value as T, former.number)

        fun give(value: T, number: Long) {
            this.value = value
            this.number = number
            keep(this)
            callback(value)
        }

        override fun cancelUnfired() {
            waiting.remove(this)
            errback(DeferredCancelledException())
        }

        override fun undelivered(value: Any?) {
            if (value === this.value) takeBack(this)
        }
    }

    override fun toString(): String = "DeferredQueue($pendingCount objects, ${waiting.size} waiting)"

    public companion object {
        /** As a limit: none. */
        public const val UNLIMITED: Int = Int.MAX_VALUE
    }
}

/** [DeferredQueue.put] on a full queue. */
public class QueueOverflow internal constructor(message: String) : IllegalStateException(message)

/** [DeferredQueue.get] with the backlog used up. */
public class QueueUnderflow internal constructor(message: String) : IllegalStateException(message)
