// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.time.Duration
import java.util.function.Consumer

/**
 * One statement for many rows. Immutable once it is built.
 *
 * ```java
 * db.batch(Batch.of("INSERT INTO fruit(name, price) VALUES (?, ?)", rows -> rows.add("apple", 3).add("pear", 2)));
 * ```
 */
public class Batch private constructor(
    private val text: String,
    @get:JvmSynthetic internal val rows: List<Sql>,
    @get:JvmSynthetic internal val timeout: Duration?,
) {
    /** The same, to be cancelled when a thousand rows of it take longer than [timeout]. */
    public fun timeout(timeout: Duration): Batch {
        Sql.requirePositive("timeout", timeout)
        return Batch(text, rows, timeout)
    }

    /** How many rows there are. */
    public fun size(): Int = rows.size

    override fun toString(): String = "Batch($text, ${rows.size} rows)"

    /** The rows of a batch, as they are given. */
    public class Rows internal constructor(private val text: String) {
        @get:JvmSynthetic
        internal val rows = ArrayList<Sql>()

        /** Adds a row of values, for each `?`. */
        public fun add(vararg arguments: Any?): Rows = apply { rows.add(Sql.of(text, *arguments)) }

        /** Adds a row of values, for each `:name`. */
        public fun add(arguments: Map<String, Any?>): Rows = apply { rows.add(Sql.of(text, arguments)) }
    }

    public companion object {
        /** The statement [text] for the rows that [fill] adds. */
        @JvmStatic
        public fun of(text: String, fill: Consumer<Rows>): Batch = Batch(text, Rows(text).also(fill::accept).rows, null)

        /** The statement [text] for each of [rows], whose values are for its `?`s. */
        @JvmStatic
        public fun of(text: String, rows: Iterable<List<Any?>>): Batch = Batch(text, rows.map { Sql.of(text, *it.toTypedArray()) }, null)
    }
}
