// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater
import java.util.function.Consumer
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/** Gives a coroutine that waits its result: one of them, once, on any thread. */
@TorsionSpi
public interface Parking<in T> {
    /** Whether a result would be welcome. */
    public val isWaiting: Boolean

    public fun resume(value: T)

    public fun fail(error: Throwable)
}

/**
 * One coroutine that waits for one result, on any dispatcher. Each wait of Torsion is one of these. Only the coroutine that receives from a
 * connection is parked in another way, since it waits once for each message.
 *
 * | state | [resume] | [fail] | the coroutine is cancelled |
 * |---|---|---|---|
 * | it waits, after [begin] | it goes on with the value | it goes on with the error | [cancelled] |
 * | it has a value, and has not gone on yet | | | [undelivered] gets the value |
 * | it was cancelled | [undelivered] gets the value | | |
 *
 * It uses no more of kotlinx-coroutines than what is the same in all versions. It is a [Step] and a handler of the cancellation itself, so
 * that a wait makes no objects for them.
 */
internal abstract class Parked<T> :
    Step(),
    Parking<T>,
    (Throwable?) -> Unit {
    private lateinit var continuation: CancellableContinuation<T>

    @Volatile
    private var state: Any? = NEW // WAITING, CANCELLED, FAILED, or the value

    final override val isWaiting: Boolean get() = state === WAITING

    /** The coroutine's, once it waits. */
    protected val context: CoroutineContext get() = continuation.context

    /** Asks for the result, in the coroutine. An exception of it is thrown to there. */
    protected abstract fun begin()

    /** In place of [begin]: the coroutine is cancelled already. */
    protected open fun cancelledBefore() {}

    /** The coroutine was cancelled while it waited: nobody wants the result. In the call that cancels it, so on any thread. */
    protected abstract fun cancelled()

    /** Takes [value] back, which the coroutine was cancelled before having. On any thread. */
    protected open fun undelivered(value: T) {}

    /** Waits. Only once. */
    suspend fun await(): T = suspendCancellableCoroutine { continuation ->
        this.continuation = continuation
        continuation.invokeOnCancellation(this)
        if (STATE.compareAndSet(this, NEW, WAITING)) begin()
    }

    final override fun resume(value: T) {
        if (STATE.compareAndSet(this, WAITING, value)) continuation.resume(value) else undelivered(value)
    }

    final override fun fail(error: Throwable) {
        if (STATE.compareAndSet(this, WAITING, FAILED)) continuation.resumeWithException(error)
    }

    /** The result of a Deferred that it is a step of. */
    @Suppress("UNCHECKED_CAST")
    override fun run(result: Any?): Any? {
        if (result is Failure) fail(result.value) else resume(result as T)
        return null
    }

    /** The coroutine is cancelled. This comes before it waits, while it does, or when it was resumed and has not gone on. */
    @Suppress("UNCHECKED_CAST")
    final override fun invoke(cause: Throwable?) {
        if (STATE.compareAndSet(this, NEW, CANCELLED)) return cancelledBefore()
        if (STATE.compareAndSet(this, WAITING, CANCELLED)) return cancelled()
        val result = state
        if (result !== FAILED) undelivered(result as T)
    }

    private companion object {
        val NEW = Any()
        val WAITING = Any()
        val CANCELLED = Any()
        val FAILED = Any()
        val STATE = AtomicReferenceFieldUpdater.newUpdater(Parked::class.java, Any::class.java, "state")
    }
}

/**
 * Waits until [begin]'s [Parking] has a result. When the coroutine is cancelled, [cancelled] is called in that call; in place of [begin]
 * when it is so already. [undelivered] gets a value that comes afterwards, or that the coroutine has not gone on with. Both on any thread.
 */
@TorsionSpi
public suspend fun <T> park(cancelled: Runnable, undelivered: Consumer<in T> = Consumer {}, begin: Consumer<Parking<T>>): T {
    val parked =
        object : Parked<T>() {
            override fun begin() = begin.accept(this)

            override fun cancelled() = cancelled.run()

            override fun cancelledBefore() = cancelled.run()

            override fun undelivered(value: T) = undelivered.accept(value)
        }
    return parked.await()
}
