// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/**
 * The future of a Deferred, and every stage derived from it: the JDK makes those by [newIncompleteFuture]. All of them share the
 * [source].
 *
 * Only [deliver] completes it from the source; all public ways to complete it mean that nobody waits for the source any more.
 */
internal class DeferredFuture<T> private constructor(
    private val source: Deferred<*>,
    private val loop: Executor,
    first: DeferredFuture<*>?,
) : CompletableFuture<T>() {
    private val first = first ?: this

    override fun <U> newIncompleteFuture(): CompletableFuture<U> = DeferredFuture(source, loop, first)

    override fun cancel(mayInterruptIfRunning: Boolean): Boolean = super.cancel(mayInterruptIfRunning).also { release(it) }

    override fun complete(value: T): Boolean = super.complete(value).also { release(it) }

    override fun completeExceptionally(error: Throwable): Boolean = super.completeExceptionally(error).also { release(it) }

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

    private fun deliver(result: Any?) {
        @Suppress("UNCHECKED_CAST")
        if (result is Failure) super.completeExceptionally(result.value) else super.complete(result as T)
    }

    private fun release(won: Boolean) {
        if (!won) return
        // At once, so that who fires the source can see that a result which is on its way is not wanted any more.
        first.abandon()
        if (loop is LoopExecutor && loop.inLoop) source.cancel() else loop.executeOrLog("the cancellation of $source", source::cancel)
    }

    private fun abandon() {
        super.cancel(false)
    }

    private fun refuseToBlockLoop() {
        check(isDone || loop !is LoopExecutor || !loop.inLoop) {
            "waiting for this future would block the thread of the loop that completes it, the reactor's thread, for ever: " +
                "add a stage to it, or wait on another thread"
        }
    }

    companion object {
        fun <T> of(source: Deferred<T>, loop: Executor): CompletableFuture<T> {
            val future = DeferredFuture<T>(source, loop, null)
            source.addStep<Any?> { result ->
                future.deliver(result)
                null
            }
            return future
        }
    }
}
