// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

/**
 * Makes an object of a row.
 *
 * Thread: one of the pool's, so it may take its time; its exception fails the query.
 */
public fun interface RowMapper<out T> {
    /** Makes the object of [row]. */
    @Throws(Exception::class)
    public fun map(row: Row): T

    public companion object {
        @get:JvmSynthetic
        internal val ROWS: RowMapper<Row> = RowMapper { it }

        /** Rows as maps, by the names of the columns. */
        @JvmStatic
        public fun maps(): RowMapper<Map<String, Any?>> = RowMapper { it.asMap() }

        /** Rows as lists, in the order of the columns. */
        @JvmStatic
        public fun lists(): RowMapper<List<Any?>> = RowMapper { it.asList() }

        /**
         * Rows as objects of [type]:
         * - a Java record, by the names of its components;
         * - a Kotlin class, by the names of its first constructor's parameters; one that has a default needs no column;
         * - `Row`, `Map` or `List`;
         * - any other type that a value can be: then there must be one column.
         *
         * A name fits a column when they are the same without regard to capital letters and to `_`. Columns that fit nothing are left out.
         *
         * @throws MappingException when rows cannot become such objects
         */
        @JvmStatic
        public fun <T : Any> of(type: Class<T>): RowMapper<T> = ObjectMapping.mapper(type)
    }
}
