// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.sql.Blob
import java.sql.Clob
import java.sql.ResultSet
import java.sql.ResultSetMetaData
import java.sql.SQLXML
import java.sql.Timestamp
import java.time.OffsetDateTime

/** Reads the rows of a result, and makes plain values of what the driver gives: nothing in a row needs the connection. */
internal class ResultReader(
    private val result: ResultSet,
) {
    private val kinds: BooleanArray // with a zone?
    val columns: Columns

    init {
        val data = result.metaData
        val count = data.columnCount
        columns = Columns(List(count) { data.getColumnLabel(it + 1) })
        kinds = BooleanArray(count) { hasZone(data, it + 1) }
    }

    /** The next row; null at the end. */
    fun next(): Row? {
        if (!result.next()) return null
        return Row(columns, Array(kinds.size) { value(it) })
    }

    private fun value(index: Int): Any? =
        if (kinds[index]) result.getObject(index + 1, OffsetDateTime::class.java) else plain(result.getObject(index + 1))

    private fun plain(value: Any?): Any? =
        when (value) {
            null, is String, is Number, is Boolean, is ByteArray -> value
            is java.sql.Date -> value.toLocalDate()
            is java.sql.Time -> value.toLocalTime()
            is Timestamp -> value.toLocalDateTime()
            is Blob -> value.use({ it.getBytes(1, wholeLength(it.length())) }, Blob::free)
            is Clob -> value.use({ it.getSubString(1, wholeLength(it.length())) }, Clob::free)
            is SQLXML -> value.use(SQLXML::getString, SQLXML::free)
            is java.sql.Array -> value.use({ list(it.array) }, java.sql.Array::free)
            else -> if (isJdk(value)) value else value.toString()
        }

    /** An array of the driver's, of objects or of a primitive type. */
    private fun list(
        array: Any,
    ): List<Any?> = List(java.lang.reflect.Array.getLength(array)) { plainElement(java.lang.reflect.Array.get(array, it)) }

    private fun plainElement(value: Any?): Any? = if (value != null && value.javaClass.isArray &&
        value !is ByteArray
    ) {
        list(value)
    } else {
        plain(value)
    }

    private fun wholeLength(length: Long): Int {
        if (length > Int.MAX_VALUE) throw MappingException("a large object of $length bytes does not fit into a row")
        return length.toInt()
    }

    private inline fun <T, R> T.use(
        read: (T) -> R,
        free: (T) -> Unit,
    ): R = read(this).also { free(this) }

    private fun isJdk(value: Any) = value.javaClass.name.startsWith("java.")

    /** PostgreSQL's driver says of both of its timestamps that they have no zone. */
    private fun hasZone(
        data: ResultSetMetaData,
        column: Int,
    ) = data.getColumnType(column) == java.sql.Types.TIMESTAMP && data.getColumnTypeName(column) == "timestamptz"
}
