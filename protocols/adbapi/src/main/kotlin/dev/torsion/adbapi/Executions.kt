// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.safeString
import java.sql.Connection
import java.sql.SQLException
import java.sql.SQLTimeoutException
import java.sql.Statement
import java.time.Duration
import kotlin.concurrent.withLock

/** The statements of a job that run, so that a cancellation or a time-out reaches them. */
internal class Executions(
    private val engine: PoolEngine,
    private val fate: Fate,
    private val connection: HeldConnection,
    /** The job goes no further, and who waits is told. */
    private val end: (Throwable) -> Unit,
) {
    private val lock get() = fate.lock

    /** The failure of the program's own commit, the last one. On the job's thread. */
    var ownCommitFailure: SQLException? = null
        private set

    /** The one that runs. With the lock. */
    var running: Execution? = null
        private set

    // On the job's thread.

    /** Throws when the job, or the statement that runs, is to go no further. */
    fun checkGoesOn() {
        if (!fate.isToEnd) return
        lock.withLock { check() }
    }

    /** With the lock. */
    private fun check() {
        fate.end?.let { throw it }
        timedOut()?.let { throw it.timedOut(null) }
    }

    /** With the lock: the statement whose time is over, of the one that runs and those whose rows are read meanwhile. */
    private fun timedOut(): Execution? = generateSequence(running, Execution::outer).firstOrNull(Execution::isTimedOut)

    /** Runs [call], which executes [statement] or reads its result, so that a cancellation or a [timeout] reaches it. */
    fun <R> executing(statement: Statement, timeout: Duration, call: () -> R): R = try {
        executingRaw(statement, timeout, call)
    } catch (e: SQLException) {
        throw translated(e)
    }

    fun translated(error: SQLException): DatabaseException =
        if (error is TimedOut) StatementTimeoutException(error.message!!, error.cause) else engine.classified(error)

    /** [executing] for those who want JDBC's own exceptions. */
    @Throws(SQLException::class)
    fun <R> executingRaw(statement: Statement, timeout: Duration, call: () -> R): R {
        begin(timeout)
        return readingRaw(statement, timeout, call)
    }

    /** [executingRaw] for a [call] that begins no transaction, since it only reads the result of [statement]. */
    @Throws(SQLException::class)
    fun <R> readingRaw(statement: Statement, timeout: Duration, call: () -> R): R {
        val execution: Execution
        lock.withLock {
            check()
            execution = Execution(statement, timeout, running)
            running = execution
        }
        var limit: AutoCloseable? = null
        try {
            limit = engine.deadlines.after(timeout) { timeOut(execution) } // which a system without threads refuses
            return call()
        } catch (e: SQLException) {
            throw reasonFor(e)
        } finally {
            limit?.close()
            lock.withLock {
                running = execution.outer // whose rows are still read
                connection.awaitCancels()
            }
        }
    }

    /**
     * Runs [call], which asks the server something over [taken] besides executing. When it takes longer than [timeout], and the time that a
     * cancellation may take, who waits is told, and the connection is cut.
     */
    inline fun <R> within(timeout: Duration, taken: Connection, call: () -> R): R =
        engine.deadlines.after(sum(timeout, engine.options.cancelTimeout)) { overdueCall(timeout, taken) }.use { call() }

    /** [within] for a [call] of the program's own that commits: when it takes too long, nobody knows whether it was done. */
    @Throws(SQLException::class)
    fun <R> committing(timeout: Duration, taken: Connection, call: () -> R): R {
        val passed = Runnable {
            overdueCall(taken, CommitOutcomeUnknownException("the server has not answered the commit within ${readable(timeout)}", null))
        }
        return try {
            engine.deadlines.after(sum(timeout, engine.options.cancelTimeout), passed).use { call() }
        } catch (e: SQLException) {
            ownCommitFailure = e
            throw e
        }
    }

    private fun begin(timeout: Duration) {
        checkGoesOn()
        val taken = connection.notBegun ?: return
        try {
            within(timeout, taken) { connection.begin(taken, timeout) }
        } catch (e: SQLException) {
            throw reasonFor(e) // of a statement whose rows are being read, too: the cancellation meets whatever the connection runs
        }
    }

    /** The reason that [error] comes from. */
    private fun reasonFor(error: SQLException): Throwable = lock.withLock { fate.end ?: timedOut()?.timedOut(error) ?: error }

    // On other threads.

    private fun timeOut(execution: Execution) {
        val now: Execution
        val isFirst: Boolean
        lock.withLock {
            now = running ?: return
            if (generateSequence(now, Execution::outer).none { it === execution }) return
            isFirst = fate.end == null
            execution.isTimedOut = true
            fate.isToEnd = true
        }
        if (isFirst) engine.counters.timedOut.increment() // otherwise the job's end was counted
        pursue(now)
        engine.deadlines.after(engine.options.cancelTimeout) { overdue(execution) }
    }

    /** The server has not ended it in time, although it was told to. */
    private fun overdue(execution: Execution) {
        val taken =
            lock.withLock {
                if (generateSequence(running, Execution::outer).none { it === execution }) return
                connection.current ?: return
            }
        overdue(taken, notEnded(execution.timeout))
    }

    fun overdueCall(timeout: Duration, taken: Connection): Unit = overdueCall(taken, notEnded(timeout))

    /** A call that nothing but this ends. It is counted, unless it is part of a statement that is counted already. */
    private fun overdueCall(taken: Connection, why: DatabaseException) {
        if (lock.withLock { fate.end == null && timedOut() == null }) engine.counters.timedOut.increment()
        overdue(taken, why)
    }

    private fun notEnded(timeout: Duration) =
        StatementTimeoutException("a statement took longer than ${readable(timeout)}, and the server has not ended it", null)

    private fun overdue(taken: Connection, why: DatabaseException) {
        try {
            end(why)
        } finally {
            connection.cutUnlessOver(taken)
        }
    }

    /** Cancels [execution] until it has ended: a cancellation that comes before the driver has sent it does nothing. */
    fun pursue(execution: Execution): Unit = pursue(execution, 0)

    private fun pursue(execution: Execution, attempt: Int) {
        lock.withLock {
            if (running !== execution) return
            connection.cancelBegins()
        }
        val pause = Duration.ofMillis(minOf(FIRST_PAUSE shl minOf(attempt, DOUBLINGS), LAST_PAUSE))
        val refused = {
            connection.cancelIsOver()
            engine.deadlines.after(pause) { pursue(execution, attempt) }
        }
        engine.inHelper(refused) {
            cancelNow(execution, attempt > 0)
            engine.deadlines.after(pause) { pursue(execution, attempt + 1) }
        }
    }

    private fun cancelNow(execution: Execution, isRepeated: Boolean) {
        try {
            val over =
                lock.withLock {
                    if (running !== execution) return
                    connection.cancelled()
                }
            if (isRepeated && over != null) {
                engine.dialect.cancelAgain(over, execution.statement)
            } else {
                execution.statement.cancel()
            }
        } catch (e: Throwable) {
            log.debug("a statement could not be cancelled: {reason}", "reason" to safeString(e))
        } finally {
            connection.cancelIsOver()
        }
    }

    /** One execution of a statement, which may be executed again. */
    internal class Execution(
        val statement: Statement,
        val timeout: Duration,
        /** The one whose row was being mapped when this one began. */
        val outer: Execution?,
    ) {
        var isTimedOut = false // with the lock

        fun timedOut(error: SQLException?): SQLException = TimedOut("the statement took longer than ${readable(timeout)}", error)
    }

    private class TimedOut(message: String, cause: SQLException?) :
        SQLTimeoutException(message, cause?.sqlState, cause?.errorCode ?: 0, cause)

    companion object {
        private const val FIRST_PAUSE = 20L
        private const val LAST_PAUSE = 1_000L
        private const val DOUBLINGS = 6
        private val LONGEST = Duration.ofDays(36_500)
        private val log = Logger(ConnectionPool::class.java)

        fun sum(one: Duration, other: Duration): Duration = minOf(one, LONGEST).plus(minOf(other, LONGEST))
    }
}
