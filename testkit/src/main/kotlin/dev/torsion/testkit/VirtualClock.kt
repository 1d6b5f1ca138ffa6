// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import dev.torsion.clock.TimerQueue
import dev.torsion.defer.Place
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.function.BooleanSupplier

/**
 * A clock that moves only when told to; Twisted's `task.Clock`.
 *
 * ```kotlin
 * val clock = VirtualClock()
 * clock.callLater(5.seconds) { println("ring") }
 * clock.advance(5.seconds)
 * ```
 *
 * There are two ways to let time pass. [advance] moves time first and then runs everything that has become due, as a loop does that
 * was held up for so long: each call sees the new time. [runFor] lets time pass as on an undisturbed loop: it goes from one due call
 * to the next, and each call sees the moment for which it was planned.
 *
 * Calls run in the order of their times, those due at the same instant in the order they were made; calls that become due on the way
 * are included. Inside a call these methods only move time, which is how a test makes a call that takes long; what has become due
 * by it runs when that call has returned. (Twisted's clock would run it inside of that call.)
 *
 * A call that throws does not keep the others from running: at the end the first error is thrown to the test, the others as its
 * suppressed exceptions. (Twisted's clock stops at the first.)
 *
 * A clock given to a [MemoryReactor] drives that reactor: letting time pass on either is the same.
 *
 * Thread: the test's. Time begins at zero, and stands still after [LAST]. Calls that are planned for later, such as a time-out of
 * [FOREVER][java.time.temporal.ChronoUnit.FOREVER], never run.
 */
public class VirtualClock : Clock {
    internal val timers = TimerQueue(::nanoTime)
    internal val failures = Failures()
    private var loop: Loop = OwnLoop()
    private var driving = false

    @Volatile
    private var now = 0L

    init {
        LeakWatch.current()?.watch(this)
    }

    /** What runs the calls: this clock itself, or the reactor that it was given to. */
    internal interface Loop {
        /** Runs what is due, and all that follows from it at this instant. */
        fun settle()
    }

    override fun nanoTime(): Long = now

    /** How much time has passed since this clock was made. */
    public fun elapsed(): Duration = Duration.ofNanos(now)

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall = timers.add(delay, unit, call)

    /** The same with a [Duration]. */
    public fun callLater(delay: Duration, call: Runnable): DelayedCall =
        timers.add(TimeUnit.NANOSECONDS.convert(delay), TimeUnit.NANOSECONDS, call)

    override fun delayedCalls(): List<DelayedCall> = timers.calls()

    /**
     * Moves time by [by], then runs what has become due; Twisted's `advance`. With zero it runs what is due now.
     *
     * @throws IllegalArgumentException when [by] is negative
     */
    public fun advance(by: Duration) {
        require(!by.isNegative) { "time does not run backwards, but advance was given $by" }
        now = after(by)
        driven { loop.settle() }
    }

    /** [advance] by each of [steps] in turn; Twisted's `pump`. */
    public fun pump(steps: Iterable<Duration>): Unit = steps.forEach { advance(it) }

    /** [advance] by each of [steps] in turn. */
    public fun pump(vararg steps: Duration): Unit = pump(steps.asList())

    /** Lets [time] pass as on an undisturbed loop: each call that becomes due runs at its own instant. */
    public fun runFor(time: Duration) {
        require(!time.isNegative) { "time does not run backwards, but runFor was given $time" }
        val end = after(time)
        if (driving) {
            now = end
            return
        }
        driven {
            loop.settle()
            while (timers.nextDeadline() <= end) jump()
            now = maxOf(now, end)
            loop.settle()
        }
    }

    /**
     * Jumps from one due call to the next until none is left; Trio's autojump.
     *
     * @throws AssertionError when calls are left after [atMost] of virtual time, as with a call that repeats itself for ever
     */
    @JvmOverloads
    public fun runUntilIdle(atMost: Duration = Duration.ofHours(1)) {
        drivenUntil({ false }, atMost, ifIdle = {}) {
            throw AssertionError("after $atMost of virtual time there is still something to wait for: ${describeWaiting()}")
        }
    }

