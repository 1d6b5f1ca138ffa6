// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import java.time.Instant
import java.util.Collections

/**
 * One event of the program, as data. Twisted has a dictionary for it, with keys such as `log_format`.
 *
 * It is as immutable as its values. The text of [message] is made at the first question for it. So an observer that keeps events may
 * see a later state of a value that changes. Log numbers and strings where that matters.
 *
 * Thread: any.
 *
 * @property time the time of logging, by the wall clock
 * @property level how much it matters
 * @property namespace the name of the [Logger]
 * @property format the text, with `{name}` in place of each value
 * @property throwable the error that is the reason, or null
 * @property threadName the thread that logged it
 */
public class LogEvent
@JvmOverloads
constructor(
    public val time: Instant,
    public val level: Level,
    public val namespace: String,
    public val format: String,
    values: Map<String, Any?> = emptyMap(),
    public val throwable: Throwable? = null,
    public val threadName: String = Thread.currentThread().name,
) {
    /** The values, in the order in which they were given; those of the logger's context come first. It cannot be changed. */
    public val values: Map<String, Any?> = if (values.isEmpty()) emptyMap() else Collections.unmodifiableMap(LinkedHashMap(values))

    private var text: String? = null

    /**
     * The [format] with the [values] in place of their names, made once. A name without a value stays as it is, and `{{` and `}}` are
     * braces. When a value's `toString` fails, the text has that failure in its place. This never throws.
     */
    public val message: String get() = text ?: LogFormat.format(format, values).also { text = it }

    /** The class whose caller is the place that logged this, for backends that show it. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var boundary: Class<*> = Logger::class.java

    override fun toString(): String = "$time $level $namespace: $message" + (throwable?.let { " (${LogFormat.text(it)})" } ?: "")
}
