// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.sql.Connection
import java.sql.PreparedStatement
import java.sql.ResultSet
import java.sql.SQLException
import java.sql.Statement
import java.time.Duration

/** The work of a job with its connection, on its thread. */
internal class JobSession(val job: Job<*>, private val engine: PoolEngine, val connection: Connection) {
    @Volatile
    private var isOver = false
    private val thread = Thread.currentThread()

    val defaultTimeout: Duration get() = engine.options.statementTimeout

    /** From now on nothing is done with the connection in the name of this. */
    fun end() {
        isOver = true
    }

    /** Refuses calls after the end, or from another thread: the connection may be in use elsewhere by then. */
    fun checkUsable() {
        check(!isOver) { "the interaction is over, and its connection may be another's: use its transaction inside only" }
        check(Thread.currentThread() === thread) { "an interaction's transaction is used on its own thread only" }
    }

    /** Runs [call], which a program makes itself and which may ask the server. */
    fun <R> limited(call: () -> R): R = within(defaultTimeout, call)

    /** [limited] for a [call] that commits. */
    fun <R> committing(call: () -> R): R = job.statements.committing(defaultTimeout, connection, call)

    fun <T> query(query: Query<T>): List<T> {
        val sql = query.sql
        val most = if (sql.maxRows > 0) sql.maxRows else engine.options.maxRows
        return prepared(sql) { statement ->
            if (most < Int.MAX_VALUE) statement.maxRows = most + 1
            if (sql.fetchSize > 0) statement.fetchSize = sql.fetchSize
            executing(sql, statement) { if (statement.execute()) read(statement.resultSet, query.mapper, most) else emptyList() }
        }
    }

    private fun <T> read(result: ResultSet, mapper: RowMapper<T>, most: Int): List<T> {
        val reader = ResultReader(result, engine.dialect)
        val rows = ArrayList<T>()
        while (true) {
            job.statements.checkGoesOn() // rows that are in memory already are no call that could be cancelled
            val row = reader.next() ?: return rows
            if (rows.size == most) throw TooManyRowsException("the query gives more than $most rows: stream them, or set maxRows")
            rows.add(mapper.map(row))
        }
    }

    fun update(sql: Sql): Long = prepared(sql) { statement ->
        executing(sql, statement) { if (statement.execute()) changed(sql, statement.resultSet) else count(statement) }
    }

    /** With `RETURNING` the rows of the result are those that were changed; a query changes none. */
    private fun changed(sql: Sql, result: ResultSet): Long {
        if (!GIVES_CHANGED.containsMatchIn(sql.text)) return 0
        var count = 0L
        while (result.next()) {
            job.statements.checkGoesOn()
            count++
        }
        return count
    }

    fun insert(sql: Sql): Inserted = prepared(sql, returnsKeys = true) { statement ->
        executing(sql, statement) {
            statement.execute()
            val count = count(statement)
            Inserted(count, statement.generatedKeys?.use { keys(it, sql.keyColumns.isNotEmpty()) }.orEmpty())
        }
    }

    private fun keys(result: ResultSet, areChosen: Boolean): List<Row> {
        val reader = ResultReader(result, engine.dialect)
        val rows = generateSequence(reader::next).toList()
        if (areChosen || rows.isEmpty() || reader.columns.names.size == 1) return rows
        // PostgreSQL gives all columns of the new row.
        val generated = reader.columns.names.indices.filter { result.metaData.isAutoIncrement(it + 1) }
        if (generated.isEmpty()) return rows
        val columns = Columns(generated.map(reader.columns.names::get))
        return rows.map { row -> Row(columns, Array(generated.size) { row[generated[it]] }) }
    }

    fun batch(batch: Batch): List<Long> {
        val rows = batch.rows.map { engine.binding.bound(it) }
        val text = rows.firstOrNull()?.text ?: return emptyList()
        rows.firstOrNull { it.text != text }?.let { throw MappingException("the rows of a batch are all of the same form: $text") }
        val timeout = batch.timeout ?: defaultTimeout
        return closing(timeout, within(timeout) { connection.prepareStatement(text) }) { statement ->
            rows.chunked(BATCH).flatMap { chunk ->
                within(timeout) {
                    for (row in chunk) {
                        engine.binding.bind(statement, row.values)
                        statement.addBatch()
                    }
                }
                job.statements.executing(statement, timeout) { statement.executeBatch().map(Int::toLong) }
            }
        }
    }

