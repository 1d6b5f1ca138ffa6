// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** A future that is completed on the thread of [loop], and refuses to block it. So do its copies and all stages derived from it. */
internal open class LoopFuture<T>(protected val loop: Executor) : CompletableFuture<T>() {
    /**
     * Somebody has asked what has become of this, or has added a stage that waits for it. For [LeftBehind], in tests. It is not volatile,
     * since every stage of every program writes it: a test that waits for another thread sees the writes of that thread.
     */
    protected var isLookedAt: Boolean = false

    override fun <U> newIncompleteFuture(): CompletableFuture<U> {
        isLookedAt = true // a stage of this is being made
        return newStage()
    }

    protected open fun <U> newStage(): LoopFuture<U> = LoopFuture(loop)

    /** [stage] passes on what its function has seen already. */
    protected fun <U> seen(stage: CompletableFuture<U>): CompletableFuture<U> = stage.also { (it as? LoopFuture<U>)?.isLookedAt = true }

    /** What this has failed with, unless it was cancelled, or somebody has looked at it. */
    internal fun unseenError(): Throwable? {
        if (!isDone || isLookedAt || numberOfDependents > 0) return null
        val error =
            try {
                super.getNow(null)
                null
            } catch (e: CompletionException) {
                e.cause ?: e
            } catch (e: CancellationException) {
                e
            }
        return error.takeIf { it !is CancellationException }
    }

    override fun getNow(otherwise: T): T {
        isLookedAt = true
        return super.getNow(otherwise)
    }

    override fun isCompletedExceptionally(): Boolean {
        isLookedAt = true
        return super.isCompletedExceptionally()
    }

    // The JDK's own gives a plain future to those who ask for one.
    override fun minimalCompletionStage(): CompletionStage<T> {
        val copy = LoopFuture<T>(loop)
        whenComplete { value, error -> if (error == null) copy.complete(value) else copy.completeExceptionally(error) }
        return MinimalStage(copy)
    }

    override fun get(): T {
        isLookedAt = true
        refuseToBlockLoop()
        return super.get()
    }

    override fun get(timeout: Long, unit: TimeUnit): T {
        isLookedAt = true
        refuseToBlockLoop()
        return super.get(timeout, unit)
    }

    override fun join(): T {
        isLookedAt = true
        refuseToBlockLoop()
        return super.join()
    }

    protected val isInLoop: Boolean get() = loop is LoopExecutor && loop.inLoop

    private fun refuseToBlockLoop() {
        check(isDone || !(loop is LoopExecutor && loop.mustNotBlock)) {
            "waiting for this future would block the thread of the loop that completes it, the reactor's thread, for ever: " +
                "add a stage to it, or wait on another thread"
        }
    }
}

/** A stage that cannot be completed or cancelled by those who have it. */
private class MinimalStage<T>(private val future: CompletableFuture<T>) : CompletionStage<T> by future {
    override fun toCompletableFuture(): CompletableFuture<T> = future.copy()

    override fun toString(): String = future.toString()
}
