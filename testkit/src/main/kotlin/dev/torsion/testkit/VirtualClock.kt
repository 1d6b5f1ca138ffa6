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
 * A clock given to [MemoryReactor]s drives them all: letting time pass on the clock or on one of them is the same.
 *
 * The methods that wait for something ([runUntil], [MemoryReactor.await], `runTest`) also wait for other threads. While code of the test is
 * at work on one, as in `Dispatchers.IO`, no time passes, for at most [patience] of real time.
 *
 * Thread: the test's. Nothing happens while that thread waits in another way, such as `join` or `runBlocking`: a wait of that kind is
 * refused, or ended after [patience]. Time begins at zero, and stands still after [LAST]. Calls that are planned for later, such as a
 * time-out of [FOREVER][java.time.temporal.ChronoUnit.FOREVER], never run.
 */
public class VirtualClock : Clock {
    @get:JvmSynthetic
    internal val timers = TimerQueue(::nanoTime)

    @get:JvmSynthetic internal val failures = Failures()

    @get:JvmSynthetic
    internal val others = OtherThreads()
    private val loops = ArrayList<Loop>()
    private var isGiven = false
    private var driver = Thread.currentThread()

    @Volatile
    private var driving = false

    @Volatile
    private var now = 0L

    /** How long, by the real clock, one wait stands still for work on other threads; 10 s. A longer wait fails, and names the work. */
    @Volatile
    public var patience: Duration = Duration.ofSeconds(10)
        set(value) {
            require(!value.isNegative) { "a patience must not be negative, but was $value" }
            field = value
        }

    init {
        LeakWatch.current()?.watch(this)
        DrivingWatch.begin(this)
    }

    /** A reactor that this clock was given to. It runs calls at their times. Without one the clock runs its calls itself. */
    internal interface Loop {
        /** One turn. The first begins the loop. */
        fun turn()

        /** Whether another turn would find something to do at this instant. */
        val hasMore: Boolean

        /** Whether something was handed over to it. */
        val hasTasks: Boolean

        /** When it next has something to do, or [Long.MAX_VALUE]. */
        fun nextDeadline(): Long

        /** The calls that wait in it, unless they wait in the clock's own [timers]. */
        fun ownCalls(): List<DelayedCall>

        /** Its coroutines that run on other threads, described. */
        fun coroutinesElsewhere(): List<String>

        /** Nobody lets time pass for it any more, since the test's thread waits in vain. On another thread. */
        fun letGo()
    }

    override fun nanoTime(): Long = now

    /** How much time has passed since this clock was made. */
    public fun elapsed(): Duration = Duration.ofNanos(now)

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall = timers.add(delay, unit, call)

    /** The same with a [Duration]. */
    public fun callLater(delay: Duration, call: Runnable): DelayedCall =
        timers.add(TimeUnit.NANOSECONDS.convert(delay), TimeUnit.NANOSECONDS, call)

    override fun delayedCalls(): List<DelayedCall> = timers.calls() + loops.flatMap { it.ownCalls() }

