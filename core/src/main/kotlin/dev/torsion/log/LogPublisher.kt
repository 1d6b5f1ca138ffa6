// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import java.time.Instant
import java.util.ArrayDeque
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Hands each event to all of its observers, in the order in which they were added; Twisted's `LogPublisher`.
 *
 * **Isolation.** When an observer throws, the others still get the event, and then one more event at level error with the exception. An
 * observer that fails at that report too is left out of further reports about this event. When no observer is left, SLF4J gets the report.
 *
 * **Observers that log.** An observer may log while it gets an event. Its events are delivered once all observers have that event. So all
 * observers see the same order, and nothing recurses. [MOST_NESTED] such events are delivered for one event from outside. More are dropped,
 * and one warning tells how many. So an observer that logs for each of its events cannot go on for ever.
 *
 * Thread: any, in all methods; observers may be added and removed while events are delivered.
 */
public class LogPublisher(vararg observers: LogObserver) : LogObserver {
    private val observers = CopyOnWriteArrayList(observers.toList().distinct())
    private val deliveries = ThreadLocal<Delivery>()

    /** Adds [observer] as the last one. If it is there already, it stays where it is. */
    public fun addObserver(observer: LogObserver) {
        observers.addIfAbsent(observer)
    }

    /** Takes [observer] out, if it is there. */
    public fun removeObserver(observer: LogObserver) {
        observers.remove(observer)
    }

    /** The observers, as they are now. */
    public fun observers(): List<LogObserver> = observers.toList()

    override fun isInterested(level: Level, namespace: String): Boolean = observers.any { isInterested(it, level, namespace) }

    // One that cannot say gets the event, and its failure is reported then.
    private fun isInterested(observer: LogObserver, level: Level, namespace: String) = try {
        observer.isInterested(level, namespace)
    } catch (_: Throwable) {
        true
    }

    /** Delivers [event]; never throws. */
    override fun observe(event: LogEvent) {
        val current = deliveries.get()
        if (current != null) return current.add(event)
        val delivery = Delivery()
        deliveries.set(delivery)
        try {
            deliver(event)
            while (true) deliver(delivery.next() ?: break)
            if (delivery.dropped > 0) deliver(droppedEvent(delivery.dropped))
        } finally {
            deliveries.remove()
        }
    }

    private fun deliver(event: LogEvent) {
        var broken: ArrayDeque<Broken>? = null
        for (observer in observers) {
            try {
                observer.observe(event)
            } catch (e: Throwable) {
                broken = (broken ?: ArrayDeque()).apply { add(Broken(observer, e)) }
            }
        }
        if (broken != null) report(broken, event)
    }

    /** Tells of the [broken] observers to those that are not, of which some may break at that. Each can do so only once. */
    private fun report(broken: ArrayDeque<Broken>, event: LogEvent) {
        val left = observers.toMutableList().apply { removeAll { observer -> broken.any { it.observer === observer } } }
        while (true) {
            val (observer, error) = broken.poll() ?: break
            val report = brokenEvent(observer, error, event)
            val failed =
                left.filter { other ->
                    try {
                        other.observe(report)
                        false
                    } catch (e: Throwable) {
                        broken.add(Broken(other, e))
                    }
                }
            left.removeAll(failed)
            if (left.isEmpty()) lastResort(report)
        }
    }

    private fun brokenEvent(observer: LogObserver, error: Throwable, event: LogEvent) = LogEvent(
        Instant.now(),
        Level.ERROR,
        NAMESPACE,
        "The log observer {observer} failed at an event of {source}",
        mapOf("observer" to LogFormat.text(observer), "source" to event.namespace),
        error,
    )

    private fun droppedEvent(dropped: Int) = LogEvent(
        Instant.now(),
        Level.WARN,
        NAMESPACE,
        "Log observers logged more than {limit} events while they were given one; {dropped} of them are lost",
        mapOf("limit" to MOST_NESTED, "dropped" to dropped),
    )

    private fun lastResort(report: LogEvent) {
        try {
            Slf4jLoggers.named(NAMESPACE).error(report.message, report.throwable?.let(::safeThrowable))
        } catch (_: Throwable) {
            // Logging itself is broken, and there is nobody left who could be told.
        }
    }

    override fun toString(): String = "LogPublisher(${observers.joinToString { LogFormat.text(it) }})"

    private data class Broken(val observer: LogObserver, val error: Throwable)

    /** The events that observers have logged while one event is delivered on one thread. */
    private class Delivery {
        private val waiting = ArrayDeque<LogEvent>()
        private var taken = 0
        var dropped = 0
            private set

        fun add(event: LogEvent) {
            if (taken == MOST_NESTED) {
                dropped++
            } else {
                taken++
                waiting.add(event)
            }
        }

        fun next(): LogEvent? = waiting.poll()
    }

    public companion object {
        /** How many events that observers log themselves are delivered for one event from outside. */
        public const val MOST_NESTED: Int = 16

        private const val NAMESPACE = "dev.torsion.log"
        private val global = LogPublisher(Slf4jLogObserver())

        /**
         * The publisher that loggers use unless they are given another; Twisted's `globalLogPublisher`. It has one observer at first, which
         * sends everything to SLF4J.
         */
        @JvmStatic
        public fun global(): LogPublisher = global
    }
}
