// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.endpoint

import dev.torsion.endpoint.EndpointSyntaxException
import dev.torsion.endpoint.ProxiedTransport
import dev.torsion.endpoint.ProxyHeader
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.endpoint.ProxyTlv
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.TcpTransport
import dev.torsion.net.UnixAddress
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration

private val CLIENT = IPv4Address("203.0.113.9", 4711)
private val ADDRESS = IPv4Address("192.0.2.80", 80)

private open class Heard(private val onMade: Protocol.() -> Unit = {}) : Protocol() {
    val text = StringBuilder()
    var reason: CloseReason? = null

    override fun connectionMade() = onMade()

    override fun dataReceived(data: ByteArray) {
        text.append(String(data))
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

private class HeardHalf :
    Heard(),
    HalfCloseableProtocol {
    var halfEnded = false

    override fun readConnectionLost() {
        halfEnded = true
        transport.write("answer".toByteArray())
        transport.loseConnection()
    }

    override fun writeConnectionLost() = Unit
}

/** A server that demands a header, the addresses that its factory was asked with, and its protocols. */
private class Demanding(val reactor: MemoryReactor, private val make: () -> Heard? = { Heard() }) {
    val addresses = ArrayList<Address>()
    val protocols = ArrayList<Heard>()
    private val factory =
        object : Factory() {
            override fun buildProtocol(address: Address): Protocol? {
                addresses.add(address)
                return make()?.also(protocols::add)
            }
        }
    val port = reactor.await(serverFromString(reactor, "haproxy:tcp:8007").listen(factory))

    /** A client that connects, and says [bytes] at once. */
    fun say(bytes: ByteArray, client: Heard = Heard()): Heard {
        val plain = clientFromString(reactor, "tcp:127.0.0.1:8007")
        reactor.await(plain.connectProtocol(client))
        client.transport.write(bytes)
        reactor.flush()
        return client
    }
}

private fun inMemory(chunking: Chunking = Chunking.whole(), test: (MemoryReactor) -> Unit) = MemoryReactor().use {
    it.network.chunking = chunking
    test(it)
}

class ProxyProtocolSpec :
    StringSpec({
        "the factory and the protocol see the client's addresses, and what the proxy says, in both versions and any pieces" {
            for (version in 1..2) {
                for (chunking in listOf(Chunking.whole(), Chunking.byteByByte())) {
                    inMemory(chunking) { reactor ->
                        val server = Demanding(reactor)
                        val tlvs = if (version ==
                            2
                        ) {
                            listOf(ProxyTlv(ProxyHeader.TYPE_AUTHORITY, "a.example".toByteArray()))
                        } else {
                            emptyList()
                        }
                        val header = ProxyHeader(version, CLIENT, ADDRESS, tlvs)
                        val client = Heard { transport.write("hello".toByteArray()) }
                        val proxy = clientFromString(reactor, "tcp:127.0.0.1:8007").wrap(ProxyProtocol.sending(header))
                        reactor.await(proxy.connectProtocol(client)) shouldBe client
                        reactor.flush()
                        server.addresses shouldBe listOf(CLIENT)
                        val seen = server.protocols.single()
                        seen.text.toString() shouldBe "hello"
                        seen.transport.peer() shouldBe CLIENT
                        seen.transport.host() shouldBe ADDRESS
                        (seen.transport is TcpTransport) shouldBe true
                        val proxied = seen.transport as ProxiedTransport
                        "${proxied.proxyHeader}" shouldBe "$header"
                        proxied.connection.peer() shouldBe client.transport.host()
                        seen.transport.write("back".toByteArray())
                        reactor.flush()
                        client.text.toString() shouldBe "back"
                        client.transport.loseConnection()
                        reactor.flush()
                        seen.reason.shouldBeInstanceOf<ConnectionDone>()
                        server.port.stopListening()
                    }
                }
            }
        }

        "a client's string says its own addresses; a health check of a proxy keeps those of the connection" {
            inMemory { reactor ->
                val server = Demanding(reactor)
                val client = Heard()
                reactor.await(clientFromString(reactor, "haproxy:tcp:127.0.0.1:8007").connectProtocol(client))
                reactor.flush()
                server.addresses.single() shouldBe client.transport.host()
                val local = server.say("PROXY UNKNOWN\r\n".toByteArray())
                server.addresses.last() shouldBe local.transport.host()
                listOf(client, local).forEach { it.transport.loseConnection() }
                server.port.stopListening()
                reactor.flush()
            }
        }

        "over a UNIX socket, and with paths as addresses" {
            inMemory { reactor ->
                val heard = Heard()
                val port = reactor.await(serverFromString(reactor, "haproxy:unix:/run/p.sock").listen(Factory { heard }))
                val client = Heard()
                reactor.await(clientFromString(reactor, "haproxy:unix:/run/p.sock").connectProtocol(client))
                reactor.flush()
                (heard.transport.peer() as UnixAddress).isUnnamed shouldBe true
                heard.transport.host() shouldBe port.host()
                client.transport.loseConnection()
                port.stopListening()
                reactor.flush()
            }
        }

        "whoever speaks something else is aborted at its first wrong byte, and no protocol is made" {
            inMemory { reactor ->
                val server = Demanding(reactor)
                val client = server.say("GET / HTTP/1.1\r\n\r\n".toByteArray())
                client.reason.shouldBeInstanceOf<ConnectionLost>()
                server.addresses.shouldBeEmpty()
                server.port.stopListening()
                reactor.flush()
            }
        }

        "a header that is not whole in time ends the connection, and one that is has all the time in the world" {
            inMemory { reactor ->
                val server = Demanding(reactor)
                val slow = server.say("PROXY TCP4 1.1".toByteArray())
                val good = server.say("PROXY UNKNOWN\r\n".toByteArray())
                reactor.advance(Duration.ofSeconds(9))
                slow.reason.shouldBeNull()
                reactor.advance(Duration.ofSeconds(2))
                slow.reason.shouldBeInstanceOf<ConnectionLost>()
                reactor.advance(Duration.ofDays(1))
                good.reason.shouldBeNull()
                good.transport.abortConnection()
                server.port.stopListening()
                reactor.flush()
            }
        }

        "a proxy that closes before its header is no error, and leaves no timer" {
            inMemory { reactor ->
                val server = Demanding(reactor)
                val client = server.say(ByteArray(0))
                client.transport.loseConnection()
                reactor.flush()
                client.reason.shouldBeInstanceOf<ConnectionDone>()
                server.addresses.shouldBeEmpty()
                reactor.delayedCalls().shouldBeEmpty()
                server.port.stopListening()
                reactor.flush()
            }
        }

        "a factory without a protocol for the client closes the connection" {
            inMemory { reactor ->
                val server = Demanding(reactor) { null }
                val client = server.say("PROXY UNKNOWN\r\nhello".toByteArray())
                client.reason.shouldBeInstanceOf<CloseReason>()
                server.addresses.size shouldBe 1
                server.port.stopListening()
                reactor.flush()
            }
        }

        "halves: a protocol that hears of them does, one that does not ends with the peer's half" {
            for (isHalf in listOf(true, false)) {
                inMemory { reactor ->
                    val server = Demanding(reactor) { if (isHalf) HeardHalf() else Heard() }
                    val client = server.say("PROXY UNKNOWN\r\nhi".toByteArray(), HeardHalf())
                    (client.transport as HalfCloseableTransport).loseWriteConnection()
                    reactor.flush()
                    val seen = server.protocols.single()
                    (seen is HeardHalf && seen.halfEnded) shouldBe isHalf
                    client.text.toString() shouldBe if (isHalf) "answer" else ""
                    reactor.flush()
                    seen.reason.shouldBeInstanceOf<ConnectionDone>()
                    server.port.stopListening()
                    reactor.flush()
                }
            }
        }

        "a protocol that pauses in connectionMade gets nothing until it resumes" {
            inMemory { reactor ->
                val server = Demanding(reactor) { Heard { transport.pauseProducing() } }
                val client = server.say("PROXY UNKNOWN\r\nhello".toByteArray())
                val seen = server.protocols.single()
                seen.text.toString() shouldBe ""
                seen.transport.resumeProducing()
                reactor.flush()
                seen.text.toString() shouldBe "hello"
                client.transport.abortConnection()
                server.port.stopListening()
                reactor.flush()
            }
        }

        "the reason of a violation is the protocol error" {
            inMemory { reactor ->
                lateinit var outer: Protocol
                val wrapped = ProxyProtocol.receiving(reactor).wrap(Factory { Heard() })
                val port = reactor.listenTcp(
                    8007,
                    object : Factory() {
                        override fun buildProtocol(address: Address) = wrapped.buildProtocol(address)!!.also { outer = it }
                    },
                )
                val client = Heard()
                reactor.await(clientFromString(reactor, "tcp:127.0.0.1:8007").connectProtocol(client))
                reactor.flush()
                val reason = reactor.runCatching { outer.transport.whenWritable() }
                reason.isSuccess shouldBe true
                client.transport.write("no".toByteArray())
                val lost = outer.transport
                reactor.flush()
                val error = shouldThrow<ConnectionAborted> { reactor.await(lost.whenWritable()) }
                error.cause.shouldBeInstanceOf<ProtocolViolationException>()
                port.stopListening()
                reactor.flush()
            }
        }

        "a mistake inside of the string is at its place in the whole" {
            inMemory { reactor ->
                val text = "haproxy:tcp:80:interfaec=x"
                val error = shouldThrow<EndpointSyntaxException> { serverFromString(reactor, text) }
                error.description shouldBe text
                error.position shouldBe text.indexOf("interfaec")
                error.message!! shouldContain "at \"interfaec=x\""
                shouldThrow<EndpointSyntaxException> { serverFromString(reactor, "haproxy:") }
                shouldThrow<EndpointSyntaxException> { clientFromString(reactor, "haproxy:nothing:1") }
            }
        }
    })
