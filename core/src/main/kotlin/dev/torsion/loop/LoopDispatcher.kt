// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.clock.DelayedCall
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.cancel
import kotlinx.coroutines.job
import java.util.concurrent.CancellationException
import java.util.concurrent.TimeUnit
import kotlin.coroutines.CoroutineContext

/**
 * Coroutines on the loop. On the reactor's thread nothing is dispatched; from another thread a coroutine is handed over. Time is
 * the reactor's own, so that `delay` and `withTimeout` are delayed calls and follow a virtual clock.
 */
@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class LoopDispatcher(private val loop: EventLoop) :
    CoroutineDispatcher(),
    Delay {
    override fun isDispatchNeeded(context: CoroutineContext): Boolean = !loop.inLoop

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (loop.runSoon(block)) return
        // There is no loop any more. A cancelled coroutine still has to leave through its finally blocks: let it do so here.
        context.cancel(stopped())
        block.run()
    }

    override fun scheduleResumeAfterDelay(timeMillis: Long, continuation: CancellableContinuation<Unit>) {
        val timer = DelayTimer(timeMillis, continuation)
        timer.begin()
        continuation.invokeOnCancellation { timer.dispose() }
    }

    override fun invokeOnTimeout(timeMillis: Long, block: Runnable, context: CoroutineContext): DisposableHandle =
        TimeoutTimer(timeMillis, block, context).also { it.begin() }

    // On the reactor's thread.
    private var newest: Timer? = null // of those that wait
    private var isLettingGo = false
    private var hasEnded = false

    /**
     * The reactor waits for its pool, whose threads may wait for coroutines of this dispatcher: from now on those that are none of the
     * reactor's own do not wait for time to pass.
     */
    fun letGo() {
        isLettingGo = true
        val others = generateSequence(newest) { it.older }.filterNot { it.isOfReactor() }.toList()
        others.forEach { it.abandon() }
    }

    /** The reactor has ended: coroutines that wait for time to pass would wait for ever, and are cancelled. */
    fun end() {
        hasEnded = true
        while (true) (newest ?: return).abandon()
    }

    private fun stopped() = CancellationException("the reactor of this coroutine has stopped")

    /** A delayed call that may be made and cancelled on any thread. */
    private abstract inner class Timer(private val timeMillis: Long) :
        DisposableHandle,
        Runnable {
        private var call: DelayedCall? = null
        private var disposed = false
        private var newer: Timer? = null
        var older: Timer? = null
            private set

        abstract val context: CoroutineContext

        abstract fun timeIsUp()

        /** The reactor has ended before. */
        abstract fun cancel()

        fun begin() {
            if (!onLoop { arm() }) cancel()
        }

        private inline fun onLoop(crossinline action: () -> Unit): Boolean {
            if (!loop.inLoop) return loop.runSoon { action() }
            action()
            return true
        }

        private fun arm() {
            if (disposed) return
            if (hasEnded || (isLettingGo && !isOfReactor())) return cancel()
            call = loop.callLater(timeMillis, TimeUnit.MILLISECONDS, this)
            older = newest
            older?.newer = this
            newest = this
        }

        final override fun run() {
            unlink()
            timeIsUp()
        }

        fun abandon() {
            if (disposed) return // by one that was abandoned before
            takeBack()
            cancel()
        }

        /** Whether it ends with the reactor's scope, which the end does not wait for. */
        fun isOfReactor(): Boolean {
            val scope = loop.scope.coroutineContext.job
            return generateSequence(context[Job]) { it.parent }.any { it === scope }
        }

        final override fun dispose() {
            onLoop {
                disposed = true
                takeBack()
            }
        }

        private fun takeBack() {
            unlink()
            call?.let { if (it.isActive) it.cancel() }
        }

        private fun unlink() {
            older?.newer = newer
            if (newest === this) newest = older else newer?.older = older
            older = null
            newer = null
        }
    }

    private inner class DelayTimer(timeMillis: Long, private val continuation: CancellableContinuation<Unit>) : Timer(timeMillis) {
        override val context get() = continuation.context

        override fun timeIsUp() = with(continuation) { resumeUndispatched(Unit) }

        override fun cancel() {
            continuation.cancel(stopped())
        }

        override fun toString() = "$continuation"
    }

    private inner class TimeoutTimer(timeMillis: Long, private val block: Runnable, override val context: CoroutineContext) :
        Timer(timeMillis) {
        override fun timeIsUp() = block.run()

        override fun cancel() = context.cancel(stopped())

        override fun toString() = "$block"
    }
}
