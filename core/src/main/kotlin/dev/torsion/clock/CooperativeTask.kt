// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.toWaitFor
import dev.torsion.log.safeString

/**
 * One task of a [Cooperator]; Twisted's `CooperativeTask`.
 *
 * Thread: the clock's.
 *
 * @param I the type of the iterator
 */
public class CooperativeTask<I : Iterator<*>> internal constructor(private val iterator: I, private val cooperator: Cooperator) {
    private var pauses = 0
    private val waiting = ArrayList<Deferred<I>>()
    private var end: End? = null

    /** How it ended: [error] is null when the iterator was exhausted, [refusal] makes what later operations throw. */
    private class End(val error: Throwable?, val refusal: () -> TaskFinishedException)

    /** True once the iterator is exhausted or has thrown, or [stop] was called. */
    public val isFinished: Boolean get() = end != null

    /**
     * A new Deferred that fires with the iterator when that is exhausted. It fails with the exception of the iterator, with the failure of
     * a Deferred that the iterator gave, with [TaskStoppedException] after [stop], or with [SchedulerStoppedException].
     */
    public fun whenDone(): Deferred<I> {
        val result = Deferred<I>()
        val ended = end
        if (ended == null) waiting.add(result) else fire(result, ended)
        return result
    }

    /** Holds the task until [resume] was called as often as this. @throws TaskFinishedException when it has ended */
    public fun pause() {
        checkUnfinished()
        if (++pauses == 1) cooperator.remove(this)
    }

    /** Takes back one [pause]; after the last the task goes on. @throws NotPausedException when it is not paused */
    public fun resume() {
        if (pauses == 0) throw NotPausedException()
        if (--pauses == 0 && !isFinished) cooperator.add(this)
    }

    /** Ends the task. @throws TaskFinishedException when it has ended */
    public fun stop() {
        checkUnfinished()
        finish(End(TaskStoppedException(), ::TaskStoppedException))
    }

    @JvmSynthetic
    internal fun schedulerStopped() = finish(End(SchedulerStoppedException(), ::TaskStoppedException))

    /** One piece of work. */
    @JvmSynthetic
    internal fun step() {
        val result =
            try {
                if (!iterator.hasNext()) return finish(End(null, ::TaskDoneException))
                iterator.next()
            } catch (e: Throwable) {
                return failed(e)
            }
        if (!isFinished) toWaitFor(result, cooperator.clock)?.let(::waitFor)
    }

    private fun waitFor(result: Deferred<*>) {
        pause()
        result.addCallbacks<Any?>({ resume() }, { failure ->
            if (isFinished) failure.raise() // stopped meanwhile: nobody here waits for it any more, so it is reported
            failed(failure.value)
        })
    }

    private fun failed(error: Throwable) {
        if (isFinished) throw error // it had stopped itself before
        finish(End(error, ::TaskFailedException))
    }

    private fun finish(ended: End) {
        if (isFinished) return
        end = ended
        cooperator.remove(this)
        // Last, since these callbacks may do anything to the cooperator.
        waiting.forEach { fire(it, ended) }
        waiting.clear()
    }

    private fun fire(result: Deferred<I>, ended: End) {
        if (ended.error == null) result.callback(iterator) else result.errback(Failure(ended.error))
    }

    private fun checkUnfinished() {
        end?.let { throw it.refusal() }
    }

    override fun toString(): String {
        val state =
            when {
                isFinished -> "finished"
                pauses > 0 -> "paused"
                else -> "running"
            }
        return "CooperativeTask(${safeString(iterator)}, $state)"
    }
}
