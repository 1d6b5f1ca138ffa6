// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import java.io.IOException
import java.time.Duration
import java.util.concurrent.TimeUnit

/** Nothing was sent or received for [timeout]: the cause of a [dev.torsion.net.ConnectionAborted]. */
public class IdleTimeoutException(
    /** How long a connection may be idle. */
    public val timeout: Duration,
) : IOException("Nothing was sent or received for ${TimeUnit.MILLISECONDS.convert(timeout)} ms.")

/** What an [IdleWatch] looks at. */
internal interface IdleSubject {
    /** Whether something that the peer has sent waits for us: then it is not the peer who is idle. */
    val isBusy: Boolean

    /** How much waits to be sent. */
    val bufferedBytes: Long

    /** Nothing has happened for the whole time. [isFlowing]: output went out since something was heard; its last part may be on its way. */
    fun idle(error: IdleTimeoutException, isFlowing: Boolean)
}

/**
 * Tells [subject] once nothing has been [heard] or [sent] for [timeout], no output has gone out, and we were not busy. There is one timer
 * at a time, which no message moves. It looks four times in the timeout.
 *
 * While output waits, the time is 30 seconds at least. The operating system takes more output only once much of its own buffer is empty, so a
 * peer that reads slowly seems to take nothing for many seconds.
 */
internal class IdleWatch(private val clock: Clock, private val timeout: Duration, private val subject: IdleSubject) {
    private val time = TimeUnit.NANOSECONDS.convert(timeout) // what does not fit, 292 years, is for ever
    private val step = (time / LOOKS).coerceAtLeast(1)
    private var lastTouch = clock.nanoTime()
    private var waited = 0L
    private var flowing = false
    private var timer = clock.callLater(step, TimeUnit.NANOSECONDS, ::look)

    fun heard() {
        flowing = false
        sent()
    }

    fun sent() {
        lastTouch = clock.nanoTime()
    }

    fun stop() {
        if (timer.isActive) timer.cancel()
    }

    private fun look() {
        val waiting = subject.bufferedBytes
        if (waiting != waited) {
            waited = waiting
            flowing = true
            sent()
        } else if (subject.isBusy) {
            sent()
        }
        val left = (if (waiting > 0) maxOf(time, STALLED) else time) - (clock.nanoTime() - lastTouch)
        if (left <= 0) {
            subject.idle(IdleTimeoutException(timeout), flowing && waiting == 0L)
        } else {
            timer = clock.callLater(minOf(left, step), TimeUnit.NANOSECONDS, ::look)
        }
    }

    private companion object {
        const val LOOKS = 4
        val STALLED = TimeUnit.SECONDS.toNanos(30)
    }
}
