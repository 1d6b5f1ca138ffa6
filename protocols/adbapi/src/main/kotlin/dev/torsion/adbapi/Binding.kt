// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.sql.PreparedStatement
import java.sql.Types
import java.time.Instant
import java.time.OffsetDateTime
import java.time.ZoneOffset
import java.time.ZonedDateTime
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap

/** Makes JDBC's text and values of an [Sql]. */
internal class Binding(private val dialect: Dialect) {
    private val parsed = ConcurrentHashMap<String, NamedParameters>()

    /** The value that JDBC gets. */
    class Bound(val text: String, val values: List<Any?>)

    fun bound(sql: Sql): Bound {
        val named = sql.named ?: return positional(sql)
        val parameters = parse(sql.text)
        val unknown = named.keys - parameters.names.toSet()
        if (unknown.isNotEmpty()) throw MappingException("the statement has no parameter $unknown: $sql")
        val values = ArrayList<Any?>()
        val counts = IntArray(parameters.names.size)
        parameters.names.forEachIndexed { index, name ->
            if (name !in named) throw MappingException("no value was given for :$name: $sql")
            val value = named[name]
            val elements = if (value is Collection<*>) value else listOf(value)
            if (elements.isEmpty()) throw MappingException("the collection for :$name is empty, and would be no SQL: $sql")
            values.addAll(elements)
            counts[index] = elements.size
        }
        return Bound(parameters.text(counts), values)
    }

    private fun positional(sql: Sql): Bound {
        val marks = sql.text.count { it == '?' }
        if (marks == 0 && sql.arguments.any { it is Map<*, *> }) throw MappingException("a map of values goes into Sql.of(text, map): $sql")
        // The driver of MariaDB drops values without a parameter. A mark in a string is none, so this sees most of them, and no others.
        if (dialect == Dialect.MARIADB && sql.arguments.size > marks) throw miscounted(sql.arguments.size, marks)
        return Bound(sql.text, sql.arguments)
    }

    private fun miscounted(values: Int, parameters: Int) =
        MappingException("the number of values is $values, but that of the statement's parameters is $parameters")

    /** [error], and if the program has given no values, the names that it may have given none for. */
    fun explained(error: DatabaseException, sql: Sql): DatabaseException {
        if (error !is BadStatementException || sql.named != null || sql.arguments.isNotEmpty() || '?' in sql.text) return error
        val names = parse(sql.text).names
        if (names.isEmpty()) return error
        return BadStatementException("${error.message} (no value was given for ${names.joinToString { ":$it" }})", error.cause)
    }

    /** A program has few statements; one that makes them up as it goes is not remembered for ever. */
    private fun parse(text: String): NamedParameters {
        parsed[text]?.let { return it }
        if (parsed.size >= REMEMBERED) parsed.clear()
        return NamedParameters.parse(text, dialect).also { parsed[text] = it }
    }

    fun bind(statement: PreparedStatement, values: List<Any?>) {
        if (dialect == Dialect.SQLITE) { // its driver takes NULL for a parameter without a value
            val parameters = statement.parameterMetaData.parameterCount
            if (parameters != values.size) throw miscounted(values.size, parameters)
        }
        for (index in values.indices) set(statement, index + 1, values[index])
    }

    private fun set(statement: PreparedStatement, index: Int, value: Any?) {
        when (value) {
            null -> statement.setNull(index, Types.NULL)
            is Enum<*> -> statement.setString(index, value.name)
            is Char -> statement.setString(index, value.toString())
            is Instant -> setTime(statement, index, OffsetDateTime.ofInstant(value, ZoneOffset.UTC))
            is ZonedDateTime -> setTime(statement, index, value.toOffsetDateTime())
            is OffsetDateTime -> setTime(statement, index, value)
            is java.time.temporal.Temporal -> if (dialect ==
                Dialect.SQLITE
            ) {
                setText(statement, index, value)
            } else {
                statement.setObject(index, value)
            }
            is UUID ->
                if (dialect == Dialect.SQLITE ||
                    dialect == Dialect.MARIADB
                ) {
                    setText(statement, index, value)
                } else {
                    statement.setObject(index, value)
                }
            is java.math.BigInteger -> statement.setBigDecimal(index, value.toBigDecimal())
            else -> statement.setObject(index, value)
        }
    }

    private fun setTime(statement: PreparedStatement, index: Int, value: OffsetDateTime) =
        if (dialect == Dialect.SQLITE) setText(statement, index, value) else statement.setObject(index, value)

    private fun setText(statement: PreparedStatement, index: Int, value: Any) = statement.setString(index, value.toString())

    private companion object {
        const val REMEMBERED = 1_000
    }
}
