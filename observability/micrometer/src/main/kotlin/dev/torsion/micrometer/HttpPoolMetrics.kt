// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import dev.torsion.web.client.HttpAgent
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.binder.MeterBinder
import java.util.concurrent.CopyOnWriteArrayList

/**
 * The connections of an agent of `torsion-web` as Micrometer's meters.
 *
 * ```java
 * new HttpPoolMetrics(agent, "orders").bindTo(registry);
 * ```
 *
 * | Meter | Type | Unit | What |
 * |---|---|---|---|
 * | `http.client.connections`, with the tag `state` | gauge | connections | connections that are `idle`, and those that are `used` or in the making |
 * | `http.client.connections.max` | gauge | connections | how many there may be |
 * | `http.client.requests.waiting` | gauge | requests | requests that wait for a connection |
 *
 * Thread: any.
 *
 * @param name the value of the tag `agent`
 * @param tags what else the meters are tagged with
 */
public class HttpPoolMetrics
@JvmOverloads
constructor(
    private val agent: HttpAgent,
    name: String = "default",
    tags: Iterable<Tag> = Tags.empty(),
) : MeterBinder,
    AutoCloseable {
    private val tags = Tags.of("agent", name).and(tags)
    private val bound = CopyOnWriteArrayList<Pair<MeterRegistry, Meter>>()

    /** Adds the meters to [registry]; it may be called for several. */
    override fun bindTo(registry: MeterRegistry) {
        registry.gauge("http.client.connections", "connections", "Connections by their state", "idle") { it.pool().idle }
        registry.gauge("http.client.connections", "connections", "Connections by their state", "used") {
            it.pool().run { maxOf(0, connections - idle) }
        }
        registry.gauge("http.client.connections.max", "connections", "How many there may be", null) { it.options.maxConnections }
        registry.gauge("http.client.requests.waiting", "requests", "Requests that wait for a connection", null) { it.pool().waiting }
    }

    /** Takes the meters out of every registry that they were added to. */
    override fun close() {
        bound.forEach { (registry, meter) -> registry.remove(meter) }
        bound.clear()
    }

    private fun MeterRegistry.gauge(name: String, unit: String, description: String, state: String?, value: (HttpAgent) -> Int) {
        val all = if (state == null) tags else tags.and("state", state)
        val meter = Gauge.builder(name, agent) { value(it).toDouble() }.baseUnit(unit).description(description).tags(all).register(this)
        bound.add(this to meter)
    }
}
