// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.loop.Loop
import dev.torsion.nio.NioPoller
import dev.torsion.spi.TorsionSpi
import java.net.InetAddress
import java.nio.channels.SelectionKey
import java.util.function.Consumer

/** Waits on channels of [network]: lets everything arrive, and when nothing is on its way, the [clock] goes on to the next timer. */
@OptIn(TorsionSpi::class)
internal class MemoryPoller(loop: Loop, private val network: MemoryNetwork, home: InetAddress?, private val clock: VirtualClock) :
    NioPoller(loop, MemorySelectorProvider(network, home)) {
    /** The loop that the clock drives. */
    lateinit var driven: VirtualClock.Loop

    /** Called when nothing is left to wait for except other threads. Gets a description of their work, and throws. */
    lateinit var idle: (String) -> Nothing

    /** Whether a channel is ready for an operation that it waits for. */
    val isReady: Boolean get() = (selector as MemorySelector).isReady

    override fun select(timeoutNanos: Long, ready: Consumer<SelectionKey>) {
        network.deliver()
        if (selector.selectNow(ready) > 0 || timeoutNanos == 0L || !network.isQuiet) return
        if (Thread.currentThread().isInterrupted) return heedInterrupt()
        if (clock.othersWent(driven)) return
        val now = clock.nanoTime()
        val next = minOf(clock.nextDeadlineBeside(driven), network.nextArrival())
        val wait = minOf(timeoutNanos, if (next == Long.MAX_VALUE) next else next - now)
        if (wait == Long.MAX_VALUE) {
            clock.waitForOthers()?.let { idle(it) }
        } else {
            clock.pass(wait)
        }
    }
}
