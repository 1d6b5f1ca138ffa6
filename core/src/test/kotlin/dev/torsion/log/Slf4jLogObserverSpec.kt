// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.slf4j.Marker
import org.slf4j.event.DefaultLoggingEvent
import org.slf4j.event.Level
import org.slf4j.event.LoggingEvent
import org.slf4j.helpers.LegacyAbstractLogger
import org.slf4j.spi.LoggingEventAware
import java.io.PrintWriter
import java.io.Writer

/** The events that a backend of SLF4J gets. */
internal class Slf4jLogObserverSpec :
    StringSpec({
        val error = IllegalStateException("why")

        "a backend gets the message, the values as they are, the error and the logger" {
            val backend = EventBackend()
            val value = Any()
            Logger("a.b", Slf4jLogObserver { backend.named(it) }).failure("{x} happened", error, "x" to value, "more" to 7, "none" to null)
            val event = backend.events.single()
            event.loggerName shouldBe "a.b"
            event.level shouldBe Level.ERROR
            event.message shouldBe "$value happened"
            event.throwable shouldBeSameInstanceAs error
            event.keyValuePairs.map { it.key to it.value } shouldContainExactly listOf("x" to value, "more" to 7, "none" to null)
        }

        "the backend's levels count" {
            val backend = EventBackend(lowest = Level.WARN)
            val observer = Slf4jLogObserver { backend.named(it) }
            val log = Logger("a.b", observer)
            Level.entries.filter { log.isEnabled(it) } shouldContainExactly listOf(Level.ERROR, Level.WARN)
            observer.observe(event("too low", Level.INFO))
            backend.events.shouldBeEmpty()
            Level.entries.forEach { log.emit(it, "{l}", "l", it) }
            backend.events.map { it.message } shouldContainExactly listOf("ERROR", "WARN")
        }

        "the caller is who called the logger" {
            val backend = EventBackend()
            val log = Logger("a.b", Slf4jLogObserver { backend.named(it) })
            log.info("{x}", "x" to 1)
            log.at(Level.INFO).with("x", 1).log("{x}")
            backend.callers shouldContainExactly List(2) { Slf4jLogObserverSpec::class.java.name }
        }

        "a backend of plain text gets the pairs that the message does not show" {
            val backend = TextBackend()
            Logger("a.b", Slf4jLogObserver { backend }).info("{x} and {y}", "x" to 1, "y" to 2, "z" to 3)
            backend.lines shouldContainExactly listOf("z=3 1 and 2")
        }

        "braces in a value are no places for arguments" {
            val backend = TextBackend()
            Logger("a.b", Slf4jLogObserver { backend }).failure("{x}", error, "x" to "{} {}")
            backend.lines shouldContainExactly listOf("{} {}")
        }

        "a value that the backend fails at costs its text, not the event" {
            val backend = EventBackend(isReading = true)
            Logger("a.b", Slf4jLogObserver { backend.named(it) }).info("hello", "evil" to Unformattable(), "good" to 1)
            val event = backend.events.single()
            event.message shouldBe "hello"
            event.keyValuePairs.map { it.key to it.value } shouldContainExactly
                listOf("evil" to "<dev.torsion.log.Unformattable whose toString throws java.lang.IllegalStateException>", "good" to "1")
        }

        "an error that cannot be described costs its text, not the event nor its trace" {
            for (bad in listOf(Undescribed(), RuntimeException("why", Undescribed()))) {
                val backend = EventBackend(isReading = true)
                Logger("a.b", Slf4jLogObserver { backend.named(it) }).failure("hello", bad)
                val event = backend.events.single()
                event.message shouldBe "hello"
                event.throwable.shouldBeInstanceOf<StandInException>().original shouldBeSameInstanceAs bad
                event.throwable.stackTrace.toList() shouldBe bad.stackTrace.toList()
            }
        }

        "nor does one that cannot be printed" {
            val backend = EventBackend(isReading = true)
            val bad =
                object : RuntimeException("why") {
                    override fun printStackTrace(out: PrintWriter): Unit = throw NoClassDefFoundError("out")
                }
            Logger("a.b", Slf4jLogObserver { backend.named(it) }).failure("hello", bad, "x" to 1)
            val event = backend.events.single()
            event.throwable.shouldBeInstanceOf<StandInException>().original shouldBeSameInstanceAs bad
            event.keyValuePairs.map { it.key to it.value } shouldContainExactly listOf("x" to "1")
        }

        "a value that fails with an error costs its text, not the event" {
            val backend = EventBackend(isReading = true)
            Logger("a.b", Slf4jLogObserver { backend.named(it) }).info("hello", "evil" to Unformattable { StackOverflowError() })
            backend.events.single().keyValuePairs.map { it.value } shouldContainExactly
                listOf("<dev.torsion.log.Unformattable whose toString throws java.lang.StackOverflowError>")
        }
    })

/** A backend that takes events, as Logback does. */
private class EventBackend(private val lowest: Level = Level.TRACE, private val isReading: Boolean = false, name: String = "") :
    LegacyAbstractLogger(),
    LoggingEventAware {
    val events = ArrayList<LoggingEvent>()
    val callers = ArrayList<String>()

    init {
        this.name = name
    }

    fun named(name: String): org.slf4j.Logger = EventBackend(lowest, isReading, name).also { it.parent = this }

    private var parent: EventBackend? = null

    override fun log(event: LoggingEvent) {
        val to = parent ?: this
        if (isReading) {
            event.keyValuePairs?.forEach { it.value.toString() }
            event.throwable?.printStackTrace(PrintWriter(Writer.nullWriter()))
        }
        to.events.add(event)
        // As backends find the caller: the frame below the last one of the boundary.
        val boundary = (event as DefaultLoggingEvent).callerBoundary
        val frames = Throwable().stackTrace.map { it.className }
        to.callers.add(frames[frames.indexOfLast { it == boundary } + 1].substringBefore('$'))
    }

    override fun isTraceEnabled() = lowest.toInt() <= Level.TRACE.toInt()

    override fun isDebugEnabled() = lowest.toInt() <= Level.DEBUG.toInt()

    override fun isInfoEnabled() = lowest.toInt() <= Level.INFO.toInt()

    override fun isWarnEnabled() = lowest.toInt() <= Level.WARN.toInt()

    override fun isErrorEnabled() = true

    override fun getFullyQualifiedCallerName(): String? = null

    override fun handleNormalizedLoggingCall(
        level: Level,
        marker: Marker?,
        message: String,
        arguments: Array<out Any?>?,
        throwable: Throwable?,
    ) = error("events come by log")

    private companion object {
        const val serialVersionUID = 1L
    }
}

/** A backend that takes text, as slf4j-simple does. */
private class TextBackend : LegacyAbstractLogger() {
    val lines = ArrayList<String>()

    override fun isTraceEnabled() = true

    override fun isDebugEnabled() = true

    override fun isInfoEnabled() = true

    override fun isWarnEnabled() = true

    override fun isErrorEnabled() = true

    override fun getFullyQualifiedCallerName(): String? = null

    override fun handleNormalizedLoggingCall(
        level: Level,
        marker: Marker?,
        message: String,
        arguments: Array<out Any?>?,
        throwable: Throwable?,
    ) {
        lines.add(org.slf4j.helpers.MessageFormatter.basicArrayFormat(message, arguments))
    }

    private companion object {
        const val serialVersionUID = 1L
    }
}
