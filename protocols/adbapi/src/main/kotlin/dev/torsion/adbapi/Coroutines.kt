// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("ConnectionPools")

package dev.torsion.adbapi

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.future.await

/** The rows of [query]. On any dispatcher; cancelling the coroutine cancels the query. */
@JvmSynthetic
public suspend fun <T> ConnectionPool.awaitQuery(query: Query<T>): List<T> = voices.suspended(null) { it.query(query) }

/** The rows of the statement [text], with [arguments] for each `?` in it. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitQuery(text: String, vararg arguments: Any?): List<Row> = awaitQuery(Sql.of(text, *arguments))

/** Runs a statement that changes something, and gives how many rows that were. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitOperation(sql: Sql): Long = voices.suspended(null) { it.update(sql) }

/** [awaitOperation] with [arguments] for each `?` in [text]. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitOperation(text: String, vararg arguments: Any?): Long = awaitOperation(Sql.of(text, *arguments))

/** Runs an `INSERT`, and gives the keys that the database has made. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitInsert(sql: Sql): Inserted = voices.suspended(null) { it.insert(sql) }

/** [awaitInsert] with [arguments] for each `?` in [text]. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitInsert(text: String, vararg arguments: Any?): Inserted = awaitInsert(Sql.of(text, *arguments))

/** Runs [batch] as one transaction, and gives how many rows each of its rows has changed. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitBatch(batch: Batch): List<Long> = voices.suspended(engine.options.interaction) { it.batch(batch) }

/**
 * Runs [work] as a transaction, on a thread of the pool, which it may block. A coroutine that is cancelled goes on at once, and the transaction is
 * rolled back.
 */
@JvmSynthetic
public suspend fun <T> ConnectionPool.awaitInteraction(
    options: InteractionOptions = engine.options.interaction,
    work: (Transaction) -> T,
): T = voices.suspended(options) { work(Transaction(it)) }

/** Runs [work] with a connection of JDBC's as a transaction, on a thread of the pool. */
@JvmSynthetic
public suspend fun <T> ConnectionPool.awaitWithConnection(work: (java.sql.Connection) -> T): T =
    voices.suspended(engine.options.interaction) { work(GuardedConnection.of(it)) }

/**
 * The rows of [query], which are not all in memory at once. Each collector runs the query when it begins, in a transaction, and fetches
 * [Sql.fetchSize] rows at a time. It takes a thread and a connection until the last row, or until it ends. A mapper may give null.
 */
@JvmSynthetic
public fun <T> ConnectionPool.flow(query: Query<T>): Flow<T> = flow {
    val source = RowSource(engine, query)
    source.start()
    try {
        while (true) source.next()?.forEach { emit(it) } ?: break
    } finally {
        source.cancel()
    }
}

/** [ConnectionPool.close] for coroutines. */
@JvmSynthetic
public suspend fun ConnectionPool.awaitClose() {
    closeAsync().await()
}
