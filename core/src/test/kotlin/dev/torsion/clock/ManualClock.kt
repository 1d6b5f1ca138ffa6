// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import java.util.concurrent.TimeUnit
import kotlin.time.Duration

/** A clock that moves when told to, as Twisted's `task.Clock` does: first the time, then all calls that are due, new ones included. */
internal class ManualClock : Clock {
    private val timers = TimerQueue { now }

    /** The time in nanoseconds. A call may move it: it then took that long. */
    var now = 0L

    override fun nanoTime() = now

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable) = timers.add(delay, unit, call)

    override fun delayedCalls() = timers.calls()

    fun advance(by: Duration) = advance(by.inWholeNanoseconds)

    fun advance(nanos: Long) {
        now += nanos
        while (true) (timers.pollDue(now) ?: break).run()
    }
}
