// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import com.zaxxer.hikari.HikariDataSource
import dev.torsion.defer.Deferred
import dev.torsion.defer.toDeferred
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.TriggerHandle
import dev.torsion.spi.TorsionSpi
import java.sql.DriverManager
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Flow
import javax.sql.DataSource

/**
 * Connections to a database, and threads to use them on, so that nothing blocks the reactor; Twisted's `adbapi.ConnectionPool`.
 *
 * ```java
 * try (var db = ConnectionPool.open(torsion.reactor(), "jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1")) {
 *   db.update("INSERT INTO fruit(name, price) VALUES (?, ?)", "apple", 3)
 *       .thenCompose(count -> db.query("SELECT name FROM fruit WHERE price < ?", 10))
 *       .thenAccept(rows -> rows.forEach(row -> System.out.println(row.get("name"))));
 * }
 * ```
 *
 * Each operation has three voices. Those that begin with `run` are Twisted's and give a [Deferred], on the reactor's thread. Those without
 * give a future, on any thread; its stages run on the reactor's. Those that begin with `await` are for coroutines, on any dispatcher.
 *
 * A query or a single statement is committed by itself. A transaction that a single statement such as `BEGIN` opens is rolled back. An
 * interaction is a transaction: the pool commits it when its function returns, and rolls it back when the function throws.
 *
 * **Cancelling** the Deferred, the future or the coroutine ends the work. Work that waits does not begin. A statement that runs is
 * cancelled in the database. An interaction is rolled back. The caller is told at once, and the connection follows. A commit that has begun
 * goes to its end. A single statement may have been done as well.
 *
 * **Errors**: [DatabaseException] and its subclasses when the database refuses or cannot be reached, [TooBusyException] when too many wait
 * already, [ConnectionPoolClosedException], and any exception that the function of an interaction throws. The pool does not use a
 * connection again when its thread has thrown an [Error], when its roll-back has failed, or when its cancellation may not be over.
 *
 * The pool closes when [close] is called, and when its reactor stops. It makes threads and connections when they are needed. Do not wait in
 * an interaction for another operation of the same pool: when all threads do that, none is left.
 */
