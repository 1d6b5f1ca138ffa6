// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import java.sql.Connection
import java.sql.SQLException
import java.sql.SQLTimeoutException
import java.sql.Statement
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.ThreadLocalRandom
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/** Nobody waits for the interaction any more. Its next statement throws this, and the pool rolls back. */
public class InteractionCancelledException internal constructor() : CancellationException("nobody waits for it any more")

/** Who waits for a job. Called once, on any thread, without a lock. */
internal interface Completion<in T> {
    fun succeeded(value: T)

    fun failed(error: Throwable)
}

/**
 * One piece of work with a connection, on a thread of the pool.
 *
 * | State | What cancelling does |
 * |---|---|
 * | QUEUED | it leaves the queue |
 * | RUNNING, waiting for a connection | the connection, when it comes, is given back unused |
 * | RUNNING, a statement runs | `Statement.cancel`, again and again until the statement has ended; then it is rolled back |
 * | RUNNING, between two statements | the next one is refused; then it is rolled back |
 * | COMMITTING | the commit goes to its end; when it fails, nothing is tried again |
 * | ENDED | nothing |
 *
 * In all of them who waits is told at once. When the job has not ended a while after, its connection is cut. A connection goes back only when no
 * cancellation is on its way over it: that would hit the next one's statement.
 */
