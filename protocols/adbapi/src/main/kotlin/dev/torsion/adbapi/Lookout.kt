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
 * It looks for [BOUND_NANOS] at most, and only when
 * - it is the only one of its pool at work: the [Workers] see to that. Others would want the processor, and take the next job themselves;
 * - the [Odds] are good;
 * - there is another processor for whoever gives the job, and no thread of another pool looks.
 *
 * @param clock nanoseconds
 * @param pause is called again and again while a thread looks. Another thread may be waiting for the same processor, so it yields
 * @param permit is taken while a thread looks
 */
internal open class Lookout<J : Any>(
    private val clock: LongSupplier = LongSupplier(System::nanoTime),
    processors: Int = Runtime.getRuntime().availableProcessors(),
    private val pause: Runnable = Runnable(Thread::yield),
    private val permit: AtomicBoolean = OF_ALL_POOLS,
) {
    private val isOfUse = processors > 1

    /** The job that was given to the thread that looks, or [NOTHING] yet, or null when none looks. */
    private val place = AtomicReference<Any?>()

    // With the lock of the workers.
    private val odds = Odds()
    private var emptySince = 0L // when the only thread at work had done its job

    // Of the last look, by its thread, until that has the lock again.
    private var hasFound = false // a job, which is not counted yet
    private var wasHeldUp = false // so that a thread that is woken would have done the job sooner

    /** Whether the thread that has done its job, as the only one at work, is to [look] now: it must then. With the lock of the workers. */
    fun opens(): Boolean {
        if (!isOfUse) return false
        count()
        emptySince = clock.asLong
        if (!odds.areGood || !permit.compareAndSet(false, true)) return false
        place.set(NOTHING)
        return true
    }

    /** Gives [job] to the thread that looks, if one does. With the lock of the workers. */
    fun give(job: J): Boolean = place.compareAndSet(NOTHING, job)

    /** The thread has looked in vain. With the lock of the workers. */
    fun lookedInVain(): Unit = odds.inVain()

    /** Counts the last look, if it has found a job. */
    private fun count() {
        if (hasFound) if (wasHeldUp) odds.inVain() else odds.found()
        hasFound = false
    }

    /** A job came that no thread was looking for; [isAlone] when none is at work either. With the lock of the workers. */
    fun missed(isAlone: Boolean) {
        if (!isOfUse) return
        odds.came(isSoon = isAlone && clock.asLong - emptySince < BOUND_NANOS)
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
        val job = place.getAndSet(null).takeIf { it !== NOTHING } as J?
        hasFound = job != null
        wasHeldUp = hasFound && clock.asLong - emptySince >= 2 * BOUND_NANOS
        return job
    }

    internal companion object {
        /** About what a thread takes to fall asleep and wake up. */
        val BOUND_NANOS: Long = TimeUnit.MICROSECONDS.toNanos(30)

        private val NOTHING = Any()
        private val OF_ALL_POOLS = AtomicBoolean()
    }
}
