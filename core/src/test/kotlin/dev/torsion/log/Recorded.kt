// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import java.time.Instant
import java.util.concurrent.CopyOnWriteArrayList

/** Keeps what it observes. */
internal class Recorded : LogObserver {
    val events = CopyOnWriteArrayList<LogEvent>()

    val messages: List<String> get() = events.map { it.message }

    override fun observe(event: LogEvent) {
        events.add(event)
    }
}

/** An event that says [format]. */
internal fun event(
    format: String,
    level: Level = Level.INFO,
    namespace: String = "test",
    values: Map<String, Any?> = emptyMap(),
): LogEvent = LogEvent(Instant.EPOCH, level, namespace, format, values)

/** Its text cannot be had. */
internal class Unformattable(private val error: () -> Throwable = { IllegalStateException("no text") }) {
    override fun toString(): String = throw error()
}
