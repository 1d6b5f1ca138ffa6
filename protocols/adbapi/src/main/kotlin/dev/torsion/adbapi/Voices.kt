// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.defer.Deferred
import dev.torsion.defer.Parking
import dev.torsion.defer.park
import dev.torsion.defer.toDeferred
import dev.torsion.log.Logger
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Reactor
import dev.torsion.spi.TorsionSpi
import java.util.concurrent.CompletableFuture

/** How each of the three voices waits for a job. */
@OptIn(TorsionSpi::class)
internal class Voices(private val reactor: Reactor, private val engine: PoolEngine) {
    /** On the reactor's thread. */
    fun <T> deferred(interaction: InteractionOptions?, work: (JobSession) -> T): Deferred<T> {
        lateinit var job: Job<T>
        val deferred = Deferred<T> { job.cancel() }
        job = Job(engine, interaction, work, OnLoop(deferred, whenStopped = {}))
        try {
            engine.submit(job)
        } catch (e: Throwable) { // also when the system is out of threads
            deferred.errback(e)
        }
        return deferred
    }

    /** On any thread. */
    fun <T> future(interaction: InteractionOptions?, work: (JobSession) -> T): CompletableFuture<T> {
        lateinit var job: Job<T>
        // Of this, only that it is cancelled counts: so the Deferred belongs to the loop wherever it is made.
        val cancelled =
            object : CompletableFuture<T>() {
                override fun cancel(mayInterruptIfRunning: Boolean): Boolean {
                    job.cancel()
                    return true
                }
            }
        val deferred = cancelled.toDeferred(reactor)
        val future = deferred.toCompletableFuture(reactor)
        // Without a loop it is still to end: somebody may be blocked in it.
        val completion = OnLoop(deferred, whenStopped = Runnable::run)
        job = Job(engine, interaction, work, completion)
        try {
            engine.submit(job)
        } catch (e: Throwable) {
            completion.failed(e)
        }
        return future
    }

    /** A future of [stage]'s own: cancelling it is nobody else's business. On any thread. */
    fun <T> following(stage: CompletableFuture<T>): CompletableFuture<T> {
        val deferred = CompletableFuture<T>().toDeferred(reactor)
        val future = deferred.toCompletableFuture(reactor)
        val completion = OnLoop(deferred, whenStopped = Runnable::run)
        stage.whenComplete { value, error -> if (error == null) completion.succeeded(value) else completion.failed(error) }
        return future
    }

    /** On any thread. */
    suspend fun <T> suspended(interaction: InteractionOptions?, work: (JobSession) -> T): T {
        val completion = Resuming<T>()
        val job = Job(engine, interaction, work, completion)
        return park(job::cancel) { parking ->
            completion.parking = parking
            engine.submit(job)
        }
    }

    private inner class OnLoop<T>(private val deferred: Deferred<T>, private val whenStopped: (Runnable) -> Unit) : Completion<T> {
        override fun succeeded(value: T) = fire {
            if (value is Deferred<*>) {
                deferred.errback(IllegalArgumentException("an interaction gives a value, and no Deferred: $value"))
            } else {
                deferred.callback(value)
            }
        }

        override fun failed(error: Throwable) = fire { deferred.errback(error) }

        private fun fire(outcome: () -> Unit) {
            val fire = Runnable { if (!deferred.called) outcome() }
            try {
                reactor.callFromThread(fire)
            } catch (e: ReactorNotRunningException) {
                log.debug("the answer of a database came when the reactor had stopped: {reason}", "reason" to e.toString())
                whenStopped(fire)
            }
        }
    }

    private class Resuming<T> : Completion<T> {
        lateinit var parking: Parking<T>

        override fun succeeded(value: T) = parking.resume(value)

        override fun failed(error: Throwable) = parking.fail(error)
    }

    private companion object {
        val log = Logger(ConnectionPool::class.java)
    }
}
