// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("DeferredCoroutines")

package dev.torsion.defer

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import java.util.concurrent.CancellationException
import java.util.concurrent.Executor
import kotlinx.coroutines.Deferred as KotlinDeferred

/**
 * This Deferred as one of kotlinx.coroutines. It takes the result; this chain goes on with null. Cancelling it cancels this
 * Deferred, on [loop], the thread this Deferred belongs to. Call this method itself on that thread.
 */
public fun <T> Deferred<T>.toKotlinDeferred(loop: Executor): KotlinDeferred<T> {
    val target = CompletableDeferred<T>()
    addStep<Any?> { result ->
        @Suppress("UNCHECKED_CAST")
        if (result is Failure) target.completeExceptionally(result.value) else target.complete(result as T)
        null
    }
    target.invokeOnCompletion { cause ->
        if (cause is CancellationException && cause !is DeferredCancelledException) loop.executeOrLog("the cancellation of $this", ::cancel)
    }
    return target
}

/**
 * This Deferred of kotlinx.coroutines as one of Torsion, fired on [loop]; use it on the loop only. Cancelling either cancels the
 * other.
 */
@OptIn(ExperimentalCoroutinesApi::class)
public fun <T> KotlinDeferred<T>.toDeferred(loop: Executor): Deferred<T> = toDeferred(loop) { getCompleted() }

/** The end of this job as a Deferred, fired on [loop]; use it on the loop only. Cancelling the Deferred cancels the job. */
public fun Job.toDeferred(loop: Executor): Deferred<Unit> = toDeferred(loop) { }

private fun <T> Job.toDeferred(loop: Executor, value: () -> T): Deferred<T> {
    val deferred = Deferred<T> { cancel(DeferredCancelledException()) }
    invokeOnCompletion { cause ->
        loop.executeOrLog("the result of $this") {
            when {
                deferred.called -> Unit
                cause == null -> deferred.callback(value())
                cause is CancellationException && cause !is DeferredCancelledException ->
                    deferred.errback(DeferredCancelledException("the job was cancelled", cause))
                else -> deferred.errback(cause)
            }
        }
    }
    return deferred
}
