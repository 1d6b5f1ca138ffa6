// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.safeForStages
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Function
import java.util.function.Supplier

/**
 * The future of a Deferred, and every stage derived from it: the JDK makes those by [newIncompleteFuture]. All of them share the
 * [source].
 *
 * Only [deliver] completes it from the source; all public ways to complete it mean that nobody waits for the source any more, nor for
 * the future of another Deferred that `thenCompose` waits for by then.
 */
internal class DeferredFuture<T> private constructor(
    private val source: Deferred<*>,
    private val loop: Executor,
    first: DeferredFuture<*>?,
    private var composed: Composed?,
) : CompletableFuture<T>() {
    private val first = first ?: this
    private var isDelivered = false // on the loop's thread

    override fun <U> newIncompleteFuture(): CompletableFuture<U> = DeferredFuture(source, loop, first, composed)

    override fun cancel(mayInterruptIfRunning: Boolean): Boolean = super.cancel(mayInterruptIfRunning).also { release(it) }

    override fun complete(value: T): Boolean = super.complete(value).also { release(it) }

    override fun completeExceptionally(error: Throwable): Boolean = super.completeExceptionally(error).also { release(it) }

    override fun obtrudeValue(value: T) = releasing { super.obtrudeValue(value) }

    override fun obtrudeException(error: Throwable) = releasing { super.obtrudeException(error) }

    private inline fun releasing(obtrude: () -> Unit) {
        val won = !isDone
        obtrude()
        release(won)
    }

    // The JDK's own completes the future behind the back of [complete].
    override fun completeAsync(
        supplier: Supplier<out T>,
        executor: Executor,
    ): CompletableFuture<T> {
        executor.execute {
            if (isDone) return@execute
            val value =
                try {
                    supplier.get()
                } catch (e: Throwable) {
                    completeExceptionally(CompletionException(safeForStages(e)))
                    return@execute
                }
            complete(value)
        }
        return this
    }

    override fun exceptionallyCompose(next: Function<Throwable, out CompletionStage<T>>): CompletableFuture<T> =
        composing(next) { super.exceptionallyCompose(it) }

    override fun exceptionallyComposeAsync(next: Function<Throwable, out CompletionStage<T>>): CompletableFuture<T> =
        composing(next) { super.exceptionallyComposeAsync(it) }

    override fun exceptionallyComposeAsync(
        next: Function<Throwable, out CompletionStage<T>>,
        executor: Executor,
    ): CompletableFuture<T> = composing(next) { super.exceptionallyComposeAsync(it, executor) }

    override fun <U> thenCompose(next: Function<in T, out CompletionStage<U>>): CompletableFuture<U> =
        composing(next) { super.thenCompose(it) }

    override fun <U> thenComposeAsync(next: Function<in T, out CompletionStage<U>>): CompletableFuture<U> =
        composing(next) { super.thenComposeAsync(it) }

    override fun <U> thenComposeAsync(
        next: Function<in T, out CompletionStage<U>>,
        executor: Executor,
    ): CompletableFuture<U> = composing(next) { super.thenComposeAsync(it, executor) }

    private inline fun <A, U> composing(
        next: Function<in A, out CompletionStage<U>>,
        compose: (Function<A, CompletionStage<U>>) -> CompletableFuture<U>,
    ): CompletableFuture<U> {
        val waitsFor = Composed(composed)
        val result = compose(Function { value -> next.apply(value).also(waitsFor::begun) })
        (result as DeferredFuture<U>).composed = waitsFor
        return result
    }

    override fun get(): T {
        refuseToBlockLoop()
        return super.get()
    }

    override fun get(
        timeout: Long,
        unit: TimeUnit,
    ): T {
        refuseToBlockLoop()
        return super.get(timeout, unit)
    }

    override fun join(): T {
        refuseToBlockLoop()
        return super.join()
    }

    private fun deliver(result: Any?) {
        isDelivered = true
        @Suppress("UNCHECKED_CAST")
        if (result is Failure) super.completeExceptionally(safeForStages(result.value)) else super.complete(result as T)
    }

    private fun release(won: Boolean) {
        if (!won) return
        // At once, so that who fires the source can see that a result which is on its way is not wanted any more.
        first.abandon()
        composed?.cancel()
        if (isInLoop) first.cancelSource() else loop.executeOrLog("the cancellation of $source", first::cancelSource)
    }

    /** After its result the source may be waiting for another Deferred, which is no business of this future's. */
    private fun cancelSource() {
        if (!isDelivered) source.cancel()
    }

    private fun abandon() {
        super.cancel(false)
    }

    private val isInLoop get() = loop is LoopExecutor && loop.inLoop

    private fun refuseToBlockLoop() {
        check(isDone || !(loop is LoopExecutor && loop.mustNotBlock)) {
            "waiting for this future would block the thread of the loop that completes it, the reactor's thread, for ever: " +
                "add a stage to it, or wait on another thread"
        }
    }

    companion object {
        fun <T> of(
            source: Deferred<T>,
            loop: Executor,
        ): CompletableFuture<T> {
            val future = DeferredFuture<T>(source, loop, null, null)
            source.addStep<Any?> { result ->
                future.deliver(result)
                null
            }
            return future
        }
    }
}

/**
 * What a stage of `thenCompose` waits for once its function was called. Only the futures of Deferreds are cancelled with it: what others
 * have made is theirs.
 */
private class Composed(
    @Volatile private var before: Composed?,
) {
    private val stage = AtomicReference<Any?>()

    fun begun(inner: CompletionStage<*>?) {
        before = null // all that came before is done
        if (!stage.compareAndSet(null, inner)) cancel(inner)
    }

    fun cancel() {
        cancel(stage.getAndSet(Cancelled))
        before?.cancel()
    }

    private fun cancel(inner: Any?) {
        if (inner is DeferredFuture<*>) inner.cancel(true)
    }

    private object Cancelled
}
