// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.spread.banana.Bytes
import java.lang.reflect.ParameterizedType
import java.lang.reflect.Type
import java.lang.reflect.WildcardType
import java.math.BigInteger

/**
 * A value from a peer as the Java type that a method or a record declares. Python knows one kind of integer, of text and of list; Java
 * knows several. A value that does not fit is an [IllegalArgumentException], and is never cut.
 */
internal object Conversion {
    fun convert(value: Any?, type: Type): Any? = when (type) {
        is Class<*> -> toClass(value, type)
        is WildcardType -> convert(value, type.upperBounds[0])
        is ParameterizedType -> toParameterized(value, type)
        else -> value // a type variable may be anything
    }

    private fun toClass(value: Any?, type: Class<*>): Any? {
        if (value == null) {
            require(!type.isPrimitive) { "None came for ${type.name}" }
            return null
        }
        val wanted = type.kotlin.javaObjectType
        if (wanted.isInstance(value)) return value
        val converted =
            when (value) {
                is Long -> fromLong(value, wanted)
                is BigInteger -> if (wanted == Double::class.javaObjectType) value.toDouble() else null
                is Double -> if (wanted == Float::class.javaObjectType) value.toFloat() else null
                is Bytes -> if (wanted == ByteArray::class.java) value.toByteArray() else null
                is String -> if (wanted == Char::class.javaObjectType && value.length == 1) value[0] else null
                is Tuple -> if (wanted.isAssignableFrom(List::class.java)) value.toList() else null
                is Set<*> -> if (wanted == FrozenSet::class.java) FrozenSet(value) else null
                else -> null
            }
        return requireNotNull(converted) { "${describe(value)} came for ${type.name}" }
    }

    private fun fromLong(value: Long, wanted: Class<*>): Any? = when (wanted) {
        Int::class.javaObjectType -> value.toInt().takeIf { it.toLong() == value }
        Short::class.javaObjectType -> value.toShort().takeIf { it.toLong() == value }
        Byte::class.javaObjectType -> value.toByte().takeIf { it.toLong() == value }
        Double::class.javaObjectType -> value.toDouble()
        Float::class.javaObjectType -> value.toFloat()
        BigInteger::class.java -> BigInteger.valueOf(value)
        else -> null
    }

    private fun toParameterized(value: Any?, type: ParameterizedType): Any? {
        val converted = toClass(value, type.rawType as Class<*>)
        val arguments = type.actualTypeArguments
        if (arguments.all { it == Any::class.java || (it is WildcardType && it.upperBounds[0] == Any::class.java) }) return converted
        return when (converted) {
            is List<*> -> converted.mapTo(ArrayList(converted.size)) { convert(it, arguments[0]) }
            is FrozenSet<*> -> FrozenSet(converted.map { convert(it, arguments[0]) })
            is Set<*> -> converted.mapTo(LinkedHashSet()) { convert(it, arguments[0]) }
            is Map<*, *> -> converted.entries.associate { (k, v) -> convert(k, arguments[0]) to convert(v, arguments[1]) }
            else -> converted
        }
    }

    /** The kind of value that came: never the value itself, which is a peer's and may be long, or hold itself. */
    fun describe(value: Any): String = when (value) {
        is Long, is BigInteger -> "an integer"
        is Double -> "a float"
        is Boolean -> "a boolean"
        is String -> "text"
        is Bytes -> "bytes"
        is List<*> -> "a list"
        is Tuple -> "a tuple"
        is Set<*> -> "a set"
        is Map<*, *> -> "a dictionary"
        else -> "an object of ${value.javaClass.name}"
    }
}
