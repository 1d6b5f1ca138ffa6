// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.log.safeMessage
import jdk.jfr.Category
import jdk.jfr.Description
import jdk.jfr.Event
import jdk.jfr.FlightRecorder
import jdk.jfr.FlightRecorderListener
import jdk.jfr.Label
import jdk.jfr.Name
import jdk.jfr.Percentage
import jdk.jfr.Period
import jdk.jfr.StackTrace
import jdk.jfr.Timespan
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap

/** Writes events for the flight recorder. Costs nothing while nothing is recorded: the first event would start half of the recorder, on the loop. */
internal object JfrLoopEvents : LoopEvents, FlightRecorderListener {
    private val running: MutableSet<LoopMonitor> = ConcurrentHashMap.newKeySet()

    init {
        FlightRecorder.addListener(this)
    }

    // Not before: registering an event type starts half of the recorder.
    override fun recorderInitialized(recorder: FlightRecorder) {
        FlightRecorder.addPeriodicEvent(LoopHealthEvent::class.java) { running.forEach { LoopHealthEvent(it).commit() } }
    }

    override fun begun(loop: LoopMonitor) {
        running.add(loop)
    }

    override fun ended(loop: LoopMonitor) {
        running.remove(loop)
    }

    override fun blocked(name: String, blockedFor: Duration, stack: Array<StackTraceElement>) {
        if (!FlightRecorder.isInitialized()) return
        BlockedLoopEvent(name, blockedFor.toNanos(), stack.joinToString("\n") { "at $it" }).commit()
    }

    override fun callbackFailed(name: String, context: String, error: Throwable) {
        if (!FlightRecorder.isInitialized()) return
        CallbackFailedEvent(name, context, error.javaClass.name, safeMessage(error)).commit()
    }
}

@Name("dev.torsion.LoopHealth")
@Label("Loop Health")
@Category("Torsion")
@Description("How a reactor's loop is doing")
@StackTrace(false)
@Period("10 s")
private class LoopHealthEvent(from: LoopMonitor) : Event() {
    private val health = from.health()

    @JvmField
    @field:Label("Reactor")
    val reactor: String = from.name

    @JvmField
    @field:Label("Busy Ratio")
    @field:Percentage
    val busyRatio: Double = health.busyRatio

    @JvmField
    @field:Label("Timer Lag")
    @field:Timespan
    val timerLag: Long = health.timerLag.toNanos()

    @JvmField
    @field:Label("Longest Turn")
    @field:Timespan
    val longestTurn: Long = health.longestTurn.toNanos()

    @JvmField
    @field:Label("Turns")
    val turns: Long = health.turns

    @JvmField
    @field:Label("Waiting Tasks")
    val waitingTasks: Int = health.waitingTasks

    @JvmField
    @field:Label("Delayed Calls")
    val delayedCalls: Int = health.delayedCalls

    @JvmField
    @field:Label("Connections")
    val connections: Int = health.connections

    @JvmField
    @field:Label("Pool Threads")
    val poolThreads: Int = health.poolThreads

    @JvmField
    @field:Label("Pool Calls Waiting")
    val poolWaiting: Int = health.poolWaiting
}

@Name("dev.torsion.BlockedLoop")
@Label("Blocked Loop")
@Category("Torsion")
@Description("A callback has held a reactor's loop for longer than its threshold, and still does")
@StackTrace(false)
private class BlockedLoopEvent(
    @JvmField
    @field:Label("Reactor")
    val reactor: String,
    @JvmField
    @field:Label("Blocked For")
    @field:Timespan
    val blockedFor: Long,
    @JvmField
    @field:Label("Stack of the Loop")
    val stack: String,
) : Event()

@Name("dev.torsion.CallbackFailed")
@Label("Callback Failed")
@Category("Torsion")
@Description("A callback of a reactor has thrown")
@StackTrace(false)
private class CallbackFailedEvent(
    @JvmField
    @field:Label("Reactor")
    val reactor: String,
    @JvmField
    @field:Label("Callback")
    val callback: String,
    @JvmField
    @field:Label("Exception")
    val exception: String,
    @JvmField
    @field:Label("Message")
    val message: String?,
) : Event()
