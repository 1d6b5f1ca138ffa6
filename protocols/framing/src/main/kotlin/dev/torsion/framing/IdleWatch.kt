// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.log.readable
import java.io.IOException
import java.time.Duration
import java.util.concurrent.TimeUnit

/** Nothing was sent or received for [timeout]: the cause of a [dev.torsion.net.ConnectionAborted]. The subclasses are for one direction. */
public open class IdleTimeoutException internal constructor(
    /** How long a connection may be idle. */
    public val timeout: Duration,
    message: String,
) : IOException(message) {
    public constructor(timeout: Duration) : this(timeout, "Nothing was sent or received for ${readable(timeout)}.")
}

/** Nothing was received for [timeout]: see [ConnectionOptions.readIdleTimeout]. */
public class ReadIdleTimeoutException(timeout: Duration) : IdleTimeoutException(timeout, "Nothing was received for ${readable(timeout)}.")

/** Nothing was sent for [timeout]: see [ConnectionOptions.writeIdleTimeout]. */
public class WriteIdleTimeoutException(timeout: Duration) : IdleTimeoutException(timeout, "Nothing was sent for ${readable(timeout)}.")

/** The connection that an [IdleWatch] looks at. */
internal interface IdleSubject {
    /** Whether something that the peer has sent waits for us: then it is not the peer who is idle. */
    val isBusy: Boolean

    /** How much waits to be sent. */
    val bufferedBytes: Long

    /** Nothing has happened for the whole time. [isFlowing]: output went out since something was heard; its last part may be on its way. */
    fun idle(error: IdleTimeoutException, isFlowing: Boolean)
}

/** How long a connection may be idle; null for ever. */
internal class IdleLimits(val either: Duration? = null, val read: Duration? = null, val write: Duration? = null) {
    val isUnlimited get() = either == null && read == null && write == null
}

/**
 * Tells [subject] once nothing has been [heard] or [sent] for as long as [limits] say, no output has gone out, and we were not busy. Our
 * own work is no excuse for sending nothing. There is one timer at a time, which no message moves. It looks four times in the shortest
 * limit.
 *
 * While output waits, the time is 30 seconds at least. The operating system takes more output only once much of its own buffer is empty,
 * so a peer that reads slowly seems to take nothing for many seconds.
 */
internal class IdleWatch(private val clock: Clock, private val limits: IdleLimits, private val subject: IdleSubject) {
    private val either = nanos(limits.either)
    private var read = nanos(limits.read)
    private val write = nanos(limits.write)
    private val step = (minOf(either, read, write) / LOOKS).coerceAtLeast(1)
    private var heardAt = clock.nanoTime()
    private var sentAt = heardAt
    private var waited = 0L
    private var flowing = false
    private var timer = clock.callLater(step, TimeUnit.NANOSECONDS, ::look)

    /** Something has come, or the peer could not be heard until now, since we were busy. */
    fun heard() {
        flowing = false
        heardAt = clock.nanoTime()
    }

    /** Until now it was we who were busy. */
    fun wasBusy() {
        heardAt = clock.nanoTime()
    }

    /** The peer has ended its side: its silence says nothing from now on. */
    fun willHearNoMore() {
        read = Long.MAX_VALUE
    }

    fun sent() {
        sentAt = clock.nanoTime()
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
            wasBusy()
        }
        val now = clock.nanoTime()
        val unheard = now - heardAt
        val unsent = now - sentAt
        val readLeft = read - unheard
        val writeLeft = stretched(write, waiting) - unsent
        val eitherLeft = stretched(either, waiting) - minOf(unheard, unsent)
        val left = minOf(readLeft, writeLeft, eitherLeft)
        if (left > 0) {
            timer = clock.callLater(minOf(left, step), TimeUnit.NANOSECONDS, ::look)
        } else {
            val error =
                when (left) {
                    readLeft -> ReadIdleTimeoutException(limits.read!!)
                    writeLeft -> WriteIdleTimeoutException(limits.write!!)
                    else -> IdleTimeoutException(limits.either!!)
                }
            subject.idle(error, flowing && waiting == 0L)
        }
    }

    private fun stretched(limit: Long, waiting: Long) = if (waiting > 0) maxOf(limit, STALLED) else limit

    private companion object {
        const val LOOKS = 4
        val STALLED = TimeUnit.SECONDS.toNanos(30)

        /** A time that does not fit, 292 years, is for ever. */
        fun nanos(time: Duration?) = if (time == null) Long.MAX_VALUE else TimeUnit.NANOSECONDS.convert(time)
    }
}
