// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * How long a closing connection waits for a peer that takes nothing: [expired] runs after [timeout] without [progress]. It does so a poll
 * later, which tells what the peer has taken while the loop stood still.
 */
internal class CloseTimer(private val loop: StreamLoop, private val timeout: Duration, private val expired: Runnable) {
    private var call: DelayedCall? = null
    private var isSecondLook = false

    /** Begins to wait, unless it does so already. */
    fun start() {
        if (call == null) call = loop.callLater(timeout.saturatedNanos(), TimeUnit.NANOSECONDS, ::due)
    }

    private fun due() {
        if (isSecondLook) return expired.run()
        isSecondLook = true
        call = loop.callLater(0, TimeUnit.NANOSECONDS, ::due)
    }

    /** The peer has taken something: the time begins anew. */
    fun progress() {
        isSecondLook = false
        call?.let { if (it.isActive) it.reset(timeout.saturatedNanos(), TimeUnit.NANOSECONDS) }
    }

    /** Waits no more. */
    fun stop() {
        call?.let { if (it.isActive) it.cancel() }
        call = null
        isSecondLook = false
    }
}
