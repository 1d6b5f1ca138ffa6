// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.safeForStages
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Function
import java.util.function.Supplier

/**
 * The future of a Deferred, and every stage derived from it: the JDK makes those by [newIncompleteFuture]. All of them share the
 * [source].
 *
 * Only [FirstFuture] completes it from the source; all public ways to complete it mean that nobody waits for the source any more, nor for
 * the future of another Deferred that `thenCompose` waits for by then. When a value has come by then and nobody was handed it, its [Keeper]
 * takes it back.
 */
internal sealed class DeferredFuture<T>(
    protected val source: Deferred<*>,
    loop: Executor,
    first: FirstFuture<*>?,
    parent: DeferredFuture<*>?,
    private var composed: Composed?,
) : HandingFuture<T>(loop, parent) {
    val first: FirstFuture<*> = first ?: this as FirstFuture<*>
    protected val handover: Handover? = if (first != null) {
        first.handover
    } else if (source.mayKeep) {
        Handover()
    } else {
        null
    }

    /** The stage that waits for this, since a function of it has returned this. */
    @Volatile
    private var outer: Composed? = null

    /** The stages of [first] that were made before this one, of those that [FirstFuture] follows. */
    var older: DeferredFuture<*>? = null

    /** Not so for a stage of a future that was done: it may wait for another one all the same. */
    var isFollowed = false

    @Volatile
    private var isBeingComposed = false

    /** Whether a test watches what its thread makes, and asks itself. */
    protected val isInTest: Boolean = LeftBehind.made(this)

    override fun <U> newStage(): SeenFuture<U> = Stage<U>(source, loop, first, this, composed).also { if (!isDone) first.follow(it) }

    final override fun <U> added(stage: CompletableFuture<U>): CompletableFuture<U> {
        val made = stage as DeferredFuture<*>
        if (stage.isDone) {
            first.noteIfUnseen(made)
        } else if (!made.isFollowed) {
            first.follow(made)
        }
        return stage
    }

    /** The first of those that are completed next when this is: also before it is known whether this waits for another future, if [surely]. */
    fun nextFamily(surely: Boolean): FirstFuture<*>? = outer?.owner?.first?.takeIf { surely || isDone || composed?.owner !== this }

    /** This waits for others: its source has done its part. */
    fun waitsOn(): Unit = forgetParent()

    override val isWatched get() = handover != null || composed != null

    // One that was cancelled has its value still, if somebody was handed it before.
    override fun handOver(value: Any?): Boolean {
        withWaitedFor { if (it.handover?.handOver(value) == false) return false }
        return true
    }

    // Strangers ask for it, or a stage of ours that composes it. This class does not see the use that strangers make of the value.
    override fun toCompletableFuture(): CompletableFuture<T> {
        see()
        if (isBeingComposed) isBeingComposed = false else share()
        return this
    }

    fun share(): Unit = withWaitedFor {
        it.handover?.share()
        it.composed?.isShared = true
    }

    /**
     * Does [action] for this, for what it waits for in `thenCompose`, and so on. There may be very many, as of a loop of stages, so this is no
     * recursion. They may be a ring, of which it does each at least once (Brent's algorithm).
     */
    private inline fun withWaitedFor(action: (DeferredFuture<*>) -> Unit) {
        var now: DeferredFuture<*> = this
        var mark: DeferredFuture<*>? = null
        var span = 1
        var left = 1
        while (now !== mark) {
            action(now)
            if (--left == 0) {
                mark = now
                span *= 2
                left = span
            }
            now = now.composed?.inner ?: return
        }
    }

    /** Whether [error], with which this has failed, needs no report: here, or where it comes from by way of `thenCompose`. */
    fun isNobodysLoss(error: Throwable): Boolean {
        withWaitedFor {
            if (!it.hasFailed) return false // what it waited for has succeeded, or has been dealt with
            if (it.first.isQuiet(error)) return true
        }
        return false
    }

    fun composing(by: Composed) {
        outer = by
        isBeingComposed = true
    }

    override fun cancel(mayInterruptIfRunning: Boolean): Boolean = super.cancel(mayInterruptIfRunning).also { release(it) }

    override fun complete(value: T): Boolean = super.complete(value).also { release(it) }

    override fun completeExceptionally(error: Throwable): Boolean {
        if (error !is TimeoutException) return super.completeExceptionally(error).also { release(it) }
        seeStrangers()
        val won = super.completeExceptionally(error)
        if (won) {
            beginFailureHere()
            release(true)
            first.noteIfUnseen(this) // a time limit, unlike other hands, does not look at what it has done
        }
        return won
    }

    override fun obtrudeValue(value: T) = releasing { super.obtrudeValue(value) }

    override fun obtrudeException(error: Throwable) = releasing { super.obtrudeException(error) }

    private inline fun releasing(obtrude: () -> Unit) {
        val won = !isDone
        obtrude()
        release(won)
    }

    // The JDK's own completes the future behind the back of [complete].
    override fun completeAsync(supplier: Supplier<out T>, executor: Executor): CompletableFuture<T> {
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
        seeing { composing(next) { super.exceptionallyCompose(it) } }

    override fun exceptionallyComposeAsync(next: Function<Throwable, out CompletionStage<T>>): CompletableFuture<T> =
        seeing { composing(next) { super.exceptionallyComposeAsync(it) } }

    override fun exceptionallyComposeAsync(next: Function<Throwable, out CompletionStage<T>>, executor: Executor): CompletableFuture<T> =
        seeing { composing(next) { super.exceptionallyComposeAsync(it, executor) } }

    override fun <U> thenCompose(next: Function<in T, out CompletionStage<U>>): CompletableFuture<U> =
        composing(handingNext(next)) { super.thenCompose(it) }

    override fun <U> thenComposeAsync(next: Function<in T, out CompletionStage<U>>): CompletableFuture<U> =
        composing(handingNext(next)) { super.thenComposeAsync(it) }

    override fun <U> thenComposeAsync(next: Function<in T, out CompletionStage<U>>, executor: Executor): CompletableFuture<U> =
        composing(handingNext(next)) { super.thenComposeAsync(it, executor) }

    private inline fun <A, U> composing(
        next: Function<in A, out CompletionStage<U>>,
        compose: (Function<A, CompletionStage<U>>) -> CompletableFuture<U>,
    ): CompletableFuture<U> {
        val waitsFor = Composed(composed)
        val result = compose(Function { value -> next.apply(value).also(waitsFor::begun) })
        (result as DeferredFuture<U>).composed = waitsFor
        waitsFor.owner = result
        return added(result)
    }

    private fun <A, B> handingNext(next: Function<in A, B>): Function<in A, B> =
        if (isWatched) Function { if (handOver(it)) next.apply(it) else throw takenBack() } else next

    private fun release(won: Boolean) {
        if (!won) return
        // At once, so that who fires the source can see that a result which is on its way is not wanted any more.
        first.abandon()
        composed?.cancel()
        releaseSource()
    }

    private fun releaseSource() {
        if (isInLoop) first.cancelSource() else loop.executeOrLog("the cancellation of $source", first::cancelSource)
        first.takeBack()
    }

    /** Gives the value back to where it came from, if nobody has been handed it: then this future was cancelled in time. */
    fun takeBack() {
        val release = handover?.takeBackUnlessShared() ?: return
        super.obtrudeException(takenBack())
        if (isInLoop) release.run() else loop.executeOrLog("a value that nobody got", release)
    }

    /** Nobody waits for this any more, whether or not it has its value; nor for what is returned, which the caller cancels. */
    fun giveUp(): Composed? {
        if (super.cancel(true)) {
            first.abandon()
            releaseSource()
        } else {
            first.takeBack()
        }
        return composed
    }

    protected fun completeFrom(result: Any?) {
        if (result is Failure) {
            super.completeExceptionally(safeForStages(result.value))
            return
        }
        val keeper = source.takeKeeper()
        if (keeper != null) handover?.offer(result, keeper)
        @Suppress("UNCHECKED_CAST")
        if (super.complete(result as T) || keeper == null) return
        if (handover == null) keeper.undelivered(result) else handover.takeBack()?.run()
    }

    protected fun cancelThis() {
        super.cancel(false)
    }
}

/** A stage that was derived from the future of a Deferred, or from a stage of it. */
internal class Stage<T>(source: Deferred<*>, loop: Executor, first: FirstFuture<*>, parent: DeferredFuture<*>, composed: Composed?) :
    DeferredFuture<T>(source, loop, first, parent, composed)

/**
 * The future that a stage of `thenCompose` waits for once its function was called. Only the futures of Deferreds are cancelled with it:
 * objects that others have made are theirs.
 */
internal class Composed(@Volatile private var before: Composed?) {
    /** The stage that waits. */
    @Volatile
    var owner: DeferredFuture<*>? = null

    private val stage = AtomicReference<Any?>()

    @Volatile
    var isShared = false

    /** The future that the stage waits for, if it is that of a Deferred. */
    val inner: DeferredFuture<*>?
        get() {
            val now = stage.get()
            return (if (now is Cancelled) now.inner else now) as? DeferredFuture<*>
        }

    fun begun(inner: CompletionStage<*>?) {
        before = null // all that came before is done
        if (inner is DeferredFuture<*>) if (isShared) inner.share() else inner.composing(this)
        if (stage.getAndUpdate { if (it is Cancelled) Cancelled(inner) else inner } is Cancelled && inner is DeferredFuture<*>) {
            inner.giveUp()?.cancel()
        }
    }

    /** In a loop, since a loop of stages waits for one that waits for one, and so on. */
    fun cancel() {
        var next: Composed? = this
        while (next != null) {
            val had = next.stage.getAndUpdate { it as? Cancelled ?: Cancelled(it) }
            next = (had as? DeferredFuture<*>)?.giveUp() ?: next.before // which is null once there is something that it waits for
        }
    }

    private class Cancelled(val inner: Any?)
}

/** The way of one value with a [Keeper] to the first who is handed it, or back. Both may be tried on any thread; one comes about. */
internal class Handover {
    private val state = AtomicReference<Any?>()

    @Volatile
    private var isShared = false

    fun offer(value: Any?, keeper: Keeper) = state.set(Offer(value, keeper))

    /** False when [value] is the one, and has gone back. */
    fun handOver(value: Any?): Boolean {
        while (true) {
            val now = state.get()
            when {
                now is Returned -> return now.value !== value
                now !is Offer || now.value !== value || state.compareAndSet(now, HANDED) -> return true
            }
        }
    }

    /** The value may go to others unseen. */
    fun share() {
        isShared = true
    }

    fun takeBackUnlessShared(): Runnable? = if (isShared) null else takeBack()

    /** The action that gives the value back, or null when somebody was handed it. */
    fun takeBack(): Runnable? {
        val now = state.get() as? Offer ?: return null
        return if (state.compareAndSet(now, Returned(now.value))) Runnable { now.keeper.undelivered(now.value) } else null
    }

    private class Offer(val value: Any?, val keeper: Keeper)

    private class Returned(val value: Any?)

    private companion object {
        val HANDED = Any()
    }
}
