// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import dev.torsion.log.LogEvent
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import org.slf4j.event.Level
import java.math.BigDecimal
import java.math.BigInteger
import java.time.DateTimeException
import java.time.Instant

/** Reads the lines that [LineWriter] writes. An error in one is an IllegalArgumentException. */
internal object LineReader {
    fun read(line: String): LogEvent {
        val event = requireNotNull(Json.parseToJsonElement(line) as? JsonObject) { "it is no JSON object" }
        val namespace = event.text(LineWriter.LOGGER)
        return LogEvent(
            time(event.text(LineWriter.TIME)),
            Level.valueOf(event.text(LineWriter.LEVEL)),
            namespace,
            event.textOrNull(LineWriter.FORMAT) ?: event.textOrNull(LineWriter.MESSAGE) ?: "",
            (event[LineWriter.VALUES] as? JsonObject)?.let { map(it, 0) } ?: emptyMap(),
            (event[LineWriter.ERROR] as? JsonObject)?.let(::error),
            event.textOrNull(LineWriter.THREAD) ?: "",
        )
    }

    private fun time(text: String) = try {
        Instant.parse(text)
    } catch (e: DateTimeException) {
        throw IllegalArgumentException("\"$text\" is no time", e)
    }

    private fun error(error: JsonObject) = LoggedException(
        error.text(LineWriter.TYPE),
        error.textOrNull(LineWriter.MESSAGE),
        error.textOrNull(LineWriter.STACK) ?: "",
    )

    private fun JsonObject.textOrNull(key: String) = (this[key] as? JsonPrimitive)?.contentOrNull

    private fun JsonObject.text(key: String) = requireNotNull(textOrNull(key)) { "it has no \"$key\"" }

    private fun map(map: JsonObject, depth: Int): Map<String, Any?> = map.mapValues { value(it.value, depth + 1) }

    private fun value(value: JsonElement, depth: Int): Any? {
        require(depth <= MOST_NESTED) { "its values are nested deeper than $MOST_NESTED" }
        return when (value) {
            is JsonNull -> null
            is JsonObject -> map(value, depth)
            is JsonArray -> value.map { value(it, depth + 1) }
            is JsonPrimitive -> if (value.isString) value.content else literal(value.content)
        }
    }

    /** The narrowest type that has the same text again. */
    private fun literal(text: String): Any = text.toBooleanStrictOrNull()
        ?: text.toIntOrNull()
        ?: text.toLongOrNull()
        ?: text.toDoubleOrNull()?.takeIf { it.toString() == text }
        ?: if (text.none { it in ".eE" }) BigInteger(text) else BigDecimal(text)

    /** As deep as a line of ours can be: its values, and what is in them. */
    private const val MOST_NESTED = JsonLines.DEEPEST + 1
}
