// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.loop.ReactorNotRunningException
import kotlinx.coroutines.Job
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import java.util.concurrent.CancellationException
import java.util.concurrent.atomic.AtomicReference

/**
 * The events of [source] for one that hears them on the reactor's thread. It ends once: by the server, by a failure, by the reactor, or by the one that
 * [closes][close] it, who hears nothing more.
 */
internal abstract class EventRun<T : Any>(private val source: EventSource, target: T) {
    private val reactor = source.reactor()
    private val open = AtomicReference<T?>(target)
    private var isIntroduced = false // on the reactor's thread
    private var reading: Job? = null // the same

    /** The one that hears it; null from its end on, when nothing of ours keeps it. */
    protected val target: T? get() = open.get()

    /** The first call, before any event. */
    protected open fun introduce(target: T) {}

    /** The next event. An exception ends the run. */
    protected abstract suspend fun give(event: ServerEvent)

    /** The last call. */
    protected abstract fun ended(target: T, error: Throwable?)

    protected fun begin(watcher: ServerEventListener?) {
        val job = reactor.scope.launch {
            introduceOnce()
            if (target == null) return@launch
            try {
                source.read(watcher, ::give)
                finish(null)
            } catch (e: CancellationException) {
                throw e // with the reactor, perhaps: the job says so
            } catch (e: Throwable) { // the listener's, and not the reactor's
                finish(e)
            }
        }
        job.invokeOnCompletion(::jobEnded)
        onLoop {
            reading = job
            if (target == null) job.cancel(null)
        }
    }

    private fun introduceOnce() {
        if (isIntroduced) return
        isIntroduced = true
        introduce(target ?: return)
    }

    private fun jobEnded(cause: Throwable?) {
        if (cause == null || target == null) return
        introduceOnce()
        finish(if (reactor.scope.isActive) cause else ReactorNotRunningException(STOPPED).apply { initCause(cause) })
    }

    private fun finish(error: Throwable?) {
        open.getAndSet(null)?.let { ended(it, error) }
    }

    /** Ends it with [error], and its connection. On the reactor's thread. */
    protected fun fail(error: Throwable) {
        finish(error)
        reading?.cancel(null)
    }

    /** Ends it without a word. On any thread. */
    protected fun end() {
        if (open.getAndSet(null) != null) onLoop { reading?.cancel(null) }
    }

    /** Runs [action] on the reactor's thread; not at all when the reactor has ended, and this with it. */
    protected fun onLoop(action: () -> Unit) {
        if (reactor.isInReactorThread) return action()
        try {
            reactor.callFromThread(action)
        } catch (_: ReactorNotRunningException) {
            // It has ended with the reactor.
        }
    }

    private companion object {
        const val STOPPED = "The reactor has stopped, and the events with it."
    }
}
