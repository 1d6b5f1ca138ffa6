// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import dev.torsion.net.Pace
import dev.torsion.net.Protocol
import dev.torsion.net.TimeoutMixin
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * Watches that a client sends the body of a request: the next byte within [HttpServerOptions.bodyTimeout], and
 * [HttpServerOptions.minimumBodyRate] on average. Otherwise calls [late]. One for a connection, whose requests follow each other.
 */
internal class BodyWatch(connection: Protocol, private val options: HttpServerOptions, private val clock: Clock, late: Runnable) {
    private val timer = TimeoutMixin(connection, clock, late)
    private var pace: Pace? = null // of the body that comes

    fun came(count: Int) {
        pace?.moved(count, clock.nanoTime())
    }

    /** The next byte is the client's to send. */
    fun expect() {
        val timeout = timeOfNextByte()
        if (timer.timeout == timeout) timer.resetTimeout() else timer.setTimeout(timeout)
    }

    /** The client has sent all, or has a reason to wait. */
    fun rest() {
        pace?.halt(clock.nanoTime())
        timer.setTimeout(null)
    }

    /** The request is over. */
    fun end() {
        timer.setTimeout(null)
        pace = null
    }

    /** The fault of the client, when its time is over. */
    fun fault(): HttpTimeoutException {
        val isSlow = timeOfNextByte().isZero && timer.timeout != options.bodyTimeout
        if (!isSlow) return HttpTimeoutException("No byte of the body came", options.bodyTimeout)
        return HttpTimeoutException(
            "Less of the body came than ${options.minimumBodyRate} bytes per second",
            Duration.ofNanos(MOST_IN_HAND),
        )
    }

    /** The time of each byte, or the time that is left to a client that is slow. */
    private fun timeOfNextByte(): Duration {
        if (options.minimumBodyRate == 0L) return options.bodyTimeout
        val pace = pace ?: Pace(options.minimumBodyRate, MOST_IN_HAND, MOST_IN_HAND).also { pace = it }
        val now = clock.nanoTime()
        pace.run(now)
        return minOf(options.bodyTimeout, Duration.ofNanos(maxOf(0, pace.left(now))))
    }

    private companion object {
        val MOST_IN_HAND: Long = TimeUnit.SECONDS.toNanos(60)
    }
}
