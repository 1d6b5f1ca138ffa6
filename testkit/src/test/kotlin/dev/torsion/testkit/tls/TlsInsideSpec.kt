// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.endpoint.ProxyHeader
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.endpoint.WrappingFactory
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.serverFromString
import dev.torsion.endpoint.wrapClientTls
import dev.torsion.net.Address
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionListener
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.Throttle
import dev.torsion.policies.LimitTotalConnectionsFactory
import dev.torsion.testkit.successResultOf
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTruncatedException
import dev.torsion.tls.startTls
import dev.torsion.tls.tlsSession
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.time.Duration

private const val MUCH = 1 shl 20
private const val SERVER = "10.0.0.1"

/** Passes everything on, and knows nothing of halves. */
private class Outer(factory: Factory) : WrappingFactory(factory) {
    override fun wrapProtocol(protocol: Protocol): Protocol = object : ProtocolWrapper(protocol) {}
}

/** TLS on connections that belong to another protocol, such as a wrapper or one that reads the header of a proxy. */
class TlsInsideSpec :
    StringSpec({
        val outers =
            mapOf<String, (Factory) -> Factory>(
                "nothing" to { it },
                "a wrapper" to ::Outer,
                "limits" to { LimitTotalConnectionsFactory(it, 10) },
                "TLS in a wrapper" to { Outer(Tls.server(IDENTITY).wrap(Outer(it))) },
            )

        for ((name, outer) in outers) {
            val isTwice = name.startsWith("TLS")

            fun TlsScene.unread() = reactor.listenTcp(
                0,
                outer(factory(Tls.server(IDENTITY)) { Noting({ transport.write(ByteArray(MUCH)) }) }),
            ).let { port ->
                val attempt = Attempt { Noting({ transport.pauseProducing() }) }
                val inside = trusting().wrap(attempt, "localhost")
                reactor.connectTcp("127.0.0.1", port.port(), if (isTwice) trusting().wrap(inside, "localhost") else inside)
                reactor.flush()
                port to attempt.noting!!
            }

            /** A server that writes [count] bytes and closes, and a client that takes them. */
            fun TlsScene.closing(count: Int, server: StreamOptions, client: StreamOptions = StreamOptions.DEFAULT): Attempt {
                val make = {
                    Noting({
                        transport.write(ByteArray(count))
                        transport.loseConnection()
                    })
                }
                val options = TcpOptions.DEFAULT.withStream(server)
                val port = reactor.listenTcp(0, outer(factory(Tls.server(IDENTITY), make)), options = options)
                val attempt = Attempt { Noting() }
                val inside = trusting().wrap(attempt, "localhost")
                val factory = if (isTwice) trusting().wrap(inside, "localhost") else inside
                reactor.connectTcp("127.0.0.1", port.port(), factory, options = TcpOptions.DEFAULT.withStream(client))
                return attempt
            }

            "a peer that reads slowly while the connection closes gets all, behind $name" {
                TlsScene.run {
                    val slowly = Throttle.builder().readPerConnection(1_000).build()
                    val attempt = closing(150_000, StreamOptions.DEFAULT, StreamOptions.DEFAULT.withThrottle(slowly))
                    reactor.runFor(Duration.ofMinutes(3))
                    attempt.noting!!.received.length shouldBe 150_000
                    attempt.noting!!.reason!!.isClean shouldBe true
                    served.single().reason!!.isClean shouldBe true
                }
            }

            "a throttle of our own may hold up the end for longer than the time to close, behind $name" {
                TlsScene.run {
                    val slowly = Throttle.builder().writePerConnection(1_000).build()
                    val impatient = StreamOptions.DEFAULT.withThrottle(slowly).withCloseTimeout(Duration.ofMillis(20))
                    val attempt = closing(20_000, impatient)
                    reactor.runFor(Duration.ofMinutes(1))
                    attempt.noting!!.received.length shouldBe 20_000
                    attempt.noting!!.reason!!.isClean shouldBe true
                    served.single().reason!!.isClean shouldBe true
                }
            }

            "a port that is drained sends what was written and then the close alert, behind $name" {
                TlsScene.run {
                    val (port, client) = unread()
                    val drained = port.drain()
                    reactor.flush()
                    drained.called shouldBe false
                    client.transport.resumeProducing()
                    reactor.flush()
                    successResultOf(drained) shouldBe DrainReport(1, 0, 0)
                    client.received.length shouldBe MUCH
                    client.reason!!.isClean shouldBe true
                    served.single().reason!!.isClean shouldBe true
                }
            }

            "what a drain cuts does not look like an end, behind $name" {
                TlsScene.run {
                    val (port, client) = unread()
                    val drained = port.drain(Duration.ofSeconds(1))
                    reactor.runFor(Duration.ofSeconds(1))
                    val report = successResultOf(drained)
                    report.cutConnections shouldBe 1
                    report.unsentBytes shouldBeGreaterThan 0
                    client.transport.resumeProducing()
                    reactor.flush()
                    client.reason!!.isClean shouldBe false
                }
            }

            "a reactor that stops sends what was written and then the close alert, behind $name" {
                TlsScene.run {
                    val server = reactor.neighbour(SERVER)
                    val far = reactor.neighbour("10.0.0.2")
                    val make = { Noting({ transport.write(ByteArray(MUCH)) }) }
                    val port = server.listenTcp(0, outer(factory(Tls.server(IDENTITY), make)))
                    val attempt = Attempt { Noting({ transport.pauseProducing() }) }
                    val inside = trusting().wrap(attempt, "localhost")
                    far.connectTcp(SERVER, port.port(), if (isTwice) trusting().wrap(inside, "localhost") else inside)
                    reactor.flush()
                    server.stop()
                    reactor.flush()
                    val client = attempt.noting!!
                    client.transport.resumeProducing()
                    reactor.flush()
                    client.received.length shouldBe MUCH
                    client.reason!!.isClean shouldBe true
                    val reason = served.single().reason!!
                    reason.by shouldBe ClosedBy.US
                    reason.message shouldBe "The reactor has stopped."
                    server.close()
                    far.close()
                }
            }

            "a connection that is idle ends with a close alert when its port is drained or its reactor stops, behind $name" {
                for (isDrained in listOf(true, false)) {
                    TlsScene.run {
                        val server = reactor.neighbour(SERVER)
                        val far = reactor.neighbour("10.0.0.2")
                        val port = server.listenTcp(0, outer(factory(Tls.server(IDENTITY))))
                        val attempt = Attempt { Noting() }
                        val inside = trusting().wrap(attempt, "localhost")
                        far.connectTcp(SERVER, port.port(), if (isTwice) trusting().wrap(inside, "localhost") else inside)
                        reactor.flush()
                        if (isDrained) port.drain() else server.stop()
                        reactor.flush()
                        attempt.noting!!.reason!!.isClean shouldBe true
                        server.close()
                        far.close()
                    }
                }
            }
        }

        "a reactor that stops in the middle of a handshake ends the connection" {
            TlsScene.run {
                val server = reactor.neighbour(SERVER)
                val far = reactor.neighbour("10.0.0.2")
                val port = server.listenTcp(0, Outer(factory(Tls.server(IDENTITY))))
                val silent = Noting()
                far.connectTcp(SERVER, port.port(), dev.torsion.net.ClientFactory { silent }.apply { isNoisy = false })
                reactor.flush()
                server.stop()
                reactor.flush()
                (silent.reason != null) shouldBe true
                failures.single().by shouldBe ClosedBy.US
                server.close()
                far.close()
            }
        }

        "a stream that is cut is no clean end behind a wrapper that knows nothing of halves" {
            TlsScene.run {
                val between = Between(this, reactor.listenTcp(0, Outer(factory(Tls.server(IDENTITY)))))
                val attempt = connect(between.port)
                reactor.flush()
                attempt.noting!!.write("half of a mess")
                reactor.flush()
                between.back.transport.loseConnection()
                reactor.flush()
                served.single().received shouldBe "half of a mess"
                val reason = served.single().reason!!
                reason.isClean shouldBe false
                reason.cause.shouldBeInstanceOf<TlsTruncatedException>()
            }
        }

        "behind the header of a proxy the peer is the real client" {
            TlsScene.run {
                val client = IPv4Address("203.0.113.9", 4711)
                val header = ProxyHeader(2, client, IPv4Address("192.0.2.80", 443))
                val peers = ArrayList<Address>()
                val tls = Tls.server(IDENTITY)
                val make = { Noting({ peers.add(transport.peer()) }) { transport.write(it) } }
                reactor.await(serverFromString(reactor, "haproxy:tcp:8443").wrap { tls.wrap(it) }.listen(factoryOf(make)))
                val below = clientFromString(reactor, "tcp:127.0.0.1:8443").wrap(ProxyProtocol.sending(header))
                val noting = Noting({ write("hello") })
                reactor.await(wrapClientTls(trusting(), below, "localhost").connect(factoryOf { noting }))
                reactor.flush()
                noting.received shouldBe "hello"
                peers shouldContainExactly listOf(client)
                noting.transport.loseConnection()
                reactor.flush()
                noting.reason!!.isClean shouldBe true
            }
        }

        "TLS may begin behind the header of a proxy" {
            TlsScene.run {
                val header = ProxyHeader(2, IPv4Address("203.0.113.9", 4711), IPv4Address("192.0.2.80", 25))
                val server = Noting { if (received == "STARTTLS") transport.startTls(Tls.server(IDENTITY)) else write(received) }
                reactor.await(serverFromString(reactor, "haproxy:tcp:8025").listen(factoryOf { server }))
                val below = clientFromString(reactor, "tcp:127.0.0.1:8025").wrap(ProxyProtocol.sending(header))
                val client = Noting({ write("STARTTLS") })
                reactor.await(below.connect(factoryOf { client }))
                reactor.flush()
                val opened = client.transport.startTls(trusting(), "localhost")
                client.write(" and on")
                reactor.flush()
                successResultOf(opened) shouldBe client.transport.tlsSession
                server.transport.tlsSession!!.protocol shouldBe "TLSv1.3"
                client.received shouldBe "STARTTLS and on"
            }
        }

        "a connection has its listener once, and its throttle" {
            TlsScene.run {
                var opened = 0
                var closed = 0
                var sent = 0L
                val throttle = Throttle.builder().writePerConnection(SLOWLY).build()
                val stream = StreamOptions.DEFAULT.withThrottle(throttle).withListener { _, _ ->
                    opened++
                    object : ConnectionListener {
                        override fun sent(data: ByteBuffer) {
                            sent += data.remaining()
                        }

                        override fun closed(reason: dev.torsion.net.CloseReason) {
                            closed++
                        }
                    }
                }
                val server = factory(Tls.server(IDENTITY)) { Noting({ transport.write(ByteArray(PAYLOAD)) }) }
                val port = reactor.listenTcp(0, Outer(server), options = TcpOptions.DEFAULT.withStream(stream))
                val attempt = connect(port)
                val before = reactor.nanoTime()
                reactor.runUntil({ attempt.noting?.received?.length == PAYLOAD }, Duration.ofMinutes(1))
                val seconds = Duration.ofNanos(reactor.nanoTime() - before).toMillis() / 1000.0
                // Each byte pays once.
                val fair = (sent - SLOWLY / 4) / SLOWLY.toDouble()
                (seconds in fair * 0.9..fair * 1.1 + 0.1) shouldBe true
                opened shouldBe 1
                attempt.noting!!.transport.loseConnection()
                reactor.flush()
                closed shouldBe 1
            }
        }
    })

private const val SLOWLY = 10_000L // bytes in a second
private const val PAYLOAD = 40_000

private fun factoryOf(make: () -> Protocol) = Factory { make() }.apply { isNoisy = false }
