// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.endpoint.ClientCreator
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.name.BlockingHostResolver
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Connector
import dev.torsion.net.DnsLookupException
import dev.torsion.net.NoProtocolException
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldStartWith
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.ServerSocket
import java.net.UnknownHostException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import dev.torsion.net.Factory as TorsionFactory

/** A client factory that notes what it hears. */
private open class NotingFactory(build: () -> Protocol = { Scripted() }) : ClientFactory(build) {
    val events = CopyOnWriteArrayList<String>()
    val failure = CompletableFuture<CannotConnectException>()
    val stopped = CountDownLatch(1)

    override fun startFactory() {
        events.add("start")
    }

    override fun stopFactory() {
        events.add("stop")
        stopped.countDown()
    }

    override fun startedConnecting(connector: Connector) {
        events.add("connecting")
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        events.add("failed")
        failure.complete(reason)
    }

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
        events.add("lost")
    }
}

/** A port whose backlog is full: a connection to it is neither accepted nor refused. */
private fun <T> withSilentPort(test: (Int) -> T): T = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { full ->
    val fillers = List(3) { java.nio.channels.SocketChannel.open().apply { configureBlocking(false) } }
    try {
        fillers.forEach { it.connect(full.localSocketAddress) }
        test(full.localPort)
    } finally {
        fillers.forEach { it.close() }
    }
}

internal fun freePort() = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }

