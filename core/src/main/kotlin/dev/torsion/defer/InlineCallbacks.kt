// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("DeferredCoroutines")

package dev.torsion.defer

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import java.util.concurrent.CancellationException
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.jvm.internal.CoroutineStackFrame

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
 * The Deferred fires when the block has ended, and all coroutines that it launched in its scope. When the last of them ends on another
 * thread, it fires where the dispatcher of [context] says. A [Job] in [context] becomes the parent.
 */
public fun <T> inlineCallbacks(context: CoroutineContext = EmptyCoroutineContext, block: suspend CoroutineScope.() -> T): Deferred<T> {
    val dispatcher = context[ContinuationInterceptor]
    val coroutine = DeferredCoroutine(if (dispatcher == null) context + InCaller else context, block)
    LeftBehind.begun(coroutine)
    val wait = dispatcher is CoroutineDispatcher && dispatcher.isDispatchNeeded(context)
    if (wait) coroutine.deferred.belongsElsewhere()
    coroutine.begin(wait)
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

/**
 * The coroutine behind [inlineCallbacks]. It is a `launch`, whose context has this object in it: so an [await] finds where to leave what it
 * waits on ([of]), and a failure that no parent takes comes here instead of to the handler of the [outer] context.
 *
 * It is what is launched too, and what goes on when the [block] has ended, so that a call makes no objects for them.
 */
internal class DeferredCoroutine<T>(private val outer: CoroutineContext, private val block: suspend CoroutineScope.() -> T) :
    AbstractCoroutineContextElement(CoroutineExceptionHandler),
    CoroutineExceptionHandler,
    CoroutineScope,
    Continuation<T>,
    CoroutineStackFrame,
    suspend (CoroutineScope) -> Unit {
    override val coroutineContext: CoroutineContext = outer + this
    private val result = Result()
    val deferred: Deferred<T> get() = result
    var waiter: Waiter? = null
    private val waitingOn: Deferred<*>? get() = waiter?.takeIf { it.isWaiting }?.deferred

    /** Its [Job], null until it has begun. */
    var job: Job? = null
        private set
    private lateinit var launched: Continuation<Unit>
    private var value: Any? = null
    private var blockThread: Thread? = null // where the block has ended
    private var hasWaited = false // for its dispatcher, before it began
    private var hasEndedAtOnce = false // in the call that has begun it
    private var isUnhandled = false

    @OptIn(DelicateCoroutinesApi::class) // ATOMIC, so that a coroutine that is cancelled before it begins ends on its dispatcher too
    fun begin(wait: Boolean) {
        hasWaited = wait
        job = launch(start = if (wait) CoroutineStart.ATOMIC else CoroutineStart.UNDISPATCHED, block = this)
        if (hasEndedAtOnce) afterBlock()
    }

    /** The launched coroutine. */
    override suspend fun invoke(scope: CoroutineScope): Unit = suspendCoroutineUninterceptedOrReturn { launched ->
        this.launched = launched
        val own = launched.context.job
        job = own
        if (isHeardFromJob) own.invokeOnCompletion(result)
        val given =
            try {
                if (hasWaited) own.ensureActive()
                block.startCoroutineUninterceptedOrReturn(scope, this)
            } catch (e: Throwable) {
                endedAtOnce(null)
                throw e
            }
        if (given !== COROUTINE_SUSPENDED) {
            endedAtOnce(given)
            Unit
        } else {
            given
        }
    }

    /**
     * Whether [result] hears of the end from the job itself. Where there is neither a parent to be ahead of nor a dispatcher to wait for, a look
     * at the job behind the block will do: a handler there costs more than the rest of a wait.
     */
    private val isHeardFromJob: Boolean get() = hasWaited || outer[Job] != null

    private fun endedAtOnce(given: Any?) {
        blockEnded(given)
        hasEndedAtOnce = true
    }

    /** The coroutine has ended with its block, unless others that it has launched go on, or it has failed: then its job says how. */
    private fun afterBlock() {
        if (isHeardFromJob) return
        val own = job!!
        if (own.isCompleted && !own.isCancelled) fire(null) else own.invokeOnCompletion(result)
    }

    override val context: CoroutineContext get() = launched.context

    /** The block has ended after a wait. */
    override fun resumeWith(result: kotlin.Result<T>) {
        blockEnded(result.getOrNull())
        launched.resumeWith(result.map {})
        afterBlock()
    }

    private fun blockEnded(given: Any?) {
        blockThread = Thread.currentThread()
        value = given
    }

    override val callerFrame: CoroutineStackFrame? get() = launched as? CoroutineStackFrame

    override fun getStackTraceElement(): StackTraceElement? = null

    /** The coroutine has ended: with its block, or with the last coroutine that it has launched, which may run on any thread. */
    private fun ended(cause: Throwable?) {
        if (Thread.currentThread() === blockThread) return fire(cause)
        val dispatcher = outer[ContinuationInterceptor] as? CoroutineDispatcher
        if (dispatcher == null || !dispatcher.isDispatchNeeded(outer)) return fire(cause)
        // A dispatcher whose loop is over cancels the context's job, and runs it all the same: that job is no other than this ended one.
        dispatcher.dispatch(outer + job!!, Runnable { fire(cause) })
    }

    private fun fire(cause: Throwable?) {
        if (cause == null) {
            @Suppress("UNCHECKED_CAST")
            return deferred.callbackOrRefuse(value as T)
        }
        deferred.errback(cause)
        val fromScope = cause is CancellationException && cause !is DeferredCancelledException
        if (outer[Job] != null && (fromScope || (!isUnhandled && cause !is CancellationException))) deferred.disownFailure()
    }

    /** The failure is the Deferred's, and another one is that of a coroutine that has inherited this handler: it goes where it would without. */
    override fun handleException(context: CoroutineContext, exception: Throwable) {
        if (context[Job] === job) {
            isUnhandled = true
        } else {
            outer[CoroutineExceptionHandler]?.handleException(context, exception) ?: unhandled(context, exception)
        }
    }

    /** The behaviour of kotlinx.coroutines where there is no handler; it is asked by a coroutine that has none. */
    private fun unhandled(context: CoroutineContext, exception: Throwable) {
        val bare = context.minusKey(CoroutineExceptionHandler).minusKey(Job) + InCaller
        object : CoroutineScope {
            override val coroutineContext = bare
        }.launch(start = CoroutineStart.UNDISPATCHED) { throw exception }
    }

    override fun toString(): String = "$deferred"

    /** Cancelling leaves it unfired: the block decides what it ends with. It hears of that end. */
    private inner class Result :
        Deferred<T>(),
        (Throwable?) -> Unit {
        override fun invoke(cause: Throwable?) = ended(cause)

        override val awaited get() = waitingOn

        override fun cancelUnfired() {
            waitingOn?.cancel() ?: job?.cancel(DeferredCancelledException())
        }
    }

    companion object {
        /** The one that runs directly in [context], and not in a coroutine that it has begun. */
        fun of(context: CoroutineContext): DeferredCoroutine<*>? {
            val inherited = context[CoroutineExceptionHandler] as? DeferredCoroutine<*> ?: return null
            return inherited.takeIf { it.job === context[Job] }
        }

        /** The handler that the user of [context] has put there. */
        fun handlerOf(context: CoroutineContext): CoroutineExceptionHandler? {
            val handler = context[CoroutineExceptionHandler]
            return if (handler is DeferredCoroutine<*>) handlerOf(handler.outer) else handler
        }
    }
}

/**
 * Resumes in the resuming call itself, without the queue of `Dispatchers.Unconfined`, so that a Deferred's callbacks keep their
 * order.
 */
private object InCaller : AbstractCoroutineContextElement(ContinuationInterceptor), ContinuationInterceptor {
    override fun <T> interceptContinuation(continuation: Continuation<T>): Continuation<T> =
        ThreadContext.of(continuation.context)?.around(continuation) ?: continuation
}
