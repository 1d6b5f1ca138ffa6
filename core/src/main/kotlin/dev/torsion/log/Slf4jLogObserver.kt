// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import org.slf4j.spi.CallerBoundaryAware
import org.slf4j.spi.DefaultLoggingEventBuilder
import org.slf4j.spi.LoggingEventAware
import org.slf4j.spi.LoggingEventBuilder
import java.io.PrintWriter
import java.io.Writer
import java.util.concurrent.ConcurrentHashMap

/**
 * Sends events to SLF4J 2: to the logger of the event's namespace, with the message as text, each value as a key-value pair, and the
 * place that logged as the caller; Twisted's `STDLibLogObserver`.
 *
 * Backends that know pairs, such as Logback and Log4j 2, get all values as the objects they are. For others, such as slf4j-simple,
 * SLF4J writes pairs as text before the message; those get only the pairs that the message does not show anyway. When a backend fails
 * at a value, as Log4j does at one whose `toString` throws, the event is sent once more with all values as text. In place of a throwable
 * that cannot be described it gets an [StandInException].
 *
 * When SLF4J has no provider, warnings and errors go to the loggers of the JDK ([System.Logger]), so to standard error by default. The
 * first one comes with a hint. A provider that is silent on purpose, such as slf4j-nop, stays silent.
 *
 * Thread: any.
 */
public class Slf4jLogObserver internal constructor(private val loggerOf: (String) -> org.slf4j.Logger) : LogObserver {
    public constructor() : this(Slf4jLoggers::named)

    private val loggers = ConcurrentHashMap<String, org.slf4j.Logger>() // some backends take long to find theirs

    override fun isInterested(level: Level, namespace: String): Boolean = logger(namespace).isEnabledForLevel(level)

    override fun observe(event: LogEvent) {
        val logger = logger(event.namespace)
        if (!logger.isEnabledForLevel(event.level)) return
        val throwable = event.throwable?.let(::safeThrowable)
        try {
            send(logger, event, throwable) { it }
        } catch (_: Throwable) { // a value, most likely: it is shown as what it failed with, and another cause comes again
            send(logger, event, throwable?.let(::printable), LogFormat::text)
        }
    }

    /** [throwable], or a stand-in for one whose own `printStackTrace` throws. */
    private fun printable(throwable: Throwable): Throwable = try {
        throwable.printStackTrace(PrintWriter(Writer.nullWriter()))
        throwable
    } catch (_: Throwable) {
        standIn(throwable)
    }

    private inline fun send(logger: org.slf4j.Logger, event: LogEvent, throwable: Throwable?, value: (Any?) -> Any?) {
        val builder = logger.makeLoggingEventBuilder(event.level)
        val isText = isText(logger, builder)
        if (builder is CallerBoundaryAware) builder.setCallerBoundary(event.boundary.name)
        for ((key, it) in event.values) {
            if (!isText || !LogFormat.shows(event.format, key)) builder.addKeyValue(key, value(it))
        }
        builder.setCause(throwable).log(event.message)
    }

    /** SLF4J's own builder turns pairs to text for a logger that takes no events. */
    private fun isText(logger: org.slf4j.Logger, builder: LoggingEventBuilder) =
        builder is DefaultLoggingEventBuilder && logger !is LoggingEventAware

    private fun logger(namespace: String) = loggers.computeIfAbsent(namespace, loggerOf)

    override fun toString(): String = "Slf4jLogObserver"
}
