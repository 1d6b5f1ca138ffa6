// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.loop.Loop
import dev.torsion.loop.contained
import dev.torsion.spi.Engine
import dev.torsion.stream.LoopStreams
import dev.torsion.stream.StreamLoop
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * The end of a reactor's ports and connections. Connections send what was written, for at most [timeout]; then those that are left are
 * cut, which their peers see, and the log says so.
 *
 * Thread: the loop's.
 */
internal class Drain(private val loop: Loop, private val engine: () -> Engine, private val timeout: Duration) {
    private var rest: Runnable? = null
    private var deadline: DelayedCall? = null
    private var isBeginning = false
    private var isCut = timeout.isZero
    private var isOutOfTime = false
    private var isBroken = false // the loop is, and nothing is sent any more
    private var isDisconnected = false

    /** Between [begin] and the end of the last connection. */
    val isUnderWay: Boolean get() = rest != null

    /** Begins; [rest] follows, now or in a later turn. */
    fun begin(rest: Runnable) {
        this.rest = rest
        var isDrained = false
        if (!isBroken) { // without time too: those that have nothing to send end in order, and the others are counted
            isBeginning = true
            loop.contained("ending connections") { engine().drain { if (isBeginning) isDrained = true else loop.nextTurn(::end) } }
            isBeginning = false
        }
        if (isDrained || isCut) return end()
        deadline = loop.callLater(timeout.saturatedNanos(), TimeUnit.NANOSECONDS) { loop.nextTurn(::end) }
    }

    /** There is no time left: cuts what is left, now and later. */
    fun cut() {
        isCut = true
        isOutOfTime = true
        streams()?.cutDrains()
        if (isUnderWay && !isBeginning) loop.nextTurn(::end)
    }

    /** [cut], without another turn: no callback is running. */
    fun cutNow() {
        isCut = true
        isBroken = true
        end()
    }

    private fun end() {
        val next = rest ?: return
        rest = null
        deadline?.let { if (it.isActive) it.cancel() }
        disconnect()
        next.run()
    }

    /** Ends all that is left, and says what was cut. */
    fun disconnect() {
        if (isDisconnected) return
        isDisconnected = true
        loop.contained("disconnecting", engine()::disconnectAll)
        loop.contained("telling what was cut", ::report)
    }

    private fun report() {
        val cuts = streams()?.takeCuts() ?: return
        if (cuts.connections == 0) return
        val time = if (isOutOfTime) "when the time of the stop was over" else "(drainTimeout: {timeout})"
        log.with(LogKeys.REACTOR, loop.name).warn(
            "{reactor} has stopped: connections that were reset with their work: {connections}, bytes that were not taken: {bytes} $time: {peers}",
            "connections" to cuts.connections,
            "bytes" to cuts.bytes,
            "timeout" to readable(timeout),
            "peers" to cuts.peers,
        )
    }

    private fun streams(): LoopStreams? = engine().capability(StreamLoop::class.java)?.streams

    private companion object {
        val log = Logger(Loop.LOG)
    }
}
