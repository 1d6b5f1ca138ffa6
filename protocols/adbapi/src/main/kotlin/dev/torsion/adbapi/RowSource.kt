// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.defer.park
import dev.torsion.spi.TorsionSpi

/**
 * The rows of a query, a few at a time, and only when they are asked for: between that the thread waits, and the database keeps its place. On any
 * thread, one call at a time.
 */
internal class RowSource<T>(
    private val engine: PoolEngine,
    query: Query<T>,
    private val failed: (Throwable) -> Unit = {}, // called with an error that comes while nobody asks
) {
    /** Gets the next rows, or none at the end, or why it failed. On a thread of the pool. */
    interface Receiver<in T> {
        fun rows(rows: List<T>)

        fun ended(error: Throwable?)
    }

    // With the job's lock.
    private var receiver: Receiver<T>? = null
    private var isOver = false
    private var error: Throwable? = null

    private val job: Job<Unit> =
        Job(
            engine,
            InteractionOptions.DEFAULT,
            { session -> pump(session, query) },
            object : Completion<Unit> {
                override fun succeeded(value: Unit) = end(null)

                override fun failed(error: Throwable) = end(error)
            },
        )

    /** Takes its place in the queue. The reason of a refusal is thrown. */
    fun start(): Unit = engine.submit(job)

    /** Gives [next] the next rows, soon. */
    fun request(next: Receiver<T>) {
        var endsNow = false
        job.signal { if (isOver) endsNow = true else receiver = next }
        if (endsNow) next.ended(error)
    }

    /** [request] for coroutines; null at the end. Cancelling ends the query. */
    @OptIn(TorsionSpi::class)
    suspend fun next(): List<T>? = park(::cancel) { parking ->
        request(
            object : Receiver<T> {
                override fun rows(rows: List<T>) = parking.resume(rows)

                override fun ended(error: Throwable?) = if (error == null) parking.resume(null) else parking.fail(error)
            },
        )
    }

    /** Nobody wants any more. */
    fun cancel(): Unit = job.cancel()

    private fun pump(session: JobSession, query: Query<T>) {
        session.open(query).use { cursor ->
            while (true) {
                job.awaitUntil { receiver != null }
                val rows = cursor.read()
                if (rows.isEmpty()) return
                lateinit var next: Receiver<T>
                job.signal {
                    next = receiver!!
                    receiver = null
                }
                next.rows(rows)
            }
        }
    }

    private fun end(error: Throwable?) {
        var told: Receiver<T>? = null
        job.signal {
            isOver = true
            this.error = error
            told = receiver
            receiver = null
        }
        val receiver = told
        if (receiver != null) receiver.ended(error) else error?.let(failed)
    }
}
