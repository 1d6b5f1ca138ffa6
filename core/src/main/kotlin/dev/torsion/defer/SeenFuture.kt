// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.Executor
import java.util.function.Function

/**
 * A future that knows whether somebody sees its failure.
 *
 * A failure begins in one future: in that of a Deferred, or in the stage whose function threw. From there it passes through the stages. It
 * is seen when any of these:
 * - has a stage whose function gets errors (`exceptionally`, `handle`, `whenComplete`);
 * - was asked, by `get`, `join` or their kin;
 * - was given to others, by `toCompletableFuture`, or is waited for by others, as by `allOf`.
 *
 * Those who look write the fields that are not volatile, and they are read long after: at the end of a turn, or by a test.
 */
internal abstract class SeenFuture<T>(loop: Executor, private var parent: SeenFuture<*>?) : LoopFuture<T>(loop) {
    private var isSeen = false
    private var stages = 0

    /** Somebody sees a failure of this, and of all that it can come from. */
    public final override fun see() {
        var now: SeenFuture<*>? = this
        while (now != null && !now.isSeen) {
            now.isSeen = true
            now = now.parent
        }
    }

    override fun <U> newIncompleteFuture(): CompletableFuture<U> {
        stages++
        return newStage()
    }

    protected abstract fun <U> newStage(): SeenFuture<U>

    /** This is about to be completed: a waiter that is no stage of ours sees the result. */
    fun seeStrangers() {
        if (!isSeen && numberOfDependents > stages) see()
    }

    /** This is in order, or what it came from is: then that needs to be known no longer. */
    protected fun forgetParent() {
        if (parent?.let { it.isDone && !it.hasFailed } == true) parent = null
    }

    /** It does not come from the future before. */
    protected fun beginFailureHere() {
        parent = null
    }

    /** The failure of this, if it began here, was no cancellation, and nobody has seen it. */
    fun unseenError(): Throwable? {
        if (isSeen || !isDone || parent?.hasFailed == true) return null
        return error()?.takeIf { it !is CancellationException }
    }

    /** The [unseenError], once: from then on it is seen. */
    @Synchronized
    fun takeUnseenError(): Throwable? = unseenError()?.also { see() }

    private fun error(): Throwable? = try {
        peek()
        null
    } catch (e: CompletionException) {
        e.cause ?: e
    } catch (e: CancellationException) {
        e
    }

    // A receiver of errors sees them.

    override fun exceptionally(fn: Function<Throwable, out T>): CompletableFuture<T> = seeing { super.exceptionally(fn) }

    override fun exceptionallyAsync(fn: Function<Throwable, out T>): CompletableFuture<T> = seeing { super.exceptionallyAsync(fn) }

    override fun exceptionallyAsync(fn: Function<Throwable, out T>, executor: Executor): CompletableFuture<T> =
        seeing { super.exceptionallyAsync(fn, executor) }

    protected inline fun <R> seeing(add: () -> R): R {
        see()
        return add()
    }
}
