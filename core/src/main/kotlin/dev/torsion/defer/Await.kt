// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("DeferredCoroutines")

package dev.torsion.defer

import kotlinx.coroutines.CoroutineDispatcher
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

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
            Waiter(this).await()
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
 * Waits for [deferred]'s bare result; a failure is thrown by [await] itself, so that no copy of its exception is made on the way. A
 * coroutine of [inlineCallbacks] knows which of them it is in.
 */
internal class Waiter(val deferred: Deferred<*>) : Parked<Any?>() {
    private var builder: DeferredCoroutine<*>? = null
    private var hasResult = false
    private var keeper: Keeper? = null

    override fun begin() {
        builder = DeferredCoroutine.of(context)?.also { it.waiter = this }
        deferred.addStep<Any?>(this)
    }

    override fun run(result: Any?): Any? {
        hasResult = true
        builder?.waiter = null // a cancellation that comes before the coroutine has gone on is the coroutine's
        if (result !is Failure) keeper = deferred.takeKeeper()
        resume(result)
        return null
    }

    // After its result the Deferred may be waiting for another, which is no business of the coroutine's.
    override fun cancelled() = context.onDispatcher {
        if (!hasResult) deferred.cancel()
    }

    // The result is this coroutine's all the same, and its failure is no unhandled one.
    override fun cancelledBefore() = context.onDispatcher {
        deferred.addStep<Any?>(this)
        deferred.cancel()
    }

    override fun undelivered(value: Any?) {
        keeper?.undelivered(value)
    }
}

/** Runs [action] on the thread of these coroutines: now, when this is it. */
internal fun CoroutineContext.onDispatcher(action: Runnable) {
    val dispatcher = this[ContinuationInterceptor] as? CoroutineDispatcher
    if (dispatcher != null && dispatcher.isDispatchNeeded(this)) dispatcher.dispatch(this, action) else action.run()
}
