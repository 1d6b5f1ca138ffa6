// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Deferreds")

package dev.torsion.defer

import java.util.concurrent.CancellationException
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.Future
import java.util.concurrent.atomic.AtomicReference

/**
 * This stage as a Deferred, fired on [loop]; use it on the loop only. The exception of a failed stage arrives as it was, without
 * `CompletionException` around it. A cancelled future arrives as [DeferredCancelledException]. A result that is itself a Deferred is
 * refused: the Deferred fails with [IllegalArgumentException].
 *
 * Any [CompletionStage] will do, the JDK's minimal ones too, since only its `whenComplete` is used. Cancelling the Deferred cancels a stage
 * that is a [Future]. A result that is on its way to the loop by then wins, and the Deferred fires with it at once. A stage that cannot be
 * cancelled runs on, and its result is dropped.
 */
public fun <T> CompletionStage<T>.toDeferred(loop: Executor): Deferred<T> {
    val deferred = loop.newDeferred<T> { cancelled -> if (!tryToCancel()) resultNow()?.fire(cancelled) }
    whenComplete { value, error ->
        loop.executeOrLog("the result of a future") { if (!deferred.called) Arrived(value, error).fire(deferred) }
    }
    return deferred
}

private fun CompletionStage<*>.tryToCancel(): Boolean = try {
    this is Future<*> && cancel(true)
} catch (_: UnsupportedOperationException) {
    false // a stage that only its maker can complete
}

/** Its end, if it has ended. */
private fun <T> CompletionStage<T>.resultNow(): Arrived<T>? {
    val result = AtomicReference<Arrived<T>>()
    whenComplete { value, error -> result.set(Arrived(value, error)) }
    return result.get()
}

/** The end of a stage. */
private class Arrived<T>(private val value: T, private val error: Throwable?) {
    fun fire(deferred: Deferred<T>) {
        val cause = if (error is CompletionException) error.cause ?: error else error
        when (cause) {
            null -> deferred.callbackOrRefuse(value)
            is DeferredCancelledException -> deferred.errback(cause)
            is CancellationException -> deferred.errback(DeferredCancelledException("the future was cancelled", cause))
            else -> deferred.errback(cause)
        }
    }
}
