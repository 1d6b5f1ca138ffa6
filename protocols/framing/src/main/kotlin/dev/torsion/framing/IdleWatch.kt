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
) : IOException("Nothing was sent or received for ${timeout.toMillis()} ms.")

/** Calls [expired] once nothing has [touch]ed it for [timeout]. One timer at a time, which is not moved at each touch. */
internal class IdleWatch(
    private val clock: Clock,
    private val timeout: Duration,
    private val expired: (IdleTimeoutException) -> Unit,
) {
    private var lastTouch = clock.nanoTime()
    private var timer = clock.callLater(timeout.toNanos(), TimeUnit.NANOSECONDS, ::look)

    fun touch() {
        lastTouch = clock.nanoTime()
    }

    fun stop() {
        if (timer.isActive) timer.cancel()
    }

    private fun look() {
        val left = timeout.toNanos() - (clock.nanoTime() - lastTouch)
        if (left <= 0) expired(IdleTimeoutException(timeout)) else timer = clock.callLater(left, TimeUnit.NANOSECONDS, ::look)
    }
}
