// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/** A reactor, the notes of a check about it, and the errors that it has reported. */
internal class ReactorScene(private val kind: ReactorKind) : AutoCloseable {
    private val reported = CopyOnWriteArrayList<Throwable>()
    private val listener = ErrorListener { _, error -> reported.add(error) }

    var reactor: Reactor = kind.create(listener)
        private set

    /** The events so far, in order. */
    val story: MutableList<String> = CopyOnWriteArrayList()

    fun note(what: String) {
        story.add(what)
    }

    /** From now on it is another reactor, whose connections have little time at its end. */
    fun willStopSoon() {
        reactor.stopAndJoin(Duration.ZERO)
        reactor = kind.create(listener, Duration.ofMillis(SOON_MILLIS))
    }

    /** Another reactor, whose ports this one reaches. */
    fun peer(): StreamHarness = kind.peerOf(reactor)

    /** Runs the reactor in this thread until it has stopped or crashed. */
    fun run() {
        var isLate = false
        val watchdog =
            reactor.callLater(MOST_SECONDS, TimeUnit.SECONDS) {
                isLate = true
                reactor.crash()
            }
        reactor.run()
        expect(!isLate) { "it has not stopped within $MOST_SECONDS s; until then: $story" }
        if (watchdog.isActive) watchdog.cancel()
    }

    /** Runs the reactor; it begins with [program] and ends by itself. */
    fun run(program: Reactor.() -> Unit) {
        reactor.callWhenRunning { reactor.program() }
        run()
    }

    fun expectStory(vararg events: String) = expectEqual(story.toList(), events.toList(), "what has happened")

    /** The errors that were reported, which the check has expected. */
    fun takeErrors(): List<Throwable> = reported.toList().also { reported.clear() }

    fun on(phase: Phase, event: SystemEvent, trigger: () -> Any?) = reactor.addSystemEventTrigger(phase, event) { trigger() }

    override fun close() {
        expect(reactor.stopAndJoin(Duration.ofSeconds(MOST_SECONDS))) { "$reactor does not end" }
        reported.forEach { throw AssertionError("an error was reported that the check did not expect", it) }
    }

    companion object {
        const val MOST_SECONDS = 20L
        private const val SOON_MILLIS = 200L
    }
}
