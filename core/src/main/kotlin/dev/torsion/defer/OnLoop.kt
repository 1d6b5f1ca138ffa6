// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import java.util.concurrent.CompletableFuture
import java.util.concurrent.RejectedExecutionException

/**
 * The result of [begin] on this loop, as a future, from any thread. Cancelling the future cancels it there; one that is cancelled on the way
 * begins nothing. A loop that has ended fails it.
 */
@TorsionSpi
public fun <T> LoopExecutor.futureOnLoop(begin: () -> Deferred<T>): CompletableFuture<T> {
    val start = Deferred<Any?>()
    val future = start.addAsyncCallback { begin() }.toCompletableFuture(this)
    val task = Runnable { if (!future.isDone) start.callback(null) }
    try {
        if (inLoop) task.run() else execute(task)
    } catch (e: RejectedExecutionException) {
        start.errback(e)
    }
    return future
}

/**
 * Waits for what [begin] gives on this loop, from any dispatcher. Cancelling the coroutine cancels it there. A value that comes in that
 * moment goes to its [Deferred.onUndelivered].
 */
@TorsionSpi
public suspend fun <T> LoopExecutor.awaitOnLoop(begin: () -> Deferred<T>): T = OnLoop(this, begin).await()

private class OnLoop<T>(private val loop: LoopExecutor, private val start: () -> Deferred<T>) : Parked<T>() {
    // Of the loop's thread.
    private var running: Deferred<*>? = null
    private var keeper: Keeper? = null

    override fun begin(): Unit = loop.execute { if (isWaiting) startNow() }

    private fun startNow() {
        try {
            start().also { running = it }.addStep<Any?>(this)
        } catch (e: Throwable) {
            fail(e)
        }
    }

    override fun run(result: Any?): Any? {
        if (result !is Failure) keeper = running!!.takeKeeper()
        running = null
        return super.run(result)
    }

    override fun cancelled(): Unit = loop.executeOrLog("the cancellation of what a coroutine waits for") { running?.cancel() }

    override fun undelivered(value: T) {
        val keeper = keeper ?: return
        if (loop.inLoop) keeper.undelivered(value) else loop.executeOrLog("what a coroutine has not got") { keeper.undelivered(value) }
    }
}
