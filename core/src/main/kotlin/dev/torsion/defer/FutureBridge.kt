// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Deferreds")

package dev.torsion.defer

import java.util.concurrent.CancellationException
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor

/**
 * This future as a Deferred, fired on [loop]; use it on the loop only. The exception of a failed future arrives as it was,
 * without `CompletionException` around it; a cancelled future arrives as [DeferredCancelledException].
 *
 * Cancelling the Deferred cancels the future. When the future has a result by then, on its way to the loop, the result wins and
 * the Deferred fires with it at once. A stage that cannot be cancelled runs on, and its result is dropped.
 */
public fun <T> CompletionStage<T>.toDeferred(loop: Executor): Deferred<T> {
    val future = toCompletableFuture()
    val deferred =
        loop.newDeferred<T> { cancelled ->
            if (!future.cancel(true) && future.isDone) future.handle { value, error -> cancelled.fireWith(value, error) }
        }
    whenComplete { value, error ->
        loop.executeOrLog("the result of a future") { if (!deferred.called) deferred.fireWith(value, error) }
    }
    return deferred
}

private fun <T> Deferred<T>.fireWith(value: T, error: Throwable?) {
    val cause = if (error is CompletionException) error.cause ?: error else error
    when (cause) {
        null -> callback(value)
        is DeferredCancelledException -> errback(cause)
        is CancellationException -> errback(DeferredCancelledException("the future was cancelled", cause))
        else -> errback(cause)
    }
}