class TcpClientSpec :
    StringSpec({
        "behaviour 32: a client connects, talks and is told in the right order" {
            withReactor { reactor ->
                val port = reactor.listen { Scripted(received = { transport.write(it) }) }.port()
                val order = CopyOnWriteArrayList<String>()
                val factory =
                    object : NotingFactory({
                        object : Protocol() {
                            override fun connectionMade() = transport.write("ping".toByteArray())

                            override fun dataReceived(data: ByteArray) = transport.loseConnection()

                            override fun connectionLost(reason: CloseReason) {
                                order.add("protocol")
                            }
                        }
                    }) {
                        override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
                            order.add("factory ${connector.state}")
                        }
                    }
                reactor.onLoop { reactor.connectTcp("localhost", port, factory) }
                factory.stopped.awaitOrFail()
                order shouldContainExactly listOf("protocol", "factory DISCONNECTED")
                factory.events shouldContainExactly listOf("start", "connecting", "stop")
            }
        }

        "nobody listens: refused, naming the destination" {
            withReactor { reactor ->
                val port = freePort()
                val factory = NotingFactory()
                reactor.onLoop { reactor.connectTcp("127.0.0.1", port, factory) }
                val reason = factory.failure.getOrFail().shouldBeInstanceOf<ConnectionRefusedException>()
                reason.destination shouldBe "127.0.0.1:$port"
                factory.stopped.awaitOrFail()
                factory.events shouldContainExactly listOf("start", "connecting", "failed", "stop")
            }
        }

        "no answer: a time-out that names itself" {
            withReactor { reactor ->
                withSilentPort { port ->
                    val factory = NotingFactory()
                    reactor.onLoop { reactor.connectTcp("127.0.0.1", port, factory, ConnectOptions(Duration.ofMillis(50))) }
                    factory.failure.getOrFail().shouldBeInstanceOf<ConnectTimeoutException>().message shouldContain "50 ms"
                }
            }
        }

        "stopConnecting gives up, and is an error afterwards" {
            withReactor { reactor ->
                withSilentPort { port ->
                    val factory = NotingFactory()
                    val connector = reactor.onLoop { reactor.connectTcp("127.0.0.1", port, factory) }
                    reactor.onLoop { connector.stopConnecting() }
                    factory.failure.getOrFail().shouldBeInstanceOf<ConnectingCancelledException>()
                    reactor.onLoop { shouldThrow<IllegalStateException> { connector.stopConnecting() } }
                    reactor.onLoop { connector.disconnect() } // nothing to do
                }
            }
        }

        "host names are looked up off the loop, and one without an address is a typed error" {
            val askedOn = CompletableFuture<String>()
            val options =
                ReactorOptions(
                    resolver = BlockingHostResolver { host ->
                        askedOn.complete(Thread.currentThread().name)
                        if (host == "known.test") listOf(InetAddress.getLoopbackAddress()) else throw UnknownHostException(host)
                    },
                )
            withReactor(options) { reactor ->
                val port = reactor.listen { Scripted() }.port()
                reactor.resultOnLoop { TCP4ClientEndpoint(reactor, "known.test", port).connect(TorsionFactory { Scripted() }) }
                askedOn.getOrFail() shouldContain "resolver"
                val error =
                    shouldThrow<DnsLookupException> {
                        reactor.resultOnLoop { TCP4ClientEndpoint(reactor, "nowhere.test", port).connect(TorsionFactory { Scripted() }) }
                    }
                error.host shouldBe "nowhere.test"
            }
        }

        "the next address is tried when one refuses" {
            val options =
                ReactorOptions(
                    resolver = BlockingHostResolver {
                        listOf(InetAddress.getByName("127.0.0.2"), InetAddress.getByName("127.0.0.1"))
                    },
                )
            withReactor(options) { reactor ->
                val port = reactor.listen { Scripted() }.port()
                val protocol = reactor.resultOnLoop { TCP4ClientEndpoint(reactor, "two.test", port).connectProtocol(Scripted()) }
                reactor.onLoop { protocol.transport.peer().toString() } shouldBe "127.0.0.1:$port"
            }
        }

        "connect inside clientConnectionLost reconnects, and keeps the factory started" {
            withReactor { reactor ->
                val server = reactor.listen { Scripted(made = { transport.loseConnection() }) }
                val factory =
                    object : NotingFactory() {
                        var rounds = 0

                        override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
                            super.clientConnectionLost(connector, reason)
                            if (++rounds < 3) connector.connect()
                        }
                    }
                reactor.onLoop { reactor.connectTcp("127.0.0.1", server.port(), factory) }
                factory.stopped.awaitOrFail()
                factory.events shouldContainExactly
                    listOf("start", "connecting", "lost", "connecting", "lost", "connecting", "lost", "stop")
            }
        }

        "endpoints give Deferreds: of the port, of the protocol, of what went wrong" {
            withReactor { reactor ->
                val port =
                    reactor.resultOnLoop {
                        TCP4ServerEndpoint(reactor, 0, networkInterface = "127.0.0.1")
                            .listen(TorsionFactory { Scripted(received = { transport.write(it) }) })
                    }
                val answer = CompletableFuture<String>()
                val client = Scripted(received = { answer.complete(String(it)) })
                reactor.resultOnLoop {
                    TCP4ClientEndpoint(reactor, "127.0.0.1", port.port()).connectProtocol(client).addCallback {
                        it.transport.write("over an endpoint".toByteArray())
                    }
                }
                answer.getOrFail() shouldBe "over an endpoint"
                shouldThrow<ConnectionRefusedException> {
                    reactor.resultOnLoop { TCP4ClientEndpoint(reactor, "127.0.0.1", freePort()).connectProtocol(Scripted()) }
                }
                val none =
                    object : TorsionFactory() {
                        override fun buildProtocol(address: dev.torsion.net.Address): Protocol? = null
                    }
                shouldThrow<NoProtocolException> {
                    reactor.resultOnLoop { TCP4ClientEndpoint(reactor, "127.0.0.1", port.port()).connect(none) }
                }
            }
        }

        "cancelling the Deferred of an endpoint gives the attempt up" {
            withReactor { reactor ->
                withSilentPort { port ->
                    shouldThrow<ConnectingCancelledException> {
                        reactor.resultOnLoop {
                            TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(TorsionFactory { Scripted() }).also { it.cancel() }
                        }
                    }
                }
            }
        }

        "ClientCreator gives the protocol" {
            withReactor { reactor ->
                val server = reactor.listen { Scripted(made = { transport.loseConnection() }) }
                val protocol = reactor.resultOnLoop { ClientCreator(reactor) { Scripted() }.connectTcp("localhost", server.port()) }
                protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
            }
        }

        "a factory that throws while it builds is a failed connection" {
            withReactor { reactor ->
                val server = reactor.listen { Scripted() }
                val factory = NotingFactory { error("no protocol") }
                reactor.onLoop { reactor.connectTcp("127.0.0.1", server.port(), factory) }
                factory.failure.getOrFail().message shouldContain "no protocol"
                factory.stopped.awaitOrFail()
                factory.events shouldStartWith listOf("start", "connecting", "failed")
            }
        }

        "a port to connect from: the peer sees it, and it can be connected from again at once" {
            withReactor { reactor ->
                val server = reactor.listen { Scripted(made = { transport.loseConnection() }) }
                val from = freePort()
                repeat(3) {
                    val endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", server.port(), ConnectOptions(bindAddress = "127.0.0.1:$from"))
                    val protocol = reactor.resultOnLoop { endpoint.connectProtocol(Scripted()) }
                    reactor.onLoop { protocol.transport.host().toString() } shouldBe "127.0.0.1:$from"
                    reactor.onLoop { protocol.transport.abortConnection() }
                    protocol.lost.getOrFail()
                }
            }
        }

        "an address to connect from is numeric, with or without a port" {
            val reactor = dev.torsion.reactor.Reactor.create()
            for (wrong in listOf("example.com", "example.com:80", "127.0.0.1:70000", "127.0.0.1:", "[::1]", "::1]:80")) {
                shouldThrow<IllegalArgumentException> {
                    reactor.connectTcp("127.0.0.1", 80, NotingFactory(), ConnectOptions(bindAddress = wrong))
                }.message shouldContain wrong
            }
            val target = { local: String -> NioTarget("127.0.0.1", 80, ConnectOptions(bindAddress = local), TcpOptions.DEFAULT) }
            val six = InetAddress.getByName("::1")
            target("[::1]:4000").localFor(six) shouldBe java.net.InetSocketAddress(six, 4000)
            target("::1").localFor(six) shouldBe java.net.InetSocketAddress(six, 0)
            target("[::1]:4000").localFor(InetAddress.getByName("127.0.0.1")) shouldBe null
        }

        "a client that the operating system connects to itself is refused, and leaves the port free" {
            withReactor { reactor ->
                // To connect from the very port makes sure of what chance does on a port of the ephemeral range.
                val port = freePort()
                val factory = NotingFactory()
                reactor.onLoop { reactor.connectTcp("127.0.0.1", port, factory, ConnectOptions(bindAddress = "127.0.0.1:$port")) }
                factory.failure.getOrFail().shouldBeInstanceOf<ConnectionRefusedException>()
                factory.stopped.awaitOrFail()
                factory.events shouldContainExactly listOf("start", "connecting", "failed", "stop")
                ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close()
            }
        }

        "a resolver that gives what is no address, or breaks down later, is a failed connection at once" {
            for (odd in listOf(listOf<InetAddress?>(null), listOf(InetAddress.getLoopbackAddress(), null))) {
                @Suppress("UNCHECKED_CAST")
                withReactor(ReactorOptions(resolver = BlockingHostResolver { odd as List<InetAddress> })) { reactor ->
                    val factory = NotingFactory()
                    reactor.onLoop { reactor.connectTcp("odd.test", freePort(), factory) }
                    factory.failure.getOrFail().message shouldContain "odd.test"
                    factory.stopped.awaitOrFail()
                }
            }
        }

        "a factory that cannot start leaves the connector disconnected, and fails the Deferred of an endpoint" {
            withReactor { reactor ->
                var isBroken = true
                lateinit var kept: Connector
                val factory =
                    object : NotingFactory() {
                        override fun startFactory() = check(!isBroken)

                        override fun startedConnecting(connector: Connector) {
                            kept = connector
                        }
                    }
                val port = freePort()
                shouldThrow<IllegalStateException> { reactor.onLoop { reactor.connectTcp("127.0.0.1", port, factory) } }
                shouldThrow<IllegalStateException> {
                    reactor.resultOnLoop { TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(factory) }
                }
                isBroken = false
                reactor.onLoop { reactor.connectTcp("127.0.0.1", port, factory) }
                factory.stopped.awaitOrFail()
                isBroken = true
                shouldThrow<IllegalStateException> { reactor.onLoop { kept.connect() } }
                reactor.onLoop { kept.state } shouldBe Connector.State.DISCONNECTED
            }
        }
    })
