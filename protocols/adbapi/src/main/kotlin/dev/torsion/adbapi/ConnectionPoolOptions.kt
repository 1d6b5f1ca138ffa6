// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.loop.ContextCarrier
import java.time.Duration
import java.util.concurrent.ThreadFactory

/**
 * How a [ConnectionPool] behaves. Immutable; each `with` method gives another one.
 *
 * @property name what its threads are called: `name-1` and so on
 * @property connections how many connections there are at most, and threads: each query has one of both while it runs. They are made when
 *   they are needed. 10, and 1 for SQLite, unless said otherwise: see [ConnectionPool.open]
 * @property queueLimit how many queries may wait for a thread; one more fails with [TooBusyException]
 * @property connectTimeout how long a query waits for a connection to the server: 250 ms or more; then it fails with
 *   [DatabaseUnavailableException]. Without [pooled], its thread waits until the data source has returned
 * @property statementTimeout how long a statement may take; then it is cancelled. [Sql.timeout] sets another limit
 * @property cancelTimeout how long after a cancellation the server may take to end the statement; then the connection is cut
 * @property closeTimeout how long a pool that is closed waits for the work that it has; then that work is cancelled
 * @property maxRows how many rows a query may give; with more it fails with [TooManyRowsException]. [Sql.maxRows] sets another limit
 * @property interaction the options of interactions that are given none
 * @property threadFactory makes the threads; null for platform threads. `Thread.ofVirtual().factory()` gives virtual ones (JDK 21)
 * @property contextCarrier carries values of the caller's thread, such as the MDC, to the thread that runs the query
 * @property pooled whether connections are kept for the next query. If not, each query takes a new one from the data source; this is for
 *   sources that keep connections themselves
 * @property username the user of the database; null when the URL or the data source names one
 * @property password the password for that
 */
@Suppress("LongParameterList")
public class ConnectionPoolOptions private constructor(
    public val name: String = "database",
    public val connections: Int = 10,
    public val queueLimit: Int = 1_000,
    public val connectTimeout: Duration = Duration.ofSeconds(10),
    public val statementTimeout: Duration = Duration.ofMinutes(5),
    public val cancelTimeout: Duration = Duration.ofSeconds(5),
    public val closeTimeout: Duration = Duration.ofSeconds(5),
    public val maxRows: Int = 1_000_000,
    public val interaction: InteractionOptions = InteractionOptions.DEFAULT,
    public val threadFactory: ThreadFactory? = null,
    public val contextCarrier: ContextCarrier = ContextCarrier.mdc(),
    public val pooled: Boolean = true,
    public val username: String? = null,
    @get:JvmSynthetic
    internal val password: String? = null,
    @get:JvmSynthetic
    internal val areConnectionsChosen: Boolean = false,
) {
    init {
        require(connections > 0) { "connections must be positive, but is $connections" }
        require(queueLimit >= 0) { "queueLimit must not be negative, but is $queueLimit" }
        require(maxRows > 0) { "maxRows must be positive, but is $maxRows" }
        require(connectTimeout >= SHORTEST_CONNECT) { "connectTimeout must be 250 ms or more, but is $connectTimeout" }
        Sql.requirePositive("statementTimeout", statementTimeout)
        Sql.requirePositive("cancelTimeout", cancelTimeout)
        require(!closeTimeout.isNegative) { "closeTimeout must not be negative, but is $closeTimeout" }
    }

    /** These options with another [name]. */
    public fun withName(name: String): ConnectionPoolOptions = copy(name = name)

    /** These options with at most [most] connections, and threads. */
    public fun withConnections(most: Int): ConnectionPoolOptions = copy(connections = most, areConnectionsChosen = true)

    /** These options with another [queueLimit]. */
    public fun withQueueLimit(most: Int): ConnectionPoolOptions = copy(queueLimit = most)

    /** These options with another [connectTimeout]. */
    public fun withConnectTimeout(timeout: Duration): ConnectionPoolOptions = copy(connectTimeout = timeout)

    /** These options with another [statementTimeout]. */
    public fun withStatementTimeout(timeout: Duration): ConnectionPoolOptions = copy(statementTimeout = timeout)

    /** These options with another [cancelTimeout]. */
    public fun withCancelTimeout(timeout: Duration): ConnectionPoolOptions = copy(cancelTimeout = timeout)

    /** These options with another [closeTimeout]. */
    public fun withCloseTimeout(timeout: Duration): ConnectionPoolOptions = copy(closeTimeout = timeout)

    /** These options with another [maxRows]. */
    public fun withMaxRows(most: Int): ConnectionPoolOptions = copy(maxRows = most)

    /** These options with other options for interactions. */
    public fun withInteraction(interaction: InteractionOptions): ConnectionPoolOptions = copy(interaction = interaction)

    /** These options with another [threadFactory]. */
    public fun withThreadFactory(factory: ThreadFactory): ConnectionPoolOptions = copy(threadFactory = factory)

    /** These options with another [contextCarrier]. */
    public fun withContextCarrier(carrier: ContextCarrier): ConnectionPoolOptions = copy(contextCarrier = carrier)

    /** These options with connections kept, or not. */
    public fun withPooled(kept: Boolean): ConnectionPoolOptions = copy(pooled = kept)

    /** These options with a user to log in as. */
    public fun withUser(username: String, password: String): ConnectionPoolOptions = copy(username = username, password = password)

    private fun copy(
        name: String = this.name,
        connections: Int = this.connections,
        queueLimit: Int = this.queueLimit,
        connectTimeout: Duration = this.connectTimeout,
        statementTimeout: Duration = this.statementTimeout,
        cancelTimeout: Duration = this.cancelTimeout,
        closeTimeout: Duration = this.closeTimeout,
        maxRows: Int = this.maxRows,
        interaction: InteractionOptions = this.interaction,
        threadFactory: ThreadFactory? = this.threadFactory,
        contextCarrier: ContextCarrier = this.contextCarrier,
        pooled: Boolean = this.pooled,
        username: String? = this.username,
        password: String? = this.password,
        areConnectionsChosen: Boolean = this.areConnectionsChosen,
    ) = ConnectionPoolOptions(
        name, connections, queueLimit, connectTimeout, statementTimeout, cancelTimeout, closeTimeout, maxRows, interaction, threadFactory,
        contextCarrier, pooled, username, password, areConnectionsChosen,
    )

    override fun toString(): String = "ConnectionPoolOptions($name, at most $connections connections, $queueLimit waiting)"

    public companion object {
        private val SHORTEST_CONNECT = Duration.ofMillis(250)

        /** All defaults. */
        @JvmField
        public val DEFAULT: ConnectionPoolOptions = ConnectionPoolOptions()
    }
}

