// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.simpleName
import java.util.concurrent.Callable

/**
 * The base of [DeferredLock] and [DeferredSemaphore]: a number of permits, and a queue of Deferreds that wait for one, first come, first
 * served.
 *
 * Like a Deferred it belongs to one thread. It orders asynchronous work, not threads.
 *
 * @param P the type itself, which [acquire] gives
 * @property limit how many permits there are
 */
public sealed class ConcurrencyPrimitive<P : ConcurrencyPrimitive<P>>(public val limit: Int) {
    private val waiting = ArrayDeque<Permit>()
    private var owed = 0
    private var depth = 0

    /** How many permits are free. */
    public var tokens: Int = limit
        private set

    /** How many Deferreds of [acquire] wait for a permit. */
    public val waiters: Int get() = waiting.size

    init {
        require(limit >= 1) { "needs at least one permit, not $limit" }
    }

    /**
     * A Deferred that fires with this object once it has a permit, at once if one is free. Cancelling it while it waits takes it
     * out of the queue. A coroutine or a future that waits for it may be cancelled before it has the permit: then the permit goes back.
     */
    public fun acquire(): Deferred<P> {
        val permit = Permit()
        if (tokens > 0) {
            tokens--
            permit.grant()
        } else {
            waiting.add(permit)
        }
        return permit
    }

    /**
     * Gives a permit back; the Deferred that has waited longest gets it at once.
     * @throws IllegalStateException when none is taken
     */
    public fun release() {
        check(tokens + owed < limit) { "released more often than acquired: $this" }
        owed++
        if (depth == MAX_DEPTH) return
        depth++
        try {
            while (owed > 0 && waiting.isNotEmpty()) {
                owed--
                waiting.removeFirst().grant()
            }
        } finally {
            depth--
        }
        if (waiting.isEmpty()) {
            tokens += owed
            owed = 0
        }
    }

    /**
     * Takes a permit, calls [callable], and gives the permit back once its result is there. The returned Deferred gets the result, good or
     * bad.
     */
    public fun <T> run(callable: Callable<T>): Deferred<T> = acquire().addAsyncCallback { maybeDeferred(callable).addStep(Release()) }

    /**
     * [run] for a callable that returns a Deferred: the permit is kept until that Deferred has fired. Cancelling the result cancels the
     * wait or that Deferred.
     */
    public fun <T> runAsync(callable: Callable<Deferred<T>>): Deferred<T> =
        acquire().addAsyncCallback { maybeAsyncDeferred(callable).addStep(Release()) }

    @Suppress("UNCHECKED_CAST")
    private fun self() = this as P

    /** The place of one [acquire] in the queue. */
    private inner class Permit :
        Deferred<P>(),
        Keeper {
        fun grant() {
            keep(this)
            callback(self())
        }

        override fun cancelUnfired() {
            waiting.remove(this)
            errback(DeferredCancelledException())
        }

        override fun undelivered(value: Any?) {
            if (value === this@ConcurrencyPrimitive) release()
        }

        // As in Twisted: it stays with the one who has asked for it, and who releases it.
        override fun lostRace(value: Any?) = Unit
    }

    private inner class Release : Step() {
        override fun run(result: Any?): Any? = result.also { release() }
    }

    override fun toString(): String = "${simpleName(javaClass, "ConcurrencyPrimitive")}($tokens of $limit free, ${waiting.size} waiting)"
}

/**
 * A lock for asynchronous work (Twisted's `DeferredLock`). It has one holder at a time; the others wait in order.
 *
 * ```kotlin
 * lock.run { writeRecord(record) }
 * ```
 */
public class DeferredLock : ConcurrencyPrimitive<DeferredLock>(1) {
    /** True while somebody holds the lock. */
    @get:JvmName("isLocked")
    public val locked: Boolean get() = tokens == 0
}

/**
 * A semaphore for asynchronous work (Twisted's `DeferredSemaphore`). It has at most [limit] holders at a time; the others wait in order.
 */
public class DeferredSemaphore(limit: Int) : ConcurrencyPrimitive<DeferredSemaphore>(limit)

/**
 * A release inside the callback of a permit hands the permit on directly, as Twisted does, up to this depth. Below it the outer
 * release does, so that the stack stays flat however many wait.
 */
private const val MAX_DEPTH = 10
