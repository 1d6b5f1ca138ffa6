// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.function.BiConsumer
import java.util.function.BiFunction
import java.util.function.Consumer
import java.util.function.Function

/**
 * A future that says when its value is handed to somebody: to the function of a stage, or to a caller who asks for it. It does so only where
 * [isWatched]; elsewhere functions are passed on as they are.
 */
@Suppress("UNCHECKED_CAST") // a function that takes more, or gives less, is as good
internal abstract class HandingFuture<T>(loop: Executor, parent: SeenFuture<*>?) : SeenFuture<T>(loop, parent) {
    /** [stage] was added: when it has ended already, by what its function has thrown, nobody will be told. */
    protected abstract fun <U> added(stage: CompletableFuture<U>): CompletableFuture<U>

    /** Whether [handOver] wants to be asked. */
    abstract val isWatched: Boolean

    /** Somebody is about to be handed [value]. False when that has been taken back, as nobody had got it. */
    abstract fun handOver(value: Any?): Boolean

    private fun <A> handed(value: A): A = if (!isWatched || handOver(value)) value else throw takenBack()

    override fun get(): T = handed(super.get())

    override fun get(timeout: Long, unit: TimeUnit): T = handed(super.get(timeout, unit))

    override fun join(): T = handed(super.join())

    override fun getNow(otherwise: T): T {
        val isValue = isDone && !isCompletedExceptionally
        val value = super.getNow(otherwise)
        return if (isValue) handed(value) else value
    }

    /** On JDK 19 and newer it overrides the method of this name, and does the same. */
    @Suppress("unused")
    fun resultNow(): T {
        check(isDone) { "the future has not completed yet" }
        check(!isCancelled) { "the future was cancelled" }
        check(!isCompletedExceptionally) { "the future has failed" }
        return join()
    }

    private fun <A, B> handing(fn: Function<A, B>): Function<A, B> = if (isWatched) Function { fn.apply(handed(it)) } else fn

    private fun <A> handing(fn: Consumer<in A>): Consumer<in A> = if (isWatched) Consumer { fn.accept(handed(it)) } else fn

    private fun <A, B> handing(fn: BiFunction<A?, Throwable?, B>): BiFunction<A?, Throwable?, B> = if (isWatched) {
        BiFunction { value, error -> if (isLost(value, error)) fn.apply(null, takenBack()) else fn.apply(value, error) }
    } else {
        fn
    }

    private fun <A> handing(fn: BiConsumer<A?, Throwable?>): BiConsumer<A?, Throwable?> = if (isWatched) {
        BiConsumer { value, error -> if (isLost(value, error)) fn.accept(null, takenBack()) else fn.accept(value, error) }
    } else {
        fn
    }

    private fun <A, B, C> handingBoth(fn: BiFunction<A, B, C>): BiFunction<A, B, C> =
        if (isWatched) BiFunction { value, other -> fn.apply(handed(value), other) } else fn

    private fun <A, B> handingBoth(fn: BiConsumer<A, B>): BiConsumer<A, B> =
        if (isWatched) BiConsumer { value, other -> fn.accept(handed(value), other) } else fn

    // The JDK's own time limits watch their future by whenComplete, as if that handed the value to somebody.

    override fun orTimeout(timeout: Long, unit: TimeUnit): CompletableFuture<T> {
        val limit = CompletableFuture<T?>()
        limit.whenComplete { _, error -> if (error != null) completeExceptionally(error) }
        return within(limit) { limit.orTimeout(timeout, unit) }
    }

    override fun completeOnTimeout(value: T, timeout: Long, unit: TimeUnit): CompletableFuture<T> {
        val limit = CompletableFuture<T?>()
        limit.whenComplete { late, _ -> if (!isDone) complete(late as T) }
        return within(limit) { limit.completeOnTimeout(value, timeout, unit) }
    }

    /** Runs [action] when this is done, without looking at it. */
    fun whenDone(action: Runnable) {
        super.whenComplete { _, _ -> action.run() }
    }

    /** Begins [limit], which ends without its time being up once this is done. */
    private inline fun within(limit: CompletableFuture<T?>, begin: () -> Unit): CompletableFuture<T> {
        whenDone { limit.complete(null) }
        begin()
        return this
    }

    private fun isLost(value: Any?, error: Throwable?) = error == null && !handOver(value)

    protected fun takenBack() = CancellationException("cancelled before anybody had the result")

    override fun <U> thenApply(fn: Function<in T, out U>): CompletableFuture<U> = added(super.thenApply(handing(fn as Function<T, U>)))

    override fun <U> thenApplyAsync(fn: Function<in T, out U>): CompletableFuture<U> = super.thenApplyAsync(handing(fn as Function<T, U>))

