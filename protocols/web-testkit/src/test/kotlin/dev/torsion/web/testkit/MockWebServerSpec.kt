// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.net.CannotListenException
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runTest
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.web.HttpException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.Response
import dev.torsion.web.client.Agent
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.RequestBody
import dev.torsion.web.client.fetch
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import java.io.IOException
import java.net.Socket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** The server for tests of clients, in memory and on real ports. */
class MockWebServerSpec :
    FunSpec({
        test("answers in their order, and what was asked") {
            inMemory {
                server.enqueue(MockResponse.text("one").withStatus(201).withHeader("X-A", "b"))
                server.enqueue(Response.text("two"))
                server.enqueue(MockResponse.json("[3]").withChunks(1))
                val first = agent.fetch("GET", server.url("/a?b=c"))
                first.status shouldBe 201
                first.headers["X-A"] shouldBe "b"
                first.body.readText() shouldBe "one"
                agent.fetch("POST", server.url("/b"), body = RequestBody.text("hello")).body.readText() shouldBe "two"
                val third = agent.fetch("GET", server.url("/c"))
                third.headers["Transfer-Encoding"] shouldBe "chunked"
                third.body.readText() shouldBe "[3]"
                val asked = List(3) { server.pollRequest()!! }
                asked.map { "${it.method} ${it.target} ${it.text()} ${it.connection} ${it.index}" } shouldBe
                    listOf("GET /a?b=c  0 0", "POST /b hello 0 1", "GET /c  0 2")
                asked[0].request.query("b") shouldBe "c"
                server.pollRequest() shouldBe null
                server.requestCount() shouldBe 3
                server.connectionCount() shouldBe 1
            }
        }

        test("a request waits until there is an answer for it") {
            inMemory {
                coroutineScope {
                    val asked = async { agent.fetch("GET", server.url("/")).body.readText() }
                    delay(5.seconds)
                    server.requestCount() shouldBe 1
                    server.enqueue(MockResponse.text("at last"))
                    asked.await() shouldBe "at last"
                }
            }
        }

        test("an answer that a cancelled request was waiting for is that of the next one") {
            inMemory {
                coroutineScope {
                    val gone = async { agent.fetch("GET", server.url("/gone")) }
                    delay(1.seconds)
                    gone.cancel()
                    delay(1.seconds)
                    server.enqueue(MockResponse.text("kept"))
                    agent.fetch("GET", server.url("/")).body.readText() shouldBe "kept"
                }
            }
        }

        test("a dispatcher chooses by what is asked") {
            inMemory {
                server.dispatch { if (it.target == "/a") MockResponse.text("a ${it.text()}") else MockResponse.of(404) }
                agent.fetch("PUT", server.url("/a"), body = RequestBody.text("b")).body.readText() shouldBe "a b"
                agent.fetch("GET", server.url("/b")).use { it.status shouldBe 404 }
            }
        }

        test("times pass by the clock") {
            inMemory {
                server.enqueue(MockResponse.text("12345678").withHeadDelay(10.seconds).withBodyDelay(20.seconds).withThrottle(2, 5.seconds))
                val response = agent.fetch("GET", server.url("/"))
                reactor.clock.elapsed() shouldBe Duration.ofSeconds(10)
                response.body.readText() shouldBe "12345678"
                reactor.clock.elapsed() shouldBe Duration.ofSeconds(45)
            }
        }

        for (fault in listOf(MockFault.CLOSE, MockFault.RESET)) {
            for (point in listOf(MockPoint.START, MockPoint.REQUEST, MockPoint.HEAD, MockPoint.BODY)) {
                for (chunks in listOf(0, 7)) {
                    test("$fault at $point, ${if (chunks == 0) "with a length" else "in chunks"}: the client fails") {
                        inMemory(HttpClientOptions.DEFAULT.withRetriesStale(false)) {
                            val answer = MockResponse.text("0123456789".repeat(10))
                            server.enqueue((if (chunks == 0) answer else answer.withChunks(chunks)).withFault(fault, point))
                            var hasHead = false
                            shouldThrow<HttpException> {
                                val response = agent.fetch("GET", server.url("/"))
                                hasHead = true
                                response.body.readBytes()
                            }
                            hasHead shouldBe (point == MockPoint.BODY)
                            server.requestCount() shouldBe if (point == MockPoint.START) 0 else 1
                            server.enqueue(MockResponse.text("well"))
                            agent.fetch("GET", server.url("/")).body.readText() shouldBe "well"
                        }
                    }
                }
            }
        }

        for (fault in listOf(MockFault.CLOSE, MockFault.RESET)) {
            for ((answer, body) in listOf(
                MockResponse.text("whole") to "whole",
                MockResponse.text("whole").withChunks(2) to "whole",
                MockResponse.of(204) to "",
            )) {
                test("$fault behind $answer: the answer is whole, and the next request has another connection") {
                    inMemory {
                        server.enqueue(answer.withFault(fault, MockPoint.END))
                        server.enqueue(MockResponse.text("next"))
                        agent.fetch("GET", server.url("/")).body.readText() shouldBe body
                        agent.fetch("GET", server.url("/")).body.readText() shouldBe "next"
                        server.connectionCount() shouldBe 2
                    }
                }
            }
        }

        test("nothing more at each place: the time-out of the client ends it") {
            for (point in MockPoint.entries) {
                withClue(point) {
                    inMemory(HttpClientOptions.DEFAULT.withRequestTimeout(Duration.ofSeconds(7)).withRetriesStale(false)) {
                        server.enqueue(MockResponse.text("0123456789").withFault(MockFault.STALL, point))
                        if (point == MockPoint.END) {
                            agent.fetch("GET", server.url("/")).body.readText() shouldBe "0123456789"
                            shouldThrow<HttpException> { agent.fetch("GET", server.url("/")) }
                        } else {
                            shouldThrow<HttpException> { agent.fetch("GET", server.url("/")).body.readBytes() }
                        }
                        reactor.clock.elapsed() shouldBe Duration.ofSeconds(7)
                    }
                }
            }
        }

        test("no answer, ever") {
            inMemory(HttpClientOptions.DEFAULT.withResponseTimeout(Duration.ofSeconds(3))) {
                server.enqueue(MockResponse.none())
                shouldThrow<HttpException> { agent.fetch("POST", server.url("/"), body = RequestBody.text("a")) }
                server.pollRequest()!!.text() shouldBe "a"
            }
        }

        test("bytes that are no HTTP, and an answer that is shorter than it says") {
            inMemory {
                server.enqueue(MockResponse.raw("SSH-2.0-OpenSSH_9.2\r\n"))
                shouldThrow<HttpException> { agent.fetch("POST", server.url("/")) }
                server.enqueue(MockResponse.raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
                shouldThrow<IncompleteMessageException> { agent.fetch("POST", server.url("/")).body.readBytes() }
                server.enqueue(MockResponse.raw("HTTP/1.1 200 OK\r\n\r\nto the end"))
                agent.fetch("GET", server.url("/")).body.readText() shouldBe "to the end"
            }
        }

        test("an answer that does not wait for the upload") {
            inMemory {
                server.enqueue(MockResponse.of(413).withoutReading())
                val endless = RequestBody.stream(null) { sink -> while (true) sink.write(ByteArray(100_000)) }
                agent.fetch("PUT", server.url("/"), body = endless).use { it.status shouldBe 413 }
                server.pollRequest()!!.body().size shouldBe 0
            }
        }

        test("a stream of production code, whole and cut") {
            inMemory {
                val stream = Response.stream("text/event-stream") { sink ->
                    sink.write("data: 1\n\n")
                    sink.write("data: 2\n\n")
                }
                server.enqueue(stream)
                agent.fetch("GET", server.url("/")).body.readText() shouldBe "data: 1\n\ndata: 2\n\n"
                server.enqueue(MockResponse.of(stream).withFault(MockFault.CLOSE, MockPoint.BODY))
                shouldThrow<IncompleteMessageException> { agent.fetch("GET", server.url("/")).body.readText() }
            }
        }

        test("no time is up for a client that is slow, in its head or in its body") {
            inMemory(HttpClientOptions.DEFAULT.withResponseTimeout(Duration.ofDays(1))) {
                server.enqueue(MockResponse.text("patient"))
                val slow = RequestBody.stream("text/plain", 2) { sink ->
                    repeat(2) {
                        delay(2.minutes)
                        sink.write("a")
                    }
                }
                agent.fetch("POST", server.url("/"), body = slow).body.readText() shouldBe "patient"
            }
        }

        test("what cannot be is refused") {
            shouldThrow<IllegalArgumentException> { MockResponse.text("a").withStatus(204) }
            shouldThrow<IllegalArgumentException> { MockResponse.text("a").withHeader("Content-Length", "5") }
            shouldThrow<IllegalArgumentException> { MockResponse.text("a").withHeader("X", "a\r\nb") }
            shouldThrow<IllegalArgumentException> { MockResponse.text("a").withThrottle(0, Duration.ofSeconds(1)) }
            shouldThrow<IllegalArgumentException> { MockResponse.text("a").withHeadDelay(Duration.ofSeconds(-1)) }
            shouldThrow<IllegalStateException> { MockResponse.raw("a").withStatus(200) }
            shouldThrow<IllegalArgumentException> { MockResponse.of(Response.of(200)).withFault(MockFault.CLOSE, MockPoint.END) }
        }

        test("takeRequest lets time pass until a request comes, and fails when none does") {
            MemoryReactor().use { reactor ->
                MockWebServer.on(reactor).use { server ->
                    Agent(reactor, HttpClientOptions.DEFAULT).use { agent ->
                        server.enqueue(MockResponse.text("a"))
                        reactor.callLater(30, TimeUnit.SECONDS) { agent.request("GET", server.url("/x")) }
                        server.takeRequest().target shouldBe "/x"
                        reactor.clock.elapsed() shouldBe Duration.ofSeconds(30)
                        shouldThrow<AssertionError> { server.takeRequest(5.seconds) }
                    }
                }
            }
        }

        test("TLS, in memory") {
            val identity = Tls.selfSigned("localhost")
            MemoryReactor().use { reactor ->
                MockWebServer.on(reactor, tls = Tls.server(identity)).use { server ->
                    server.url("/a") shouldStartWith "https://localhost:"
                    val tls = Tls.client().withTrust(TlsTrust.of(identity))
                    Agent(reactor, HttpClientOptions.DEFAULT.withTls(tls)).use { agent ->
                        server.enqueue(MockResponse.text("secret"))
                        reactor.runTest { agent.fetch("GET", server.url("/a")).body.readText() } shouldBe "secret"
                        server.takeRequest().request.isSecure shouldBe true
                    }
                }
            }
        }

        test("on a real port, for any client") {
            MockWebServer.start().use { server ->
                val client = HttpClient.newHttpClient()
                server.enqueue(MockResponse.text("hello").withThrottle(2, Duration.ofMillis(1)))
                val request = HttpRequest.newBuilder(URI(server.url("/a"))).POST(BodyPublishers.ofString("body")).build()
                client.send(request, BodyHandlers.ofString()).body() shouldBe "hello"
                val taken = server.takeRequest()
                taken.text() shouldBe "body"
                taken.headers["User-Agent"]!! shouldContain "Java"
                server.enqueue(MockResponse.text("half of it").withFault(MockFault.RESET, MockPoint.BODY))
                shouldThrow<IOException> { client.send(request, BodyHandlers.ofString()) }
                server.enqueue(MockResponse.of(200).withFault(MockFault.CLOSE, MockPoint.START))
                Socket("127.0.0.1", server.port()).use { it.getInputStream().read() shouldBe -1 }
                server.connectionCount() shouldBeInRange 2..4
                shouldThrow<AssertionError> { repeat(5) { server.takeRequest(Duration.ofMillis(1)) } }
            }
        }

        test("a port that is taken is an error of start") {
            MockWebServer.start().use { server -> shouldThrow<CannotListenException> { MockWebServer.start(server.port()) } }
        }
    })

private class Scene(val reactor: MemoryReactor, val server: MockWebServer, val agent: Agent)

private fun inMemory(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: suspend Scene.() -> Unit) {
    MemoryReactor().use { reactor ->
        MockWebServer.on(reactor).use { server ->
            Agent(reactor, options).use { agent -> reactor.runTest(10.minutes) { Scene(reactor, server, agent).test() } }
        }
    }
}
