// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import java.time.Instant

/**
 * Logs structured events; Twisted's `Logger`. Each event has a text with named fields, the values of these fields, and any more values.
 * People read the text, programs the values.
 *
 * ```java
 * private static final Logger log = new Logger(ChatServer.class);
 *
 * log.info("{name} joined {room}", "name", name, "room", room);
 * ```
 * ```kotlin
 * private val log = Logger(ChatServer::class.java)
 *
 * log.info("{name} joined {room}", "name" to name, "room" to room)
 * ```
 *
 * Values are given as names and values in turn. A Throwable that is left over at the end is the event's throwable. Logging never throws: a
 * field without a value stays as it is, and a value without a name is called `?`.
 *
 * The levels are SLF4J's. Twisted's critical is [failure], at level error, since no backend of the JVM knows a level above that. An
 * unwanted level costs one question. Where even the array of the values counts, ask with [at]:
 *
 * ```java
 * log.at(Level.DEBUG).with("bytes", count).log("{bytes} bytes read");
 * ```
 *
 * Thread: any.
 */
public class Logger private constructor(
    /** The name in each event: dotted, as a rule the name of a class. */
    public val namespace: String,
    private val publisher: LogPublisher,
    private val context: Map<String, Any?>,
) {
    /** A logger of [namespace], whose events go to [observer]. */
    @JvmOverloads
    public constructor(namespace: String, observer: LogObserver = LogPublisher.global()) :
        this(namespace, observer as? LogPublisher ?: LogPublisher(observer), emptyMap())

    /** A logger with the name of [type]. */
    @JvmOverloads
    public constructor(type: Class<*>, observer: LogObserver = LogPublisher.global()) : this(type.name, observer)

    /** This logger, with one more value in each of its events: the connection, the user, the request. */
    public fun with(name: String, value: Any?): Logger = with(mapOf(name to value))

    /** This logger, with more values in each of its events. */
    public fun with(values: Map<String, Any?>): Logger = if (values.isEmpty()) this else Logger(namespace, publisher, context + values)

    /** Whether anybody wants events of [level] from here. */
    public fun isEnabled(level: Level): Boolean = publisher.isInterested(level, namespace)

    /** An event of [level], to be put together step by step. When no observer wants it, it costs nothing and goes nowhere. */
    public fun at(level: Level): LogEntry = if (isEnabled(level)) LogEntry.Real(this, level) else LogEntry.Unwanted

    /** Logs at level debug: for the developers of the program. */
    public fun debug(format: String): Unit = emitPlain(Level.DEBUG, format)

    /** Logs at level debug, with names and values in turn. */
    public fun debug(format: String, vararg namesAndValues: Any?): Unit = emitInTurn(Level.DEBUG, format, namesAndValues)

    /** Logs at level debug, with values by name. */
    @JvmSynthetic
    public fun debug(format: String, vararg values: Pair<String, Any?>): Unit = emitPairs(Level.DEBUG, format, null, values)

    /** Logs at level info: the routine of the program. */
    public fun info(format: String): Unit = emitPlain(Level.INFO, format)

    /** Logs at level info, with names and values in turn. */
    public fun info(format: String, vararg namesAndValues: Any?): Unit = emitInTurn(Level.INFO, format, namesAndValues)

    /** Logs at level info, with values by name. */
    @JvmSynthetic
    public fun info(format: String, vararg values: Pair<String, Any?>): Unit = emitPairs(Level.INFO, format, null, values)

    /** Logs at level warn: somebody should look at it; say what they can do. */
    public fun warn(format: String): Unit = emitPlain(Level.WARN, format)

    /** Logs at level warn, with names and values in turn. */
    public fun warn(format: String, vararg namesAndValues: Any?): Unit = emitInTurn(Level.WARN, format, namesAndValues)

    /** Logs at level warn, with values by name. */
    @JvmSynthetic
    public fun warn(format: String, vararg values: Pair<String, Any?>): Unit = emitPairs(Level.WARN, format, null, values)

    /** Logs at level error: something does not work. */
    public fun error(format: String): Unit = emitPlain(Level.ERROR, format)

    /** Logs at level error, with names and values in turn. */
    public fun error(format: String, vararg namesAndValues: Any?): Unit = emitInTurn(Level.ERROR, format, namesAndValues)

    /** Logs at level error, with values by name. */
    @JvmSynthetic
    public fun error(format: String, vararg values: Pair<String, Any?>): Unit = emitPairs(Level.ERROR, format, null, values)

    /**
     * Logs an unexpected error, with its stack, at level error. An expected error, which the program has handled, is an [error] or less,
     * without its stack.
     *
     * For a [Failure][dev.torsion.defer.Failure], as in an errback, give its `value`.
     */
    public fun failure(format: String, throwable: Throwable): Unit = emitPlain(Level.ERROR, format, throwable)

    /** Logs an unexpected error, with names and values in turn. */
    public fun failure(format: String, throwable: Throwable, vararg namesAndValues: Any?) {
        if (isEnabled(Level.ERROR)) publish(Level.ERROR, format, throwable, EventValues.inTurn(context, namesAndValues))
    }

    /** Logs an unexpected error, with values by name. */
    @JvmSynthetic
    public fun failure(format: String, throwable: Throwable, vararg values: Pair<String, Any?>): Unit =
        emitPairs(Level.ERROR, format, throwable, values)

    /** Logs at [level], with names and values in turn. */
    public fun emit(level: Level, format: String, vararg namesAndValues: Any?): Unit = emitInTurn(level, format, namesAndValues)

    private fun emitPlain(level: Level, format: String, throwable: Throwable? = null) {
        if (isEnabled(level)) publish(level, format, throwable, context)
    }

    private fun emitInTurn(level: Level, format: String, namesAndValues: Array<out Any?>) {
        if (!isEnabled(level)) return
        publish(level, format, EventValues.leftOver(namesAndValues), EventValues.inTurn(context, namesAndValues))
    }

    private fun emitPairs(level: Level, format: String, throwable: Throwable?, values: Array<out Pair<String, Any?>>) {
        if (isEnabled(level)) publish(level, format, throwable, context + values)
    }

    @JvmSynthetic
    internal fun publish(
        level: Level,
        format: String,
        throwable: Throwable?,
        values: Map<String, Any?>,
        boundary: Class<*> = Logger::class.java,
    ) {
        publisher.observe(LogEvent(Instant.now(), level, namespace, format, values, throwable).also { it.boundary = boundary })
    }

    @JvmSynthetic
    internal fun valuesAnd(own: Map<String, Any?>) = context + own

    override fun toString(): String = "Logger($namespace)"
}
