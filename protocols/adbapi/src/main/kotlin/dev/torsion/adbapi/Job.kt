// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.safeString
import java.sql.Connection
import java.sql.SQLException
import java.util.concurrent.CancellationException
import java.util.concurrent.ThreadLocalRandom
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.withLock

/** Nobody waits for the interaction any more. Its next statement throws this, and the pool rolls back. */
public class InteractionCancelledException internal constructor() : CancellationException("nobody waits for it any more")

/** The voice that waits for a job. Called once, on any thread, without a lock. */
internal interface Completion<in T> {
    fun succeeded(value: T)

    fun failed(error: Throwable)
}

/**
 * One piece of work with a connection, on a thread of the pool.
 *
 * | State | The effect of cancelling |
 * |---|---|
 * | QUEUED | it leaves the queue |
 * | RUNNING, waiting for a connection | the connection, when it comes, is given back unused |
 * | RUNNING, a statement runs | `Statement.cancel`, again and again until the statement has ended; then it is rolled back |
 * | RUNNING, between two statements | the next one is refused; then it is rolled back |
 * | COMMITTING | the commit goes to its end; when it fails, nothing is tried again |
 * | ENDED | nothing |
 *
 * In all of them the caller is told at once. When the job has not ended some time after, its connection is cut.
 */
