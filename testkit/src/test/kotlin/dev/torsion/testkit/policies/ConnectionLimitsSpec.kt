// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.policies

import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.policies.LimitConnectionsByPeer
import dev.torsion.policies.LimitTotalConnectionsFactory
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

private class Greeting(private val text: String) : Protocol() {
    override fun connectionMade() = transport.write(text.toByteArray())
}

private class Guest : Protocol() {
    val heard = StringBuilder()
    var reason: CloseReason? = null

    override fun dataReceived(data: ByteArray) {
        heard.append(data.decodeToString())
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

/** Says how much it was sent, a turn after the end of that. */
private class Counting :
    Protocol(),
    HalfCloseableProtocol {
    private var count = 0

    override fun dataReceived(data: ByteArray) {
        count += data.size
    }

    override fun readConnectionLost() {
        transport.scope.launch {
            yield()
            transport.write("$count".toByteArray())
            transport.loseConnection()
        }
    }

    override fun writeConnectionLost() {}
}

private class Asking :
    Protocol(),
    HalfCloseableProtocol {
    val heard = StringBuilder()

    override fun connectionMade() {
        transport.write(ByteArray(1000))
        (transport as HalfCloseableTransport).loseWriteConnection()
    }

    override fun dataReceived(data: ByteArray) {
        heard.append(data.decodeToString())
    }

    override fun readConnectionLost() = transport.loseConnection()

    override fun writeConnectionLost() {}
}

class ConnectionLimitsSpec :
    StringSpec({
        lateinit var reactor: MemoryReactor
        beforeTest { reactor = MemoryReactor() }
        afterTest { reactor.close() }

        fun connect(port: Int): Guest = Guest().also {
            reactor.connectTcp("127.0.0.1", port, ClientFactory { it })
            reactor.flush()
        }

        "one connection more than the limit is closed at once, and there is room again when one ends" {
            val factory = LimitTotalConnectionsFactory(Factory { Greeting("hello") }, 2)
            val port = reactor.listenTcp(0, factory).port()
            val guests = List(3) { connect(port) }
            guests.map { it.heard.toString() } shouldBe listOf("hello", "hello", "")
            guests[2].reason.shouldNotBeNull()
            factory.connectionCount shouldBe 2
            guests[0].transport.loseConnection()
            reactor.flush()
            factory.connectionCount shouldBe 1
            connect(port).heard.toString() shouldBe "hello"
        }

        "the overflow answers, and is limited too" {
            val factory = LimitTotalConnectionsFactory(Factory { Greeting("hello") }, 1) { Greeting("busy") }
            val port = reactor.listenTcp(0, factory).port()
            val guests = List(3) { connect(port) }
            guests.map { it.heard.toString() } shouldBe listOf("hello", "busy", "")
            guests.map { it.reason == null } shouldBe listOf(true, true, false)
            guests[1].transport.abortConnection()
            reactor.flush()
            connect(port).heard.toString() shouldBe "busy"
            factory.connectionCount shouldBe 1
        }

        "protocols that were built before the limit was reached count when they connect" {
            val factory = LimitTotalConnectionsFactory(Factory { Greeting("hello") }, 1)
            val late = Array(2) { factory.buildProtocol(IPv4Address("127.0.0.1", 1)).shouldNotBeNull() }
            var next = 0
            val port =
                reactor.listenTcp(
                    0,
                    object : Factory() {
                        override fun buildProtocol(address: Address) = late[next++]
                    },
                ).port()
            val guests = List(2) { connect(port) }
            guests.map { it.heard.toString() } shouldBe listOf("hello", "")
            guests.map { it.reason == null } shouldBe listOf(true, false)
            factory.connectionCount shouldBe 1
        }

        "the limit for one peer leaves others alone" {
            val factory = LimitConnectionsByPeer(Factory { Greeting("hello") }, 1)
            val port = reactor.listenTcp(0, factory).port()
            val first = connect(port)
            val second = connect(port)
            first.heard.toString() shouldBe "hello"
            second.reason.shouldNotBeNull()
            factory.buildProtocol(IPv4Address("192.0.2.7", 1)).shouldNotBeNull()
            first.transport.loseConnection()
            reactor.flush()
            factory.connectionCount(IPv4Address("127.0.0.1", 1)) shouldBe 0
            connect(port).heard.toString() shouldBe "hello"
        }

        "addresses without a host are not limited" {
            val factory = LimitConnectionsByPeer(Factory { Greeting("hello") }, 1)
            val port = reactor.listenTcp(0, factory).port()
            connect(port)
            factory.buildProtocol(IPv4Address("127.0.0.1", 2)).shouldBeNull()
            factory.connectionCount(object : Address {}) shouldBe 0
            factory.buildProtocol(object : Address {}).shouldNotBeNull()
        }

        "a protocol that hears of halves hears of them behind limits too" {
            val factory = LimitTotalConnectionsFactory(LimitConnectionsByPeer(Factory { Counting() }, 5), 5)
            val port = reactor.listenTcp(0, factory).port()
            val asking = Asking()
            reactor.connectTcp("127.0.0.1", port, ClientFactory { asking })
            reactor.flush()
            asking.heard.toString() shouldBe "1000"
        }

        "a protocol behind limits is asked before TLS begins on its connection" {
            var asked = 0
            val careful =
                object : Protocol() {
                    override fun tlsBegins() {
                        asked++
                    }
                }
            val factory = LimitTotalConnectionsFactory(Factory { careful }, 1)
            val outer = factory.buildProtocol(IPv4Address("127.0.0.1", 1)).shouldNotBeNull()
            outer.makeConnection(StringTransport())
            outer.tlsBegins()
            asked shouldBe 1
        }

        "a limit below one is refused" {
            shouldThrow<IllegalArgumentException> { LimitTotalConnectionsFactory(Factory { Guest() }, 0) }
            shouldThrow<IllegalArgumentException> { LimitConnectionsByPeer(Factory { Guest() }, 0) }
        }
    })
