// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.spi.TorsionSpi
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException

/**
 * An [Executor] that runs its tasks on one thread, and knows whether the caller is on that thread. A reactor is one. Futures that are made
 * with it refuse to block that thread ([mustNotBlock]). Cancelling them on it takes effect at once.
 */
public interface LoopExecutor : Executor {
    /** True when called on the thread of the loop. */
    public val inLoop: Boolean

    /** True when called in a turn of the loop: at its end [UnhandledFailures] reports what nobody has seen. */
    public val inTurn: Boolean get() = false

    /** True on a thread that would wait in vain for this loop: its own, and any other that the loop itself needs. */
    public val mustNotBlock: Boolean get() = inLoop

    /** Tells a caller that [must not block][mustNotBlock] what to do: the end of the sentence that refuses the wait. */
    @TorsionSpi
    public val insteadOfBlocking: String get() = "add a stage to it, or wait on another thread"
}

/**
 * Runs [task] on this executor. One that has shut down can do nothing with it any more, and the caller can do nothing about that.
 */
internal fun Executor.executeOrLog(what: String, task: Runnable) {
    try {
        execute(task)
    } catch (error: RejectedExecutionException) {
        log.failure("{executor} does not take {task}", error, "executor" to safeString(this), "task" to what)
    }
}

/** A Deferred that fires on this executor and belongs to its thread, wherever it is made. */
internal fun <T> Executor.newDeferred(canceller: Canceller<T>): Deferred<T> =
    Deferred(canceller).also { if (this !is LoopExecutor || !inLoop) it.belongsElsewhere() }

private val log = Logger(Deferred::class.java.packageName)
