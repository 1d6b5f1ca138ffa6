// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** A future that is completed on the thread of [loop], and refuses to block it. So do its copies and all stages derived from it. */
internal open class LoopFuture<T>(protected val loop: Executor) : CompletableFuture<T>() {
    /** Somebody asks what has become of this, or will be told. */
    protected open fun see() {}

    override fun <U> newIncompleteFuture(): CompletableFuture<U> = LoopFuture(loop)

    override fun getNow(otherwise: T): T {
        see()
        return super.getNow(otherwise)
    }

    override fun isCompletedExceptionally(): Boolean {
        see()
        return super.isCompletedExceptionally()
    }

    /** Whether it has failed, for those who do not count as somebody. */
    internal val hasFailed: Boolean get() = super.isCompletedExceptionally()

    /** Its outcome, likewise: returned or thrown. */
    protected fun peek(): T? = super.getNow(null)

    /** On JDK 19 and newer it overrides the method of this name, and does the same. */
    @Suppress("unused")
    fun exceptionNow(): Throwable {
        check(isDone) { "the future has not completed yet" }
        check(!isCancelled) { "the future was cancelled" }
        check(isCompletedExceptionally) { "the future has a value" }
        return handle { _, error -> (error as? CompletionException)?.cause ?: error!! }.getNow(null)
    }

    // The JDK's own gives a plain future to those who ask for one.
    override fun minimalCompletionStage(): CompletionStage<T> {
        val copy = LoopFuture<T>(loop)
        whenComplete { value, error -> if (error == null) copy.complete(value) else copy.completeExceptionally(error) }
        return MinimalStage(copy)
    }

    override fun get(): T {
        see()
        refuseToBlockLoop()
        return super.get()
    }

    override fun get(timeout: Long, unit: TimeUnit): T {
        see()
        refuseToBlockLoop()
        return super.get(timeout, unit)
    }

    override fun join(): T {
        see()
        refuseToBlockLoop()
        return super.join()
    }

    internal fun belongsTo(loop: Executor): Boolean = this.loop === loop

    protected val isInLoop: Boolean get() = loop is LoopExecutor && loop.inLoop

    private fun refuseToBlockLoop() {
        if (isDone || loop !is LoopExecutor || !loop.mustNotBlock) return
        error(
            "waiting for this future would block the thread of the loop that completes it, the reactor's thread, for ever: " +
                loop.insteadOfBlocking,
        )
    }
}

/** A stage that cannot be completed or cancelled by those who have it. */
private class MinimalStage<T>(private val future: CompletableFuture<T>) : CompletionStage<T> by future {
    override fun toCompletableFuture(): CompletableFuture<T> = future.copy()

    override fun toString(): String = future.toString()
}
