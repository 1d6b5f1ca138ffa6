// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level

/** An event that is put together step by step, and logged at the end; from [Logger.at]. Thread: that of its maker. */
public sealed class LogEntry {
    /** Adds a value; the last one of a name counts. */
    public abstract fun with(name: String, value: Any?): LogEntry

    /** Adds the error that is the reason. */
    public abstract fun withThrowable(throwable: Throwable?): LogEntry

    /** Logs the event, with this text. */
    public abstract fun log(format: String)

    /** One that somebody wants. */
    internal class Real(private val logger: Logger, private val level: Level) : LogEntry() {
        private val values = LinkedHashMap<String, Any?>()
        private var throwable: Throwable? = null

        override fun with(name: String, value: Any?): LogEntry {
            values[name] = value
            return this
        }

        override fun withThrowable(throwable: Throwable?): LogEntry {
            this.throwable = throwable
            return this
        }

        override fun log(format: String): Unit = logger.publish(level, format, throwable, logger.valuesAnd(values), javaClass)
    }

    /** One that nobody wants. */
    internal object Unwanted : LogEntry() {
        override fun with(name: String, value: Any?): LogEntry = this

        override fun withThrowable(throwable: Throwable?): LogEntry = this

        override fun log(format: String) {}
    }
}