    /**
     * Jumps from one due call to the next until [condition] holds.
     *
     * @throws AssertionError when it does not hold although nothing is left to wait for, or after [atMost] of virtual time
     */
    @JvmOverloads
    public fun runUntil(condition: BooleanSupplier, atMost: Duration = Duration.ofMinutes(1)): Unit = drivenUntil(
        condition,
        atMost,
        ifIdle = { throw AssertionError("the condition does not hold, and there is nothing left to wait for") },
        ifLate = { throw AssertionError("the condition does not hold after $atMost of virtual time; waiting: ${describeWaiting()}") },
    )

    internal fun drivenUntil(condition: BooleanSupplier, atMost: Duration, ifIdle: () -> Unit, ifLate: () -> Unit) {
        check(!driving) { "this cannot be called from within a call of the clock: the outer one is running it" }
        val end = after(atMost)
        driven {
            loop.settle()
            while (!condition.asBoolean) {
                val next = timers.nextDeadline()
                if (next == Long.MAX_VALUE) return@driven ifIdle()
                if (next > end) return@driven ifLate()
                jump()
            }
        }
    }

    /** The moment that is [time] from now. */
    private fun after(time: Duration) = now + minOf(TimeUnit.NANOSECONDS.convert(time), END - now)

    private fun jump() {
        now = maxOf(now, timers.nextDeadline())
        loop.settle()
    }

    internal fun describeWaiting() = timers.calls().sortedBy { it.time }.take(MOST_DESCRIBED).joinToString()

    /** Time passes while the loop waits. */
    internal fun pass(nanos: Long) {
        now += minOf(nanos, END - now)
    }

    internal fun drivenBy(loop: Loop) {
        check(this.loop is OwnLoop) { "this clock drives a reactor already" }
        this.loop = loop
    }

    /** Runs [block], unless it is running further out, and throws what the calls have thrown. */
    internal fun driven(block: () -> Unit) {
        if (driving) return
        driving = true
        try {
            block()
        } catch (e: Throwable) {
            failures.add(e)
        } finally {
            driving = false
        }
        failures.rethrow()
    }

    /** [driven], but [block] runs further in too: for what is refused there, loudly. */
    internal fun drivenUnlessInside(block: () -> Unit): Unit = if (driving) block() else driven(block)

    override fun toString(): String = "VirtualClock(${elapsed()}, ${timers.count} delayed calls)"

    /** Runs the calls directly. */
    private inner class OwnLoop : Loop {
        override fun settle() {
            var count = 0
            while (true) {
                val due = timers.pollDue(now) ?: return
                if (++count > MOST_AT_ONE_INSTANT) throw busy("$count calls")
                try {
                    due.run()
                } catch (e: Throwable) {
                    failures.add(e)
                }
            }
        }
    }

    internal fun busy(what: String) =
        AssertionError("$what ran at the same instant, and there is no end of them: does a call plan itself again without a delay?")

    public companion object {
        internal const val MOST_AT_ONE_INSTANT = 10_000_000
        private const val MOST_DESCRIBED = 5
        private const val END = Long.MAX_VALUE / 4

        /** The last moment: about 73 years. */
        @JvmField
        public val LAST: Duration = Duration.ofNanos(END)

        init {
            Place.addLibrary(VirtualClock::class.java)
        }
    }
}

/** Errors on their way to the test. */
internal class Failures {
    private val errors = ArrayList<Throwable>()

    fun add(error: Throwable) {
        errors.add(error)
    }

    fun rethrow() {
        val first = errors.firstOrNull() ?: return
        val others = errors.drop(1).filter { it !== first }
        errors.clear()
        others.forEach(first::addSuppressed)
        throw first
    }
}
