// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.ThreadContext
import dev.torsion.defer.watch
import dev.torsion.net.Transport
import dev.torsion.net.WrongThreadException
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.ensureActive
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/** The event that a coroutine waits for. */
internal enum class Wanted { MESSAGE, MESSAGE_OR_NULL, WHETHER_THERE_IS_ONE }

/** Where a [Receiver] gets what is waited for. */
internal interface MessageSource {
    val hasMessage: Boolean

    /** Whether there is a message, or the end of them. */
    val hasOutcome: Boolean

    /** Takes what is [wanted], or throws what the end is. Only when [hasOutcome]. */
    fun outcome(wanted: Wanted): Any?
}

/**
 * The one coroutine that waits for a message. It is resumed on its bare continuation, inside the call that brings the message, and the
 * message is taken in that very moment; so nothing can come between taking and returning it, and nothing is allocated. A channel, or a
 * cancellable continuation, would cost more than to decode a frame does. The watch for cancellation is set up once per job, not once per
 * wait. The coroutine's state on the thread, such as `MDCContext`, is set when it goes on.
 */
@OptIn(TorsionSpi::class)
internal class Receiver(private val thread: Thread, private val transport: Transport, private val source: MessageSource) {
    private var waiting: Continuation<Any?>? = null
    private var wanted = Wanted.MESSAGE
    private var watch: AutoCloseable? = null

    // The values from the context of the coroutine that waited last: a look-up for each message would be much of what waiting costs.
    private var watchedContext: CoroutineContext? = null
    private var watchedJob: Job? = null
    private var watchedDispatcher: CoroutineDispatcher? = null
    private var watchedThread: ThreadContext? = null

    val isWaiting: Boolean get() = waiting != null

    /** Gives the [wanted] value when it is there, otherwise waits: the body of a `suspendCoroutineUninterceptedOrReturn`. */
    fun receive(wanted: Wanted, continuation: Continuation<*>): Any? {
        val context = continuation.context
        val isWatched = context === watchedContext
        if (isWatched) watchedJob?.ensureActive() else context.ensureActive()
        check(waiting == null) { TAKEN }
        if (source.hasOutcome) {
            if (!source.hasMessage) forgetJob()
            return source.outcome(wanted)
        }
        if (!isWatched) {
            watch(context)
            watchedJob?.ensureActive() // a cancellation that came before the watch has told nobody
        }
        this.wanted = wanted
        @Suppress("UNCHECKED_CAST")
        waiting = continuation as Continuation<Any?>
        return COROUTINE_SUSPENDED
    }

    /** There is something: gives it to the coroutine, now if that may run here, otherwise when its dispatcher says. */
    fun wake() {
        val continuation = waiting ?: return
        waiting = null
        val elsewhere = elsewhere(continuation.context)
        if (elsewhere == null) give(continuation) else elsewhere.dispatch(continuation.context, Runnable { giveLater(continuation) })
    }

    private fun give(waiting: Continuation<Any?>) {
        val continuation = inItsPlace(waiting)
        if (!source.hasMessage) forgetJob()
        val outcome =
            try {
                source.outcome(wanted)
            } catch (e: Throwable) {
                return continuation.resumeWithException(e)
            }
        continuation.resume(outcome)
    }

    private fun inItsPlace(continuation: Continuation<Any?>): Continuation<Any?> {
        val context = continuation.context
        val onThread = if (context === watchedContext) watchedThread else ThreadContext.of(context)
        return onThread?.around(continuation) ?: continuation
    }

    /** The coroutine's dispatcher runs it at last. Nothing has been taken for it yet, and meanwhile much may have happened. */
    private fun giveLater(waiter: Continuation<Any?>) {
        val job = waiter.context[Job]
        val here = Thread.currentThread()
        when {
            here !== thread -> {
                val owner = thread.name
                inItsPlace(waiter).resumeWithException(
                    WrongThreadException("A coroutine on thread \"${here.name}\" cannot receive: the connection belongs to \"$owner\"."),
                )
            }
            job != null && !job.isActive -> inItsPlace(waiter).resumeWithException(job.cancellation())
            waiting != null -> inItsPlace(waiter).resumeWithException(IllegalStateException(TAKEN))
            source.hasOutcome -> give(waiter)
            else -> waiting = waiter
        }
    }

    /**
     * No further wait will come, as after the end: lets go of the job, which may outlive the connection by far. A watch that lived on would be
     * told of the job's end, by an exception that is made for it.
     */
    fun forgetJob() {
        watch?.close()
        watch = null
        watchedContext = null
        watchedJob = null
        watchedDispatcher = null
        watchedThread = null
    }

    private fun watch(context: CoroutineContext) {
        val job = context[Job]
        if (job !== watchedJob) watch(job, context)
        watchedContext = context
        watchedDispatcher = context[ContinuationInterceptor] as? CoroutineDispatcher
        watchedThread = ThreadContext.of(context)
    }

    private fun watch(job: Job?, context: CoroutineContext) {
        forgetJob()
        if (job == null) return
        watchedJob = job
        val loop = transport.scope.coroutineContext[ContinuationInterceptor] as CoroutineDispatcher
        watch =
            watch(job) {
                if (Thread.currentThread() === thread) cancelled(job) else loop.dispatch(context, Runnable { cancelled(job) })
            }
    }

    private fun cancelled(job: Job) {
        val continuation = waiting ?: return
        if (continuation.context[Job] !== job) return
        waiting = null
        val target = if (elsewhere(continuation.context) == null) inItsPlace(continuation) else continuation.intercepted()
        target.resumeWithException(job.cancellation())
    }

    private fun Job.cancellation(): Throwable = try {
        ensureActive()
        CancellationException("the job of this coroutine has ended")
    } catch (e: CancellationException) {
        e
    }

    /** The dispatcher that wants the coroutine to run somewhere else than in the call that resumes it, or null. */
    private fun elsewhere(context: CoroutineContext): CoroutineDispatcher? {
        val dispatcher = if (context === watchedContext) watchedDispatcher else context[ContinuationInterceptor] as? CoroutineDispatcher
        return dispatcher?.takeIf { it.isDispatchNeeded(context) }
    }

    private companion object {
        const val TAKEN = "another coroutine is receiving from this connection"
    }
}
