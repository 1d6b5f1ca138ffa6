// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Protocol
import dev.torsion.testkit.runReactorTest
import dev.torsion.web.AccessLog
import dev.torsion.web.EventStream
import dev.torsion.web.Headers
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.ServerSentEvent
import dev.torsion.web.Site
import dev.torsion.web.StaticFiles
import dev.torsion.web.client.Agent
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.fetch
import dev.torsion.web.proxy.ReverseProxy
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.seconds

/** The Kotlin of docs/guide/web.md. */
class WebSpec :
    StringSpec({
        "a server with routes" {
            runReactorTest {
                val reactor = this
                val router = Router {
                    get("/users/{id}") { request -> Response.text("user ${request.parameter("id")}") }
                    post("/shout") { request -> Response.text(request.body.readText().uppercase()) }
                    get("/numbers") { Response.stream("text/plain") { sink -> for (number in 1..1000) sink.write("$number\n") } }
                }
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Site(reactor, router)).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Answers()).await()
                client.ask("GET /users/7 HTTP/1.1\r\nHost: a\r\n\r\n")
                client.ask("POST /shout HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
                client.ask("GET /numbers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "\r\n\r\nuser 7HTTP/1.1 200 OK\r\n"
                client.text shouldContain "\r\n\r\nHELLO"
                client.text shouldContain "1000\n\r\n0\r\n\r\n"
                port.stopListening().await()
            }
        }

        "large bodies" {
            runReactorTest {
                val reactor = this
                val rows = (1..1000).asFlow().map { "row $it\n".toByteArray() }
                val router = Router {
                    get("/rows") { Response.stream("text/csv", rows) }
                    get("/lines") { Response.stream("text/plain") { sink -> for (number in 1..1000) sink.write("$number\n") } }
                }
                val port = reactor.listenTcp(0, Site(reactor, router), "127.0.0.1")
                val http = HttpClient(reactor)
                http.get("http://127.0.0.1:${port.port()}/rows").readText().lines().size shouldBe 1001
                http.get("http://127.0.0.1:${port.port()}/lines").readText().lines().size shouldBe 1001
                http.close()
                port.stopListening().await()
            }
        }

        "files below a folder" {
            val folder = tempdir().toPath()
            folder.resolve("a.txt").writeText("file")
            runReactorTest {
                val reactor = this
                val site = Site.of(reactor, StaticFiles.of(reactor, folder))
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(site).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Answers()).await()
                client.ask("GET /a.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "\r\n\r\nfile"
                port.stopListening().await()
            }
        }

        "events of a flow, and an access log" {
            runReactorTest {
                val reactor = this
                val lines = ArrayList<String>()
                val options = HttpServerOptions.DEFAULT.withListener(AccessLog.combined(lines::add).and(AccessLog.structured()))
                val site =
                    Site(reactor, options) { request ->
                        val ticks = flow {
                            var count = EventStream.lastEventId(request)?.toIntOrNull() ?: 0
                            while (true) {
                                count++
                                emit(ServerSentEvent.data("tick $count").withId("$count"))
                                delay(1.seconds)
                            }
                        }
                        EventStream.of(ticks)
                    }
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(site).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Answers()).await()
                client.ask("GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 7\r\n\r\n")
                delay(1.5.seconds)
                client.text shouldContain "id: 8\ndata: tick 8\n\n"
                client.text shouldContain "id: 9\ndata: tick 9\n\n"
                port.drain().await()
                lines.single() shouldContain "\"GET / HTTP/1.1\" 200 "
            }
        }

        "what another server answers" {
            runReactorTest {
                val reactor = this
                val other = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(
                    Site(reactor) {
                        Response.text(it.target)
                    },
                ).await()
                val backend = "http://127.0.0.1:${other.port()}/"
                val site = Site.of(reactor, ReverseProxy.of(reactor, backend))
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(site).await()
                val client = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}").connectProtocol(Answers()).await()
                client.ask("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                delay(1.seconds)
                client.text shouldContain "\r\n\r\n/a"
                port.stopListening().await()
                other.stopListening().await()
            }
        }

        "links before an answer, and times behind it" {
            runReactorTest {
                val reactor = this
                val page = "<p>hello"
                val router = Router {
                    get("/") { request ->
                        request.sendInterim(103, Headers.of("Link", "</style.css>; rel=preload; as=style"))
                        Response.stream("text/html") { sink ->
                            sink.write(page)
                            sink.setTrailers(Headers.of("Server-Timing", "page;dur=12"))
                        }
                    }
                }
                val port = serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Site(reactor, router)).await()
                val base = "http://127.0.0.1:${port.port()}"
                val links = ArrayList<String>()
                Agent(reactor).use { agent ->
                    val request = ClientRequest.get("$base/").withInterimListener { _, headers -> links.addAll(headers.all("Link")) }
                    val timing = agent.fetch(request).use { response ->
                        response.body.readBytes()
                        response.trailers["Server-Timing"]
                    }
                    timing shouldBe "page;dur=12"
                }
                links shouldBe listOf("</style.css>; rel=preload; as=style")
                port.stopListening().await()
            }
        }
    })

private class Answers : Protocol() {
    var text = ""

    fun ask(request: String) = transport.write(request.toByteArray())

    override fun dataReceived(data: ByteArray) {
        text += data.decodeToString()
    }
}
