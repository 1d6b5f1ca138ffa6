// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectionDone
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import java.time.Duration

/** A server that stops, by its port or by its reactor, seen from another machine. */
class StopSpec :
    FunSpec({
        for (kind in listOf("port", "reactor")) {
            test("a stop by its $kind: nobody else gets in, answers in flight end and say that they are the last, events end at once") {
                MemoryReactor().use { first ->
                    val server = first.neighbour("10.0.0.1")
                    val machine = first.neighbour("10.0.0.2")
                    val site = Site(server) { request ->
                        when (request.target) {
                            "/slow" -> {
                                delay(3000)
                                Response.text("slow")
                            }
                            "/stream" -> Response.stream("a/b") { sink ->
                                sink.write("beginning")
                                delay(3000)
                                sink.write("end")
                            }
                            "/upload" -> Response.text("${request.body.readBytes().size}")
                            else -> EventStream.of(
                                flow {
                                    emit(ServerSentEvent.data("1"))
                                    awaitCancellation()
                                },
                            )
                        }
                    }
                    val port = server.listenTcp(0, site)

                    fun connect(): Raw = Raw().also { raw ->
                        machine.connectTcp("10.0.0.1", port.port(), ClientFactory { raw })
                        first.flush()
                    }
                    val idle = connect()
                    val slow = connect().also { it.send(get("/slow") + get("/more")) }
                    val stream = connect().also { it.send(get("/stream")) }
                    val events = connect().also { it.send(get("/events")) }
                    val upload = connect().also { it.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf") }
                    first.flush()
                    events.got() shouldEndWith "data: 1\n\n\r\n"
                    if (kind == "port") port.drain(Duration.ofSeconds(5)) else server.stop()
                    first.flush()
                    events.got() shouldBe "0\r\n\r\n"
                    idle.end.shouldBeInstanceOf<ConnectionDone>()
                    events.end.shouldBeInstanceOf<ConnectionDone>()
                    connect().isConnected shouldBe false
                    upload.send("rest")
                    first.runFor(Duration.ofSeconds(4))
                    for ((client, answer) in listOf(slow to "\r\n\r\nslow", upload to "\r\n\r\n8", stream to "3\r\nend\r\n0\r\n\r\n")) {
                        withClue(answer) {
                            val got = client.got()
                            if (client !== stream) got shouldContain "Connection: close\r\n"
                            got shouldEndWith answer
                            client.end.shouldBeInstanceOf<ConnectionDone>()
                        }
                    }
                    server.isRunning shouldNotBe (kind == "reactor")
                }
            }
        }
    })
