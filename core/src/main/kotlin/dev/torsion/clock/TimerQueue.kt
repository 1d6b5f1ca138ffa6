// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.AlreadyCalledException
import dev.torsion.defer.DeferredDebug
import dev.torsion.defer.Place
import dev.torsion.log.safeString
import java.util.concurrent.TimeUnit
import java.util.function.LongSupplier

/**
 * Delayed calls in order of time. Every clock, real or virtual, keeps its calls in one.
 *
 * It is a 4-ary heap. Its keys stand in their own `long[]`, so that sifting touches no object. New calls go on a pile behind it. They go
 * into the heap only when one of them may be the earliest, so a time-out that is cancelled before is never sorted in. Cancelling and
 * postponing leave the entry where it is, and it is dropped or moved when it comes up. So re-arming an idle time-out is a field write.
 * Stale entries are swept out when they outnumber the live ones.
 *
 * Not thread-safe: belongs to its clock's thread.
 */
public class TimerQueue(private val nanoTime: LongSupplier) {
    private var calls = arrayOfNulls<Entry>(INITIAL) // first the heap, then the pile
    private var keys = LongArray(INITIAL * 2) // of the heap: deadline, sequence, deadline, sequence ...
    private var sorted = 0 // how many calls are in the heap
    private var size = 0
    private var earliestPiled = 0L // no call on the pile is due before
    private var live = 0
    private var nextSequence = 0L

    /** How many calls are waiting to run. */
    public val count: Int get() = live

