// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("DeferredCoroutines")

package dev.torsion.defer

import kotlinx.coroutines.AbstractCoroutine
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.ThreadContextElement
import java.util.concurrent.CancellationException
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext

/**
 * Runs [block] as a coroutine and gives its result as a Deferred (Twisted's `inlineCallbacks`). Waiting is written [await],
 * errors are caught with `try`.
 *
 * ```kotlin
 * fun greet(name: String): Deferred<String> = inlineCallbacks {
 *     val address = lookUp(name).await()
 *     "$name is at $address"
 * }
 * ```
 *
 * The block starts inside this call. After each wait it goes on inside the call that fired the awaited Deferred. When [context] has a
 * dispatcher, the dispatcher decides instead. On the dispatcher's own thread the block starts inside this call too.
 *
 * Cancelling the Deferred cancels the Deferred that the block waits on. So the [await] throws [DeferredCancelledException]. A block that
 * catches it goes on and may still give a value, and can be cancelled again. When the block waits in any other suspending function, its
 * coroutine is cancelled, by the rules of kotlinx.coroutines.
 *
 * The block must give a value, and not a Deferred: otherwise the result fails with [IllegalArgumentException].
 *
 * The Deferred fires when the block has ended, and all coroutines that it launched in its scope. A [Job] in [context] becomes the parent.
 */
public fun <T> inlineCallbacks(context: CoroutineContext = EmptyCoroutineContext, block: suspend CoroutineScope.() -> T): Deferred<T> {
    val dispatcher = context[ContinuationInterceptor]
    val coroutine = DeferredCoroutine<T>(if (dispatcher == null) context + InCaller else context)
    LeftBehind.begun(coroutine)
    val wait = dispatcher is CoroutineDispatcher && dispatcher.isDispatchNeeded(context)
    if (wait) coroutine.deferred.belongsElsewhere()
    coroutine.start(if (wait) CoroutineStart.DEFAULT else CoroutineStart.UNDISPATCHED, coroutine, block)
    return coroutine.deferred
}

/**
 * [inlineCallbacks] as a child of this scope. It runs on the scope's dispatcher and is cancelled with the scope. Its failure cancels the
 * scope, as with `async`. A failure is not reported as unhandled if the scope has got it, or if it comes from the scope's own cancellation.
 */
public fun <T> CoroutineScope.deferred(
    context: CoroutineContext = EmptyCoroutineContext,
    block: suspend CoroutineScope.() -> T,
): Deferred<T> = inlineCallbacks(coroutineContext + context, block)

/** The coroutine behind [inlineCallbacks]. Its [Job] tells [await] where to leave what is waited on. */
@OptIn(InternalCoroutinesApi::class)
internal class DeferredCoroutine<T>(context: CoroutineContext) : AbstractCoroutine<T>(context, initParentJob = true, active = true) {
    private val hasParent = context[Job] != null
    val deferred: Deferred<T> = Result()
    var waitingOn: Deferred<*>? = null

    override fun onCompleted(value: T) {
        deferred.callbackOrRefuse(value)
    }

    override fun onCancelled(cause: Throwable, handled: Boolean) {
        deferred.errback(cause)
        val fromScope = cause is CancellationException && cause !is DeferredCancelledException
        if (hasParent && (fromScope || (handled && cause !is CancellationException))) deferred.disownFailure()
    }

    /** Cancelling leaves it unfired: the block decides what it ends with. */
    private inner class Result : Deferred<T>() {
        override val awaited get() = waitingOn

        override fun cancelUnfired() {
            waitingOn?.cancel() ?: cancel(DeferredCancelledException())
        }
    }
}

/**
 * Resumes in the resuming call itself, without the queue of `Dispatchers.Unconfined`, so that a Deferred's callbacks keep their
 * order.
 */
private object InCaller : AbstractCoroutineContextElement(ContinuationInterceptor), ContinuationInterceptor {
    override fun <T> interceptContinuation(continuation: Continuation<T>): Continuation<T> {
        val elements = continuation.context.fold(null as List<ThreadContextElement<*>>?, ::collect)
        return if (elements == null) continuation else WithThreadContext(continuation, elements)
    }

    private fun collect(found: List<ThreadContextElement<*>>?, element: CoroutineContext.Element): List<ThreadContextElement<*>>? =
        if (element is ThreadContextElement<*>) found.orEmpty() + element else found
}

/** Goes on with what its context sets on the thread, as a dispatcher does, and takes that away again. */
private class WithThreadContext<T>(private val continuation: Continuation<T>, private val elements: List<ThreadContextElement<*>>) :
    Continuation<T> by continuation {
    override fun resumeWith(result: Result<T>) = resumeWith(result, 0)

    private fun resumeWith(result: Result<T>, next: Int) {
        if (next == elements.size) return continuation.resumeWith(result)
        @Suppress("UNCHECKED_CAST")
        val element = elements[next] as ThreadContextElement<Any?>
        val before = element.updateThreadContext(context)
        try {
            resumeWith(result, next + 1)
        } finally {
            element.restoreThreadContext(context, before)
        }
    }
}
