// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(TorsionSpi::class)

package dev.torsion.build.durations

import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.group.ReactorGroup
import dev.torsion.java.Torsion
import dev.torsion.loop.ThreadPool
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.process.ProcessCommand
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.connectUdp
import dev.torsion.reactor.resolve
import dev.torsion.reactor.stopOnShutdown
import dev.torsion.reactor.stopWithin
import dev.torsion.spi.TorsionSpi
import dev.torsion.testkit.MemoryReactor
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.INFINITE

private fun running(options: ReactorOptions = ReactorOptions(), use: (Reactor) -> Unit = {}) {
    val reactor = Reactor.create(options)
    use(reactor)
    reactor.start()
    reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
}

private fun group(use: (ReactorGroup) -> Unit) {
    val group = ReactorGroup.create(2)
    group.start()
    use(group)
}

private fun iterate(time: Duration) {
    val reactor = Reactor.create()
    var rang = false
    reactor.callLater(10, TimeUnit.MILLISECONDS) { rang = true }
    while (!rang) reactor.iterate(time)
    reactor.stop()
    do {
        val isRunning = reactor.iterate(time)
    } while (isRunning)
}

private fun stopAndJoin(time: Duration) {
    val reactor = Reactor.create()
    reactor.start()
    reactor.stopAndJoin(time) shouldBe true
}

private fun ran(options: ReactorOptions) {
    val reactor = Reactor.create(options)
    reactor.callWhenRunning(reactor::stop)
    reactor.run()
}

/** A process that does not heed TERM, long after it was told. */
private fun unheeding(command: ProcessCommand) {
    val reactor = MemoryReactor()
    reactor.processes.add("program") { process -> process.onSignal("TERM") {} }
    val protocol = object : Protocol() {}
    reactor.await(ProcessEndpoint(reactor, command).connectProtocol(protocol))
    protocol.transport.loseConnection()
    reactor.runFor(Duration.ofMinutes(1))
    reactor.advance(halfACentury)
    reactor.processes.all.single().signals shouldBe listOf("TERM")
    reactor.close()
}

/** Times of reactors, of their groups and pools, and of processes. */
internal val reactorDurations: Tries =
    mapOf(
        "process/ProcessCommand.<init>" to { time -> unheeding(ProcessCommand(listOf("program"), killAfter = time)) },
        "process/ProcessCommand.withKillAfter" to { time -> unheeding(ProcessCommand.of("program").withKillAfter(time)) },
        "reactor/ReactorUnix.connectUnix" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
        "reactor/EngineReactor.addHealthListener" to { time ->
            torsion { it.reactor().addHealthListener(time) { _, _ -> never() } }
        },
        "reactor/ReactorHealth.addHealthListener" to { time ->
            torsion { it.reactor().addHealthListener(time) { _, _ -> never() } }
        },
        "reactor/EngineReactor.iterate" to ::iterate,
        "reactor/ReactorLifeCycle.iterate" to ::iterate,
        "reactor/EngineReactor.stopAndJoin" to ::stopAndJoin,
        "reactor/ReactorLifeCycle.stopAndJoin" to ::stopAndJoin,
        "reactor/Reactors.stopWithin" to { time -> Reactor.create().apply { start() }.stopWithin(time) shouldBe true },
        "group/ReactorGroup.stopAndJoin" to { time -> group { it.stopAndJoin(time) shouldBe true } },
        "group/ReactorGroup.stopOnShutdown" to { time ->
            group {
                it.stopOnShutdown(time)
                it.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
            }
        },
        "reactor/ReactorOptions\$Companion.invoke" to { time ->
            ran(ReactorOptions("forever", blockedThreshold = time, shutdownTimeout = time, drainTimeout = time))
        },
        "reactor/ReactorOptions\$Builder.blockedThreshold" to { time ->
            running(ReactorOptions.builder().blockedThreshold(time).build())
        },
        "reactor/ReactorOptions\$Builder.shutdownTimeout" to { time ->
            ran(ReactorOptions.builder().shutdownTimeout(time).build())
        },
        "reactor/Reactors.resolve" to { time ->
            inMemory { reactor -> reactor.await(reactor.resolve("localhost", timeout = time)).isEmpty() shouldBe false }
        },
        "reactor/Reactors.connectUdp" to { time ->
            inMemory { reactor ->
                val port = reactor.await(reactor.connectUdp("localhost", 9, object : DatagramProtocol() {}, timeout = time))
                reactor.advance(halfACentury)
                port.isListening shouldBe true
            }
        },
        "reactor/Reactors.stopOnShutdown" to { time -> running { it.stopOnShutdown(time) } },
        "reactor/Reactors.stopOnShutdown (Kotlin)" to { _ -> running { it.stopOnShutdown(INFINITE) } },
        "loop/ThreadPool.stopAndJoin" to { time ->
            val pool = ThreadPool("forever", 1).apply { start() }
            pool.execute {}
            pool.stopAndJoin(time) shouldBe true
        },
        "group/GroupPort.drain" to { time ->
            group { group ->
                val port = group.listenTcp(0, { Factory { object : Protocol() {} } }, "127.0.0.1").join()
                port.drain(time).join() shouldBe DrainReport.NONE
                group.close()
            }
        },
        "reactor/ReactorOptions\$Builder.drainTimeout" to { time ->
            running(ReactorOptions.builder().drainTimeout(time).build())
            ReactorGroup.create(1, ReactorOptions.builder().drainTimeout(time).build()).close()
            Torsion.create(ReactorOptions.builder().drainTimeout(time).build()).close()
        },
    )