    /** Plans [call] at [delay] from now. */
    public fun add(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall {
        require(delay >= 0) { "callLater needs a delay of zero or more, but was given $delay ${unit.name.lowercase()}" }
        val entry = Entry(call, saturatedSum(nanoTime.asLong, unit.toNanos(delay)), nextSequence++)
        live++
        pile(entry)
        return entry
    }

    /** When the earliest call is due, or [Long.MAX_VALUE] when there is none. */
    public fun nextDeadline(): Long {
        settle()
        return if (size == 0) Long.MAX_VALUE else keys[0]
    }

    /** Takes out the earliest call that is due at [now] and marks it as called; null when none is. */
    public fun pollDue(now: Long): Runnable? = pollDue(now, Long.MAX_VALUE)

    /**
     * The same, without calls that were planned after the [mark] was taken. Those wait for the next turn, so that a call that plans itself
     * again at zero delay cannot hold the loop.
     */
    public fun pollDue(now: Long, mark: Long): Runnable? {
        settle()
        // Time compares by difference, since System.nanoTime may wrap around.
        if (size == 0 || keys[0] - now > 0 || keys[1] >= mark) return null
        val entry = calls[0]!!
        removeTop()
        live--
        return entry.begin()
    }

    /** A mark for [pollDue]: every call planned from now on comes after it. */
    public fun mark(): Long = nextSequence

    /** The calls that wait, in no particular order. */
    public fun calls(): List<DelayedCall> = calls.take(size).filterNotNull().filter { it.isActive }.distinct()

    /** Brings the earliest call to the top. */
    private fun settle() {
        while (true) {
            if (mustSort()) sortPile()
            if (size == 0) return
            val entry = calls[0]!!
            if (!entry.owns(keys[1])) {
                removeTop() // cancelled, or moved to an earlier time under another entry
            } else if (entry.sequence != keys[1]) {
                removeTop() // planned anew: now is the moment to put it where it belongs
                pile(entry)
            } else {
                return
            }
        }
    }

    private fun mustSort() = sorted < size && (sorted == 0 || earliestPiled - keys[0] <= 0 || size - sorted > HIGHEST_PILE)

    private fun pile(entry: Entry) {
        if (size == calls.size) {
            if (size > SWEEP_MINIMUM && live < size / 2) sweep() else calls = calls.copyOf(size * 2)
        }
        entry.queuedSequence = PILED
        calls[size++] = entry
        isPiled(entry.time)
    }

    /** There is a call on the pile that is due at [time]. */
    private fun isPiled(time: Long) {
        if (size - sorted == 1 || time - earliestPiled < 0) earliestPiled = time
    }

    private fun sortPile() {
        if (keys.size < calls.size * 2) keys = keys.copyOf(calls.size * 2)
        for (i in sorted until size) {
            val entry = calls[i]!!
            calls[i] = null
            if (!entry.isActive) continue
            entry.queuedSequence = entry.sequence
            siftUp(sorted++, entry.time, entry.sequence, entry)
        }
        size = sorted
    }

    /** Puts the live calls on one pile. */
    private fun sweep() {
        val oldSorted = sorted
        val oldSize = size
        sorted = 0
        size = 0
        for (i in 0 until oldSize) {
            val entry = calls[i]!!
            calls[i] = null
            if (if (i < oldSorted) entry.owns(keys[2 * i + 1]) else entry.isActive) pile(entry)
        }
        if (calls.size >= SHRINK_MINIMUM && size < calls.size / SHRINK_SHARE) shrink()
    }

    /** Gives memory back after a peak. */
    private fun shrink() {
        var room = calls.size
        while (room >= SHRINK_MINIMUM && size < room / (SHRINK_SHARE / 2)) room /= 2
        calls = calls.copyOf(room)
        if (keys.size > room * 2) keys = keys.copyOf(room * 2)
    }

    private fun removeTop() {
        val last = --sorted
        val entry = calls[last]!!
        val deadline = keys[2 * last]
        val sequence = keys[2 * last + 1]
        calls[last] = calls[--size] // the pile moves up
        calls[size] = null
        if (last > 0) siftDown(deadline, sequence, entry)
        if (calls.size >= SHRINK_MINIMUM && size < calls.size / SHRINK_SHARE) shrink()
    }

    private fun siftUp(start: Int, deadline: Long, sequence: Long, entry: Entry) {
        var at = start
        while (at > 0) {
            val parent = (at - 1) shr 2
            if (!isBefore(deadline, sequence, parent)) break
            move(parent, at)
            at = parent
        }
        place(at, deadline, sequence, entry)
    }

    private fun siftDown(deadline: Long, sequence: Long, entry: Entry) {
        var at = 0
        while (true) {
            val first = (at shl 2) + 1
            if (first >= sorted) break
            var least = first
            val end = minOf(first + 4, sorted)
            for (child in first + 1 until end) {
                if (isBefore(keys[2 * child], keys[2 * child + 1], least)) least = child
            }
            if (isBefore(deadline, sequence, least)) break
            move(least, at)
            at = least
        }
        place(at, deadline, sequence, entry)
    }

    private fun isBefore(deadline: Long, sequence: Long, other: Int): Boolean {
        val difference = deadline - keys[2 * other]
        return difference < 0 || (difference == 0L && sequence < keys[2 * other + 1])
    }

    private fun move(from: Int, to: Int) = place(to, keys[2 * from], keys[2 * from + 1], calls[from]!!)

    private fun place(at: Int, deadline: Long, sequence: Long, entry: Entry) {
        keys[2 * at] = deadline
        keys[2 * at + 1] = sequence
        calls[at] = entry
    }

    /** Small, since the garbage collector copies a million of them. */
    private inner class Entry(
        private var call: Runnable?,
        override var time: Long,
        var sequence: Long, // or [CANCELLED]
    ) : DelayedCall {
        /** Under which key it stands in the heap, or [PILED]. */
        var queuedSequence = PILED
        private val made = if (DeferredDebug.enabled) Place.here() else null

        override val createdAt get() = made?.toString()

        override val isActive get() = call != null

        private val isCancelled get() = sequence == CANCELLED

        /** Whether the heap entry with this key is the one that stands for this call. */
        fun owns(key: Long) = isActive && queuedSequence == key

        private fun plan(deadline: Long) {
            val isEarlier = deadline - time < 0
            time = deadline
            sequence = nextSequence++
            if (queuedSequence == PILED) {
                isPiled(deadline)
            } else if (isEarlier) {
                pile(this)
            }
        }

        fun begin(): Runnable = call!!.also { call = null }

        override fun cancel() {
            checkActive("cancel")
            call = null
            sequence = CANCELLED
            live--
            if (size >= SHRINK_MINIMUM && live < size / SHRINK_SHARE) sweep()
        }

        override fun reset(delay: Long, unit: TimeUnit) {
            checkActive("reset")
            require(delay >= 0) { "reset needs a delay of zero or more, but was given $delay ${unit.name.lowercase()}" }
            plan(saturatedSum(nanoTime.asLong, unit.toNanos(delay)))
        }

        override fun delay(by: Long, unit: TimeUnit) {
            checkActive("delay")
            val now = nanoTime.asLong
            plan(saturatedSum(now, saturatedSum(time - now, unit.toNanos(by))))
        }

        private fun checkActive(operation: String) {
            if (isCancelled) throw AlreadyCancelledException("$operation: this delayed call was cancelled before")
            if (call == null) throw AlreadyCalledException("$operation: this delayed call has already run")
        }

        override fun toString(): String {
            val state =
                when {
                    isCancelled -> "cancelled"
                    call == null -> "called"
                    else -> "due in ${TimeUnit.NANOSECONDS.toMillis(time - nanoTime.asLong)} ms: ${safeString(call)}"
                }
            return "DelayedCall($state${made?.let { ", made at ${it.site()}" } ?: ""})"
        }
    }

    private companion object {
        const val INITIAL = 16
        const val SWEEP_MINIMUM = 64

        // Room of which less than this share is needed is given back, up to twice the share.
        const val SHRINK_MINIMUM = 4096
        const val SHRINK_SHARE = 8

        /** So many are left for one turn to sort. */
        const val HIGHEST_PILE = 1024

        // In place of a sequence number.
        const val PILED = -1L
        const val CANCELLED = -2L

        /** 146 years: for ever. From one such time to the other a difference does not wrap around. */
        const val FAR = Long.MAX_VALUE / 2

        fun saturatedSum(from: Long, by: Long): Long = from + by.coerceIn(-FAR, FAR)
    }
}
