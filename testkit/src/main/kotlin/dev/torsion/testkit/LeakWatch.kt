// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.LeftBehind
import dev.torsion.defer.UnhandledFailure
import dev.torsion.defer.UnhandledFailures
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.Job
import java.util.concurrent.CancellationException

/**
 * Watches one test: at its [end] it finds what the test has left behind. The JUnit and Kotest extensions do this for every test; for
 * other frameworks, [begin] before the test and [end] after it, on the same thread.
 *
 * Every [VirtualClock] and [MemoryReactor] that is made on this thread meanwhile is watched. Found are:
 * - delayed calls that wait, ports that listen, connections that are open or being made;
 * - coroutines that wait: those of a reactor's scope and below it, as of connections, and those of
 *   [inlineCallbacks][dev.torsion.defer.inlineCallbacks];
 * - a shutdown that does not end within a minute of virtual time, because a trigger waits for something that never comes;
 * - failures of Deferreds that nobody handled, also those that are held by [pause][dev.torsion.defer.Deferred.pause];
 * - futures of Deferreds, and stages derived from them, that have failed while nobody has looked at them. A stage, a wait or
 *   a question counts as a look; a cancellation is no failure;
 * - errors that were logged with a throwable and not taken with [CapturedLogs.flushLoggedErrors] of [logs]. (A report of a
 *   [MemoryReactor] is no such error: the test hears it from the reactor.)
 *
 * Where something was made is told when debugging is on (`-Dtorsion.debug=on`, or assertions enabled, as test runners do; see
 * [DeferredDebug][dev.torsion.defer.DeferredDebug]).
 *
 * **Not seen:** a Deferred that never fires while no coroutine waits for it, for it is garbage and no leak; what other threads than the
 * test's begin; a failed future that was given to `allOf`, `anyOf` or `orTimeout`, or that `whenComplete` has
 * returned; coroutines of scopes that are not below a reactor's; reactors on real sockets, and their ports and connections; with debugging off,
 * where a coroutine was launched.
 *
 * Thread: the test's. A test that moves to another thread still has its reactors checked, but no Deferreds.
 */
@OptIn(TorsionSpi::class)
public class LeakWatch private constructor() {
    private val owner = Thread.currentThread()
    private val clocks = LinkedHashSet<VirtualClock>()
    private val reactors = LinkedHashSet<MemoryReactor>()
    private val unhandled = ArrayList<UnhandledFailure>()
    private val begun = LeftBehind.watch()
    private val closedFirst = ArrayList<AutoCloseable>()
    private var isTurnEnded = false

    /** The log of the test. */
    public val logs: CapturedLogs = CapturedLogs.start()

    private val listening =
        UnhandledFailures.addListener { report -> (Thread.currentThread() === owner).also { if (it) unhandled.add(report) } }

    init {
        UnhandledFailures.beginTurn()
    }

    /** A clock for the test; that of [reactor]. */
    public val clock: VirtualClock by lazy { VirtualClock() }

    /** A reactor for the test. */
    public val reactor: MemoryReactor by lazy { MemoryReactor(clock) }

    /**
     * Closes [tool] at the end of the test, before the leftovers are looked for: for tools that test extensions give to a test. The last one is closed
     * first.
     */
    public fun closeAtEnd(tool: AutoCloseable) {
        closedFirst.add(tool)
    }

    @JvmSynthetic
    internal fun watch(clock: VirtualClock) {
        clocks.add(clock)
    }

    @JvmSynthetic
    internal fun watch(reactor: MemoryReactor) {
        reactors.add(reactor)
    }

    /** The job of a test that is a coroutine, for one that waits in vain. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var testJob: Job? = null

    /** Why the test was ended while it waited in vain. */
    @Volatile
    @get:JvmSynthetic
    internal var refusal: Throwable? = null
        private set

    /** Ends the test, if it is a coroutine. On another thread. */
    @JvmSynthetic
    internal fun refuse(reason: Throwable) {
        refusal = reason
        testJob?.cancel(CancellationException(reason.message).apply { initCause(reason) })
    }

    /** Fails the futures of the reactors on [clock]: the test's thread waits for one of them in vain. On another thread. */
    @JvmSynthetic
    internal fun failPending(clock: VirtualClock, reason: Throwable): Unit =
        reactors.filter { it.clock === clock }.forEach { begun.failPending(it, reason) }

    /** The test hears of [error], which is in the log too, from the reactor that reports it. */
    @JvmSynthetic
    internal fun reported(error: Throwable): Unit = logs.flush(listOf(error))

    /**
     * Ends the watch: lets the reactors do what can be done without any time passing, finds what is left, and closes them.
     *
     * @throws AssertionError that lists what was left behind
     */
    public fun end() {
        val errors = closeTools() + reactors.mapNotNull { reactor -> runCatching { reactor.settle() }.exceptionOrNull() }
        val left = reactors.flatMap { it.leftovers() }
        val calls = clocks.flatMap { clock -> clock.delayedCalls().sortedBy { it.time } }.map { "pending call: $it" }
        val waiting = begun.found(reactors.map { it.scope })
        endTurn()
        val failures = unhandled.toList() // before closing the reactors fails what is still under way
        val logged = logs.unexpectedErrors()
        val allErrors = errors + closeReactors()
        val endless = reactors.mapNotNull { it.endlessShutdown() }
        val problems =
            left + calls + waiting + endless + failures.map { "$it${it.places}" } + logged.map { "logged error: $it" } +
                allErrors.map { "a callback failed while the test was ending: $it" }
        if (problems.isEmpty()) return
        val found = AssertionError("The test has left something behind:\n" + problems.joinToString("\n") { "  - $it" })
        (
            waiting.mapNotNull {
                it.error
            } + failures.map { it.failure.value } + logged.mapNotNull { it.throwable } + allErrors
            ).forEach(found::addSuppressed)
        throw found
    }

    /** Ends the watch of a test that has failed: closes its reactors, and says nothing of the leftovers. Does nothing after [end]. */
    public fun close() {
        closeTools()
        endTurn()
        closeReactors() // what fails in it is in the log, and the test has failed already
        reactors.forEach { it.endlessShutdown() }
    }

    private fun closeTools(): List<Throwable> {
        val errors = ArrayList<Throwable>()
        while (true) (closedFirst.removeLastOrNull() ?: return errors).runCatching { close() }.onFailure(errors::add)
    }

    private fun endTurn() {
        if (isTurnEnded) return
        isTurnEnded = true
        if (current.get() === this) current.remove()
        if (Thread.currentThread() === owner) {
            UnhandledFailures.endTurn()
            begun.close()
        }
    }

    private fun closeReactors(): List<Throwable> {
        val errors = reactors.mapNotNull { reactor -> runCatching { reactor.close() }.exceptionOrNull() }
        listening.close()
        logs.close()
        return errors
    }

    override fun toString(): String = "LeakWatch(${clocks.size} clocks, ${reactors.size} reactors)"

    public companion object {
        private val current = ThreadLocal<LeakWatch>()

        /** Begins to watch what this thread makes. One that the thread has not ended yet is closed. */
        @JvmStatic
        public fun begin(): LeakWatch {
            current()?.close()
            return LeakWatch().also(current::set)
        }

        /** The watch that this thread has begun and not ended, or null. */
        @JvmStatic
        public fun current(): LeakWatch? = current.get()
    }
}