internal class Job<T>(
    private val engine: Engine,
    private val interaction: InteractionOptions?,
    private val work: (Session) -> T,
    private val completion: Completion<T>,
) {
    private enum class State { QUEUED, RUNNING, COMMITTING, ENDED }

    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val isTold = AtomicBoolean()
    private val asked = System.nanoTime()

    // With the lock.
    private var state = State.QUEUED
    private var end: Throwable? = null // why it is to go no further
    private var held: Connection? = null
    private var running: Execution? = null
    private var cancelsUnderWay = 0
    private var isTainted = false // a cancellation went over the connection
    private var isCut = false

    // So that a row costs no lock; once true, the lock tells more.
    @Volatile
    private var isToEnd = false

    private var mayHaveBegun = false // a transaction, of SQLite, which does not tell; on the job's thread
    private var timeLimit: AutoCloseable? = null
    private lateinit var carried: Runnable

    /** On the thread that asks for it. The time-out of an interaction counts from now. */
    fun prepare() {
        carried = engine.options.contextCarrier.carry(::runHere)
        val timeout = interaction?.timeout ?: return
        timeLimit =
            engine.deadlines.after(timeout) {
                engine.counters.timedOut.increment()
                end(InteractionTimeoutException("the interaction took longer than $timeout"))
            }
    }

    /** No thread takes it. */
    fun refuse() {
        lock.withLock { state = State.ENDED }
        timeLimit?.close()
    }

    /** On the job's thread. */
    fun executes(text: String) {
        if (interaction == null && engine.dialect == Dialect.SQLITE) mayHaveBegun = BEGINS.containsMatchIn(text)
    }

    /** The connection must be looked at before it goes to another: this thread has cancelled a statement of it. */
    fun taint(): Unit = lock.withLock { isTainted = true }

    /** Nobody waits for it any more. On any thread; does not block. */
    fun cancel() {
        if (isTold.compareAndSet(false, true)) {
            engine.counters.cancelled.increment()
            stop(InteractionCancelledException())
        }
    }

    /** The job is to go no further, and the caller is told. On any thread; does not block. */
    fun end(why: Throwable) {
        if (stop(why)) {
            if (isTold.compareAndSet(false, true)) completion.failed(why)
        } else {
            cutLater() // a commit that hangs
        }
    }

    private fun stop(why: Throwable): Boolean {
        val execution: Execution?
        val wasQueued: Boolean
        lock.withLock {
            if (state == State.ENDED || end != null) return false
            end = why
            isToEnd = true
            if (state == State.COMMITTING) return false // but if that fails, it is not tried again
            wasQueued = state == State.QUEUED
            if (wasQueued) state = State.ENDED
            execution = running
            changed.signalAll()
        }
        if (wasQueued) {
            timeLimit?.close()
            engine.workers.remove(this)
        } else {
            execution?.let { pursue(it, 0) }
            cutLater()
        }
        return true
    }

    private fun cutLater() {
        engine.deadlines.after(engine.options.cancelTimeout) { cutUnlessOver(null) }
    }

    // On the job's thread.

    fun run() {
        val failure = runCatching { carried.run() }.exceptionOrNull()
        if (!wasNeverBegun()) {
            failure?.let { throw it }
            return
        }
        timeLimit?.close()
        if (!isTold.compareAndSet(false, true)) return
        engine.counters.failed.increment()
        completion.failed(failure ?: IllegalStateException("the context carrier has not run what it was given"))
    }

    private fun wasNeverBegun(): Boolean = lock.withLock {
        val was = state == State.QUEUED
        if (was) state = State.ENDED
        was
    }

    /** Whether there is nothing left to run. */
    val isOver: Boolean get() = lock.withLock { state == State.ENDED }

    private fun runHere() {
        lock.withLock {
            if (state != State.QUEUED) return
            state = State.RUNNING
        }
        engine.counters.began(System.nanoTime() - asked)
        val outcome = runCatching { attempts() }
        lock.withLock { state = State.ENDED }
        timeLimit?.close()
        if (!isTold.compareAndSet(false, true)) return
        outcome.fold(
            { value ->
                engine.counters.succeeded.increment()
                completion.succeeded(value)
            },
            { error ->
                engine.counters.failed.increment()
                completion.failed(error)
            },
        )
    }

    private fun attempts(): T {
        val retries = interaction?.retries ?: 0
        for (attempt in 1..retries) {
            try {
                return once()
            } catch (e: DatabaseException) {
                if (!e.isRetryable) throw e
                engine.counters.retried.increment()
                pause(attempt)
            }
        }
        return once()
    }

    /** Random, so that two that have met do not meet again. */
    private fun pause(attempt: Int) {
        val most = minOf(SHORTEST_PAUSE shl minOf(attempt, DOUBLINGS), LONGEST_PAUSE)
        var left = TimeUnit.MILLISECONDS.toNanos(ThreadLocalRandom.current().nextLong(1, most))
        lock.withLock { while (end == null && left > 0) left = changed.awaitNanos(left) }
        checkGoesOn()
    }

    private fun once(): T {
        checkGoesOn()
        val connection =
            try {
                taken()
            } catch (e: SQLException) {
                throw engine.classified(e)
            }
        lock.withLock {
            held = connection
            isTainted = false
            isCut = false
        }
        var failure: Throwable? = null
        try {
            checkGoesOn()
            return if (interaction == null) withSession(connection) else inTransaction(connection, interaction)
        } catch (e: SQLException) {
            throw (whyEnded() ?: translated(e)).also { failure = it }
        } catch (e: Throwable) {
            throw (if (e is Error || e is CommitOutcomeUnknownException) e else whyEnded() ?: e).also { failure = it }
        } finally {
            giveBack(connection, failure)
        }
    }

    /** Where the source sets no limit of its own, who waits is told when it takes too long; the connection goes back when it comes. */
    private fun taken(): Connection {
        if (engine.connections.hasTimeout) return engine.take()
        val timeout = engine.options.connectTimeout
        val limit =
            engine.deadlines.after(timeout) {
                engine.counters.failed.increment()
                end(DatabaseUnavailableException("no connection within $timeout", null))
            }
        return limit.use { engine.take() }
    }

    private fun withSession(connection: Connection): T {
        val session = Session(this, engine, connection)
        try {
            return work(session)
        } finally {
            session.end()
        }
    }

    private fun inTransaction(connection: Connection, options: InteractionOptions): T {
        if (engine.dialect != Dialect.SQLITE) { // whose transactions are serializable, and told of neither
            if (options.readOnly) connection.isReadOnly = true
            options.isolation?.let { connection.transactionIsolation = it.level }
        }
        connection.autoCommit = false
        val result = withSession(connection)
        lock.withLock {
            end?.let { throw it }
            state = State.COMMITTING
        }
        try {
            engine.deadlines.after(engine.options.statementTimeout) { cutUnlessOver(connection) }.use { connection.commit() }
        } catch (e: SQLException) {
            lock.withLock { state = State.RUNNING }
            val error = engine.classified(e)
            throw if (error is DatabaseUnavailableException) {
                CommitOutcomeUnknownException("the connection was lost at the commit: ${error.message}", e)
            } else {
                error
            }
        }
        return result
    }

    private fun giveBack(connection: Connection, failure: Throwable?) {
        val isFit = (failure == null || failure !is Error) && isCleaned(connection, failure)
        val isReturned =
            lock.withLock {
                held = null
                isFit && !isCut
            }
        try {
            if (isReturned) {
                engine.connections.giveBack(connection)
            } else {
                engine.counters.evicted.increment()
                engine.connections.evict(connection)
            }
            if (failure is DatabaseUnavailableException) engine.connections.evictIdle()
        } catch (e: Exception) {
            log.debug("a connection could not be given back: {reason}", "reason" to e.toString())
        }
    }

    /** Rolls back what is not committed, and makes the connection as it was. False when that fails. */
    private fun isCleaned(connection: Connection, failure: Throwable?): Boolean {
        if (failure is DatabaseUnavailableException) return false
        val isSound = lock.withLock { !isCut && cancelsUnderWay == 0 }
        if (!isSound) return false
        return try {
            engine.deadlines.after(engine.options.cancelTimeout) { cutUnlessOver(connection) }.use { clean(connection, failure) }
        } catch (e: Exception) {
            log.debug("a connection could not be cleaned: {reason}", "reason" to e.toString())
            false
        }
    }

    private fun clean(connection: Connection, failure: Throwable?): Boolean {
        if (!connection.autoCommit) {
            if (failure != null || interaction == null) connection.rollback()
            connection.autoCommit = true
        } else if (interaction == null) {
            engine.dialect.endTransaction(connection, mayHaveBegun)
        }
        if (interaction != null && engine.dialect != Dialect.SQLITE) {
            if (interaction.readOnly) connection.isReadOnly = false
            if (interaction.isolation != null) connection.transactionIsolation = engine.usualIsolation
        }
        // A cancellation that the server has heard of late must find nothing that it could hit later.
        return !isTainted || connection.isValid(VALIDATION_SECONDS)
    }

    /** Throws when the job, or the statement that runs, is to go no further. */
    fun checkGoesOn() {
        if (!isToEnd) return
        lock.withLock {
            end?.let { throw it }
            timedOut()?.let { throw it.timedOut(null) }
        }
    }

    /** With the lock: the statement whose time is over, of the one that runs and those whose rows are read meanwhile. */
    private fun timedOut(): Execution? = generateSequence(running, Execution::outer).firstOrNull(Execution::isTimedOut)

    private fun whyEnded(): Throwable? = lock.withLock { end }

    // Statements.

    /** Runs [call], which executes [statement] or reads its result, so that a cancellation or a [timeout] reaches it. */
    fun <R> executing(statement: Statement, timeout: Duration, call: () -> R): R = try {
        executingRaw(statement, timeout, call)
    } catch (e: SQLException) {
        throw translated(e)
    }

    private fun translated(error: SQLException): DatabaseException =
        if (error is TimedOut) StatementTimeoutException(error.message!!, error.cause) else engine.classified(error)

    /** [executing] for those who want JDBC's own exceptions. */
    @Throws(SQLException::class)
    fun <R> executingRaw(statement: Statement, timeout: Duration, call: () -> R): R {
        val execution: Execution
        lock.withLock {
            end?.let { throw it }
            timedOut()?.let { throw it.timedOut(null) }
            execution = Execution(statement, timeout, running)
            running = execution
        }
        val limit = engine.deadlines.after(timeout) { timeOut(execution) }
        try {
            return call()
        } catch (e: SQLException) {
            throw why(e)
        } finally {
            limit.close()
            finish(execution)
        }
    }

    private fun why(error: SQLException): Throwable = lock.withLock { end ?: timedOut()?.timedOut(error) ?: error }

    private class TimedOut(message: String, cause: SQLException?) :
        SQLTimeoutException(message, cause?.sqlState, cause?.errorCode ?: 0, cause)

    /** Waits for a cancellation that is on its way. One that takes too long makes the connection unfit. */
    private fun finish(execution: Execution) {
        lock.withLock {
            running = execution.outer // whose rows are still read
            var left = TimeUnit.NANOSECONDS.convert(engine.options.cancelTimeout)
            while (cancelsUnderWay > 0 && left > 0) {
                left =
                    try {
                        changed.awaitNanos(left)
                    } catch (_: InterruptedException) {
                        Thread.currentThread().interrupt()
                        0
                    }
            }
        }
    }

    /** Waits until [isReady], or until the job is to go no further. On the job's thread; [signal] makes it look again. */
    fun awaitUntil(isReady: () -> Boolean) {
        lock.withLock {
            while (!isReady()) {
                end?.let { throw it }
                changed.await()
            }
            end?.let { throw it }
        }
    }

    fun signal(change: () -> Unit): Unit = lock.withLock {
        change()
        changed.signalAll()
    }

    // On other threads.

    private fun timeOut(execution: Execution) {
        val now: Execution
        lock.withLock {
            now = running ?: return
            if (generateSequence(now, Execution::outer).none { it === execution }) return
            execution.isTimedOut = true
            isToEnd = true
        }
        engine.counters.timedOut.increment()
        pursue(now, 0)
    }

    /** Cancels a statement until it has ended: a cancellation that comes before the driver has sent it does nothing. */
    private fun pursue(execution: Execution, attempt: Int) {
        lock.withLock {
            if (running !== execution) return
            cancelsUnderWay++
        }
        val pause = minOf(FIRST_CANCEL_PAUSE shl minOf(attempt, DOUBLINGS), LAST_CANCEL_PAUSE)
        val refused = {
            cancelIsOver()
            engine.deadlines.after(Duration.ofMillis(pause)) { pursue(execution, attempt) }
        }
        engine.inHelper(refused) {
            cancelNow(execution, attempt > 0)
            engine.deadlines.after(Duration.ofMillis(pause)) { pursue(execution, attempt + 1) }
        }
    }

    private fun cancelNow(execution: Execution, isRepeated: Boolean) {
        try {
            val connection =
                lock.withLock {
                    if (running !== execution) return
                    isTainted = true
                    held
                }
            if (isRepeated && connection != null) {
                engine.dialect.cancelAgain(connection, execution.statement)
            } else {
                execution.statement.cancel()
            }
        } catch (e: Throwable) {
            log.debug("a statement could not be cancelled: {reason}", "reason" to e.toString())
        } finally {
            cancelIsOver()
        }
    }

    private fun cancelIsOver() {
        lock.withLock {
            cancelsUnderWay--
            changed.signalAll()
        }
    }

    /** The server has not ended it in time: cuts [only], or whatever connection there is. */
    private fun cutUnlessOver(only: Connection?) {
        val connection =
            lock.withLock {
                val connection = held ?: return
                if (only != null && only !== connection) return
                isCut = true
                connection
            }
        val again = { engine.deadlines.after(Duration.ofMillis(LAST_CANCEL_PAUSE)) { cutUnlessOver(connection) } }
        engine.inHelper(again) { cut(connection) }
    }

    /** One execution of a statement, which may be executed again. */
    private class Execution(
        val statement: Statement,
        val timeout: Duration,
        /** The one whose row was being mapped when this one began. */
        val outer: Execution?,
    ) {
        var isTimedOut = false // with the lock

        fun timedOut(error: SQLException?) = TimedOut("the statement took longer than $timeout", error)
    }

    private companion object {
        const val SHORTEST_PAUSE = 10L
        const val LONGEST_PAUSE = 1_000L
        const val FIRST_CANCEL_PAUSE = 20L
        const val LAST_CANCEL_PAUSE = 1_000L
        const val DOUBLINGS = 6
        const val VALIDATION_SECONDS = 2
        val BEGINS = Regex("\\b(BEGIN|SAVEPOINT)\\b", RegexOption.IGNORE_CASE)
        val log = Logger(ConnectionPool::class.java)
    }
}
