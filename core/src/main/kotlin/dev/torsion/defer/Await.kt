// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("DeferredCoroutines")

package dev.torsion.defer

import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume

/**
 * Waits for the result of this Deferred. It gives the value, or throws the exception, the very same object.
 *
 * The result is consumed, as by Twisted's `yield`: the Deferred goes on with null, and a failure is no longer reported as unhandled. When
 * the result is there already, the coroutine does not suspend. Neither stack nor memory grow, however often that happens.
 *
 * An exception gets the awaiting call sites as a suppressed exception. So its trace leads from the throw to the coroutines that waited.
 *
 * **Thread.** Call it on the thread that this Deferred belongs to. The coroutine goes on where its dispatcher says. Without a dispatcher it
 * goes on inside the call that fires this Deferred.
 *
 * **Cancellation.** Cancelling the coroutine while it waits throws `CancellationException` here and cancels this Deferred, on the
 * coroutine's dispatcher if it has one. A value may come all the same, or may have come before the coroutine could go on: it is dropped.
 * A permit, an object of a queue and a connection go back to where they came from. For anything else see [Deferred.onUndelivered]. A
 * result that is there already wins over cancellation.
 */
public suspend fun <T> Deferred<T>.await(): T {
    val result =
        if (isSettled) {
            checkOwner("takes its result")
            takeKeeper()
            take()
        } else {
            val builder = DeferredCoroutine.of(coroutineContext)
            builder?.waitingOn = this
            try {
                suspendCancellableCoroutine { continuation ->
                    val waiter = Waiter(this, continuation, builder)
                    addStep<Any?>(waiter)
                    // After its result this Deferred may be waiting for another, which is no business of the coroutine's.
                    continuation.invokeOnCancellation { continuation.context.onDispatcher { if (!waiter.hasResult) cancel() } }
                }
            } finally {
                builder?.waitingOn = null
            }
        }
    if (result is Failure) {
        suspendCoroutineUninterceptedOrReturn<Unit> { AsyncHop.awaited(result.value, it) }
        result.raise()
    }
    @Suppress("UNCHECKED_CAST")
    return result as T
}

/**
 * Holds a permit while [block] runs. Cancelling the coroutine while it waits takes it out of the queue. A permit on its way to it goes to
 * the next waiter.
 */
public suspend inline fun <T> ConcurrencyPrimitive<*>.withPermit(block: () -> T): T {
    acquire().await()
    try {
        return block()
    } finally {
        release()
    }
}

/**
 * Resumes the coroutine with the bare result; a failure is thrown by [await] itself, so that no copy of its exception is made on
 * the way.
 */
private class Waiter(
    private var deferred: Deferred<*>?, // until it has the result
    private val continuation: CancellableContinuation<Any?>,
    private val builder: DeferredCoroutine<*>?,
) : Step() {
    val hasResult: Boolean get() = deferred == null

    override fun run(result: Any?): Any? {
        val source = deferred!!
        deferred = null
        builder?.waitingOn = null // a cancellation that comes before the coroutine has gone on is the coroutine's
        val keeper = if (result is Failure) null else source.takeKeeper()
        if (keeper == null) {
            continuation.resume(result)
        } else {
            continuation.resume(result) { _, value, _ -> keeper.undelivered(value) }
        }
        return null
    }
}

/** Runs [action] on the thread of these coroutines: now, when this is it. */
internal fun CoroutineContext.onDispatcher(action: Runnable) {
    val dispatcher = this[ContinuationInterceptor] as? CoroutineDispatcher
    if (dispatcher != null && dispatcher.isDispatchNeeded(this)) dispatcher.dispatch(this, action) else action.run()
}
