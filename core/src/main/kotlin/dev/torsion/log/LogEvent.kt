// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import java.time.Instant
import java.util.Collections

/**
 * One thing that happened, as data: what Twisted has as a dictionary with keys such as `log_format`.
 *
 * Immutable, as far as its values are: the text of [message] is made when it is first asked for, so a value that changes after the
 * event was logged may show its later state to an observer that keeps events. Log numbers and strings where that matters.
 *
 * Thread: any.
 *
 * @property time when it was logged, by the wall clock
 * @property level how much it matters
 * @property namespace who says so: the name of the [Logger]
 * @property format what happened, with `{name}` where a value belongs
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
     * The [format] with the [values] in place of their names, made once. What has no value stays as it is, `{{` and `}}` are braces, and
     * a value whose `toString` fails is shown as that failure: this never throws.
     */
    public val message: String get() = text ?: LogFormat.format(format, values).also { text = it }

    /** The class whose caller is the place that logged this, for backends that show it. */
    internal var boundary: Class<*> = Logger::class.java

    override fun toString(): String = "$time $level $namespace: $message" + (throwable?.let { " (${LogFormat.text(it)})" } ?: "")
}
