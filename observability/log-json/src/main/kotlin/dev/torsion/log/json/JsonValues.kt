// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonArray
import kotlinx.serialization.json.buildJsonObject
import java.math.BigDecimal
import java.math.BigInteger

/** Makes JSON of the values of one event, as long as there is [room], in characters before escapes. */
internal class JsonValues(private var room: Int) {
    /** Whether something had to be left out. */
    var isTruncated = false
        private set

    fun of(value: Any?, depth: Int = 0): JsonElement = try {
        convert(value, depth)
    } catch (e: Throwable) { // it is the program's code that failed: a toString, or a list that changes meanwhile
        text("(${value?.javaClass?.name}: could not be written, ${e.javaClass.name})")
    }

    private fun convert(value: Any?, depth: Int): JsonElement = when (value) {
        null -> JsonNull
        is TextOf -> value.get()?.let(::text) ?: JsonNull
        is Boolean -> JsonPrimitive(value)
        is Byte, is Short, is Int, is Long, is BigInteger, is BigDecimal -> number(value as Number)
        is Double -> if (value.isFinite()) number(value) else text(value.toString())
        is Float -> if (value.isFinite()) number(value) else text(value.toString())
        is Map<*, *> -> nested(depth) { map(value, depth + 1) }
        is Collection<*> -> nested(depth) { list(value.iterator(), depth + 1) }
        is Array<*> -> nested(depth) { list(value.iterator(), depth + 1) }
        else -> arrayElements(value)?.let { nested(depth) { list(it, depth + 1) } } ?: text(java.lang.String.valueOf(value) ?: "null")
    }

    private fun arrayElements(value: Any): Iterator<Any>? = when (value) {
        is ByteArray -> value.iterator()
        is IntArray -> value.iterator()
        is LongArray -> value.iterator()
        is DoubleArray -> value.iterator()
        is FloatArray -> value.iterator()
        is ShortArray -> value.iterator()
        is CharArray -> value.iterator()
        is BooleanArray -> value.iterator()
        else -> null
    }

    private fun number(value: Number): JsonElement {
        val digits = value.toString()
        if (digits.length > room / 2 && digits.length > SHORT) return text(digits)
        take(digits.length)
        return JsonPrimitive(value)
    }

    fun text(value: String): JsonPrimitive {
        val most = maxOf(room / 2, 0)
        val kept = if (value.length <= most || value.length <= SHORT) value else cut(value, most)
        take(kept.length)
        return JsonPrimitive(wellFormed(kept))
    }

    private fun cut(text: String, length: Int): String {
        isTruncated = true
        val end = if (length > 0 && text[length - 1].isHighSurrogate()) length - 1 else length
        return text.substring(0, end) + "…"
    }

    private fun nested(depth: Int, make: () -> JsonElement): JsonElement {
        if (depth < JsonLines.DEEPEST) return make()
        isTruncated = true
        return text("(nested deeper than ${JsonLines.DEEPEST})")
    }

    private fun map(map: Map<*, *>, depth: Int) = buildJsonObject {
        for ((key, value) in map) {
            if (isFull()) break
            put(of(TextOf { java.lang.String.valueOf(key) ?: "null" }).let { (it as JsonPrimitive).content }, of(value, depth))
        }
    }

    private fun list(elements: Iterator<*>, depth: Int) = buildJsonArray {
        while (elements.hasNext() && !isFull()) add(of(elements.next(), depth))
    }

    private fun take(length: Int) {
        room -= length + PUNCTUATION
    }

    private fun isFull() = (room <= 0).also { if (it) isTruncated = true }

    private companion object {
        /** A text this short is never cut. */
        const val SHORT = 8

        /** Quotes and a comma or colon; and what keeps empty elements from being free. */
        const val PUNCTUATION = 3

        fun wellFormed(text: String): String {
            if (text.none { it.isSurrogate() }) return text
            val out = StringBuilder(text)
            var at = 0
            while (at < out.length) {
                when {
                    !out[at].isSurrogate() -> at++
                    at + 1 < out.length && Character.isSurrogatePair(out[at], out[at + 1]) -> at += 2
                    else -> out[at++] = '\uFFFD'
                }
            }
            return out.toString()
        }
    }
}
