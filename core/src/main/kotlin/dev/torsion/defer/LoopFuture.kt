// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** A future that is completed on the thread of [loop], and refuses to block it. So do its copies and all stages derived from it. */
internal open class LoopFuture<T>(protected val loop: Executor) : CompletableFuture<T>() {
    override fun <U> newIncompleteFuture(): CompletableFuture<U> = LoopFuture(loop)

    // The JDK's own gives a plain future to those who ask for one.
    override fun minimalCompletionStage(): CompletionStage<T> {
        val copy = LoopFuture<T>(loop)
        whenComplete { value, error -> if (error == null) copy.complete(value) else copy.completeExceptionally(error) }
        return MinimalStage(copy)
    }

    override fun get(): T {
        refuseToBlockLoop()
        return super.get()
    }

    override fun get(timeout: Long, unit: TimeUnit): T {
        refuseToBlockLoop()
        return super.get(timeout, unit)
    }

    override fun join(): T {
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
