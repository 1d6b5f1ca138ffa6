// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import com.zaxxer.hikari.HikariConfig
import com.zaxxer.hikari.HikariDataSource
import com.zaxxer.hikari.SQLExceptionOverride
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import java.sql.Connection
import java.sql.SQLException
import java.sql.SQLTimeoutException
import java.util.Collections
import java.util.IdentityHashMap
import java.util.Properties
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import javax.sql.DataSource
import kotlin.concurrent.withLock

/** Where jobs get their connections. On any thread; all may block. */
internal interface PoolConnections : AutoCloseable {
    val openCount: Int
    val idleCount: Int

    /** Whether [take] ends within [ConnectionPoolOptions.connectTimeout] by itself. */
    val hasTimeout: Boolean

    @Throws(SQLException::class)
    fun take(): Connection

    /** Makes [connection], which was just taken, one with autocommit. */
    @Throws(SQLException::class)
    fun prepare(connection: Connection): Unit = Unit

    /** [connection] is as it was when it was taken. */
    fun giveBack(connection: Connection)

    /** [connection] may be in any state, and goes to nobody any more. */
    fun evict(connection: Connection)

    /** The server was lost: connections that were open before are not given out. */
    fun evictIdle()
}

/** Cuts [connection] off, whatever it is doing. */
internal fun cut(connection: Connection) {
    try {
        connection.abort(Runnable::run)
    } catch (e: Throwable) { // some drivers have no such method
        log.debug("a connection could not be cut: {reason}", "reason" to safeString(e))
    }
}

/** Connections that are kept by HikariCP, of a [source] or of a [url]. */
internal class KeptConnections(private val url: String?, private val source: DataSource?, private val options: ConnectionPoolOptions) :
    PoolConnections {
    private val lock = ReentrantLock()

    @Volatile
    private var made: HikariDataSource? = null
    private var isClosed = false

    override val openCount: Int get() = made?.hikariPoolMXBean?.totalConnections ?: 0

    override val idleCount: Int get() = made?.hikariPoolMXBean?.idleConnections ?: 0

    override val hasTimeout: Boolean get() = true

    override fun take(): Connection = (made ?: make()).connection

    override fun giveBack(connection: Connection) = connection.close()

    override fun evict(connection: Connection) {
        connection.use { made?.evictConnection(it) }
    }

    override fun evictIdle() {
        made?.hikariPoolMXBean?.softEvictConnections()
    }

    override fun close() {
        lock.withLock {
            isClosed = true
            made?.close()
        }
    }

    private fun make(): HikariDataSource = lock.withLock {
        made?.let { return it }
        if (isClosed) throw ConnectionPoolClosedException("the connection pool ${options.name} was closed")
        HikariDataSource(config()).also { made = it }
    }

    private fun config() = HikariConfig().apply {
        poolName = options.name
        if (url != null) jdbcUrl = url else dataSource = source
        username = options.username
        password = options.password
        maximumPoolSize = options.connections
        minimumIdle = 0
        connectionTimeout = options.connectTimeout.toMillisOr(MOST_MILLIS)
        validationTimeout = minOf(connectionTimeout, VALIDATION_MILLIS)
        initializationFailTimeout = -1 // a server that is not there yet is waited for by those who want it
        exceptionOverride = OVERRIDE
        if (url != null) dataSourceProperties.putAll(defaultsOf(url))
        if (url != null && isInMemory(url)) {
            // The database is gone with its last connection.
            minimumIdle = 1
            maxLifetime = 0
            idleTimeout = 0
            keepaliveTime = 0
        }
    }

    /** A statement that was cancelled says nothing about its connection: the job looks after that. */
    private object Override : SQLExceptionOverride {
        override fun adjudicate(error: SQLException): SQLExceptionOverride.Override =
            if (error is SQLTimeoutException || error.sqlState == "0A000") {
                SQLExceptionOverride.Override.DO_NOT_EVICT
            } else {
                SQLExceptionOverride.Override.CONTINUE_EVICT
            }
    }

    private companion object {
        val OVERRIDE: SQLExceptionOverride = Override
        const val VALIDATION_MILLIS = 5_000L
        const val MOST_MILLIS = 1_000_000_000L
    }
}

/**
 * A connection of its own for each job, by [connect]: of a source that keeps them itself. With [pool], the source is that one. Of another pool
 * all that JDBC can do is `abort`, which some drivers have not, so that pool may keep an evicted connection.
 */
internal class SourceConnections(private val pool: HikariDataSource? = null, private val connect: () -> Connection?) : PoolConnections {
    // Those that came with autocommit off: a single statement would be rolled back.
    private val switched: MutableSet<Connection> = Collections.synchronizedSet(Collections.newSetFromMap(IdentityHashMap()))

    override val openCount: Int get() = 0
    override val idleCount: Int get() = 0

    override val hasTimeout: Boolean get() = false

    override fun take(): Connection = connect() ?: throw SQLException("the data source has no connection", "08001")

    override fun prepare(connection: Connection) {
        if (connection.autoCommit) return
        connection.autoCommit = true
        switched.add(connection)
    }

    override fun giveBack(connection: Connection) {
        connection.use { if (switched.remove(it)) it.autoCommit = false }
    }

    override fun evict(connection: Connection) {
        switched.remove(connection)
        connection.use { if (pool == null) cut(it) else pool.evictConnection(it) }
    }

    override fun evictIdle() {
        pool?.hikariPoolMXBean?.softEvictConnections()
    }

    override fun close(): Unit = Unit
}

/** Whether the database that [url] names is gone when the last connection to it is. */
internal fun isInMemory(url: String): Boolean =
    url.startsWith("jdbc:h2:mem:") || isSqliteInMemory(url) || (url.startsWith("jdbc:sqlite:") && "mode=memory" in url)

/** Whether [url] is one of SQLite, which has one writer at a time. */
internal fun isSqlite(url: String): Boolean = url.startsWith("jdbc:sqlite:")

/** Properties for the driver of [url], where that says nothing about them: the driver takes a property for more than its URL. */
private fun defaultsOf(url: String): Map<String, String> =
    if (isSqlite(url) && !url.contains("busy_timeout=", ignoreCase = true)) mapOf("busy_timeout" to SQLITE_BUSY_TIMEOUT) else emptyMap()

/** The same, with the user. */
internal fun driverProperties(url: String, options: ConnectionPoolOptions): Properties = Properties().apply {
    putAll(defaultsOf(url))
    options.username?.let { setProperty("user", it) }
    options.password?.let { setProperty("password", it) }
}

/** Milliseconds in which another connection may keep its lock. */
private const val SQLITE_BUSY_TIMEOUT = "10000"

/** Whether each connection to [url] has a database of its own. */
internal fun isSqliteInMemory(url: String): Boolean = url == "jdbc:sqlite:" || url.startsWith("jdbc:sqlite::memory:")

private fun java.time.Duration.toMillisOr(most: Long): Long = TimeUnit.MILLISECONDS.convert(this).coerceAtMost(most)

private val log = Logger(ConnectionPool::class.java)