@OptIn(TorsionSpi::class)
public class ConnectionPool private constructor(private val reactor: Reactor, @get:JvmSynthetic internal val engine: PoolEngine) :
    AutoCloseable {
    @get:JvmSynthetic internal val voices = Voices(reactor, engine)
    private var trigger: TriggerHandle? = null // the reactor's thread only

    // Twisted's: Deferreds.

    /** The rows of [query], as a Deferred. A statement that gives no rows gives an empty list. On the reactor's thread. */
    public fun <T> runQuery(query: Query<T>): Deferred<List<T>> = deferred("runQuery", null) { it.query(query) }

    /** The rows of the statement [text], with [arguments] for each `?` in it. On the reactor's thread. */
    public fun runQuery(text: String, vararg arguments: Any?): Deferred<List<Row>> = runQuery(Sql.of(text, *arguments))

    /** Runs a statement that changes something; the Deferred has how many rows that were. On the reactor's thread. */
    public fun runOperation(sql: Sql): Deferred<Long> = deferred("runOperation", null) { it.update(sql) }

    /** [runOperation] with [arguments] for each `?` in [text]. On the reactor's thread. */
    public fun runOperation(text: String, vararg arguments: Any?): Deferred<Long> = runOperation(Sql.of(text, *arguments))

    /** Runs an `INSERT`; the Deferred has the keys that the database has made. On the reactor's thread. */
    public fun runInsert(sql: Sql): Deferred<Inserted> = deferred("runInsert", null) { it.insert(sql) }

    /** [runInsert] with [arguments] for each `?` in [text]. On the reactor's thread. */
    public fun runInsert(text: String, vararg arguments: Any?): Deferred<Inserted> = runInsert(Sql.of(text, *arguments))

    /** Runs [batch] as one transaction; the Deferred has how many rows each of its rows has changed. On the reactor's thread. */
    public fun runBatch(batch: Batch): Deferred<List<Long>> = deferred("runBatch", engine.options.interaction) { it.batch(batch) }

    /** Runs [work] as a transaction, on a thread of the pool. Called on the reactor's thread. */
    public fun <T> runInteraction(work: Interaction<T>): Deferred<T> = runInteraction(engine.options.interaction, work)

    /** [runInteraction] with other [options]. */
    public fun <T> runInteraction(options: InteractionOptions, work: Interaction<T>): Deferred<T> =
        deferred("runInteraction", options) { work.run(Transaction(it)) }

    /**
     * Runs [work] with a connection of JDBC's as a transaction, on a thread of the pool. Called on the reactor's thread.
     *
     * The connection, its statements and their results are for [work] alone: after its end, and on other threads, they refuse. A call that may
     * ask the server has the [statement time-out][ConnectionPoolOptions.statementTimeout], and a commit that takes longer is a
     * [CommitOutcomeUnknownException]. `unwrap` gives the driver's own classes, whose calls have no limit.
     */
    public fun <T> runWithConnection(work: ConnectionWork<T>): Deferred<T> =
        deferred("runWithConnection", engine.options.interaction) { work.run(GuardedConnection.of(it)) }

    // Futures.

    /** The rows of [query], as a future. A statement that gives no rows gives an empty list. On any thread. */
    public fun <T> query(query: Query<T>): CompletableFuture<List<T>> = voices.future(null) { it.query(query) }

    /** The rows of the statement [text], with [arguments] for each `?` in it. On any thread. */
    public fun query(text: String, vararg arguments: Any?): CompletableFuture<List<Row>> = query(Sql.of(text, *arguments))

    /** Runs a statement that changes something; the future has how many rows that were. On any thread. */
    public fun update(sql: Sql): CompletableFuture<Long> = voices.future(null) { it.update(sql) }

    /** [update] with [arguments] for each `?` in [text]. On any thread. */
    public fun update(text: String, vararg arguments: Any?): CompletableFuture<Long> = update(Sql.of(text, *arguments))

    /** Runs an `INSERT`; the future has the keys that the database has made. On any thread. */
    public fun insert(sql: Sql): CompletableFuture<Inserted> = voices.future(null) { it.insert(sql) }

    /** [insert] with [arguments] for each `?` in [text]. On any thread. */
    public fun insert(text: String, vararg arguments: Any?): CompletableFuture<Inserted> = insert(Sql.of(text, *arguments))

    /** Runs [batch] as one transaction; the future has how many rows each of its rows has changed. On any thread. */
    public fun batch(batch: Batch): CompletableFuture<List<Long>> = voices.future(engine.options.interaction) { it.batch(batch) }

    /** Runs [work] as a transaction, on a thread of the pool. Called on any thread. */
    public fun <T> interaction(work: Interaction<T>): CompletableFuture<T> = interaction(engine.options.interaction, work)

    /** [interaction] with other [options]. */
    public fun <T> interaction(options: InteractionOptions, work: Interaction<T>): CompletableFuture<T> =
        voices.future(options) { work.run(Transaction(it)) }

    /** Runs [work] with a connection of JDBC's as a transaction, on a thread of the pool. Called on any thread. */
    public fun <T> withConnection(work: ConnectionWork<T>): CompletableFuture<T> =
        voices.future(engine.options.interaction) { work.run(GuardedConnection.of(it)) }

    // Streams.

    /**
     * The rows of [query], not all of them in memory: each subscriber's query is run when it subscribes, in a transaction, and rows are
     * fetched as it asks for them, [Sql.fetchSize] at once. Signals come on the reactor's thread. A thread and a connection are taken until the
     * last row, or until the subscriber cancels.
     *
     * A [Flow.Publisher] carries no null. So the stream fails with a [MappingException] when the mapper gives null for a row; an `Optional`
     * passes.
     */
    public fun <T> stream(query: Query<T>): Flow.Publisher<T> = RowPublisher(reactor, engine, query)

    // Its life.

    /** How it is doing. On any thread. */
    public fun health(): ConnectionPoolHealth = engine.health()

    /**
     * Closes the pool. It takes no more work. Work that it has is done, for at most [ConnectionPoolOptions.closeTimeout]; then that is
     * cancelled. It waits until the pool is closed, except on the reactor's thread and on the pool's own: there it returns at once.
     */
    override fun close() {
        val closed = engine.close()
        if (!reactor.mustNotBlock && !engine.workers.isOnOwnThread) closed.join()
    }

    /** [close] as a future. On any thread. */
    public fun closeAsync(): CompletableFuture<Void?> = voices.following(engine.close())

    /** [close] as a Deferred. On the reactor's thread. */
    public fun runClose(): Deferred<Void?> = engine.close().copy().toDeferred(reactor)

    private fun <T> deferred(operation: String, interaction: InteractionOptions?, work: (JobSession) -> T): Deferred<T> {
        reactor.checkThread(operation)
        return voices.deferred(interaction, work)
    }

    /** On the reactor's thread. */
    private fun closeWithReactor() {
        if (engine.ended.isDone) return
        engine.ended.whenComplete { _, _ -> forgetTriggerSoon() }
        trigger =
            reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) {
                trigger = null
                engine.close()
                // The reactor waits for its threads, and hands over what comes until then.
                if (!engine.ended.isDone) reactor.callInThread { engine.ended.join() }
                null
            }
    }

    /** Not before the end: a reactor that stops meanwhile waits for it. */
    private fun forgetTriggerSoon() {
        try {
            reactor.callFromThread(::forgetTrigger)
        } catch (_: ReactorNotRunningException) {
            // It has no triggers any more.
        }
    }

    private fun forgetTrigger() {
        trigger?.let(reactor::removeSystemEventTrigger)
        trigger = null
    }

    override fun toString(): String =
        "ConnectionPool(${engine.options.name}, ${engine.workers.busyCount} busy, ${engine.workers.waitingCount} waiting)"

    public companion object {
        /**
         * A pool of connections to the database at the JDBC [url]. Nothing is connected yet. On any thread.
         *
         * A database that is in one process's memory only is gone with its last connection: for H2 add `;DB_CLOSE_DELAY=-1`.
         *
         * SQLite has one writer at a time, and several connections of a pool would fail with [LockTimeoutException] when they write. So its pool
         * has one connection, unless [ConnectionPoolOptions.withConnections] says otherwise: then let the URL have
         * `?journal_mode=WAL&transaction_mode=IMMEDIATE`, with which several connections read while one writes. A connection waits up to 10 seconds for a
         * lock of another, such as another program's, unless the URL says otherwise (`busy_timeout`). Of `:memory:` each connection has a
         * database of its own, so such a pool always has one.
         *
         * @throws DatabaseException when no driver knows the URL
         * @throws ReactorNotRunningException when the reactor has stopped
         */
        @JvmStatic
        @JvmOverloads
        public fun open(reactor: Reactor, url: String, options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT): ConnectionPool {
            try {
                DriverManager.getDriver(url)
            } catch (e: java.sql.SQLException) {
                val kind = url.split(':').take(2).joinToString(":") // what follows may hold a password
                throw DatabaseException("no driver on the class path knows a URL that begins with $kind", e)
            }
            val isOne = isSqliteInMemory(url) || (isSqlite(url) && !options.areConnectionsChosen)
            val fitting = if (isOne) options.withConnections(1) else options
            val connections =
                if (options.pooled) {
                    KeptConnections(url, null, fitting)
                } else {
                    SourceConnections { DriverManager.getConnection(url, driverProperties(url, fitting)) }
                }
            return open(reactor, connections, fitting)
        }

        /**
         * A pool of connections of [source], which stays the caller's and is not closed. One that keeps connections itself is given with
         * [ConnectionPoolOptions.withPooled] `false`; a `HikariDataSource` is known to. On any thread.
         *
         * A connection that is not fit for use is evicted from a `HikariDataSource`. From another pool JDBC cannot evict: this calls
         * `Connection.abort` and closes. When the driver's `abort` does nothing, as H2's, that pool may give the connection out again.
         *
         * @throws ReactorNotRunningException when the reactor has stopped
         */
        @JvmStatic
        @JvmOverloads
        public fun open(
            reactor: Reactor,
            source: DataSource,
            options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT,
        ): ConnectionPool {
            val connections =
                if (options.pooled && source !is HikariDataSource) {
                    KeptConnections(null, source, options)
                } else {
                    SourceConnections(source as? HikariDataSource) {
                        if (options.username == null) source.connection else source.getConnection(options.username, options.password)
                    }
                }
            return open(reactor, connections, options)
        }

        private fun open(reactor: Reactor, connections: PoolConnections, options: ConnectionPoolOptions): ConnectionPool {
            val pool = ConnectionPool(reactor, PoolEngine(options, connections))
            if (reactor.isInReactorThread) pool.closeWithReactor() else reactor.callFromThread(pool::closeWithReactor)
            return pool
        }
    }
}
