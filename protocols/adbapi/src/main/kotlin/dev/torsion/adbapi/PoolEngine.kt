// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.ThreadPool
import java.sql.Connection
import java.sql.SQLException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ThreadFactory
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/** The parts of a pool that its three voices share. On any thread. */
internal class PoolEngine(
    val options: ConnectionPoolOptions,
    val connections: PoolConnections,
    helperFactory: ThreadFactory? = null,
    val deadlines: Deadlines = Deadlines(options.name),
    lookout: Lookout<Job<*>> = Lookout(),
) {
    val workers = Workers(options, lookout)
    val counters = Counters()

    // Work that may take long although nobody waits for it: cancelling opens a connection to a server that may be gone.
    private val helpers =
        ThreadPool("${options.name}-helper", options.connections * 2, helperFactory ?: ThreadFactory(::helper), ContextCarrier.none())
            .apply { start() }
    private val helperNumber = AtomicInteger()
    private val isClosing = AtomicBoolean()
    private val isEnding = AtomicBoolean()

    /** Completed, on any thread, when the pool is closed. */
    val ended: CompletableFuture<Void?> = CompletableFuture()

    @Volatile
    private var known: Known? = null

    /** Of the database, once there was a connection to it. */
    val dialect: Dialect get() = known?.dialect ?: Dialect.OTHER

    /** How transactions are isolated when nobody says it. */
    val usualIsolation: Int get() = known!!.isolation

    val binding: Binding get() = known!!.binding

    private class Known(val dialect: Dialect, val isolation: Int) {
        val binding = Binding(dialect)
    }

    /** Makes ready what [connections] has just given, and learns from the first one. It may ask the server. */
    @Throws(SQLException::class)
    fun prepare(connection: Connection) {
        connections.prepare(connection)
        if (known == null) known = Known(Dialect.ofProduct(connection.metaData.databaseProductName), connection.transactionIsolation)
    }

    fun classified(error: SQLException): DatabaseException = Classification.of(error, dialect)

    /** Gives [job] to a thread. The reason of a refusal is thrown, and the job does not run. */
    fun <T> submit(job: Job<T>) {
        try {
            job.prepare()
            workers.submit(job)
            if (job.isOver) workers.remove(job) // it was ended before it was in the queue
        } catch (e: Throwable) {
            if (e is TooBusyException) counters.refused.increment()
            job.refuse()
            throw e
        }
    }

    /** Runs [task] on a thread that may block, or [refused], when there is none. */
    fun inHelper(refused: () -> Any?, task: () -> Unit) {
        try {
            helpers.execute(task)
        } catch (e: Throwable) { // the pool of threads was stopped, or the system is out of threads
            refused()
            log.debug("{pool} has no thread for it: {reason}", "pool" to options.name, "reason" to safeString(e))
        }
    }

    private fun helper(work: Runnable) = Thread(work, "${options.name}-helper-${helperNumber.incrementAndGet()}").apply { isDaemon = true }

    /**
     * Takes no more jobs. Jobs that it has are done until the deadline. Then they are cancelled, and jobs that still do not end are left
     * alone.
     */
    fun close(): CompletableFuture<Void?> {
        if (!isClosing.compareAndSet(false, true)) return ended
        workers.close(::end)
        if (!ended.isDone) unlessRefused(::giveUp) { deadlines.after(options.closeTimeout, ::giveUp) }
        return ended
    }

    /** A system that is out of threads has nobody who waits: then [instead]. */
    private inline fun unlessRefused(instead: () -> Unit, plan: () -> Unit) {
        try {
            plan()
        } catch (e: Throwable) {
            log.debug("{pool} has no thread to wait with: {reason}", "pool" to options.name, "reason" to safeString(e))
            instead()
        }
    }

    private fun giveUp() {
        val why = ConnectionPoolClosedException("the connection pool ${options.name} was closed")
        workers.jobs().forEach { job -> unlessRefused({}) { job.end(why) } }
        unlessRefused(::endAtLast) { deadlines.after(minOf(options.cancelTimeout, LONGEST).plus(AFTER_CUT), ::endAtLast) }
    }

    private fun endAtLast() {
        val left = workers.jobs().size
        if (left > 0) log.warn("{pool} is closed although {count} of its threads do not end", "pool" to options.name, "count" to left)
        end()
    }

    private fun end() {
        if (!isEnding.compareAndSet(false, true)) return
        inHelper(::closeAll, ::closeAll) // without a helper: here, since nobody else would
    }

    private fun closeAll() {
        try {
            connections.close()
        } catch (e: Throwable) {
            log.failure("the connections of {pool} could not be closed", e, "pool" to options.name)
        } finally {
            workers.stop()
            helpers.stop()
            deadlines.close()
            ended.complete(null)
        }
    }

    fun health(): ConnectionPoolHealth = ConnectionPoolHealth(
        threads = workers.threadCount,
        busy = workers.busyCount,
        waiting = workers.waitingCount,
        connections = connections.openCount,
        idleConnections = connections.idleCount,
        succeeded = counters.succeeded.sum(),
        failed = counters.failed.sum(),
        cancelled = counters.cancelled.sum(),
        timedOut = counters.timedOut.sum(),
        refused = counters.refused.sum(),
        retried = counters.retried.sum(),
        evicted = counters.evicted.sum(),
        meanWait = counters.meanWait(),
        longestWait = counters.longestWait(),
    )

    private companion object {
        val AFTER_CUT: Duration = Duration.ofSeconds(1)
        val LONGEST: Duration = Duration.ofDays(1)
        val log = Logger(ConnectionPool::class.java)
    }
}
