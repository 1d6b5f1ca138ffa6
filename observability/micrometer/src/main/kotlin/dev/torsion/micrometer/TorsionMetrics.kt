// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import dev.torsion.health.LoopHealth
import dev.torsion.reactor.Reactor
import io.micrometer.core.instrument.FunctionCounter
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.TimeGauge
import io.micrometer.core.instrument.binder.MeterBinder
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/**
 * A reactor's [LoopHealth] as Micrometer's meters.
 *
 * ```java
 * new TorsionMetrics(torsion.reactor(), "orders").bindTo(registry);
 * ```
 *
 * Each meter has the tag `reactor` with the name that is given here. "Lately" means the last ten seconds.
 *
 * | Meter | Type | Unit | What |
 * |---|---|---|---|
 * | `torsion.loop.turns` | counter | turns | turns of the loop |
 * | `torsion.loop.tasks` | counter | tasks | calls from threads and coroutines that have run |
 * | `torsion.loop.busy` | counter | seconds | time spent in callbacks instead of waiting |
 * | `torsion.loop.busy.ratio` | gauge | | what part of the time that was lately, 0 to 1 |
 * | `torsion.loop.timer.lag` | gauge | time | how late delayed calls ran lately, at worst |
 * | `torsion.loop.turn.longest` | gauge | time | how long a turn took lately, at most |
 * | `torsion.loop.turn.current` | gauge | time | how long the present turn has lasted; zero while the loop waits |
 * | `torsion.loop.tasks.waiting` | gauge | tasks | calls from threads and coroutines that wait for their turn |
 * | `torsion.loop.delayed.calls` | gauge | calls | delayed calls that are planned |
 * | `torsion.connections` | gauge | connections | connections that are open |
 * | `torsion.pool.threads` | gauge | threads | threads of the reactor's pool |
 * | `torsion.pool.busy` | gauge | threads | those of them that are at work |
 * | `torsion.pool.waiting` | gauge | calls | calls that wait for one of them |
 *
 * Nothing runs on the loop for this: the registry's thread reads what the loop has measured, once for all meters of a scrape.
 *
 * Thread: any.
 *
 * @param name the value of the tag `reactor`
 * @param tags what else the meters are tagged with
 */
public class TorsionMetrics
@JvmOverloads
constructor(
    private val reactor: Reactor,
    name: String = "default",
    tags: Iterable<Tag> = Tags.empty(),
) : MeterBinder,
    AutoCloseable {
    private class Snapshot(val health: LoopHealth, val takenAt: Long)

    private val tags = Tags.of("reactor", name).and(tags)
    private val bound = CopyOnWriteArrayList<Pair<MeterRegistry, Meter>>()

    @Volatile
    private var last: Snapshot? = null

    /** Adds the meters to [registry]; it may be called for several. */
    override fun bindTo(registry: MeterRegistry) {
        registry.counter("torsion.loop.turns", "turns", "Turns of the loop") { it.turns.toDouble() }
        registry.counter("torsion.loop.tasks", "tasks", "Calls from threads and coroutines that have run") { it.tasks.toDouble() }
        registry.counter("torsion.loop.busy", "seconds", "Time spent in callbacks instead of waiting") { it.busyTime.toNanos() / NANOS }
        registry.gauge("torsion.loop.busy.ratio", null, "Part of the time that the loop spent in callbacks lately") { it.busyRatio }
        registry.time("torsion.loop.timer.lag", "How late delayed calls ran lately, at worst") { it.timerLag }
        registry.time("torsion.loop.turn.longest", "How long a turn took lately, at most") { it.longestTurn }
        registry.time("torsion.loop.turn.current", "How long the present turn has lasted") { it.currentTurn }
        registry.gauge("torsion.loop.tasks.waiting", "tasks", "Calls from threads and coroutines that wait") { it.waitingTasks.toDouble() }
        registry.gauge("torsion.loop.delayed.calls", "calls", "Delayed calls that are planned") { it.delayedCalls.toDouble() }
        registry.gauge("torsion.connections", "connections", "Open connections") { it.connections.toDouble() }
        registry.gauge("torsion.pool.threads", "threads", "Threads of the pool for blocking work") { it.poolThreads.toDouble() }
        registry.gauge("torsion.pool.busy", "threads", "Threads of the pool that are at work") { it.poolBusy.toDouble() }
        registry.gauge("torsion.pool.waiting", "calls", "Calls that wait for a thread of the pool") { it.poolWaiting.toDouble() }
    }

    /** Takes the meters out of every registry that they were added to. */
    override fun close() {
        bound.forEach { (registry, meter) -> registry.remove(meter) }
        bound.clear()
    }

    private fun MeterRegistry.counter(name: String, unit: String, description: String, value: (LoopHealth) -> Double) {
        val counter = FunctionCounter.builder(name, reactor) { value(health()) }
        val meter = counter.baseUnit(unit).description(description).tags(tags).register(this)
        bound.add(this to meter)
    }

    private fun MeterRegistry.gauge(name: String, unit: String?, description: String, value: (LoopHealth) -> Double) {
        val meter = Gauge.builder(name, reactor) { value(health()) }.baseUnit(unit).description(description).tags(tags).register(this)
        bound.add(this to meter)
    }

    private fun MeterRegistry.time(name: String, description: String, value: (LoopHealth) -> Duration) {
        val meter =
            TimeGauge.builder(name, reactor, TimeUnit.NANOSECONDS) { value(health()).toNanos().toDouble() }
                .description(description).tags(tags).register(this)
        bound.add(this to meter)
    }

    /** The health now, or that of a moment ago: a scrape asks for each meter. */
    private fun health(): LoopHealth {
        val now = reactor.nanoTime()
        val known = last
        if (known != null && now - known.takenAt < FRESH_NANOS) return known.health
        return reactor.health().also { last = Snapshot(it, now) }
    }

    private companion object {
        const val NANOS = 1e9
        val FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(100)
    }
}
