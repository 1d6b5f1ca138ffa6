// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * A time-out that is set anew with each request and each byte. Setting it later costs no timer: one that is too early looks, and waits on.
 *
 * Thread: the clock's.
 */
internal class LazyTimeout(private val clock: Clock, private val timedOut: Runnable) {
    private var call: DelayedCall? = null
    private var callTime = 0L
    private var deadline = 0L
    private var isSet = false

    /** The time is up [period] from now, in place of any other. */
    fun set(period: Duration) {
        isSet = true
        val nanos = period.toWait
        deadline = clock.nanoTime() + nanos
        if (call != null && callTime - deadline <= 0) return
        cancel()
        begin(nanos)
    }

    /** The time is never up. */
    fun clear() {
        isSet = false
    }

    /** Clears it, and leaves no timer behind. */
    fun end() {
        isSet = false
        cancel()
    }

    /** It is forgotten first: a call can be cancelled once, and the next one may not come about. */
    private fun cancel() {
        val last = call
        call = null
        last?.cancel()
    }

    private fun begin(nanos: Long) {
        callTime = clock.nanoTime() + nanos
        call = clock.callLater(nanos, TimeUnit.NANOSECONDS, ::look)
    }

    private fun look() {
        call = null
        if (!isSet) return
        val left = deadline - clock.nanoTime()
        if (left > 0) return begin(left)
        isSet = false
        timedOut.run()
    }
}

/** This time in nanoseconds, for a clock; a very long one is for ever. */
internal val Duration.toWait: Long get() = TimeUnit.NANOSECONDS.convert(this).coerceAtMost(LONGEST)

private const val LONGEST = Long.MAX_VALUE / 4
