// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.lang.invoke.MethodHandles
import java.lang.invoke.VarHandle
import java.util.concurrent.atomic.AtomicLongArray
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Consumer

/**
 * Tasks handed to the loop by any thread, first in, first out: many producers, one consumer, and no object for a task.
 *
 * Tasks stand in chunks, one after the other. A producer claims the next place by counting [claimed] up, and puts its task there; the
 * consumer goes over the places in their order. A full chunk is followed by another one before any of that one's places is claimed:
 * nothing can fail between the claim and the task.
 *
 * [close] is exact: every task that [offer] accepted runs, and every other is refused to its producer.
 *
 * @param size how many tasks a chunk takes
 */
internal class TaskQueue(private val size: Int = SIZE) : FieldsApart() {
    /** The places of the tasks from number [start] on. A chunk is never used again, its [tasks] are: a producer may look at old chunks. */
    private class Chunk(val start: Long, val tasks: Array<Runnable?>) {
        /** The chunk itself once the consumer has left it: a link from old garbage would keep alive all that comes after it. */
        val next = AtomicReference<Chunk?>()
    }

    @Volatile
    private var newest = Chunk(0, arrayOfNulls(size)) // the producers' chunk, or one before it

    private var oldest = newest // the consumer's

    /** How many tasks the consumer has taken. On a cache line without neighbours, for it is written all the time. */
    private val taken = AtomicLongArray(2 * LINE)

    /** The empty places of a chunk that was left: while the loop keeps up, the queue goes on in the same memory. */
    private val spare = AtomicReference<Array<Runnable?>>()

    /** Adds [task]; false when the queue was closed and the task will not run. Any thread. */
    fun offer(task: Runnable): Boolean {
        while (true) {
            val chunk = newest // read before the count, so that it begins no later
            val number = claimed
            if (number < 0) return false
            val place = number - chunk.start
            if (place >= chunk.tasks.size) {
                follow(chunk)
            } else if (CLAIMED.compareAndSet(this, number, number + 1)) {
                PLACE.setRelease(chunk.tasks, place.toInt(), task)
                return true
            }
        }
    }

    private fun follow(full: Chunk) {
        if (full.next.get() == null) {
            val places = spare.getAndSet(null) ?: arrayOfNulls(size)
            if (!full.next.compareAndSet(null, Chunk(full.start + size, places))) spare.set(places)
        }
        NEWEST.compareAndSet(this, full, full.next.get())
    }

    /** False while a task waits, or is about to be added. Consumer only. */
    fun isEmpty(): Boolean {
        val number = taken.getPlain(LINE)
        val place = (number - oldest.start).toInt()
        // While there is work this leaves the cache line of [claimed] to the producers.
        if (place < oldest.tasks.size && PLACE.getAcquire(oldest.tasks, place) != null) return false
        return end() == number
    }

    /** How many tasks wait, more or less. Any thread. */
    fun count(): Int {
        val begin = taken.getAcquire(LINE)
        return (end() - begin).toInt()
    }

    private fun end() = claimed and CLOSED.inv()

    /** Runs the tasks that are there now, and says how many; those that they add wait for the next call. Consumer only. */
    fun drain(run: Consumer<Runnable>): Int {
        val end = end()
        val begin = taken.getPlain(LINE)
        var number = begin
        var chunk = oldest
        var place = (begin - chunk.start).toInt()
        var done = place // before it the places are empty
        try {
            while (number < end) {
                if (place == chunk.tasks.size) {
                    chunk = leave(chunk, done)
                    place = 0
                    done = 0
                }
                // A producer between its two steps has not put its task there yet: the tasks behind it come in the next turn.
                val task = PLACE.getAcquire(chunk.tasks, place) as Runnable? ?: break
                place++
                taken.setRelease(LINE, ++number)
                run.accept(task)
            }
        } finally {
            chunk.tasks.fill(null, done, place) // together, for producers write to the places behind them
        }
        return (number - begin).toInt()
    }

    /** Goes on to the chunk after [full], whose tasks from place [done] on are now done as well. */
    private fun leave(full: Chunk, done: Int): Chunk {
        val next = full.next.get()!!
        oldest = next
        NEWEST.compareAndSet(this, full, next)
        full.next.setRelease(full)
        full.tasks.fill(null, done)
        spare.set(full.tasks)
        return next
    }

    /** Refuses further tasks, and runs what is left. Consumer only. */
    fun close(run: Consumer<Runnable>) {
        CLAIMED.getAndBitwiseOr(this, CLOSED)
        while (!isEmpty()) {
            drain(run)
            Thread.onSpinWait()
        }
    }

    private companion object {
        /** A chunk takes 4 KiB, and a queue has two of them as long as the loop keeps up. */
        const val SIZE = 1024

        /** In [claimed]: there are no more places. */
        const val CLOSED = Long.MIN_VALUE

        /** Two cache lines in longs: processors fetch them in pairs. */
        const val LINE = 16

        @JvmStatic
        val CLAIMED: VarHandle = MethodHandles.lookup().findVarHandle(ProducersField::class.java, "claimed", Long::class.java)

        @JvmStatic
        val NEWEST: VarHandle = MethodHandles.lookup().findVarHandle(TaskQueue::class.java, "newest", Chunk::class.java)

        @JvmStatic
        val PLACE: VarHandle = MethodHandles.arrayElementVarHandle(Array<Runnable>::class.java)
    }
}

/** The fields that producers write for each task. */
internal abstract class ProducersField {
    /** How many places producers have taken, and whether the queue is closed. A field, since an atomic object is one step further. */
    @JvmField
    @Volatile
    protected var claimed: Long = 0L
}

/**
 * Two cache lines between [claimed] and the fields of [TaskQueue], which the consumer reads: otherwise each of its turns takes the line from
 * the producers, and a call from a thread takes twice as long. The JVM lays out the fields of a class behind those of its superclass.
 */
@Suppress("unused")
internal abstract class FieldsApart : ProducersField() {
    private val p01 = 0L
    private val p02 = 0L
    private val p03 = 0L
    private val p04 = 0L
    private val p05 = 0L
    private val p06 = 0L
    private val p07 = 0L
    private val p08 = 0L
    private val p09 = 0L
    private val p10 = 0L
    private val p11 = 0L
    private val p12 = 0L
    private val p13 = 0L
    private val p14 = 0L
    private val p15 = 0L
    private val p16 = 0L
}
