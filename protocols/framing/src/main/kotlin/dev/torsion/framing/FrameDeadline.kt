// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import dev.torsion.log.readable
import dev.torsion.net.ProtocolViolationException
import java.time.Duration
import java.util.concurrent.TimeUnit

/** The peer has begun a frame and not ended it within [timeout]; see [ConnectionOptions.frameTimeout]. */
public class FrameTimeoutException(
    /** How long a frame may take. */
    public val timeout: Duration,
    /** How many bytes of the unfinished frame had come. */
    public val bytes: Int,
) : ProtocolViolationException("A frame was not complete within ${readable(timeout)}: $bytes bytes of it had come.")

/**
 * Calls [expired] when a frame that has [begun] is not [ended] after [timeout]. There is one timer at a time, which no frame moves.
 */
internal class FrameDeadline(private val clock: Clock, private val timeout: Duration, private val expired: (Duration) -> Unit) {
    private val time = TimeUnit.NANOSECONDS.convert(timeout)
    private var since = 0L
    private var isUnfinished = false
    private var timer: DelayedCall? = null

    /** Part of a frame is there. */
    fun begun() {
        if (isUnfinished) return
        isUnfinished = true
        since = clock.nanoTime()
        if (timer == null) timer = clock.callLater(time, TimeUnit.NANOSECONDS, ::look)
    }

    /** No frame is unfinished, or it is not for the peer to go on with it. */
    fun ended() {
        isUnfinished = false
    }

    fun stop() {
        isUnfinished = false
        timer?.let { if (it.isActive) it.cancel() }
        timer = null
    }

    private fun look() {
        timer = null
        if (!isUnfinished) return
        val left = time - (clock.nanoTime() - since)
        if (left > 0) timer = clock.callLater(left, TimeUnit.NANOSECONDS, ::look) else expired(timeout)
    }
}
