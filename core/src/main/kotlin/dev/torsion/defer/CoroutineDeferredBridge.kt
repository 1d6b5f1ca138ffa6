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
 * This Deferred as one of kotlinx.coroutines. That one takes the result, and this chain goes on with null. Cancelling it cancels this
 * Deferred on [loop], the thread that this Deferred belongs to. Call this method itself on that thread.
 *
 * When the result and the cancellation meet, the first one wins, and the loser is dropped; see [Deferred.onUndelivered].
 */
public fun <T> Deferred<T>.toKotlinDeferred(loop: Executor): KotlinDeferred<T> {
    val target = CompletableDeferred<T>()
    var isDelivered = false
    addStep<Any?> { result ->
        isDelivered = true
        @Suppress("UNCHECKED_CAST")
        if (result is Failure) {
            target.completeExceptionally(result.value)
        } else {
            val keeper = takeKeeper()
            if (!target.complete(result as T)) keeper?.undelivered(result)
        }
        null
    }
    target.invokeOnCompletion { cause ->
        // After its result this Deferred may be waiting for another, which is no business of the other side's.
        if (cause is CancellationException && !isDelivered) {
            loop.executeOrLog("the cancellation of $this") { if (!isDelivered) cancel() }
        }
    }
    return target
}

/**
 * This Deferred of kotlinx.coroutines as one of Torsion, fired on [loop]; use it on the loop only. A lazy one is started.
 *
 * Cancelling either cancels the other. A result that is on its way to the loop by then wins, and the Deferred fires with it at once. A
 * result that is itself a Deferred of Torsion is refused: the Deferred fails with [IllegalArgumentException].
 */
@OptIn(ExperimentalCoroutinesApi::class)
public fun <T> KotlinDeferred<T>.toDeferred(loop: Executor): Deferred<T> = toDeferred(loop) { getCompleted() }

/**
 * The end of this job as a Deferred, fired on [loop]; use it on the loop only. It fails with the job's exception, and with
 * [DeferredCancelledException] when the job was cancelled. Cancelling the Deferred cancels the job. A lazy job is started.
 */
public fun Job.toDeferred(loop: Executor): Deferred<Unit> = toDeferred(loop) { }

private fun <T> Job.toDeferred(loop: Executor, value: () -> T): Deferred<T> {
    val deferred =
        loop.newDeferred<T> { cancelled ->
            cancel(DeferredCancelledException())
            if (isCompleted && !cancelled.called) invokeOnCompletion { cause -> cancelled.fireWith(cause, value) }
        }
    start()
    invokeOnCompletion { cause ->
        loop.executeOrLog("the result of $this") { if (!deferred.called) deferred.fireWith(cause, value) }
    }
    return deferred
}

private fun <T> Deferred<T>.fireWith(cause: Throwable?, value: () -> T) = when {
    cause == null -> callbackOrRefuse(value())
    cause is CancellationException && cause !is DeferredCancelledException ->
        errback(DeferredCancelledException("the job was cancelled", cause))
    else -> errback(cause)
}
