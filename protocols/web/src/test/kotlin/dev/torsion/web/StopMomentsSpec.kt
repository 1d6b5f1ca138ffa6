// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ClientFactory
import dev.torsion.net.ListeningPort
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.listenTls
import dev.torsion.web.client.HttpAgent
import dev.torsion.web.proxy.ReverseProxy
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.time.Duration

/** Work that a stop finds half done ends within its time: a head, a handshake, an answer that is on its way through a proxy. */
class StopMomentsSpec :
    FunSpec({
        val big = "x".repeat(300_000)

        class Stopped(val kind: String) : AutoCloseable {
            val first = MemoryReactor()
            val server = first.neighbour("10.0.0.1")
            val machine = first.neighbour("10.0.0.2")
            val site = Site(server) { request ->
                when (request.target) {
                    "/big" -> Response.text(big)
                    "/upload" -> Response.text("${request.body.readBytes().size}")
                    else -> {
                        delay(1000)
                        Response.text("slow")
                    }
                }
            }
            val ports = ArrayList<ListeningPort>()

            fun connect(port: ListeningPort) = Raw().also { raw ->
                machine.connectTcp("10.0.0.1", port.port(), ClientFactory { raw })
                first.flush()
            }

            fun Raw.ask(text: String) = apply {
                send(text)
                first.flush()
            }

            fun stop() {
                if (kind == "port") ports.forEach { it.drain(Duration.ofSeconds(5)) } else server.stop()
                first.flush()
            }

            fun isOver() {
                first.runFor(Duration.ofSeconds(12))
                server.isRunning shouldBe (kind == "port")
                server.delayedCalls().size shouldBe 0
            }

            override fun close() = first.close()
        }

        for (kind in listOf("port", "reactor")) {
            test("a stop by its $kind: half a head, a handshake and an upgrade") {
                Stopped(kind).use {
                    with(it) {
                        val port = server.listenTcp(0, site).also(ports::add)
                        val secure = server.listenTls(0, site, Tls.server(Tls.selfSigned("localhost"))).also(ports::add)
                        val half = connect(port).ask("GET /slow HTTP/1.1\r\nHost: ")
                        val mute = connect(secure)
                        val hello = connect(secure).ask("\u0016\u0003\u0001\u0001\u0000\u0001")
                        val upgrade = connect(port).ask(get("/slow", "Connection: Upgrade\r\nUpgrade: websocket\r\n"))
                        val kept = connect(port).ask(post("/upload", "abc"))
                        kept.got() shouldEndWith "\r\n\r\n3"
                        stop()
                        half.ask("a\r\n\r\n")
                        isOver()
                        for (each in listOf(half, mute, hello, upgrade, kept)) each.isConnected shouldBe false
                        upgrade.got() shouldEndWith "\r\n\r\nslow"
                        half.got().let { got -> if (got.isNotEmpty()) got shouldEndWith "\r\n\r\nslow" }
                        kept.got() shouldBe ""
                    }
                }
            }

            test("a stop by its $kind: an answer that is half written is whole, one that nobody takes is cut") {
                Stopped(kind).use {
                    with(it) {
                        val port = server.listenTcp(0, site).also(ports::add)
                        val slow = connect(port)
                        val never = connect(port)
                        for (each in listOf(slow, never)) {
                            each.transport.pauseProducing()
                            each.ask(get("/big"))
                        }
                        stop()
                        slow.isConnected shouldBe true
                        slow.transport.resumeProducing()
                        isOver()
                        slow.got() shouldEndWith big
                        never.transport.resumeProducing()
                        first.flush()
                        never.length shouldBeLessThan big.length
                        never.isConnected shouldBe false
                    }
                }
            }

            test("a stop by its $kind: a proxy in the middle of both directions") {
                Stopped(kind).use {
                    with(it) {
                        val behind = machine.listenTcp(
                            0,
                            Site(machine) { request ->
                                Response.text("${request.body.readBytes().size} $big")
                            },
                        )
                        val agent = HttpAgent.of(server)
                        val proxy = ReverseProxy.of(agent, "http://10.0.0.2:${behind.port()}/")
                        val port = server.listenTcp(0, Site(server, proxy)).also(ports::add)
                        val client = connect(port).ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
                        val reading = connect(port)
                        reading.transport.pauseProducing()
                        reading.ask(post("/", "abc"))
                        stop()
                        client.ask("rest")
                        reading.transport.resumeProducing()
                        first.runFor(Duration.ofSeconds(2))
                        server.isRunning shouldBe (kind == "port")
                        for ((each, size) in listOf(client to 8, reading to 3)) {
                            withClue("$size") {
                                val got = each.got()
                                got shouldStartWith "HTTP/1.1 200 "
                                if (each === client) got shouldContain "Connection: close\r\n"
                                got shouldEndWith big
                                got shouldContain "\r\n\r\n$size "
                                each.isConnected shouldBe false
                            }
                        }
                    }
                }
            }

            test("a stop by its $kind: events that come through a proxy end in order, and nobody waits for more") {
                Stopped(kind).use {
                    with(it) {
                        var isGone = false
                        val behind = machine.listenTcp(
                            0,
                            Site(machine) {
                                Response.stream("text/event-stream; charset=utf-8") { sink ->
                                    try {
                                        sink.write("data: 1\n\n")
                                        awaitCancellation()
                                    } finally {
                                        isGone = true
                                    }
                                }
                            },
                        )
                        val proxy = ReverseProxy.of(HttpAgent.of(server), "http://10.0.0.2:${behind.port()}/")
                        val port = server.listenTcp(0, Site(server, proxy)).also(ports::add)
                        val client = connect(port).ask(get("/"))
                        client.got() shouldEndWith "data: 1\n\n\r\n"
                        stop()
                        first.runFor(Duration.ofSeconds(1))
                        client.got() shouldBe "0\r\n\r\n"
                        client.isConnected shouldBe false
                        isGone shouldBe true
                        isOver()
                    }
                }
            }
        }
    })
