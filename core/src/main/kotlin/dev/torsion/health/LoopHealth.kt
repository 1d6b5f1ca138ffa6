// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.clock.saturatedNanos
import dev.torsion.log.safeString
import dev.torsion.loop.EventLoop
import dev.torsion.loop.ThreadPool
import dev.torsion.loop.guarded
import java.time.Duration

/**
 * The state of a reactor's loop at a call of [health][dev.torsion.reactor.Reactor.health]. Immutable.
 *
 * A healthy loop has a [busyRatio] well below 1, and a [timerLag] and [longestTurn] of a few milliseconds, since each callback holds up all
 * the others. "Lately" means the last ten seconds, or since the loop began.
 *
 * @property turns how many turns the loop has made, ever
 * @property tasks how many calls from threads and coroutines have run, ever
 * @property busyTime how long the loop has run callbacks instead of waiting, ever
 * @property busyRatio the part of the time that it has done so lately, from 0 (always waiting) to 1 (never)
 * @property timerLag how late delayed calls ran lately, at worst
 * @property longestTurn how long a turn took lately, at most; the present one counts
 * @property currentTurn how long the present turn has lasted; zero while the loop waits for events
 * @property waitingTasks how many calls from threads and coroutines wait for their turn
 * @property delayedCalls how many delayed calls are planned, as of the end of a turn
 * @property connections how many connections are open
 * @property poolThreads how many threads the reactor's pool has; zero until it is first needed
 * @property poolBusy how many of those are at work
 * @property poolWaiting how many calls wait for one of those
 */
public class LoopHealth internal constructor(
    public val turns: Long,
    public val tasks: Long,
    public val busyTime: Duration,
    public val busyRatio: Double,
    public val timerLag: Duration,
    public val longestTurn: Duration,
    public val currentTurn: Duration,
    public val waitingTasks: Int,
    public val delayedCalls: Int,
    public val connections: Int,
    public val poolThreads: Int,
    public val poolBusy: Int,
    public val poolWaiting: Int,
) {
    override fun toString(): String = "LoopHealth(${(busyRatio * 100).toInt()} % busy, timers at most ${timerLag.toMillis()} ms late, " +
        "longest turn ${longestTurn.toMillis()} ms, $turns turns, $waitingTasks tasks waiting, $delayedCalls delayed calls, " +
        "$connections connections, pool: $poolBusy of $poolThreads threads busy, $poolWaiting calls waiting)"
}

/**
 * Hears how a loop is doing; see [addHealthListener][dev.torsion.reactor.Reactor.addHealthListener].
 *
 * ```java
 * reactor.addHealthListener(Duration.ofSeconds(10), (loop, health) -> log.info("{health}", "health", health));
 * ```
 */
public fun interface LoopHealthListener {
    /**
     * A period has passed.
     *
     * Thread: the reactor's, at the end of a turn, so it must not block. It is not called while the loop waits, since nothing changes then.
     * It is not called while a callback holds the loop: a [BlockedLoopListener] hears of that. Its exceptions are reported.
     *
     * @param loop the reactor
     */
    public fun healthMeasured(loop: EventLoop, health: LoopHealth)
}

/** The measurements of [LoopMeter], with the work that waits and the connections that are open. On any thread. */
internal fun loopHealth(
    measured: LoopMeter.Reading,
    waitingTasks: Int,
    delayedCalls: Int,
    connections: Int,
    pool: ThreadPool?,
): LoopHealth = LoopHealth(
    turns = measured.turns,
    tasks = measured.tasks,
    busyTime = Duration.ofNanos(measured.busy),
    busyRatio = measured.ratio,
    timerLag = Duration.ofNanos(measured.lag),
    longestTurn = Duration.ofNanos(measured.longest),
    currentTurn = Duration.ofNanos(measured.present),
    waitingTasks = waitingTasks,
    delayedCalls = delayedCalls,
    connections = connections,
    poolThreads = pool?.threadCount ?: 0,
    poolBusy = pool?.busyCount ?: 0,
    poolWaiting = pool?.waitingCount ?: 0,
)

/** The listeners of one reactor, each with its period. Belongs to the loop's thread. */
internal class HealthReports(private val loop: EventLoop, private val health: () -> LoopHealth) {
    private class Report(val period: Long, val listener: LoopHealthListener, var due: Long)

    private val reports = ArrayList<Report>()

    /** Whether there is any: asked in each turn. */
    var hasListeners: Boolean = false
        private set

    fun add(period: Duration, listener: LoopHealthListener): AutoCloseable {
        require(!period.isNegative && !period.isZero) { "a period must be positive, but $period was given" }
        val nanos = period.saturatedNanos()
        val report = Report(nanos, listener, loop.nanoTime() + nanos)
        reports.add(report)
        hasListeners = true
        return AutoCloseable {
            loop.checkThread("closing a health listener")
            reports.remove(report)
            hasListeners = reports.isNotEmpty()
        }
    }

    fun turnEnded(now: Long) {
        val due = reports.filter { now - it.due >= 0 }
        if (due.isEmpty()) return
        val measured = health()
        for (report in due) {
            report.due = now + report.period
            loop.guarded({ "the health listener ${safeString(report.listener)}" }) { report.listener.healthMeasured(loop, measured) }
        }
    }
}
