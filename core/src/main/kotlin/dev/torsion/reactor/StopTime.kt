// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.clock.saturatedNanos
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.loop.Loop
import dev.torsion.loop.LoopState
import dev.torsion.spi.Engine
import dev.torsion.spi.TorsionSpi
import java.time.Duration

/**
 * The end of the time that a reactor has to stop. Triggers and peers are waited for no more, and connections whose peers have not taken
 * everything are reset: what ends after us would close them as if all had been sent.
 *
 * Thread: the loop's, unless a member says otherwise.
 */
internal class StopTime(
    private val loop: Loop,
    private val shutdown: EventTriggers,
    private val drain: Drain,
    private val engine: () -> Engine,
) {
    private var isOver = false

    /** The time is over: what has been waited for is named in the log. May be called again, and before the stop. On any thread. */
    fun endFromThread() {
        loop.tasks.offer(::end)
    }

    private fun end() {
        isOver = true
        drain.cut()
        if (loop.state == LoopState.STOPPING) loop.nextTurn(::leaveTriggers)
    }

    /** The before-triggers of the shutdown have been called. */
    fun stopBegan() {
        if (isOver) leaveTriggers()
    }

    private fun leaveTriggers() {
        if (loop.state != LoopState.STOPPING) return
        val left = shutdown.heldUpBy()
        if (left.isNotEmpty()) {
            log.with(LogKeys.REACTOR, loop.name).warn(
                "{reactor}: the time of its stop is over, so it ends without what it has waited for: {triggers}",
                "triggers" to left.joinToString { safeString(it) },
            )
        }
        shutdown.goOn()
    }

    /** The reason that keeps the reactor from ending, as text. On any thread, which may see it late. */
    fun waitsFor(): String {
        val triggers = shutdown.heldUpBy().joinToString { safeString(it) }
        return when (loop.state) {
            LoopState.STARTING, LoopState.RUNNING -> "a callback that does not return"
            LoopState.STOPPING -> triggers.ifEmpty { "a callback that does not return" }
            LoopState.ENDING -> if (drain.isUnderWay) "its connections" else triggers.ifEmpty { "the threads of its pool" }
            LoopState.CRASHED -> "nothing, since it crashes again and again"
            LoopState.NEW, LoopState.ENDED -> "nothing"
        }
    }

    /**
     * The process ends before the reactor has ended: see [Engine.resetUnsent]. It waits for nobody, not even for a log. On any thread.
     *
     * @return how many connections are reset
     */
    fun processEnds(): Int = if (loop.state == LoopState.ENDED) 0 else engine().resetUnsent()

    companion object {
        private val log = Logger(Loop.LOG)
        private const val MARGIN_SHARE = 4
        private const val LONGEST_MARGIN_NANOS = 1_000_000_000L

        /** So long before the end of [time] is it over: connections have to be reset by then. */
        fun margin(time: Duration): Long = minOf(time.saturatedNanos() / MARGIN_SHARE, LONGEST_MARGIN_NANOS)
    }
}

/**
 * [Reactor.stopAndJoin] for callers that will not try again. One second before [timeout] is over, or a quarter of it, the reactor waits no more
 * for triggers and for peers, and resets connections that have something to send. The log says what it has waited for.
 *
 * Thread: any but the reactor's own.
 *
 * @return false when it has not ended all the same, since a callback or a thread of its pool does not return
 */
@TorsionSpi
public fun Reactor.stopWithin(timeout: Duration): Boolean = stopWithin(listOf(this), timeout, ::stopAndJoin)

/** The same for several [reactors], which [join] asks to stop and waits for. */
@JvmSynthetic
internal fun stopWithin(reactors: List<Reactor>, timeout: Duration, join: (Duration) -> Boolean): Boolean {
    val deadline = System.nanoTime() + timeout.saturatedNanos()
    if (join(Duration.ofNanos(timeout.saturatedNanos() - StopTime.margin(timeout)))) return true
    reactors.forEach { it.capability(LifeCycle::class.java)?.time?.endFromThread() }
    return join(Duration.ofNanos(maxOf(0, deadline - System.nanoTime())))
}