    private inline fun <R> within(timeout: Duration, call: () -> R): R = job.statements.within(timeout, connection, call)

    /** `use`, for a driver that asks the server when a statement is closed. */
    private inline fun <S : Statement, R> closing(timeout: Duration, statement: S, use: (S) -> R): R =
        AutoCloseable { within(timeout, statement::close) }.use { use(statement) }

    /** The rows of [query], to be read in pieces: not all of them are in memory. */
    fun <T> open(query: Query<T>): Cursor<T> = within(timeoutOf(query.sql)) { opened(query) }

    private fun <T> opened(query: Query<T>): Cursor<T> {
        val sql = query.sql
        val bound = engine.binding.bound(sql)
        val statement =
            explaining(sql) { connection.prepareStatement(bound.text, ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY) }
        try {
            engine.binding.bind(statement, bound.values)
            statement.fetchSize = fetchSizeOf(sql)
            val reader = executing(sql, statement) { if (statement.execute()) ResultReader(statement.resultSet, engine.dialect) else null }
            return Cursor(statement, reader, query)
        } catch (e: Throwable) {
            try {
                statement.close()
            } catch (suppressed: Exception) {
                e.addSuppressed(suppressed)
            }
            throw e
        }
    }

    inner class Cursor<T>(private val statement: PreparedStatement, private val reader: ResultReader?, private val query: Query<T>) :
        AutoCloseable {
        private var isAtEnd = reader == null

        /** The next rows; none at the end. */
        fun read(): List<T> {
            if (isAtEnd || reader == null) return emptyList()
            val most = fetchSizeOf(query.sql)
            val rows = ArrayList<Row>(most)
            executing(query.sql, statement) {
                while (rows.size < most) {
                    job.statements.checkGoesOn()
                    val row = reader.next()
                    if (row == null) {
                        isAtEnd = true
                        break
                    }
                    rows.add(row)
                }
            }
            return rows.map { row ->
                job.statements.checkGoesOn()
                query.mapper.map(row)
            }
        }

        override fun close() {
            within(timeoutOf(query.sql)) {
                statement.use {
                    if (!isAtEnd && engine.dialect.readsRest) {
                        job.connection.taint()
                        it.cancel()
                    }
                }
            }
        }
    }

    private inline fun <R> prepared(sql: Sql, returnsKeys: Boolean = false, use: (PreparedStatement) -> R): R {
        val bound = engine.binding.bound(sql)
        job.connection.executes(bound.text)
        return within(timeoutOf(sql)) {
            explaining(sql) { prepare(bound.text, sql, returnsKeys) }.use { statement ->
                engine.binding.bind(statement, bound.values)
                use(statement)
            }
        }
    }

    private fun prepare(text: String, sql: Sql, returnsKeys: Boolean): PreparedStatement = when {
        !returnsKeys -> connection.prepareStatement(text)
        sql.keyColumns.isEmpty() -> connection.prepareStatement(text, Statement.RETURN_GENERATED_KEYS)
        else -> connection.prepareStatement(text, sql.keyColumns.toTypedArray())
    }

    private fun <R> executing(sql: Sql, statement: Statement, call: () -> R): R =
        explaining(sql) { job.statements.executing(statement, timeoutOf(sql), call) }

    private inline fun <R> explaining(sql: Sql, call: () -> R): R = try {
        call()
    } catch (e: SQLException) { // some drivers look at a statement when it is prepared
        throw engine.binding.explained(job.statements.translated(e), sql)
    } catch (e: BadStatementException) {
        throw engine.binding.explained(e, sql)
    }

    private fun fetchSizeOf(sql: Sql): Int = if (sql.fetchSize > 0) sql.fetchSize else Sql.FETCH_SIZE

    private fun timeoutOf(sql: Sql): Duration = sql.timeout ?: defaultTimeout

    private fun count(statement: PreparedStatement): Long = try {
        statement.largeUpdateCount
    } catch (_: UnsupportedOperationException) { // an old driver
        statement.updateCount.toLong()
    }.coerceAtLeast(0)

    private companion object {
        /** How many rows are sent to the database at once. */
        const val BATCH = 1_000

        val GIVES_CHANGED = Regex("\\bRETURNING\\b|\\bFINAL\\s+TABLE\\b", RegexOption.IGNORE_CASE)
    }
}
