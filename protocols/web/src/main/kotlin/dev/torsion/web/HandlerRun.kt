// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.inlineCallbacks
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.jvm.internal.CoroutineStackFrame
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * One run of a handler. Most handlers answer at once, and need no coroutine for that. So there is one from the moment on when the handler waits,
 * or looks at its context: this object is that context, and stands for the one of the coroutine.
 *
 * Thread: the loop's.
 *
 * @param outer the context that the coroutine is begun in
 * @param begun gets the result of the coroutine, once there is one
 */
internal class HandlerRun(private val outer: CoroutineContext, private val begun: (Deferred<Response>) -> Unit) :
    CoroutineContext,
    Continuation<Response>,
    CoroutineStackFrame {
    private var own: Continuation<Response>? = null // of the coroutine, which waits for the handler

    /**
     * The answer of [handler], when it is there at once and there is no coroutine; otherwise null. Throws the exception that the handler
     * throws at once.
     */
    fun start(handler: suspend (Request) -> Response, request: Request): Response? {
        val given =
            try {
                handler.startCoroutineUninterceptedOrReturn(request, this)
            } catch (e: Throwable) {
                (own ?: throw e).resumeWithException(e)
                return null
            }
        if (given === COROUTINE_SUSPENDED) {
            coroutine()
            return null
        }
        val answer = given as Response
        (own ?: return answer).resume(answer)
        return null
    }

    private fun coroutine(): Continuation<Response> {
        own?.let { return it }
        begun(
            inlineCallbacks(outer) {
                suspendCoroutineUninterceptedOrReturn {
                    own = it
                    COROUTINE_SUSPENDED
                }
            },
        )
        return own!!
    }

    // The handler has ended after a wait.

    override val context: CoroutineContext get() = this

    override fun resumeWith(result: Result<Response>) = coroutine().resumeWith(result)

    override val callerFrame: CoroutineStackFrame? get() = own as? CoroutineStackFrame

    override fun getStackTraceElement(): StackTraceElement? = null

    // The context.

    override fun <E : CoroutineContext.Element> get(key: CoroutineContext.Key<E>): E? = coroutine().context[key]

    override fun <R> fold(initial: R, operation: (R, CoroutineContext.Element) -> R): R = coroutine().context.fold(initial, operation)

    override fun minusKey(key: CoroutineContext.Key<*>): CoroutineContext = coroutine().context.minusKey(key)

    override fun toString(): String = own?.context?.toString() ?: "HandlerRun"
}
