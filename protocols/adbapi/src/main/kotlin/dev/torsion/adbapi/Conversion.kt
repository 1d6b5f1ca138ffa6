// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.math.BigDecimal
import java.math.BigInteger
import java.nio.ByteBuffer
import java.time.Instant
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.OffsetTime
import java.time.ZonedDateTime
import java.time.format.DateTimeParseException
import java.util.UUID

/**
 * A value of a row as the type that a program wants. Databases differ in what they give: a count may be an `Integer` or a `Long`, a boolean a
 * number, SQLite's dates are text. A value that does not fit is a [MappingException], and is never cut. Only the digits after the point of
 * a
 * `Double` or `Float` are rounded.
 */
internal object Conversion {
    /** Whether a single value can be a [type]: then a row of it is one column. */
    fun isScalar(type: Class<*>): Boolean = boxed(type) in SCALARS || type.isEnum

    fun convert(value: Any, type: Class<*>, column: String): Any {
        val wanted = boxed(type)
        if (wanted.isInstance(value)) return value
        return try {
            convertOther(value, wanted)
        } catch (e: ArithmeticException) {
            throw MappingException("the value of \"$column\" does not fit into ${type.simpleName}", e)
        } catch (e: NumberFormatException) {
            throw MappingException("the text of \"$column\" is no ${type.simpleName}", e)
        } catch (e: DateTimeParseException) {
            throw MappingException("the text of \"$column\" is no ${type.simpleName}", e)
        } ?: throw MappingException("\"$column\" is a ${value.javaClass.simpleName}, which is no ${type.simpleName}")
    }

    private fun convertOther(value: Any, wanted: Class<*>): Any? = when {
        value is Number -> fromNumber(value, wanted)
        value is String -> fromText(value, wanted)
        value is Boolean && wanted == String::class.java -> value.toString()
        value is OffsetDateTime && wanted == Instant::class.java -> value.toInstant()
        value is OffsetDateTime && wanted == ZonedDateTime::class.java -> value.toZonedDateTime()
        value is LocalDateTime && wanted == LocalDate::class.java && value.toLocalTime() == LocalTime.MIDNIGHT -> value.toLocalDate()
        value is ByteArray && wanted == UUID::class.java && value.size == UUID_BYTES ->
            ByteBuffer.wrap(value).let { UUID(it.getLong(), it.getLong()) }
        value is UUID && wanted == String::class.java -> value.toString()
        else -> null
    }

    private fun fromNumber(value: Number, wanted: Class<*>): Any? = when (wanted) {
        Boolean::class.javaObjectType -> asBoolean(value)
        String::class.java -> value.toString()
        Double::class.javaObjectType -> asDouble(value)
        Float::class.javaObjectType -> asFloat(value)
        BigDecimal::class.java -> decimal(value)
        BigInteger::class.java -> decimal(value).toBigIntegerExact()
        Long::class.javaObjectType -> decimal(value).longValueExact()
        Int::class.javaObjectType -> decimal(value).intValueExact()
        Short::class.javaObjectType -> decimal(value).shortValueExact()
        Byte::class.javaObjectType -> decimal(value).byteValueExact()
        else -> null
    }

    private fun asBoolean(value: Number): Boolean? = decimal(value).let {
        when {
            it.signum() == 0 -> false
            it.compareTo(BigDecimal.ONE) == 0 -> true
            else -> null
        }
    }

    private fun asDouble(value: Number): Double = value.toDouble().also { if (value !is Float) requireWhole(value, it, "Double") }

    private fun asFloat(value: Number): Float = value.toFloat().also {
        if (value !is Double) {
            requireWhole(value, it.toDouble(), "Float")
        } else if (it.isInfinite() && !value.isInfinite()) {
            throw ArithmeticException("$value is too large for a Float")
        }
    }

    /** All digits of [value] before its point must be in [made]. */
    private fun requireWhole(value: Number, made: Double, type: String) {
        val isWhole = !made.isInfinite() && (BigDecimal(made).toBigInteger() == decimal(value).toBigInteger() || isRounded(value, made))
        if (!isWhole) {
            throw ArithmeticException("$value has too many digits for a $type")
        }
    }

    /** Such as 0.99999999999999999, which becomes 1. */
    private fun isRounded(value: Number, made: Double) =
        decimal(value).let { it.stripTrailingZeros().scale() > 0 && (BigDecimal(made) - it).abs() < BigDecimal.ONE }

    private fun decimal(value: Number): BigDecimal = when (value) {
        is BigDecimal -> value
        is BigInteger -> BigDecimal(value)
        is Double, is Float -> BigDecimal.valueOf(value.toDouble())
        else -> BigDecimal.valueOf(value.toLong())
    }

    private fun fromText(value: String, wanted: Class<*>): Any? = when (wanted) {
        LocalDate::class.java -> LocalDate.parse(value)
        LocalTime::class.java -> LocalTime.parse(value)
        OffsetTime::class.java -> OffsetTime.parse(value)
        LocalDateTime::class.java -> LocalDateTime.parse(value.replace(' ', 'T'))
        OffsetDateTime::class.java -> OffsetDateTime.parse(value.replace(' ', 'T'))
        Instant::class.java -> OffsetDateTime.parse(value.replace(' ', 'T')).toInstant()
        UUID::class.java -> runCatching { UUID.fromString(value) }.getOrNull()
        BigDecimal::class.java -> BigDecimal(value)
        BigInteger::class.java -> BigInteger(value)
        Char::class.javaObjectType -> value.singleOrNull()
        else -> if (wanted.isEnum) wanted.enumConstants.firstOrNull { (it as Enum<*>).name == value } else null
    }

    private fun boxed(type: Class<*>): Class<*> = type.kotlin.javaObjectType

    private const val UUID_BYTES = 16

    private val SCALARS: Set<Class<*>> =
        setOf(
            Boolean::class.javaObjectType, Byte::class.javaObjectType, Short::class.javaObjectType, Int::class.javaObjectType,
            Long::class.javaObjectType, Float::class.javaObjectType, Double::class.javaObjectType, Char::class.javaObjectType,
            Number::class.java, BigDecimal::class.java, BigInteger::class.java, String::class.java, ByteArray::class.java,
            LocalDate::class.java, LocalTime::class.java, LocalDateTime::class.java, OffsetDateTime::class.java, OffsetTime::class.java,
            ZonedDateTime::class.java, Instant::class.java, UUID::class.java, Any::class.java,
        )
}
