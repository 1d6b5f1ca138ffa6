// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.clock.deferLater
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessProtocol
import dev.torsion.process.spawnProcess
import dev.torsion.testkit.DatagramFate
import dev.torsion.testkit.MemoryLink
import dev.torsion.testkit.MemoryProgram
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.VirtualClock
import dev.torsion.testkit.advance
import dev.torsion.testkit.connectedPair
import dev.torsion.testkit.delay
import dev.torsion.testkit.runFor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.INFINITE

/** All that was planned for some time runs, what is never due does not, and the clock goes no further than it can. */
private fun passing(pass: VirtualClock.(MemoryReactor) -> Unit) = inMemory { reactor ->
    var rang = 0
    reactor.callLater(halfACentury.toDays(), TimeUnit.DAYS) { rang++ }
    reactor.callLater(Long.MAX_VALUE, TimeUnit.DAYS) { never() }
    reactor.clock.pass(reactor)
    rang shouldBe 1
    reactor.clock.elapsed() shouldBe VirtualClock.LAST
    reactor.clock.pass(reactor)
    reactor.clock.elapsed() shouldBe VirtualClock.LAST
    reactor.delayedCalls().single().cancel()
}

/** Bytes on a link that takes for ever are not there in a day. */
private fun neverArriving(delay: MemoryLink.() -> Unit) {
    val listening =
        object : Protocol() {
            override fun dataReceived(data: ByteArray): Unit = never()
        }
    connectedPair(listening, object : Protocol() {}).use { pair ->
        pair.reactor.network.everywhere.delay()
        pair.client.transport.write(ByteArray(1))
        pair.reactor.runFor(Duration.ofDays(1))
        pair.reactor.network.everywhere.restore()
        pair.reactor.network.everywhere.cut()
    }
}

/** Late on a clock, there is something to wait for; and then something that never comes. */
private fun waiting(wait: VirtualClock.(MemoryReactor) -> Unit) = inMemory { reactor ->
    reactor.advance(Duration.ofSeconds(1))
    reactor.callLater(1, TimeUnit.HOURS) {}
    reactor.clock.wait(reactor)
    reactor.clock.elapsed() shouldBe Duration.ofSeconds(3601)
    val call = reactor.callLater(Long.MAX_VALUE, TimeUnit.DAYS) { never() }
    shouldThrow<AssertionError> { reactor.clock.wait(reactor) }
    reactor.clock.elapsed() shouldBe Duration.ofSeconds(3601)
    call.cancel()
}

private fun playing(command: ProcessCommand, program: MemoryProgram) = MemoryReactor().also { reactor ->
    reactor.processes.add("program", program)
    reactor.spawnProcess(object : ProcessProtocol() {}, command)
    reactor.flush()
}

/** Times of the testkit. */
internal val testkitDurations: Tries =
    mapOf(
        "testkit/MemoryProcess.later" to { time ->
            val reactor = playing(ProcessCommand.of("program")) { process -> process.later(time) { process.exit(1) } }
            reactor.clock.advance(halfACentury)
            reactor.processes.all.single().isAlive shouldBe true
            reactor.close()
        },
        "testkit/MemoryReactor.connectUnix" to { time -> onUnixSocket { reactor, path -> connectUnix(reactor, path, time) } },
        "testkit/DatagramFate\$Builder.delay" to { time ->
            val fate = DatagramFate.random(1).delay(time, time).build()
            inMemory { reactor ->
                reactor.network.datagramFate = fate
                val receiver = object : DatagramProtocol() {
                    override fun datagramReceived(data: ByteArray, sender: InternetAddress) = never()
                }
                val at = reactor.listenUdp(0, receiver, "127.0.0.1").host() as InternetAddress
                val sender = object : DatagramProtocol() {}
                reactor.listenUdp(0, sender, "127.0.0.1")
                sender.transport.write(ByteArray(1), at)
                reactor.advance(halfACentury)
            }
        },
        "testkit/VirtualClock.callLater" to { time ->
            onClockNever { clock, never -> clock.callLater(time) { never.run() } }
        },
        "testkit/VirtualClock.advance" to { time -> passing { advance(time) } },
        "testkit/VirtualClock.pump" to { time -> passing { pump(time, time) } },
        "testkit/VirtualClock.runFor" to { time -> passing { runFor(time) } },
        "testkit/VirtualClock.runUntilIdle" to { time -> waiting { runUntilIdle(time) } },
        "testkit/VirtualClock.runUntil" to { time -> waiting { runUntil({ delayedCalls().isEmpty() }, time) } },
        "testkit/MemoryReactor.advance" to { time -> passing { it.advance(time) } },
        "testkit/MemoryReactor.pump" to { time -> passing { reactor -> reactor.pump(time, time) } },
        "testkit/MemoryReactor.runFor" to { time -> passing { reactor -> reactor.runFor(time) } },
        "testkit/MemoryReactor.runUntilIdle" to { time -> waiting { reactor -> reactor.runUntilIdle(time) } },
        "testkit/MemoryReactor.runUntil" to { time ->
            waiting { reactor -> reactor.runUntil({ delayedCalls().isEmpty() }, time) }
        },
        "testkit/MemoryReactor.await" to { time ->
            inMemory { it.await(deferLater(it, Duration.ofSeconds(5)), time) shouldBe null }
        },
        "testkit/VirtualClock.setPatience" to { time ->
            inMemory {
                it.clock.patience = time
                it.await(deferLater(it, Duration.ofSeconds(5))) shouldBe null
            }
        },
        "testkit/MemoryLink.delay" to { time -> neverArriving { delay(time) } },
        "testkit/VirtualTimeKt.delay (Kotlin)" to { _ -> neverArriving { delay(INFINITE) } },
        "testkit/ReactorTestKt.runTest (Kotlin)" to { _ -> inMemory { it.runTest(INFINITE) { 1 } shouldBe 1 } },
        "testkit/ReactorTestKt.runReactorTest (Kotlin)" to { _ -> runReactorTest(INFINITE) { 1 } shouldBe 1 },
        "testkit/VirtualTimeKt.advance (Kotlin)" to { _ ->
            passing { advance(INFINITE) }
            passing { reactor -> reactor.advance(INFINITE) }
        },
        "testkit/VirtualTimeKt.runFor (Kotlin)" to { _ ->
            passing { runFor(INFINITE) }
            passing { reactor -> reactor.runFor(INFINITE) }
        },
    )
