// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level

/** The opinion of a [LogFilterPredicate] about an event; Twisted's `PredicateResult`. */
public enum class PredicateResult {
    /** Let it through, without asking the later predicates. */
    YES,

    /** Keep it back, without asking the later predicates. */
    NO,

    /** Ask the next predicate; after the last one the event goes through. */
    MAYBE,
}

/** Decides about events, for a [FilteringLogObserver]; Twisted's `ILogFilterPredicate`. Thread: any, several at once. */
public fun interface LogFilterPredicate {
    /** Decides about [event]. */
    @Throws(Exception::class)
    public fun test(event: LogEvent): PredicateResult
}

/**
 * Lets some events through to [observer]; Twisted's class of the same name.
 *
 * ```java
 * var levels = new LogLevelFilterPredicate(Level.WARN);
 * levels.setLogLevelForNamespace("com.example", Level.DEBUG);
 * LogPublisher.global().addObserver(new FilteringLogObserver(file, List.of(levels)));
 * ```
 *
 * The [predicates] are asked in order until one says yes or no. Thread: any.
 *
 * @param negativeObserver gets the events that are kept back; null for nobody
 */
public class FilteringLogObserver
@JvmOverloads
constructor(
    private val observer: LogObserver,
    predicates: List<LogFilterPredicate>,
    private val negativeObserver: LogObserver? = null,
) : LogObserver {
    private val predicates = predicates.toList()

    override fun observe(event: LogEvent) {
        if (shouldLog(event)) observer.observe(event) else negativeObserver?.observe(event)
    }

    private fun shouldLog(event: LogEvent): Boolean {
        for (predicate in predicates) {
            val result = predicate.test(event)
            if (result != PredicateResult.MAYBE) return result == PredicateResult.YES
        }
        return true
    }

    override fun isInterested(level: Level, namespace: String): Boolean {
        if (negativeObserver != null) return true
        for (predicate in predicates) {
            if (predicate !is LogLevelFilterPredicate) return true // only an event can tell
            if (!predicate.isWanted(level, namespace)) return false
        }
        return observer.isInterested(level, namespace)
    }

    override fun toString(): String = "FilteringLogObserver(${LogFormat.text(observer)})"
}
