// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import java.sql.Connection
import java.sql.SQLException
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.withLock

/**
 * The connection that a job has, and whether it is fit for the next one. It goes back only when no cancellation is on its way over it: that
 * would hit the next one's statement.
 */
internal class HeldConnection(private val engine: PoolEngine, private val fate: Fate, private val interaction: InteractionOptions?) {
    private val lock get() = fate.lock

    private var held: Connection? = null // is set with the lock, on the job's thread

    /** With the lock. */
    val current: Connection? get() = held

    // With the lock.
    private var cancelsUnderWay = 0
    private var isTainted = false // a cancellation went over the connection
    private var isCut = false

    // On the job's thread.
    private var readiness = Readiness.UNTOUCHED
    private var mayHaveBegun = false // a transaction, of SQLite, which does not tell
    private var hasBegun = false // its transaction
    private var mayEndItself = false // by a statement, so that nobody knows whether the transaction goes on

    // On the job's thread.

    fun took(connection: Connection) {
        readiness = Readiness.UNTOUCHED
        mayHaveBegun = false
        hasBegun = false
        mayEndItself = false
        lock.withLock {
            held = connection
            isTainted = false
            isCut = false
        }
    }

    /** Makes [connection] ready for work. When that fails, it is fit for nobody. */
    fun prepare(connection: Connection) {
        readiness = Readiness.BEGUN
        engine.prepare(connection)
        readiness = Readiness.READY
    }

    fun executes(text: String) {
        when (engine.dialect) {
            Dialect.SQLITE -> if (BEGINS.containsMatchIn(text)) mayHaveBegun = true
            Dialect.POSTGRESQL ->
                if (interaction != null && ENDS.containsMatchIn(text)) {
                    mayEndItself = true
                    hasBegun = false
                }
            else -> Unit
        }
    }

    /** The transaction is over, and the next statement begins another. */
    fun endsTransaction() {
        hasBegun = false
    }

    /** The connection whose transaction is to [begin] before a statement is executed; null when nothing is to begin. */
    val notBegun: Connection? get() = if (interaction == null || hasBegun || !engine.dialect.beginsLate) null else held

    /** Makes sure that the transaction of [connection] has begun. A server that does not answer within [timeout] is lost. */
    @Throws(SQLException::class)
    fun begin(connection: Connection, timeout: Duration) {
        if (connection.autoCommit) return
        engine.deadlines.after(timeout) { cutUnlessOver(connection) }.use { engine.dialect.begin(connection) }
        hasBegun = !mayEndItself
    }

    /** It must be looked at before it goes to another: this thread has cancelled a statement of it. */
    fun taint(): Unit = lock.withLock { isTainted = true }

    /** With the lock: waits for a cancellation that is on its way. One that takes too long makes the connection unfit. */
    fun awaitCancels() {
        var left = TimeUnit.NANOSECONDS.convert(engine.options.cancelTimeout)
        while (cancelsUnderWay > 0 && left > 0) {
            left =
                try {
                    fate.changed.awaitNanos(left)
                } catch (_: InterruptedException) {
                    Thread.currentThread().interrupt()
                    0
                }
        }
    }

    fun giveBack(connection: Connection, failure: Throwable?) {
        val isFit =
            when (readiness) {
                Readiness.UNTOUCHED -> true // it came too late
                Readiness.BEGUN -> false
                Readiness.READY -> failure !is Error && isCleaned(connection, failure)
            }
        val isReturned =
            lock.withLock {
                held = null
                isFit && !isCut
            }
        val limit = returnLimit(connection)
        try {
            if (isReturned) {
                engine.connections.giveBack(connection)
            } else {
                engine.counters.evicted.increment()
                engine.connections.evict(connection)
            }
            if (failure is DatabaseUnavailableException) engine.connections.evictIdle()
        } catch (e: Throwable) { // what the job has come to counts for more
            log.debug("a connection could not be given back: {reason}", "reason" to safeString(e))
        } finally {
            limit?.close()
        }
    }

    /** The source may ask the server once more. Null when the system is out of threads: then it goes back all the same. */
    private fun returnLimit(connection: Connection): AutoCloseable? = try {
        ReturnLimit(connection)
    } catch (e: Throwable) {
        log.debug("a connection goes back without a limit: {reason}", "reason" to safeString(e))
        null
    }

    /** Cuts the connection, unless it is closed before: a source may have given the same object to another by then. */
    private inner class ReturnLimit(private val connection: Connection) : AutoCloseable {
        private val isReturned = AtomicBoolean()
        private val deadline = engine.deadlines.after(engine.options.cancelTimeout) { engine.inHelper({}, ::cutUnlessReturned) }

        private fun cutUnlessReturned() {
            if (!isReturned.get()) cut(connection)
        }

        override fun close() {
            isReturned.set(true)
            deadline.close()
        }
    }

    /** Rolls back changes that are not committed, and sets the connection to its first state. False when that fails. */
    private fun isCleaned(connection: Connection, failure: Throwable?): Boolean {
        if (failure is DatabaseUnavailableException) return false
        val isSound = lock.withLock { !isCut && cancelsUnderWay == 0 }
        if (!isSound) return false
        return try {
            engine.deadlines.after(engine.options.cancelTimeout) { cutUnlessOver(connection) }.use { clean(connection, failure) }
        } catch (e: Throwable) { // an Error too: the connection must not be lost over it
            log.debug("a connection could not be cleaned: {reason}", "reason" to safeString(e))
            false
        }
    }

    private fun clean(connection: Connection, failure: Throwable?): Boolean {
        if (!connection.autoCommit) {
            if (failure != null || interaction == null) connection.rollback()
            connection.autoCommit = true
        } else {
            engine.dialect.endTransaction(connection, mayHaveBegun)
        }
        if (interaction != null && engine.dialect != Dialect.SQLITE) {
            if (interaction.readOnly) connection.isReadOnly = false
            if (interaction.isolation != null) connection.transactionIsolation = engine.usualIsolation
        }
        // A cancellation that the server has heard of late must find nothing that it could hit later.
        return !isTainted || connection.isValid(VALIDATION_SECONDS)
    }

    // On other threads.

    /** With the lock. */
    fun cancelBegins() {
        cancelsUnderWay++
    }

    /** With the lock: a cancellation goes over it now. Gives it, if there is one. */
    fun cancelled(): Connection? {
        isTainted = true
        return held
    }

    fun cancelIsOver(): Unit = lock.withLock {
        cancelsUnderWay--
        fate.changed.signalAll()
    }

    /** The server has not ended it in time: cuts [only], or whatever connection there is. */
    fun cutUnlessOver(only: Connection?) {
        val connection =
            lock.withLock {
                val connection = held ?: return
                if (only != null && only !== connection) return
                isCut = true
                connection
            }
        val again = { engine.deadlines.after(NEXT_TRY) { cutUnlessOver(connection) } }
        engine.inHelper(again) { cut(connection) }
    }

    private enum class Readiness { UNTOUCHED, BEGUN, READY }

    private companion object {
        val NEXT_TRY: Duration = Duration.ofSeconds(1)
        const val VALIDATION_SECONDS = 2
        val ENDS = Regex("(^|[;\\n]|\\*/)\\s*(COMMIT|ROLLBACK|END|ABORT|PREPARE)\\b", RegexOption.IGNORE_CASE) // at a statement's start
        val BEGINS = Regex("\\b(BEGIN|SAVEPOINT)\\b", RegexOption.IGNORE_CASE)
        val log = Logger(ConnectionPool::class.java)
    }
}
