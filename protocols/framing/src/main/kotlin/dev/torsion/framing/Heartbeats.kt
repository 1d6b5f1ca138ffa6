// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.clock.LoopingCall
import java.time.Duration

/** Runs [beat] every [interval], the first time after one, until it is closed, which it tells [ended]. On the clock's thread. */
internal class Heartbeats(clock: Clock, interval: Duration, private val ended: (Heartbeats) -> Unit, beat: () -> Unit) : AutoCloseable {
    private val calls = LoopingCall(clock, beat)

    init {
        require(interval > Duration.ZERO) { "an interval must be positive, but is $interval" }
        calls.start(interval, now = false)
    }

    override fun close() {
        if (!calls.isRunning) return
        calls.stop()
        ended(this)
    }
}
