// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.DelayedCall
import dev.torsion.net.Pace
import java.util.concurrent.TimeUnit

/**
 * Looks now and then whether a peer has time left by its [pace]. There is one timer at a time, which no byte moves.
 *
 * A loop that stands still is no fault of the peer's: the bytes that have come meanwhile wait in the socket, and timers run before it is read
 * again. So the peer is too slow at a second look only, which is a poll later.
 *
 * Thread: the loop's.
 *
 * @param look is called when it is time to look, and goes on with [isTooSlow]
 */
internal class PaceWatch(private val loop: StreamLoop, val pace: Pace, private val look: () -> Unit) {
    private var timer: DelayedCall? = null
    private var isSecondLook = false

    fun moved(bytes: Int) = pace.moved(bytes, loop.nanoTime())

    /** Time counts from now on. */
    fun run() {
        val now = loop.nanoTime()
        if (pace.run(now)) lookWithin(pace.left(now))
    }

    fun halt() = pace.halt(loop.nanoTime())

    /** Nothing waits. */
    fun rest() {
        if (pace.isRunning) pace.rest(loop.nanoTime())
    }

    /** Looks after [nanos], unless it does so before. */
    fun lookWithin(nanos: Long) {
        val delay = maxOf(nanos, LEAST) // a peer that moves a byte at a time must not make a turn of each
        val planned = timer
        if (planned == null) {
            timer = loop.callLater(delay, TimeUnit.NANOSECONDS, ::due)
        } else if (planned.time - loop.nanoTime() > delay) {
            planned.reset(delay, TimeUnit.NANOSECONDS)
        }
    }

    private fun due() {
        timer = null
        look()
    }

    /** Whether the peer has no time left. Otherwise it looks again, while time counts. */
    fun isTooSlow(): Boolean {
        val now = loop.nanoTime()
        val left = pace.left(now)
        val wasSecondLook = isSecondLook
        isSecondLook = false
        when {
            !pace.isRunning -> Unit
            left > 0 -> lookWithin(left)
            left < -STANDSTILL -> {
                pace.reset()
                run()
            }
            wasSecondLook -> return true
            else -> {
                isSecondLook = true
                timer = loop.callLater(0, TimeUnit.NANOSECONDS, ::due)
            }
        }
        return false
    }

    fun stop() {
        timer?.cancel()
        timer = null
    }

    private companion object {
        val LEAST = TimeUnit.MILLISECONDS.toNanos(10)
        val STANDSTILL = TimeUnit.SECONDS.toNanos(1) // a timer that is so late tells of the loop, and not of the peer
    }
}
