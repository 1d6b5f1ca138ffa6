// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.sql.Connection
import java.util.Collections
import java.util.function.Consumer

/**
 * A transaction in an interaction; Twisted's `Transaction`. Its methods block until the database has answered, and throw a
 * [DatabaseException] when it refuses.
 *
 * ```java
 * db.interaction(tx -> {
 *   long id = tx.insert("INSERT INTO fruit(name) VALUES (?)", "apple").key();
 *   tx.update("UPDATE stock SET amount = amount + 1 WHERE fruit = ?", id);
 *   return id;
 * });
 * ```
 *
 * The pool commits it when the function returns. The pool rolls it back when the function throws, when the caller has cancelled the
 * interaction, and when the interaction takes longer than [InteractionOptions.timeout].
 *
 * Thread: the interaction's only, and only until it is over; then its methods throw [IllegalStateException].
 */
public class Transaction internal constructor(private val session: JobSession) {
    /** The rows of [query]. */
    public fun <T> query(query: Query<T>): List<T> = usable().query(query)

    /** The rows of the statement [text], with [arguments] for each `?` in it. */
    public fun query(text: String, vararg arguments: Any?): List<Row> = query(Sql.of(text, *arguments))

    /** Runs a statement that changes something, and gives how many rows that were. With `RETURNING` the rows themselves are dropped. */
    public fun update(sql: Sql): Long = usable().update(sql)

    /** [update] with [arguments] for each `?` in [text]. */
    public fun update(text: String, vararg arguments: Any?): Long = update(Sql.of(text, *arguments))

    /** Runs an `INSERT`, and gives the keys that the database has made. */
    public fun insert(sql: Sql): Inserted = usable().insert(sql)

    /** [insert] with [arguments] for each `?` in [text]. */
    public fun insert(text: String, vararg arguments: Any?): Inserted = insert(Sql.of(text, *arguments))

    /** Runs [batch], and gives for each row of it how many rows were changed: -2 where the database does not say. */
    public fun batch(batch: Batch): List<Long> = usable().batch(batch)

    /** Gives [consumer] one row after the other; only a few of them are in memory at once. */
    public fun <T> forEach(query: Query<T>, consumer: Consumer<in T>) {
        usable().open(query).use { cursor ->
            while (true) {
                val rows = cursor.read()
                if (rows.isEmpty()) return
                rows.forEach(consumer)
            }
        }
    }

    /** The connection, for libraries that want JDBC's. Its statements are cancelled as everything here is. Do not keep it. */
    public fun connection(): Connection = GuardedConnection.of(usable())

    private fun usable() = session.also(JobSession::checkUsable)

    override fun toString(): String = "Transaction(${session.job})"
}

/** A function that runs in a transaction. */
public fun interface Interaction<out T> {
    /**
     * Does its work with [transaction], and gives the result. An exception of it rolls back. Thread: one of the pool's, so it may block.
     */
    @Throws(Exception::class)
    public fun run(transaction: Transaction): T
}

/** A function that runs with a connection of JDBC's, in a transaction. */
public fun interface ConnectionWork<out T> {
    /** Does its work with [connection], and gives the result. An exception of it rolls back. Thread: one of the pool's, so it may block. */
    @Throws(Exception::class)
    public fun run(connection: Connection): T
}

/**
 * The result of an `INSERT`.
 *
 * @property count how many rows were added
 * @property keys a row of keys for each of them, where the database gives them: for several rows MariaDB tells only the first key, and
 *   SQLite only the last
 */
public class Inserted internal constructor(@get:JvmName("count") public val count: Long, keys: List<Row>) {
    @get:JvmName("keys")
    public val keys: List<Row> = Collections.unmodifiableList(keys)

    /** The key of the only row that was added. @throws MappingException when there is not one, or when it is no whole number */
    public fun key(): Long {
        if (keys.size != 1) throw MappingException("one key was expected, but there are ${keys.size}")
        return keys[0].get(0, Long::class.javaObjectType) ?: throw MappingException("the key is null")
    }

    override fun toString(): String = "Inserted($count, $keys)"
}
