// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.serverFromString
import dev.torsion.loop.LoopState
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionLost
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.service.ClientService
import dev.torsion.service.StreamServerEndpointService
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration

private const val MUCH = 1 shl 20

/** Says what happens to it, and does what a test wants then. */
private class End(private val happens: End.(String) -> Unit = {}) : Protocol() {
    var lost: CloseReason? = null
    var received = 0
    var losses = 0

    override fun connectionMade() = happens("made")

    override fun dataReceived(data: ByteArray) {
        received += data.size
        happens("received")
    }

    override fun connectionLost(reason: CloseReason) {
        lost = reason
        losses++
        happens("lost")
    }
}

/** Neither end reads, and both have much to send. */
private fun MemoryReactor.stuckPair(): List<End> {
    val ends = List(2) {
        End { event ->
            if (event == "made") {
                transport.write(ByteArray(MUCH))
                transport.pauseProducing()
            }
        }
    }
    listenTcp(8007, Factory { ends[0] })
    connectTcp("127.0.0.1", 8007, ClientFactory { ends[1] })
    flush()
    ends.forEach { check(it.isConnected) }
    return ends
}

/** Stopping by the virtual clock, at every moment. */
class DrainInTimeSpec :
    StringSpec({
        "the clock of the reactor drives the deadline" {
            MemoryReactor().use { reactor ->
                val ends = reactor.stuckPair()
                reactor.stop()
                reactor.runFor(Duration.ofMillis(9_999))
                reactor.state shouldBe LoopState.ENDING
                ends.forEach { it.lost.shouldBeNull() }
                reactor.runFor(Duration.ofMillis(1))
                reactor.flush()
                reactor.state shouldBe LoopState.ENDED
                ends.forEach { it.lost.shouldBeInstanceOf<ConnectionLost>() }
                ends.forEach { it.lost!!.unsentBytes shouldBeGreaterThan 0 }
                ends.forEach { it.losses shouldBe 1 }
            }
        }

        "closing it lets that time pass by itself" {
            val reactor = MemoryReactor()
            val ends = reactor.stuckPair()
            reactor.close()
            reactor.state shouldBe LoopState.ENDED
            reactor.clock.elapsed() shouldBe Duration.ofSeconds(10)
            ends.forEach { it.lost.shouldNotBeNull() }
        }

        "a second stop while it drains does nothing, and what comes due meanwhile is done" {
            MemoryReactor().use { reactor ->
                reactor.stuckPair()
                val ticks = ArrayList<Long>()
                fun tick() {
                    ticks.add(reactor.nanoTime() / 1_000_000_000)
                    reactor.clock.callLater(Duration.ofSeconds(4)) { tick() }
                }
                tick()
                reactor.stop()
                reactor.runFor(Duration.ofSeconds(1))
                reactor.stopFromThread()
                reactor.runUntil({ reactor.state == LoopState.ENDED })
                reactor.nanoTime() shouldBe Duration.ofSeconds(10).toNanos()
                ticks shouldContainExactly listOf(0L, 4L, 8L)
            }
        }

        "the triggers of the shutdown that come behind the connections wait for them" {
            MemoryReactor().use { reactor ->
                reactor.stuckPair()
                val events = ArrayList<String>()
                for (phase in Phase.entries) {
                    reactor.addSystemEventTrigger(phase, SystemEvent.SHUTDOWN) {
                        events.add("$phase ${reactor.nanoTime() / 1_000_000_000}")
                    }
                }
                reactor.stop()
                reactor.runFor(Duration.ofSeconds(20))
                events shouldContainExactly listOf("BEFORE 0", "DURING 10", "AFTER 10")
            }
        }

        "stopped in each of its moments, every protocol hears of its end once and the reactor ends" {
            for (moment in listOf("made", "received", "lost")) {
                for (isServer in listOf(true, false)) {
                    withClue("$moment, by the server: $isServer") {
                        val reactor = MemoryReactor()
                        var isStopped = false

                        fun end(stops: Boolean) = End { event ->
                            if (event == "made") transport.write(ByteArray(MUCH))
                            if (event == "received" && received == MUCH) transport.loseConnection()
                            if (stops && event == moment && !isStopped) {
                                isStopped = true
                                reactor.stop()
                            }
                        }
                        val server = end(isServer)
                        val client = end(!isServer)
                        reactor.listenTcp(8007, Factory { server })
                        reactor.connectTcp("127.0.0.1", 8007, ClientFactory { client })
                        reactor.flush()
                        reactor.close()
                        isStopped shouldBe true
                        listOf(server, client).forEach { it.losses shouldBe if (it.transportOrNull() == null) 0 else 1 }
                        reactor.state shouldBe LoopState.ENDED
                        reactor.network.connections shouldBe 0
                    }
                }
            }
        }

        "a server's service drains its connections, unless it is to let them live on" {
            for (timeout in listOf(Duration.ofSeconds(3), null)) {
                MemoryReactor().use { reactor ->
                    val server = End { if (it == "made") transport.write(ByteArray(MUCH)) }
                    val service = StreamServerEndpointService(serverFromString(reactor, "tcp:8007"), Factory { server }, timeout)
                    service.startService()
                    val client = End { if (it == "made") transport.pauseProducing() }
                    reactor.connectTcp("127.0.0.1", 8007, ClientFactory { client })
                    reactor.flush()
                    var stoppedAt: Long? = null
                    service.stopService().addCallback { stoppedAt = reactor.nanoTime() / 1_000_000_000 }
                    reactor.runFor(Duration.ofSeconds(20))
                    stoppedAt shouldBe (timeout?.seconds ?: 0)
                    server.isConnected shouldBe (timeout == null)
                    client.transport.abortConnection()
                }
            }
        }

        "a client's service resets a connection whose peer takes nothing, and has stopped then" {
            MemoryReactor().use { reactor ->
                val server = End { if (it == "made") transport.pauseProducing() }
                reactor.listenTcp(8007, Factory { server })
                val client = End { if (it == "made") transport.write(ByteArray(MUCH)) }
                val service = ClientService(clientFromString(reactor, "tcp:127.0.0.1:8007"), Factory { client }, reactor)
                service.drainTimeout = Duration.ofSeconds(3)
                service.startService()
                reactor.flush()
                var stoppedAt: Long? = null
                service.stopService().addCallback { stoppedAt = reactor.nanoTime() / 1_000_000_000 }
                reactor.runFor(Duration.ofMillis(2_900))
                stoppedAt.shouldBeNull()
                reactor.runFor(Duration.ofSeconds(1))
                stoppedAt shouldBe 3
                server.transport.resumeProducing()
                reactor.flush()
                server.lost.shouldBeInstanceOf<ConnectionLost>()
                reactor.delayedCalls().filter { it.isActive }.size shouldBe 0
            }
        }

        "a port that is drained in memory" {
            MemoryReactor().use { reactor ->
                val server = End { if (it == "made") transport.write(ByteArray(MUCH)) }
                val port = reactor.listenTcp(8007, Factory { server })
                val client = End()
                reactor.connectTcp("127.0.0.1", 8007, ClientFactory { client })
                reactor.turn()
                reactor.turn()
                val drained: Deferred<DrainReport> = port.drain()
                reactor.await(drained) shouldBe DrainReport(1, 0, 0)
                reactor.flush()
                client.received shouldBe MUCH
                client.lost!!.isClean shouldBe true
            }
        }
    })

private fun Protocol.transportOrNull() = runCatching { transport }.getOrNull()
