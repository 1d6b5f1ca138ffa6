// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicReference
import java.util.function.LongSupplier

/**
 * Where a thread that has done its job looks for the next one before it sleeps. In a program that asks one query after the other, the next
 * one comes while the thread falls asleep, and waking it costs about as much as a small query.
 *
 * Looking takes a processor. So a thread looks for [BOUND_NANOS] at most, and only when
 * - it is the only one of its pool at work: the [Workers] see to that. Others would want the processor, and take the next job themselves;
 * - jobs come one by one, and most of them so soon after the one before that looking should have found them: [ENOUGH] more than the others.
 *   A program whose queries are rare has no thread looking, and one that stops has one looking in vain once;
 * - that works. On a busy machine the thread may take the very processor that the other one needs to give it a job. A look in vain is paid
 *   for by [PRICE] looks that have found a job. One that is not paid for doubles what is enough, up to [MOST], until one finds a job;
 * - there is another processor for whoever gives the job, and no thread of another pool looks.
 *
 * @param clock nanoseconds
 * @param pause is called again and again while a thread looks
 * @param permit is taken while a thread looks
 */
internal open class Lookout<J : Any>(
    private val clock: LongSupplier = LongSupplier(System::nanoTime),
    processors: Int = Runtime.getRuntime().availableProcessors(),
    private val pause: Runnable = Runnable(Thread::onSpinWait),
    private val permit: AtomicBoolean = OF_ALL_POOLS,
) {
    private val isOfUse = processors > 1

    /** The job that was given to the thread that looks, or [NOTHING] yet, or null when none looks. */
    private val place = AtomicReference<Any?>()

    // With the lock of the workers.
    private var balance = 0 // how many more jobs came soon than not, from 0 to enough
    private var enough = ENOUGH
    private var found = 0 // looks that have found a job, and have not paid for one in vain, up to SAVINGS
    private var emptySince = 0L // when the only thread at work had done its job

    /** Whether the thread that has done its job, as the only one at work, is to [look] now: it must then. With the lock of the workers. */
    fun opens(): Boolean {
        if (!isOfUse) return false
        emptySince = clock.asLong
        if (balance < enough || !permit.compareAndSet(false, true)) return false
        place.set(NOTHING)
        return true
    }

    /** Gives [job] to the thread that looks, if one does. With the lock of the workers. */
    fun give(job: J): Boolean {
        if (!place.compareAndSet(NOTHING, job)) return false
        enough = ENOUGH
        balance = ENOUGH
        found = minOf(found + 1, SAVINGS)
        return true
    }

    /** The thread has looked in vain. With the lock of the workers. */
    fun lookedInVain() {
        if (found >= PRICE) {
            found -= PRICE
            balance = enough - 1
        } else {
            found = 0
            enough = minOf(2 * enough, MOST)
            balance = 0
        }
    }

    /** A job came that no thread was looking for; [isAlone] when none is at work either. With the lock of the workers. */
    fun missed(isAlone: Boolean) {
        if (!isOfUse) return
        val isSoon = isAlone && clock.asLong - emptySince < BOUND_NANOS
        balance = (if (isSoon) balance + 1 else balance - 1).coerceIn(0, enough)
    }

    /** The job that comes in time; null when none does. After [opens], on the same thread, without the lock. */
    @Suppress("UNCHECKED_CAST")
    open fun look(): J? {
        try {
            val began = clock.asLong
            while (place.get() === NOTHING && clock.asLong - began < BOUND_NANOS) pause.run()
        } catch (_: Throwable) {
            // The thread counts as at work until it has left, even if it fails, and a job that it was given is not lost.
        }
        permit.set(false)
        return place.getAndSet(null).takeIf { it !== NOTHING } as J?
    }

    internal companion object {
        /** About what a thread takes to fall asleep and wake up. */
        val BOUND_NANOS: Long = TimeUnit.MICROSECONDS.toNanos(30)

        /** How many more jobs must have come soon than not, at first. */
        const val ENOUGH: Int = 4

        const val MOST: Int = 1_024

        /** How many looks that find a job make up for one in vain. */
        const val PRICE: Int = 4
        private const val SAVINGS = 4 * PRICE

        private val NOTHING = Any()
        private val OF_ALL_POOLS = AtomicBoolean()
    }
}