    override fun <U> thenApplyAsync(fn: Function<in T, out U>, executor: Executor): CompletableFuture<U> =
        super.thenApplyAsync(handing(fn as Function<T, U>), executor)

    override fun thenAccept(fn: Consumer<in T>): CompletableFuture<Void?> = added(super.thenAccept(handing(fn)))

    override fun thenRun(fn: Runnable): CompletableFuture<Void?> = added(super.thenRun(fn))

    override fun thenAcceptAsync(fn: Consumer<in T>): CompletableFuture<Void?> = super.thenAcceptAsync(handing(fn))

    override fun thenAcceptAsync(fn: Consumer<in T>, executor: Executor): CompletableFuture<Void?> =
        super.thenAcceptAsync(handing(fn), executor)

    override fun <U> handle(fn: BiFunction<in T, Throwable?, out U>): CompletableFuture<U> =
        seeing { super.handle(handing(fn as BiFunction<T?, Throwable?, U>)) }

    override fun <U> handleAsync(fn: BiFunction<in T, Throwable?, out U>): CompletableFuture<U> =
        seeing { super.handleAsync(handing(fn as BiFunction<T?, Throwable?, U>)) }

    override fun <U> handleAsync(fn: BiFunction<in T, Throwable?, out U>, executor: Executor): CompletableFuture<U> =
        seeing { super.handleAsync(handing(fn as BiFunction<T?, Throwable?, U>), executor) }

    override fun whenComplete(fn: BiConsumer<in T, in Throwable?>): CompletableFuture<T> =
        seeing { super.whenComplete(handing(fn as BiConsumer<T?, Throwable?>)) }

    override fun whenCompleteAsync(fn: BiConsumer<in T, in Throwable?>): CompletableFuture<T> =
        seeing { super.whenCompleteAsync(handing(fn as BiConsumer<T?, Throwable?>)) }

    override fun whenCompleteAsync(fn: BiConsumer<in T, in Throwable?>, executor: Executor): CompletableFuture<T> =
        seeing { super.whenCompleteAsync(handing(fn as BiConsumer<T?, Throwable?>), executor) }

    override fun <U, V> thenCombine(other: CompletionStage<out U>, fn: BiFunction<in T, in U, out V>): CompletableFuture<V> =
        super.thenCombine(other, handingBoth(fn as BiFunction<T, U, V>))

    override fun <U, V> thenCombineAsync(other: CompletionStage<out U>, fn: BiFunction<in T, in U, out V>): CompletableFuture<V> =
        super.thenCombineAsync(other, handingBoth(fn as BiFunction<T, U, V>))

    override fun <U, V> thenCombineAsync(
        other: CompletionStage<out U>,
        fn: BiFunction<in T, in U, out V>,
        executor: Executor,
    ): CompletableFuture<V> = super.thenCombineAsync(other, handingBoth(fn as BiFunction<T, U, V>), executor)

    override fun <U> thenAcceptBoth(other: CompletionStage<out U>, fn: BiConsumer<in T, in U>): CompletableFuture<Void?> =
        super.thenAcceptBoth(other, handingBoth(fn as BiConsumer<T, U>))

    override fun <U> thenAcceptBothAsync(other: CompletionStage<out U>, fn: BiConsumer<in T, in U>): CompletableFuture<Void?> =
        super.thenAcceptBothAsync(other, handingBoth(fn as BiConsumer<T, U>))

    override fun <U> thenAcceptBothAsync(
        other: CompletionStage<out U>,
        fn: BiConsumer<in T, in U>,
        executor: Executor,
    ): CompletableFuture<Void?> = super.thenAcceptBothAsync(other, handingBoth(fn as BiConsumer<T, U>), executor)

    override fun <U> applyToEither(other: CompletionStage<out T>, fn: Function<in T, U>): CompletableFuture<U> =
        super.applyToEither(other, handing(fn as Function<T, U>))

    override fun <U> applyToEitherAsync(other: CompletionStage<out T>, fn: Function<in T, U>): CompletableFuture<U> =
        super.applyToEitherAsync(other, handing(fn as Function<T, U>))

    override fun <U> applyToEitherAsync(other: CompletionStage<out T>, fn: Function<in T, U>, executor: Executor): CompletableFuture<U> =
        super.applyToEitherAsync(other, handing(fn as Function<T, U>), executor)

    override fun acceptEither(other: CompletionStage<out T>, fn: Consumer<in T>): CompletableFuture<Void?> =
        super.acceptEither(other, handing(fn))

    override fun acceptEitherAsync(other: CompletionStage<out T>, fn: Consumer<in T>): CompletableFuture<Void?> =
        super.acceptEitherAsync(other, handing(fn))

    override fun acceptEitherAsync(other: CompletionStage<out T>, fn: Consumer<in T>, executor: Executor): CompletableFuture<Void?> =
        super.acceptEitherAsync(other, handing(fn), executor)
}
