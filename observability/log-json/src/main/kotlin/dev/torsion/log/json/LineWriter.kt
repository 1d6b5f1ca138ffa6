// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import dev.torsion.log.LogEvent
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import java.time.Instant
import java.time.format.DateTimeFormatter
import java.time.format.DateTimeFormatterBuilder

/** Writes events as lines of at most [limit] characters. */
internal class LineWriter(private val limit: Int) {
    fun write(event: LogEvent): String {
        // How much longer the escapes make it only shows at the end: then it is done again with less room.
        var room = limit - RESERVE
        while (room >= RESERVE) {
            val line = text(event(event, JsonValues(room)))
            if (line.length <= limit) return line
            room /= 2
        }
        return text(buildJsonObject { head(event, JsonValues(RESERVE)).also { put(TRUNCATED, JsonPrimitive(true)) } })
    }

    // Not by an encoder: that one makes a Double of each number that is no Long.
    private fun text(line: JsonObject) = line.toString()

    private fun event(event: LogEvent, values: JsonValues) = buildJsonObject {
        head(event, values)
        put(THREAD, values.text(event.threadName))
        val message = event.message
        put(MESSAGE, values.text(message))
        if (event.format != message) put(FORMAT, values.text(event.format))
        if (event.values.isNotEmpty()) put(VALUES, values.of(event.values))
        event.throwable?.let { put(ERROR, error(it, values)) }
        if (values.isTruncated) put(TRUNCATED, JsonPrimitive(true))
    }

    private fun JsonObjectBuilder.head(event: LogEvent, values: JsonValues) {
        put(TIME, JsonPrimitive(timeText(event.time)))
        put(LEVEL, JsonPrimitive(event.level.name))
        put(LOGGER, values.text(event.namespace))
    }

    private fun error(error: Throwable, values: JsonValues) = buildJsonObject {
        put(TYPE, values.text(error.javaClass.name))
        put(MESSAGE, values.of(TextOf { error.message }))
        put(STACK, values.of(TextOf { error.stackTraceToString() }))
    }

    companion object {
        const val TIME = "time"
        const val LEVEL = "level"
        const val LOGGER = "logger"
        const val THREAD = "thread"
        const val MESSAGE = "message"
        const val FORMAT = "format"
        const val VALUES = "values"
        const val ERROR = "error"
        const val TYPE = "type"
        const val STACK = "stack"
        const val TRUNCATED = "truncated"

        /** For names, times and brackets; and the least room that is worth a try. */
        private const val RESERVE = 256

        private val NANOS: DateTimeFormatter = DateTimeFormatterBuilder().appendInstant(9).toFormatter()

        fun timeText(time: Instant): String = NANOS.format(time)
    }
}

/** A text that may fail when it is asked for. */
internal fun interface TextOf {
    fun get(): String?
}
