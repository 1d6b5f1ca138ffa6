// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.clock.DelayedCall
import dev.torsion.loop.EventLoop
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import dev.torsion.stream.LoopStreams
import dev.torsion.stream.StreamLoop
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit

/**
 * A [reactor] that knows nothing of streams, as the loop of one: the work that each use of the transport leaves is done in a later task.
 *
 * Thread: the reactor's. All connections of a reactor share one, as they share the memory of its stage.
 */
internal class FlushingLoop private constructor(private val reactor: Reactor) :
    StreamLoop,
    EventLoop by reactor {
    override val streams = LoopStreams(this)
    private var isFlushing = false
    private val whenItStops = reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) { streams.loopEnded() }

    override val isEnding get() = reactor.state.isEnding

    override fun checkTakesNew() {
        if (isEnding) throw ReactorNotRunningException("The reactor is ending, and opens nothing new.")
    }

    // Each method of a transport begins with it.
    override fun checkThread(operation: String) {
        reactor.checkThread(operation)
        flushSoon()
    }

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall = reactor.callLater(delay, unit) {
        call.run()
        flushSoon()
    }

    private fun flushSoon() {
        if (isFlushing) return
        isFlushing =
            reactor.runSoon {
                isFlushing = false
                streams.turnBegan()
                streams.batchEnded()
            }
    }

    private var users = 0

    private fun taken() = apply { users++ }

    private fun left(): FlushingLoop? {
        if (--users > 0) return this
        if (!isEnding) reactor.removeSystemEventTrigger(whenItStops)
        return null
    }

    companion object {
        private val inUse = ConcurrentHashMap<Reactor, FlushingLoop>()

        /** How many reactors have one. */
        val count: Int get() = inUse.size

        /** Calls [block] with the one of [reactor]. */
        suspend fun <T> use(reactor: Reactor, block: suspend (FlushingLoop) -> T): T {
            val loop = inUse.compute(reactor) { _, known -> (known ?: FlushingLoop(reactor)).taken() }!!
            try {
                return block(loop)
            } finally {
                inUse.computeIfPresent(reactor) { _, known -> known.left() }
            }
        }
    }
}
