// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.loop.EventLoop
import dev.torsion.loop.Loop
import dev.torsion.loop.LoopListener
import dev.torsion.loop.ThreadPool
import dev.torsion.loop.contained
import dev.torsion.loop.guarded
import java.time.Duration

/**
 * All that is known of how a loop does. It hears the loop, and passes on what it hears to those who measure, watch and record.
 *
 * @param self the loop as listeners know it: the reactor
 * @param loop the loop that is heard
 * @param connections counts those that are open; on any thread
 * @param pool the reactor's pool, if anybody has needed it; on any thread
 */
internal class LoopMonitor(
    self: EventLoop,
    private val loop: Loop,
    blockedThreshold: Duration,
    blockedLoopListener: BlockedLoopListener,
    private val connections: () -> Int,
    private val pool: () -> ThreadPool?,
) : LoopListener() {
    private val watch by lazy { BlockedLoopWatch(self, blockedThreshold, blockedLoopListener, loop::callbacksBegun) }
    private val events = LoopEvents.recorder // here, for it takes a while to get ready
    private val meter = LoopMeter()
    private val reports = HealthReports(self, ::health)

    val name: String get() = loop.name

    /** The loop's thread begins. */
    fun begin() {
        meter.begin(loop.nanoTime())
        loop.guarded({ "starting the watch for blocked callbacks" }, watch::start)
        events.begun(this)
    }

    /** The last turn is over. May be called again. */
    fun end() {
        loop.contained("ending the watch for blocked callbacks", watch::stop)
        loop.contained("measuring the last turn", meter::waits)
        loop.contained("noting the end") { events.ended(this) }
    }

    /** Somebody else's loop comes to ours: the time since the last turn was not spent here. */
    fun driven() = meter.woke(loop.nanoTime())

    /** Back to somebody else's loop. */
    fun left() {
        if (meter.hasUnmeasured) measure()
        meter.waits()
    }

    override fun waits() {
        left()
        watch.beforeWait()
    }

    override fun woke() {
        meter.woke(loop.nanoTime())
        watch.afterWait()
    }

    override fun timerLate(nanos: Long) = meter.timerLate(nanos)

    override fun tasksRan(count: Int) = meter.tasksRan(count)

    override fun turnEnded(mayWait: Boolean) {
        if (meter.turnEnded() || !mayWait) measure()
        watch.turnEnded()
    }

    /** Measures the turns that are over. */
    private fun measure() {
        val now = loop.nanoTime()
        meter.measure(now)
        if (reports.hasListeners) reports.turnEnded(now)
    }

    override fun callbackFailed(context: String, error: Throwable) = events.callbackFailed(name, context, error)

    /** On any thread. */
    fun health(): LoopHealth = loopHealth(meter.read(loop.nanoTime()), loop.tasks.count, loop.timerCount, connections(), pool())

    fun addListener(period: Duration, listener: LoopHealthListener): AutoCloseable = reports.add(period, listener)
}
