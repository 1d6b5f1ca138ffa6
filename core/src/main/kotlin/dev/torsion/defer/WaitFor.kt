// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import kotlinx.coroutines.Job
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import kotlinx.coroutines.Deferred as KotlinDeferred

/**
 * The [result] of a user's function of any type, as a Deferred when it is something to wait for: a Deferred, a stage or future, a
 * coroutine's job. Null when it is not. The Deferred fires on [loop]; when that is no executor, it fires where the other side ends.
 */
internal fun toWaitFor(result: Any?, loop: Any?): Deferred<*>? = when (result) {
    is Deferred<*> -> result
    is CompletionStage<*> -> result.toDeferred(loop.asExecutor())
    is KotlinDeferred<*> -> result.toDeferred(loop.asExecutor())
    is Job -> result.toDeferred(loop.asExecutor())
    else -> null
}

private fun Any?.asExecutor() = this as? Executor ?: Executor(Runnable::run)
