// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.endpoint.ProxyHeader
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.awaitCancellation

/** How many connections a site has, in all and of each peer. */
class LimitedSiteSpec :
    FunSpec({
        val ok: suspend (Request) -> Response = { if (it.target == "/waits") awaitCancellation() else Response.text("hello") }

        test("one connection more than the site may have is closed at once, and another one may come when one has gone") {
            scene(HttpServerOptions.DEFAULT.withMaxConnections(2), ok) {
                CapturedLogs.start().use { logs ->
                    val clients = listOf(connect(), connect())
                    clients[0].send(get("/waits"))
                    connect().end shouldNotBe null
                    logs.messages().single { "turned away" in it } shouldContain "no more than 2 connections"
                    clients[0].transport.abortConnection()
                    reactor.flush()
                    val next = connect()
                    next.ask(get("/")) shouldContain "hello"
                    connect().end shouldNotBe null
                    clients[1].ask(get("/")) shouldContain "hello"
                }
            }
        }

        test("one peer has its own limit, by the address that a PROXY header says; a trusted proxy has none") {
            val options = HttpServerOptions.DEFAULT.withMaxConnectionsByPeer(1)
            scene(options, ok) {
                val behind = reactor.listenTcp(0, ProxyProtocol.receiving(reactor).wrap(site), "127.0.0.1")

                fun from(host: String): Raw {
                    val header = ProxyHeader(1, IPv4Address(host, 7), IPv4Address("10.0.0.9", 80)).toBytes()
                    return connect(behind).also {
                        it.transport.write(header)
                        reactor.flush()
                    }
                }
                val first = from("192.0.2.1")
                from("192.0.2.1").end shouldNotBe null
                from("192.0.2.2").end shouldBe null
                first.transport.loseConnection()
                reactor.flush()
                from("192.0.2.1").ask(get("/")) shouldContain "hello"
            }
            scene(options.withTrustedProxies(TrustedProxies.forwarded("127.0.0.0/8")), ok) {
                connect().end shouldBe null
                connect().end shouldBe null
            }
        }

        test("limits are positive") {
            shouldThrow<IllegalArgumentException> { HttpServerOptions.DEFAULT.withMaxConnections(0) }
            shouldThrow<IllegalArgumentException> { HttpServerOptions.DEFAULT.withMaxConnectionsByPeer(0) }
            shouldThrow<IllegalArgumentException> { HttpServerOptions.DEFAULT.withMinimumBodyRate(-1) }
        }
    })