/** How much a transaction sees of the changes that others make at the same time. */
public enum class Isolation(@get:JvmSynthetic internal val level: Int) {
    /** It may see what others have not committed. */
    READ_UNCOMMITTED(java.sql.Connection.TRANSACTION_READ_UNCOMMITTED),

    /** It sees what others have committed, also later than it began. */
    READ_COMMITTED(java.sql.Connection.TRANSACTION_READ_COMMITTED),

    /** Rows that it has read stay as they were. */
    REPEATABLE_READ(java.sql.Connection.TRANSACTION_REPEATABLE_READ),

    /** As if it were alone. It may fail with [SerializationFailureException]: give it some [retries][InteractionOptions.retries]. */
    SERIALIZABLE(java.sql.Connection.TRANSACTION_SERIALIZABLE),
}

/**
 * How an interaction is run. Immutable; each `with` method gives another one.
 *
 * @property timeout how long it may take, from being asked for to the end of its commit; then it is rolled back and fails with
 *   [InteractionTimeoutException]. Null for no limit
 * @property retries how often it is run again, after a short pause, when it fails with a [DatabaseException] that
 *   [isRetryable][DatabaseException.isRetryable]. Its effects besides the database happen again
 * @property isolation null for the database's own
 * @property readOnly tells the database that nothing will be changed
 */
public class InteractionOptions private constructor(
    public val timeout: Duration?,
    public val retries: Int,
    public val isolation: Isolation?,
    public val readOnly: Boolean,
) {
    init {
        require(retries >= 0) { "retries must not be negative, but is $retries" }
        timeout?.let { Sql.requirePositive("timeout", it) }
    }

    /** These options with a [timeout]. */
    public fun withTimeout(timeout: Duration): InteractionOptions = InteractionOptions(timeout, retries, isolation, readOnly)

    /** These options with another number of [retries]. */
    public fun withRetries(retries: Int): InteractionOptions = InteractionOptions(timeout, retries, isolation, readOnly)

    /** These options with another [isolation]. */
    public fun withIsolation(isolation: Isolation): InteractionOptions = InteractionOptions(timeout, retries, isolation, readOnly)

    /** These options for reading only, or not. */
    public fun withReadOnly(readOnly: Boolean): InteractionOptions = InteractionOptions(timeout, retries, isolation, readOnly)

    override fun toString(): String = "InteractionOptions(timeout $timeout, $retries retries, isolation $isolation, readOnly $readOnly)"

    public companion object {
        /** No time-out, no retries, and the database's own isolation. */
        @JvmField
        public val DEFAULT: InteractionOptions = InteractionOptions(null, 0, null, false)
    }
}
