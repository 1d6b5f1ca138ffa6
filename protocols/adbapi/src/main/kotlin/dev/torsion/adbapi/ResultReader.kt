// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.sql.Blob
import java.sql.Clob
import java.sql.ResultSet
import java.sql.ResultSetMetaData
import java.sql.SQLXML
import java.sql.Timestamp
import java.sql.Types
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.OffsetTime

/** Reads the rows of a result, and makes plain values of the driver's objects: nothing in a row needs the connection. */
internal class ResultReader(private val result: ResultSet, private val dialect: Dialect) {
    private val types: Array<Class<*>?> // of columns with times: java.sql's own would be moved by the zone of the JVM, or cut
    val columns: Columns

    init {
        val data = result.metaData
        val count = data.columnCount
        columns = Columns(List(count) { data.getColumnLabel(it + 1) })
        types = Array(count) { timeType(data, it + 1) }
    }

    /** The next row; null at the end. */
    fun next(): Row? {
        if (!result.next()) return null
        return Row(columns, Array(types.size) { value(it) })
    }

    private fun value(index: Int): Any? =
        types[index].let { if (it == null) plain(result.getObject(index + 1)) else result.getObject(index + 1, it) }

    private fun plain(value: Any?): Any? = when (value) {
        null, is String, is Number, is Boolean, is ByteArray -> value
        is java.sql.Date -> value.toLocalDate()
        is java.sql.Time -> value.toLocalTime()
        is Timestamp -> value.toLocalDateTime()
        is Blob -> value.use({ it.getBytes(1, wholeLength(it.length())) }, Blob::free)
        is Clob -> value.use({ it.getSubString(1, wholeLength(it.length())) }, Clob::free)
        is SQLXML -> value.use(SQLXML::getString, SQLXML::free)
        is java.sql.Array -> value.use(::elements, java.sql.Array::free)
        else -> if (isJdk(value)) value else value.toString()
    }

    private fun elements(array: java.sql.Array): List<Any?> {
        if (dialect == Dialect.OTHER || array.baseType !in TIMES) return list(array.array)
        return array.resultSet.use { result ->
            val reader = ResultReader(result, dialect)
            generateSequence(reader::next).map { it[1] }.toList() // after the element's index
        }
    }

    /** An array of the driver's, of objects or of a primitive type. */
    private fun list(array: Any): List<Any?> =
        List(java.lang.reflect.Array.getLength(array)) { plainElement(java.lang.reflect.Array.get(array, it)) }

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

    private inline fun <T, R> T.use(read: (T) -> R, free: (T) -> Unit): R = read(this).also { free(this) }

    private fun isJdk(value: Any) = value.javaClass.name.startsWith("java.")

    /**
     * The type that the driver makes without a loss; null for its usual object. PostgreSQL's driver says of its types with a zone that they
     * have none.
     */
    private fun timeType(data: ResultSetMetaData, column: Int): Class<*>? {
        if (dialect == Dialect.SQLITE || dialect == Dialect.OTHER) return null // SQLite has no such types, others may have no such method
        val name = data.getColumnTypeName(column)
        return when (data.getColumnType(column)) {
            Types.DATE -> if (name.equals("YEAR", ignoreCase = true)) null else LocalDate::class.java // MariaDB's
            Types.TIME -> if (name == "timetz") OffsetTime::class.java else LocalTime::class.java
            Types.TIMESTAMP -> if (name == "timestamptz") OffsetDateTime::class.java else LocalDateTime::class.java
            Types.TIME_WITH_TIMEZONE -> OffsetTime::class.java
            Types.TIMESTAMP_WITH_TIMEZONE -> OffsetDateTime::class.java
            else -> null
        }
    }

    private companion object {
        val TIMES = setOf(Types.DATE, Types.TIME, Types.TIMESTAMP, Types.TIME_WITH_TIMEZONE, Types.TIMESTAMP_WITH_TIMEZONE)
    }
}
