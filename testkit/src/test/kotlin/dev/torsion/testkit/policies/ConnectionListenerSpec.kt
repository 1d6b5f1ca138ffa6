// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.policies

import dev.torsion.loop.ErrorListener
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionListener
import dev.torsion.net.ConnectionListenerFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.policies.TrafficLog
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer

private class Heard(private val log: MutableList<String>, private val fails: String = "") : ConnectionListener {
    private fun hear(event: String) {
        log.add(event)
        if (fails.isNotEmpty() && event.startsWith(fails)) throw IllegalStateException(event)
    }

    private fun text(data: ByteBuffer) = ByteArray(data.remaining()).also { data.get(it) }.decodeToString()

    override fun received(data: ByteBuffer) = hear("received ${text(data)}")

    override fun sent(data: ByteBuffer) = hear("sent ${text(data)}")

    override fun inputEnded() = hear("input ended")

    override fun outputEnded() = hear("output ended")

    override fun closed(reason: CloseReason) = hear("closed ${reason.javaClass.simpleName}")
}

private class Answer(private val log: MutableList<String>) : Protocol() {
    override fun connectionMade() {
        log.add("connectionMade")
    }

    override fun dataReceived(data: ByteArray) {
        log.add("dataReceived ${data.decodeToString()}")
        transport.write("pong".toByteArray())
    }

    override fun connectionLost(reason: CloseReason) {
        log.add("connectionLost")
    }
}

private class Ask(private val then: (Protocol) -> Unit) : Protocol() {
    override fun connectionMade() = transport.write("ping".toByteArray())

    override fun dataReceived(data: ByteArray) = then(this)
}

private fun options(listeners: ConnectionListenerFactory) = TcpOptions.DEFAULT.withStream(StreamOptions.DEFAULT.withListener(listeners))

class ConnectionListenerSpec :
    StringSpec({
        val errors = ArrayList<Throwable>()
        lateinit var reactor: MemoryReactor
        beforeTest {
            errors.clear()
            reactor = MemoryReactor(ErrorListener { _, error -> errors.add(error) })
        }
        afterTest { reactor.close() }

        fun talk(
            listeners: ConnectionListenerFactory,
            log: MutableList<String> = ArrayList(),
            then: (Protocol) -> Unit = {
                it.transport.loseConnection()
            },
        ) {
            val port = reactor.listenTcp(0, Factory { Answer(log) }, options = options(listeners))
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { Ask(then) })
            reactor.flush()
        }

        "it hears each event once, before the protocol, and the end after it" {
            val log = ArrayList<String>()
            talk({ host, peer ->
                log.add("opened $host")
                check(peer is dev.torsion.net.InternetAddress)
                Heard(log)
            }, log)
            log.filterNot { it.startsWith("opened") } shouldContainExactly
                listOf(
                    "connectionMade",
                    "received ping",
                    "dataReceived ping",
                    "sent pong",
                    "input ended",
                    "output ended",
                    "connectionLost",
                    "closed ConnectionDone",
                )
            log.count { it.startsWith("opened 127.0.0.1:") } shouldBe 1
            errors.shouldBeEmpty()
        }

        "a connection that is cut has no ends of its halves" {
            val log = ArrayList<String>()
            talk({ _, _ -> Heard(log) }) { it.transport.abortConnection() }
            log shouldContainExactly listOf("received ping", "sent pong", "closed ConnectionLost")
        }

        "one that fails is reported, hears nothing more, and the connection lives on" {
            listOf("received", "sent", "input", "output", "closed").forEach { fails ->
                errors.clear()
                val log = ArrayList<String>()
                val protocol = ArrayList<String>()
                talk({ _, _ -> Heard(log, fails) }, protocol)
                log.last().startsWith(fails) shouldBe true
                errors.map { it.message } shouldBe listOf(log.last())
                protocol.last() shouldBe "connectionLost"
            }
        }

        "a factory of listeners that fails is reported, and nobody listens" {
            val protocol = ArrayList<String>()
            talk({ _, _ -> throw IllegalStateException("no listener") }, protocol)
            errors.map { it.message } shouldContainExactly listOf("no listener")
            protocol.last() shouldBe "connectionLost"
        }

        "a connection that the factory refuses was never opened" {
            var opened = 0
            val factory =
                object : Factory() {
                    override fun buildProtocol(address: Address): Protocol? = null
                }
            val listeners = ConnectionListenerFactory { _, _ -> null.also { opened++ } }
            val port = reactor.listenTcp(0, factory, options = options(listeners))
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { Ask {} })
            reactor.flush()
            opened shouldBe 0
        }

        "traffic is logged with the peer's bytes escaped and cut" {
            CapturedLogs.start().use { logs ->
                val port = reactor.listenTcp(0, Factory { Answer(ArrayList()) }, options = options(TrafficLog(shown = 10)))
                val loud =
                    object : Protocol() {
                        override fun connectionMade() {
                            transport.write("\u001b[2J\r\nINFO forged\n".toByteArray())
                            transport.loseConnection()
                        }
                    }
                reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { loud })
                reactor.flush()
                val lines = logs.events().filter { it.namespace == TrafficLog::class.java.name }.map { it.message }
                lines.single { " sent " in it } shouldContain "sent 18 bytes: \\x1b[2J\\r\\n... (12 more bytes)"
                lines.last() shouldContain "is gone"
                lines.none { '\n' in it } shouldBe true
            }
        }
    })
