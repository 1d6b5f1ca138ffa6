// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.time.Duration
import java.util.Collections

/**
 * A statement that gives rows, with the type that each row is made into.
 *
 * @param T the type that a row is made into
 */
public sealed class Query<T> {
    @get:JvmSynthetic
    internal abstract val sql: Sql

    @get:JvmSynthetic internal abstract val mapper: RowMapper<T>
}

/**
 * A statement with its parameters and its limits. Immutable: each method gives another one.
 *
 * ```java
 * Sql.of("SELECT * FROM fruit WHERE name = ?", "apple")
 * Sql.of("SELECT * FROM fruit WHERE price > :least").bind("least", 3).timeout(Duration.ofSeconds(2)).into(Fruit.class)
 * ```
 *
 * The driver binds parameters, and none becomes a part of the text. They are written `?`, by position, or `:name`, by name; not both in one
 * statement. Text in quotes, comments and `::` are left alone. A collection that is bound to a name stands for its elements, as in `WHERE
 * id IN (:ids)`; it may not be empty.
 *
 * Values may be numbers, text, booleans, `byte[]`, those of `java.time`, `UUID`, enums (by name), null, and whatever the driver knows.
 */
public class Sql private constructor(
    /** The text, as it was given. */
    @get:JvmName("text") public val text: String,
    @get:JvmSynthetic
    internal val arguments: List<Any?>,
    @get:JvmSynthetic internal val named: Map<String, Any?>?,
    @get:JvmSynthetic
    internal val timeout: Duration?,
    @get:JvmSynthetic internal val fetchSize: Int,
    @get:JvmSynthetic
    internal val maxRows: Int,
    @get:JvmSynthetic internal val keyColumns: List<String>,
) : Query<Row>() {
    @get:JvmSynthetic override val sql: Sql get() = this

    @get:JvmSynthetic override val mapper: RowMapper<Row> get() = RowMapper.ROWS

    /** The same with [value] for each `:name`. A leading colon of [name] may be left out. */
    public fun bind(name: String, value: Any?): Sql {
        require(arguments.isEmpty()) { "$this has parameters by position: they are not mixed with names" }
        return copy(named = named.orEmpty() + (name.removePrefix(":") to kept(value)))
    }

    /** The same with all of [values]. */
    public fun bindAll(values: Map<String, Any?>): Sql = values.entries.fold(this) { sql, (name, value) -> sql.bind(name, value) }

    /** The same, to be cancelled when it takes longer than [timeout]: it fails with [StatementTimeoutException]. */
    public fun timeout(timeout: Duration): Sql {
        requirePositive("timeout", timeout)
        return copy(timeout = timeout)
    }

    /** The same, with [rows] as the number of rows that are fetched and handed over at once; 100 unless given. */
    public fun fetchSize(rows: Int): Sql {
        require(rows > 0) { "fetchSize must be positive, but is $rows" }
        return copy(fetchSize = rows)
    }

    /**
     * The same, with [rows] as the most that it may give, unless it is streamed: with more it fails with [TooManyRowsException]. Unless given,
     * [ConnectionPoolOptions.maxRows].
     */
    public fun maxRows(rows: Int): Sql {
        require(rows > 0) { "maxRows must be positive, but is $rows" }
        return copy(maxRows = rows)
    }

    /** The same, with the columns whose values an `INSERT` is to give back. Without any, it is those that the database generates. */
    public fun keys(vararg columns: String): Sql = copy(keyColumns = columns.asList())

    /**
     * A query whose rows become objects of [type]: a record or a Kotlin class, whose constructor's parameters are found by name; `Map`, `List`;
     * or, when there is one column, its value as a number, text, and so on. See [RowMapper.of].
     */
    public fun <T : Any> into(type: Class<T>): Query<T> = MappedQuery(this, RowMapper.of(type))

    /** A query whose rows become what [mapper] makes of them, on a thread of the pool. */
    public fun <T> map(mapper: RowMapper<T>): Query<T> = MappedQuery(this, mapper)

    private fun copy(
        named: Map<String, Any?>? = this.named,
        timeout: Duration? = this.timeout,
        fetchSize: Int = this.fetchSize,
        maxRows: Int = this.maxRows,
        keyColumns: List<String> = this.keyColumns,
    ) = Sql(text, arguments, named, timeout, fetchSize, maxRows, keyColumns)

    /** The text; never the values, which are nobody's business in a log. */
    override fun toString(): String = "Sql($text)"

    public companion object {
        /** The statement [text], with [arguments] for each `?` in it. */
        @JvmStatic
        public fun of(text: String, vararg arguments: Any?): Sql =
            Sql(text, Collections.unmodifiableList(arguments.clone().asList()), null, null, 0, 0, emptyList())

        /** The statement [text], with [arguments] for each `:name` in it. */
        @JvmStatic
        public fun of(text: String, arguments: Map<String, Any?>): Sql =
            Sql(text, emptyList(), arguments.mapValues { kept(it.value) }, null, 0, 0, emptyList())

        /** A collection may change before its elements are bound. */
        private fun kept(value: Any?): Any? = if (value is Collection<*>) Collections.unmodifiableList(ArrayList(value)) else value

        internal const val FETCH_SIZE = 100

        @JvmSynthetic
        internal fun requirePositive(name: String, time: Duration) =
            require(!time.isNegative && !time.isZero) { "$name must be positive, but is $time" }
    }
}

private class MappedQuery<T>(override val sql: Sql, override val mapper: RowMapper<T>) : Query<T>() {
    override fun toString(): String = sql.toString()
}

/** [Sql.into] for Kotlin: `sql.into<Fruit>()`. */
@JvmSynthetic
public inline fun <reified T : Any> Sql.into(): Query<T> = into(T::class.java)