    /**
     * Moves time by [by], then runs what has become due; Twisted's `advance`. With zero it runs what is due now.
     *
     * @throws IllegalArgumentException when [by] is negative
     */
    public fun advance(by: Duration) {
        require(!by.isNegative) { "time does not run backwards, but advance was given $by" }
        now = after(by)
        driven(::settle)
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
            settle()
            while (nextDeadline() <= end) jump()
            now = maxOf(now, end)
            settle()
        }
    }

    /**
     * Jumps from one due call to the next until none is left; Trio's autojump.
     *
     * @throws AssertionError when calls are left after [atMost] of virtual time, as with a call that repeats itself for ever
     */
    @JvmOverloads
    public fun runUntilIdle(atMost: Duration = Duration.ofHours(1)) {
        drivenUntil({ false }, atMost, Duration.ZERO, ifIdle = {}) {
            throw AssertionError("after $atMost of virtual time there is still something to wait for: ${describeWaiting()}")
        }
    }

    /**
     * Jumps from one due call to the next until [condition] holds, as in `clock.runUntil(future::isDone)`.
     *
     * @throws AssertionError when it does not hold although nothing is left to wait for, or after [atMost] of virtual time
     */
    @JvmOverloads
    public fun runUntil(condition: BooleanSupplier, atMost: Duration = Duration.ofMinutes(1)): Unit = drivenUntil(
        condition,
        atMost,
        patience,
        ifIdle = { throw AssertionError("the condition does not hold, and there is nothing left to wait for$it") },
        ifLate = { throw AssertionError("the condition does not hold after $atMost of virtual time; waiting: ${describeWaiting()}$it") },
    )

    /** [ifIdle] and [ifLate] are given what other threads are still doing, as the end of a sentence. */
    @JvmSynthetic
    internal fun drivenUntil(
        condition: BooleanSupplier,
        atMost: Duration,
        patience: Duration,
        ifIdle: (String) -> Unit,
        ifLate: (String) -> Unit,
    ) {
        check(!driving) { "this cannot be called from within a call of the clock: the outer one is running it" }
        val end = after(atMost)
        val wait = others.Wait(patience)
        val hasCome = { condition.asBoolean || loops.any { it.hasTasks } }
        driven {
            settle()
            while (!condition.asBoolean) {
                val next = nextDeadline()
                if (wait.bringsSomething(isLast = next == Long.MAX_VALUE, coroutinesElsewhere().isNotEmpty(), hasCome)) {
                    settle()
                    continue
                }
                if (next == Long.MAX_VALUE) return@driven ifIdle(describeElsewhere(wait))
                if (next > end) return@driven ifLate(describeElsewhere(wait))
                jump()
            }
        }
    }

    private fun coroutinesElsewhere() = loops.flatMap { it.coroutinesElsewhere() }

    private fun describeElsewhere(wait: OtherThreads.Wait): String {
        val coroutines = coroutinesElsewhere()
        return wait.describe() + if (coroutines.isEmpty()) "" else "; coroutines on other threads: ${coroutines.joinToString()}"
    }

    /** The moment that is [time] from now. */
    private fun after(time: Duration) = now + minOf(TimeUnit.NANOSECONDS.convert(time), END - now)

    private fun jump() {
        now = maxOf(now, nextDeadline())
        settle()
    }

    /** When something is due next, on any loop. */
    private fun nextDeadline(): Long {
        if (loops.isEmpty()) return timers.nextDeadline()
        var next = Long.MAX_VALUE
        for (i in loops.indices) next = minOf(next, loops[i].nextDeadline())
        return next
    }

    /** Runs what is due, and all that follows from it at this instant. */
    private fun settle() {
        if (loops.isEmpty()) return runOwnCalls()
        for (i in loops.indices) loops[i].turn()
        var count = 0
        do {
            if (++count > MOST_AT_ONE_INSTANT) throw busy("$count turns")
        } while (turnOf(null))
    }

    /** One turn of each loop that has something to do, [except] one; false when none has. */
    private fun turnOf(except: Loop?): Boolean {
        var any = false
        for (i in loops.indices) {
            val loop = loops[i]
            if (loop === except || !loop.hasMore) continue
            any = true
            loop.turn()
        }
        return any
    }

    /** For a [loop] that runs by itself and may wait: lets the others go on first; true when they had something to do. */
    @JvmSynthetic
    internal fun othersWent(loop: Loop): Boolean = turnOf(loop)

    /** For a [loop] that runs by itself: when something is due next on another one. */
    @JvmSynthetic
    internal fun nextDeadlineBeside(loop: Loop): Long = loops.minOf { if (it === loop) Long.MAX_VALUE else it.nextDeadline() }

    /** For a loop that runs by itself and has nothing left to wait for: waits for other threads; what they are doing if nothing came. */
    @JvmSynthetic
    internal fun waitForOthers(): String? {
        val wait = others.Wait(patience)
        val hasCome = wait.bringsSomething(isLast = true, coroutinesElsewhere().isNotEmpty()) { loops.any { it.hasTasks } }
        return if (hasCome) null else describeElsewhere(wait)
    }

    /** The test's thread waits in vain: those that it waits for are let go. On another thread. */
    @JvmSynthetic
    internal fun letGo() {
        if (!driving) loops.toList().forEach { it.letGo() }
    }

    @JvmSynthetic
    internal fun describeWaiting() = delayedCalls().sortedBy { it.time }.take(MOST_DESCRIBED).joinToString()

    /** Time passes while the loop waits. */
    @JvmSynthetic
    internal fun pass(nanos: Long) {
        now += minOf(nanos, END - now)
    }

    /** Time passes for [loop] too. */
    @JvmSynthetic
    internal fun add(loop: Loop) {
        loops.add(loop)
    }

    /** The queue for the calls of a new reactor: that of the first is the clock's own. */
    @JvmSynthetic
    internal fun timersForReactor(): TimerQueue = if (isGiven) TimerQueue(::nanoTime) else timers.also { isGiven = true }

    /** Runs [block], unless it is running further out, and throws what the calls have thrown. */
    @JvmSynthetic
    internal fun driven(block: () -> Unit) {
        if (driving) return
        driving = true
        isUsedHere()
        try {
            block()
        } catch (e: Throwable) {
            failures.add(e)
        } finally {
            driving = false
        }
        failures.rethrow()
    }

    /** The calling thread lets time pass, or is about to. */
    @JvmSynthetic
    internal fun isUsedHere() {
        if (Thread.currentThread() === driver) return
        driver = Thread.currentThread()
        DrivingWatch.begin(this)
    }

    /** [driven], but [block] runs inside of another drive too, where it is refused loudly. */
    @JvmSynthetic
    internal fun drivenUnlessInside(block: () -> Unit): Unit = if (driving) block() else driven(block)

    override fun toString(): String = "VirtualClock(${elapsed()}, ${timers.count} delayed calls)"

    private fun runOwnCalls() {
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

    @JvmSynthetic
    internal fun busy(what: String) =
        AssertionError("$what ran at the same instant, and there is no end of them: does a call plan itself again without a delay?")

    public companion object {
        internal const val MOST_AT_ONE_INSTANT = 10_000_000
        private const val MOST_DESCRIBED = 5
        internal const val INSTEAD = "call await(future) of the MemoryReactor, or runUntil(future::isDone), which let virtual time pass"
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
