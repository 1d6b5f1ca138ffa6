// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import dev.torsion.clock.callLater
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

class TorsionMetricsSpec :
    StringSpec({
        fun SimpleMeterRegistry.value(name: String) = get(name).meter().measure().single().value

        "on a virtual clock the meters are exact" {
            val reactor = MemoryReactor()
            val registry = SimpleMeterRegistry()
            TorsionMetrics(reactor).bindTo(registry)
            reactor.flush()
            repeat(9) { reactor.callFromThread {} }
            reactor.callLater(900.milliseconds) { reactor.advance(Duration.ofMillis(100)) } // a call that takes 100 ms
            reactor.callLater(950.milliseconds) {}
            reactor.callLater(1.hours) {}
            reactor.runFor(Duration.ofMillis(900))
            registry.value("torsion.loop.tasks") shouldBe 9.0
            registry.value("torsion.loop.delayed.calls") shouldBe 1.0
            registry.value("torsion.loop.timer.lag") shouldBe (0.050 plusOrMinus 1e-9) // in seconds, as the registry wants them
            registry.value("torsion.connections") shouldBe 0.0
            registry.value("torsion.loop.turns") shouldBeGreaterThan 0.0
            reactor.delayedCalls().forEach { it.cancel() }
        }

        "on a real reactor: connections, and what a blocked loop looks like from outside" {
            val reactor = Reactor.create()
            val registry = SimpleMeterRegistry()
            TorsionMetrics(reactor, "real").bindTo(registry)
            reactor.start()
            val blocked = CountDownLatch(1)
            val release = CountDownLatch(1)
            val server =
                object : Protocol() {
                    override fun connectionMade() {
                        blocked.countDown()
                        check(release.await(20, TimeUnit.SECONDS))
                    }
                }
            val port = reactor.blockingCallFromThread { dev.torsion.defer.succeed(reactor.listenTcp(0, Factory { server }, "127.0.0.1")) }
            Socket("127.0.0.1", port.port()).use {
                check(blocked.await(20, TimeUnit.SECONDS))
                repeat(4) { reactor.callFromThread {} }
                registry.value("torsion.connections") shouldBe 1.0
                registry.value("torsion.loop.tasks.waiting") shouldBe 4.0
                registry.value("torsion.loop.turn.current") shouldBeGreaterThan 0.0
                registry.value("torsion.loop.busy.ratio") shouldBeGreaterThan 0.0
                release.countDown()
            }
            reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
        }

        "the meters are those of the table, each with the reactor's name and the tags that were given" {
            val registry = SimpleMeterRegistry()
            TorsionMetrics(MemoryReactor(), "orders", Tags.of("region", "eu")).bindTo(registry)
            registry.meters.map { it.id.name } shouldContainExactlyInAnyOrder
                listOf("turns", "tasks", "busy", "busy.ratio", "timer.lag", "turn.longest", "turn.current")
                    .plus(listOf("tasks.waiting", "delayed.calls"))
                    .map { "torsion.loop.$it" } +
                listOf("torsion.connections", "torsion.pool.threads", "torsion.pool.busy", "torsion.pool.waiting")
            registry.meters.map { it.id.tags }.toSet() shouldBe setOf(Tags.of("reactor", "orders", "region", "eu").toList())
            registry.get("torsion.loop.timer.lag").timeGauge().baseTimeUnit() shouldBe TimeUnit.SECONDS
        }

        "several reactors share a registry; closing takes the meters of one away" {
            val registry = SimpleMeterRegistry()
            val first = TorsionMetrics(MemoryReactor(), "first").also { it.bindTo(registry) }
            TorsionMetrics(MemoryReactor(), "second").bindTo(registry)
            registry.find("torsion.connections").meters().size shouldBe 2
            first.close()
            registry.find("torsion.connections").meters().map { it.id.getTag("reactor") } shouldBe listOf("second")
            registry.find("torsion.connections").tag("reactor", "first").meters().shouldBeEmpty()
        }
    })