internal class Job<T>(
    private val engine: PoolEngine,
    private val interaction: InteractionOptions?,
    private val work: (JobSession) -> T,
    private val completion: Completion<T>,
) {
    private enum class State { QUEUED, RUNNING, COMMITTING, ENDED }

    private val fate = Fate()
    private val lock get() = fate.lock
    private val isTold = AtomicBoolean()
    private val asked = System.nanoTime()
    private var state = State.QUEUED // with the lock
    private var timeLimit: AutoCloseable? = null
    private lateinit var carried: Runnable

    /** The connection that it has. */
    val connection: HeldConnection = HeldConnection(engine, fate, interaction)

    /** The use of that. */
    val statements: Executions = Executions(engine, fate, connection, ::end)

    /** On the thread that asks for it. The time-out of an interaction counts from now. */
    fun prepare() {
        carried = engine.options.contextCarrier.carry(::runHere)
        val timeout = interaction?.timeout ?: return
        timeLimit =
            engine.deadlines.after(timeout) {
                engine.counters.timedOut.increment()
                end(InteractionTimeoutException("the interaction took longer than ${readable(timeout)}"))
            }
    }

    /** No thread takes it. */
    fun refuse() {
        lock.withLock { state = State.ENDED }
        timeLimit?.close()
    }

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
        val execution: Executions.Execution?
        val wasQueued: Boolean
        lock.withLock {
            if (state == State.ENDED || fate.end != null) return false
            fate.end = why
            fate.isToEnd = true
            if (state == State.COMMITTING) return false // but if that fails, it is not tried again
            wasQueued = state == State.QUEUED
            if (wasQueued) state = State.ENDED
            execution = statements.running
            fate.changed.signalAll()
        }
        if (wasQueued) {
            timeLimit?.close()
            engine.workers.remove(this)
        } else {
            execution?.let { unlessRefused { statements.pursue(it) } }
            cutLater()
        }
        return true
    }

    private fun cutLater() {
        unlessRefused { engine.deadlines.after(engine.options.cancelTimeout) { connection.cutUnlessOver(null) } }
    }

    /** The caller is told although the system has no thread for the rest. */
    private inline fun unlessRefused(plan: () -> Unit) {
        try {
            plan()
        } catch (e: Throwable) {
            log.debug("{pool} has no thread to end its work with: {reason}", "pool" to engine.options.name, "reason" to safeString(e))
        }
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
        tell(outcome)
    }

    private fun tell(outcome: Result<T>) {
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
        lock.withLock { while (fate.end == null && left > 0) left = fate.changed.awaitNanos(left) }
        statements.checkGoesOn()
    }

    private fun once(): T {
        statements.checkGoesOn()
        val limit = connectLimit()
        val taken =
            try {
                engine.connections.take()
            } catch (e: SQLException) {
                limit.close()
                throw engine.classified(e)
            } catch (e: Throwable) {
                limit.close()
                throw e
            }
        connection.took(taken)
        var failure: Throwable? = null
        var result: Result<T>? = null
        try {
            limit.use {
                statements.checkGoesOn()
                connection.prepare(taken)
            }
            statements.checkGoesOn()
            return (if (interaction == null) withSession(taken) else inTransaction(taken, interaction)).also { result = Result.success(it) }
        } catch (e: SQLException) {
            failure = e // whatever describing it throws
            throw (whyEnded() ?: translated(e)).also { failure = it }
        } catch (e: Throwable) {
            failure = e
            throw (if (e is Error || e is CommitOutcomeUnknownException) e else whyEnded() ?: e).also { failure = it }
        } finally {
            tellingAtLast(result ?: Result.failure(failure!!)) { connection.giveBack(taken, failure) }
        }
    }

    /** A server that is silent, on a connection that cannot be cut, lets nobody wait for what is known by then. */
    private inline fun tellingAtLast(known: Result<T>, call: () -> Unit) {
        val time = engine.options.cancelTimeout
        var limit: AutoCloseable? = null
        val isBack = AtomicBoolean()
        unlessRefused { limit = engine.deadlines.after(Executions.sum(time, time)) { tellUnless(isBack, known) } }
        try {
            call()
        } finally {
            lock.withLock { isBack.set(true) }
            limit?.close()
        }
    }

    /** No other attempt follows one whose connection does not come back in time. */
    private fun tellUnless(isBack: AtomicBoolean, known: Result<T>) {
        lock.withLock {
            if (isBack.get()) return
            known.exceptionOrNull()?.let { error ->
                if (fate.end == null) fate.end = error
                fate.isToEnd = true
            }
        }
        tell(known)
    }

    /**
     * The caller is told when it takes too long until a connection is there and ready. The connection goes back when it comes. It is cut
     * when it is there and the server is silent. A source that has a limit of its own says more, so that comes first.
     */
    private fun connectLimit(): AutoCloseable {
        val timeout = engine.options.connectTimeout
        val most = if (engine.connections.hasTimeout) Executions.sum(timeout, engine.options.cancelTimeout) else timeout
        return try {
            engine.deadlines.after(most) {
                engine.counters.failed.increment()
                end(DatabaseUnavailableException("no connection within ${readable(timeout)}", null))
            }
        } catch (e: Throwable) { // the system is out of threads
            if (!engine.connections.hasTimeout) throw e
            AutoCloseable {}
        }
    }

    private fun withSession(taken: Connection): T {
        val session = JobSession(this, engine, taken)
        try {
            return work(session)
        } finally {
            session.end()
        }
    }

    private fun inTransaction(taken: Connection, options: InteractionOptions): T {
        statements.within(engine.options.statementTimeout, taken) {
            if (engine.dialect != Dialect.SQLITE) { // whose transactions are serializable, and told of neither
                if (options.readOnly) taken.isReadOnly = true
                options.isolation?.let { taken.transactionIsolation = it.level }
            }
            taken.autoCommit = false
        }
        val result = withSession(taken)
        lock.withLock {
            fate.end?.let { throw it }
            state = State.COMMITTING
        }
        try {
            engine.deadlines.after(engine.options.statementTimeout) { commitIsOverdue(taken) }.use {
                if (!taken.autoCommit) taken.commit() // otherwise the program has, and has gone on without a transaction
            }
        } catch (e: SQLException) {
            lock.withLock { state = State.RUNNING }
            throw commitFailure(e)
        } catch (e: RuntimeException) { // of a driver, or a pool, that cannot say what has happened
            lock.withLock { state = State.RUNNING }
            throw unknownOutcome(e)
        }
        return result
    }

    private fun commitIsOverdue(taken: Connection) {
        connection.cutUnlessOver(taken)
        engine.deadlines.after(engine.options.cancelTimeout) {
            if (lock.withLock { state == State.COMMITTING && connection.current === taken }) {
                val why = "the server has not answered the commit within ${readable(engine.options.statementTimeout)}"
                tell(Result.failure(CommitOutcomeUnknownException(why, null)))
            }
        }
    }

    private fun translated(error: SQLException) =
        if (error === statements.ownCommitFailure) commitFailure(error) else statements.translated(error)

    private fun commitFailure(error: SQLException): DatabaseException {
        val classified =
            try {
                engine.classified(error)
            } catch (_: Throwable) {
                return unknownOutcome(error)
            }
        if (classified !is DatabaseUnavailableException) return classified
        return CommitOutcomeUnknownException("the connection was lost at the commit: ${classified.message}", error)
    }

    private fun unknownOutcome(error: Exception) =
        CommitOutcomeUnknownException("the commit has failed with ${error.javaClass.name}, which does not say whether it was done", error)

    private fun whyEnded(): Throwable? = lock.withLock { fate.end }

    /** Waits until [isReady], or until the job is to go no further. On the job's thread; [signal] makes it look again. */
    fun awaitUntil(isReady: () -> Boolean) {
        lock.withLock {
            while (!isReady()) {
                fate.end?.let { throw it }
                fate.changed.await()
            }
            fate.end?.let { throw it }
        }
    }

    fun signal(change: () -> Unit): Unit = lock.withLock {
        change()
        fate.changed.signalAll()
    }

    private companion object {
        const val SHORTEST_PAUSE = 10L
        const val LONGEST_PAUSE = 1_000L
        const val DOUBLINGS = 6
        val log = Logger(ConnectionPool::class.java)
    }
}
