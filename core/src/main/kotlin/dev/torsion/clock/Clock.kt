// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import java.util.concurrent.TimeUnit
import kotlin.time.Duration

/**
 * A source of time that can call you back: Twisted's `IReactorTime`.
 *
 * A [dev.torsion.reactor.Reactor] is the real clock. The testkit's `VirtualClock` moves only when a test says so. Code that takes a
 * `Clock`, and does not ask the system for the time, can be tested without waiting.
 *
 * Thread: a clock belongs to one thread, the reactor's, unless a method says otherwise. Calls run on that thread.
 */
public interface Clock {
    /** Monotonic time in nanoseconds from an arbitrary origin. May be called on any thread. */
    public fun nanoTime(): Long

    /**
     * Runs [call] once, [delay] from now, on this clock's thread; Twisted's `callLater`.
     *
     * Nothing runs before the reactor runs. Calls due at the same instant run in the order in which they were made. A reset or delay counts
     * as making the call anew. A zero delay means "in the next turn", never "inside this call". An exception of [call] is reported, and the
     * clock goes on.
     *
     * @throws IllegalArgumentException when [delay] is negative
     */
    public fun callLater(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall

    /** The calls that have neither run nor been cancelled, in no particular order; Twisted's `getDelayedCalls`. */
    public fun delayedCalls(): List<DelayedCall>
}

/**
 * Runs [call] once, [delay] from now: [Clock.callLater] for Kotlin.
 *
 * ```kotlin
 * val alarm = reactor.callLater(5.seconds) { println("ring") }
 * alarm.cancel()
 * ```
 */
@JvmSynthetic
public inline fun Clock.callLater(delay: Duration, crossinline call: () -> Unit): DelayedCall =
    callLater(delay.inWholeNanoseconds, TimeUnit.NANOSECONDS) { call() }
