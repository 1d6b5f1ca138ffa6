// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.Transport
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.ensureActive
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * The one coroutine that waits for a message. It is resumed inside the call that brings the message, on its bare continuation: a channel or a
 * cancellable continuation would cost more than decoding a frame does. The watch for cancellation is set up once per job, not
 * once per wait.
 */
@OptIn(InternalCoroutinesApi::class)
internal class Receiver(
    private val thread: Thread,
    private val transport: Transport,
) {
    private var waiting: Continuation<Unit>? = null
    private var watchedJob: Job? = null
    private var watch: DisposableHandle? = null

    val isWaiting: Boolean get() = waiting != null

    /** Waits for [wake]. Throws when the coroutine is cancelled meanwhile. */
    suspend fun park(): Unit =
        suspendCoroutineUninterceptedOrReturn { continuation ->
            check(waiting == null) { "another coroutine is receiving from this connection" }
            watch(continuation)
            continuation.context.ensureActive() // a cancellation that came before the watch has told nobody
            waiting = continuation
            COROUTINE_SUSPENDED
        }

    fun wake() {
        val continuation = waiting ?: return
        waiting = null
        ready(continuation).resume(Unit)
    }

    /** No further wait will come: lets go of the job, which may outlive the connection by far. */
    fun forgetJob() {
        watch?.dispose()
        watch = null
        watchedJob = null
    }

    /** Where to resume: at once when the coroutine may run here, otherwise where its interceptor says. */
    private fun ready(continuation: Continuation<Unit>): Continuation<Unit> {
        val dispatcher = continuation.context[ContinuationInterceptor] ?: return continuation
        val isHere = dispatcher is CoroutineDispatcher && !dispatcher.isDispatchNeeded(continuation.context)
        return if (isHere) continuation else continuation.intercepted()
    }

    private fun watch(continuation: Continuation<Unit>) {
        val job = continuation.context[Job]
        if (job === watchedJob) return
        forgetJob()
        if (job == null) return
        watchedJob = job
        val loop = transport.scope.coroutineContext[ContinuationInterceptor] as CoroutineDispatcher
        watch =
            job.invokeOnCompletion(onCancelling = true) {
                if (Thread.currentThread() === thread) {
                    cancelled(job)
                } else {
                    loop.dispatch(continuation.context, Runnable { cancelled(job) })
                }
            }
    }

    private fun cancelled(job: Job) {
        val continuation = waiting ?: return
        if (continuation.context[Job] !== job) return
        waiting = null
        ready(continuation).resumeWithException(job.getCancellationException())
    }
}
