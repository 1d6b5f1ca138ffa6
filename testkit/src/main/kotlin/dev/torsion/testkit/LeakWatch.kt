// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.UnhandledFailure
import dev.torsion.defer.UnhandledFailures

/**
 * Watches one test: at its [end] it finds what the test has left behind. The JUnit and Kotest extensions do this for every test; for
 * other frameworks, [begin] before the test and [end] after it, on the same thread.
 *
 * Every [VirtualClock] and [MemoryReactor] that is made on this thread meanwhile is watched. Found are: failures of Deferreds that
 * nobody handled, delayed calls that wait, ports that listen, and connections that are open or being made. Where it was made is told
 * when debugging is on (`-Dtorsion.debug=on`, or assertions enabled, as test runners do; see
 * [DeferredDebug][dev.torsion.defer.DeferredDebug]).
 *
 * Thread: the test's. A test that moves to another thread still has its reactors checked, but no Deferreds.
 */
public class LeakWatch private constructor() {
    private val owner = Thread.currentThread()
    private val clocks = LinkedHashSet<VirtualClock>()
    private val reactors = LinkedHashSet<MemoryReactor>()
    private val unhandled = ArrayList<UnhandledFailure>()
    private var isEnded = false
    private val listening =
        UnhandledFailures.addListener { report -> (Thread.currentThread() === owner).also { if (it) unhandled.add(report) } }

    init {
        UnhandledFailures.beginTurn()
    }

    /** A clock for the test; that of [reactor]. */
    public val clock: VirtualClock by lazy { VirtualClock() }

    /** A reactor for the test. */
    public val reactor: MemoryReactor by lazy { MemoryReactor(clock) }

    internal fun watch(clock: VirtualClock) {
        clocks.add(clock)
    }

    internal fun watch(reactor: MemoryReactor) {
        reactors.add(reactor)
    }

    /**
     * Ends the watch: lets the reactors do what can be done without any time passing, finds what is left, and closes them.
     *
     * @throws AssertionError that lists what was left behind
     */
    public fun end() {
        val problems = ArrayList<String>()
        val errors = ArrayList<Throwable>()
        reactors.forEach { reactor -> runCatching { reactor.settle() }.onFailure(errors::add) }
        reactors.forEach { problems.addAll(it.leftovers()) }
        clocks.forEach { clock -> clock.delayedCalls().sortedBy { it.time }.mapTo(problems) { "pending call: $it" } }
        close()
        unhandled.forEach { problems.add("$it${it.places}") }
        errors.forEach { problems.add("a callback failed while the test was ending: $it") }
        if (problems.isEmpty()) return
        val found = AssertionError("The test has left something behind:\n" + problems.joinToString("\n") { "  - $it" })
        (unhandled.map { it.failure.value } + errors).forEach(found::addSuppressed)
        throw found
    }

    /** Ends the watch of a test that has failed: closes its reactors, and says nothing of what is left. Does nothing after [end]. */
    public fun close() {
        if (isEnded) return
        isEnded = true
        if (current.get() === this) current.remove()
        // They are going to be garbage: what their closing breaks is of no interest.
        reactors.forEach { runCatching { it.close() } }
        if (Thread.currentThread() === owner) UnhandledFailures.endTurn()
        listening.close()
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
