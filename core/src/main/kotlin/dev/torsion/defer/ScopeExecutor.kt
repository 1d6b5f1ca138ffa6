// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Runnable
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.EmptyCoroutineContext

/**
 * The thread of a connection, by its scope: a task runs at once there, and soon from elsewhere. Once the reactor has stopped, tasks run
 * where they are given, and find that the connection has ended.
 */
@TorsionSpi
public class ScopeExecutor(scope: CoroutineScope) : LoopExecutor {
    private val dispatcher = scope.coroutineContext[ContinuationInterceptor] as CoroutineDispatcher

    override val inLoop: Boolean get() = !dispatcher.isDispatchNeeded(EmptyCoroutineContext)

    override fun execute(task: Runnable) {
        if (inLoop) task.run() else dispatcher.dispatch(EmptyCoroutineContext, task)
    }

    /** Runs [task] in a later turn of the loop, so that others have theirs; at once where there is no loop. */
    public fun later(task: Runnable) {
        if (dispatcher === Dispatchers.Unconfined) task.run() else dispatcher.dispatch(EmptyCoroutineContext, task)
    }
}
