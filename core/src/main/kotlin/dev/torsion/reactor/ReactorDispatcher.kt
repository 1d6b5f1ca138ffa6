// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.DelayedCall
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.cancel
import java.util.concurrent.TimeUnit
import kotlin.coroutines.CoroutineContext

/**
 * Coroutines on the loop. On the reactor's thread nothing is dispatched; from another thread a coroutine is handed over. Time is
 * the reactor's own, so that `delay` and `withTimeout` are delayed calls and follow a virtual clock.
 */
@OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)
internal class ReactorDispatcher(
    private val reactor: AbstractReactor,
) : CoroutineDispatcher(),
    Delay {
    override fun isDispatchNeeded(context: CoroutineContext): Boolean = !reactor.isInReactorThread

    override fun dispatch(
        context: CoroutineContext,
        block: Runnable,
    ) {
        if (reactor.runSoon(block)) return
        // There is no loop any more. A cancelled coroutine still has to leave through its finally blocks: let it do so here.
        context.cancel(java.util.concurrent.CancellationException("the reactor of this coroutine has stopped"))
        block.run()
    }

    override fun scheduleResumeAfterDelay(
        timeMillis: Long,
        continuation: CancellableContinuation<Unit>,
    ) {
        val timer = schedule(timeMillis) { with(continuation) { resumeUndispatched(Unit) } }
        continuation.invokeOnCancellation { timer.dispose() }
    }

    override fun invokeOnTimeout(
        timeMillis: Long,
        block: Runnable,
        context: CoroutineContext,
    ): DisposableHandle = schedule(timeMillis, block)

    private fun schedule(
        timeMillis: Long,
        block: Runnable,
    ): DisposableHandle {
        val timer = Timer(timeMillis, block)
        timer.onLoop { timer.arm() }
        return timer
    }

    /** A delayed call that may be made and cancelled on any thread. */
    private inner class Timer(
        private val timeMillis: Long,
        private val block: Runnable,
    ) : DisposableHandle {
        private var call: DelayedCall? = null
        private var disposed = false

        inline fun onLoop(crossinline action: () -> Unit) {
            if (reactor.isInReactorThread) action() else reactor.runSoon { action() }
        }

        fun arm() {
            if (!disposed) call = reactor.callLater(timeMillis, TimeUnit.MILLISECONDS, block)
        }

        override fun dispose() =
            onLoop {
                disposed = true
                call?.let { if (it.isActive) it.cancel() }
            }
    }
}
