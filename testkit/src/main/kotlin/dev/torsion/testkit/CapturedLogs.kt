// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.log.LogEvent
import dev.torsion.log.LogObserver
import dev.torsion.log.LogPublisher
import org.slf4j.event.Level
import java.util.ArrayDeque
import java.util.concurrent.CopyOnWriteArrayList

/**
 * The events that are logged during a test, or a part of it; Twisted's `capturedLogs`, and its trial's `flushLoggedErrors`.
 *
 * ```java
 * try (var logs = CapturedLogs.start()) {
 *   server.refuse(peer);
 *   assertEquals("refused 10.0.0.1", logs.single(Level.WARN).getMessage());
 * }
 * ```
 *
 * It takes all events of [LogPublisher.global], at every level. The settings of SLF4J do not matter. **Whose events:** those of the thread
 * that calls [start], and of the threads that are started from then on by it or by these; so those of the reactors, pools and helpers
 * that the test starts, and not those of a test that runs beside it. The threads of a pool that was there before are not among them:
 * [ofAllThreads] takes what all threads log.
 *
 * The newest [LIMIT] events are kept. Captures nest: an inner one takes nothing away from an outer one. Events can be looked at after
 * [close], too.
 *
 * Thread: any, but [start] and [close] are called on the same one.
 */
public class CapturedLogs private constructor(private val isOfAllThreads: Boolean) : AutoCloseable {
    private val kept = ArrayDeque<LogEvent>()
    private val scope = Scope(innermost.get())
    private val observer = LogObserver { if (isOfAllThreads || isInScope()) keep(it) }

    init {
        innermost.set(scope)
        LogPublisher.global().addObserver(observer)
    }

    private fun isInScope() = innermost.get()?.andOuter()?.any { it === scope } == true

    @Synchronized
    private fun keep(event: LogEvent) {
        if (kept.size == LIMIT) kept.removeFirst()
        kept.addLast(event)
    }

    /** The events so far, in order. */
    @Synchronized
    public fun events(): List<LogEvent> = kept.toList()

    /** The events of [level] so far. */
    public fun events(level: Level): List<LogEvent> = events().filter { it.level == level }

    /** The texts of the events so far. */
    public fun messages(): List<String> = events().map { it.message }

    /** The only event of [level]. @throws AssertionError when there is none, or more than one */
    public fun single(level: Level): LogEvent {
        val found = events(level)
        if (found.size == 1) return found.single()
        throw AssertionError("Expected one event of level $level, but there are ${found.size}. Logged was:${describe(events())}")
    }

    /** The throwables of a [type] that were logged. */
    public fun <T : Throwable> failures(type: Class<T>): List<T> = events().mapNotNull { it.throwable }.filterIsInstance(type)

    /**
     * The errors that were logged with a throwable, of one of [types] or, without types, of any; they were expected, and are no longer
     * among the [unexpectedErrors], here and in captures around this one. Twisted's `flushLoggedErrors`.
     */
    @SafeVarargs
    public fun flushLoggedErrors(vararg types: Class<out Throwable>): List<LogEvent> {
        val expected = unexpectedErrors().filter { event -> types.isEmpty() || types.any { it.isInstance(event.throwable) } }
        flush(expected.mapNotNull { it.throwable })
        return expected
    }

    /** Says that [errors] are known, here and in captures around this one. */
    @JvmSynthetic
    internal fun flush(errors: List<Throwable>): Unit = scope.andOuter().forEach { it.known.addAll(errors) }

    /** The events of level error with a throwable that [flushLoggedErrors] has not given. */
    public fun unexpectedErrors(): List<LogEvent> =
        events(Level.ERROR).filter { event -> event.throwable != null && scope.known.none { it === event.throwable } }

    /** Ends the capture. */
    override fun close() {
        LogPublisher.global().removeObserver(observer)
        if (innermost.get() === scope) innermost.set(scope.outer)
    }

    override fun toString(): String = "CapturedLogs(${events().size} events)"

    /** A mark on threads, which those that they start inherit. It does not refer to the events: threads may outlive the test. */
    private class Scope(val outer: Scope?) {
        val known = CopyOnWriteArrayList<Throwable>()

        fun andOuter() = generateSequence(this) { it.outer }
    }

    public companion object {
        /** How many events are kept. */
        public const val LIMIT: Int = 10_000

        private val innermost = InheritableThreadLocal<Scope?>()

        /** Begins to capture what this thread logs, and those that it starts. */
        @JvmStatic
        public fun start(): CapturedLogs = CapturedLogs(isOfAllThreads = false)

        /** Begins to capture what all threads log, those of other tests included. */
        @JvmStatic
        public fun ofAllThreads(): CapturedLogs = CapturedLogs(isOfAllThreads = true)

        private fun describe(events: List<LogEvent>) = if (events.isEmpty()) " nothing" else events.joinToString("") { "\n  $it" }
    }
}
