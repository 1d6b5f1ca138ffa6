// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.successResultOf
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.time.Duration
import java.time.temporal.ChronoUnit

/** A [Site] and its connections, under the virtual clock. */
class HttpServerSpec :
    FunSpec({
        val echo: suspend (Request) -> Response = { Response.text("${it.method} ${it.target} ${it.body.readText()}") }

        fun answer(body: String, fields: String = "") =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n$fields\r\n$body"

        test("requests of one connection are answered in turn, and the connection stays") {
            scene(handler = echo) {
                val client = connect()
                client.ask(get("/1")) shouldBe answer("GET /1 ")
                client.ask(post("/2", "body")) shouldBe answer("POST /2 body")
                client.isConnected shouldBe true
            }
        }

        test("requests that are sent ahead are answered in their order, one at a time, in whatever pieces they come") {
            for (chunking in listOf(Chunking.whole(), Chunking.byteByByte(), Chunking.fixed(7), Chunking.random(3, 30))) {
                var running = 0
                var most = 0
                scene(handler = {
                    running++
                    most = maxOf(most, running)
                    if (it.target == "/0") {
                        delay(1000)
                    } else if (it.target == "/2") {
                        delay(10)
                    }
                    running--
                    echo(it)
                }) {
                    reactor.network.chunking = chunking
                    val client = connect()
                    client.send((0..3).joinToString("") { get("/$it") + post("/$it", "b") })
                    pass(5)
                    client.got() shouldBe (0..3).joinToString("") { answer("GET /$it ") + answer("POST /$it b") }
                    most shouldBe 1
                }
            }
        }

        test("thousands of requests in a row that are answered at once need no stack, and no end") {
            scene(handler = { Response.of(204) }) {
                val client = connect()
                repeat(10) { client.send(get("/").repeat(1000)) }
                reactor.flush()
                client.got().split("HTTP/1.1 204").size - 1 shouldBe 10_000
            }
        }

        test("a client that asks and does not read is not read from either, and is cut off in the end") {
            for (isLater in listOf(false, true)) {
                var asked = 0
                scene(handler = {
                    asked++
                    if (isLater) delay(1)
                    Response.bytes(ByteArray(100_000), "a/b")
                }) {
                    val client = connect()
                    client.transport.pauseProducing()
                    client.send(get("/").repeat(5000))
                    pass(1)
                    asked shouldBeLessThan 50
                    pass(57)
                    client.end shouldBe null
                    pass(4)
                    client.transport.resumeProducing()
                    reactor.flush()
                    client.end.shouldBeInstanceOf<ConnectionLost>()
                    asked shouldBeLessThan 50
                }
            }
        }

        test("HEAD has the head of GET, and 204 and 304 have no length and no body") {
            scene(handler = { if (it.target == "/s") Response.stream("a/b", 5) { error("nobody wants it") } else echo(it) }) {
                val client = connect()
                client.ask("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n") shouldBe answer("HEAD /1 ").removeSuffix("HEAD /1 ")
                client.ask("HEAD /s HTTP/1.1\r\nHost: a\r\n\r\n") shouldBe
                    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\n"
            }
            scene(handler = { Response.of(it.target.drop(1).toInt()) }) {
                val client = connect()
                client.ask(get("/204")) shouldBe "HTTP/1.1 204 No Content\r\n\r\n"
                client.ask(get("/304")) shouldBe "HTTP/1.1 304 Not Modified\r\n\r\n"
                client.ask(get("/200")) shouldBe "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            }
        }

        test("the client is told to go on when the handler reads the body, once, and not before") {
            val go = Deferred<Unit>()
            scene(handler = {
                go.await()
                echo(it)
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n") shouldBe ""
                go.callback(Unit)
                reactor.flush()
                client.got() shouldBe "HTTP/1.1 100 Continue\r\n\r\n"
                client.ask("body") shouldBe answer("POST / body")
                client.ask(post("/", "b", "Expect: 100-continue\r\n")) shouldBe answer("POST / b") // it has not waited
            }
        }

        test("an answer to a body that nobody has read ends the connection, since what comes is not known") {
            scene(handler = { Response.text("no") }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n") shouldBe
                    answer("no", "Connection: close\r\n")
                client.end.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        test("a body in chunks comes in pieces, and goes out in chunks") {
            scene(handler = { request ->
                Response.stream("a/b") { sink -> while (true) sink.write((request.body.read() ?: break).reversedArray()) }
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") shouldBe
                    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ncba\r\n0\r\n\r\n"
                client.isConnected shouldBe true
            }
        }

        test("a body that is not read waits with the client, not in memory; and comes whole when it is") {
            val go = Deferred<Unit>()
            var got = 0
            scene(handler = {
                go.await()
                while (true) got += (it.body.read() ?: break).size
                Response.text("$got")
            }) {
                val client = connect()
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n")
                client.transport.write(ByteArray(5_000_000))
                reactor.flush()
                (client.transport.bufferedBytes > 1_000_000) shouldBe true
                go.callback(Unit)
                reactor.flush()
                client.got() shouldBe answer("5000000")
            }
        }

        test("a body that is written waits for the client, and a client that takes nothing is cut off") {
            var written = 0
            scene(handler = { Response.stream("a/b") { sink -> repeat(1000) { sink.write(ByteArray(10_000)).also { written++ } } } }) {
                val client = connect()
                client.transport.pauseProducing()
                client.send(get("/"))
                reactor.flush()
                written shouldBeLessThan 100
                client.transport.resumeProducing()
                reactor.flush()
                written shouldBe 1000
                client.got().length shouldBe 10_000_000 + 1000 * "2710\r\n\r\n".length + "0\r\n\r\n".length +
                    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n".length
                written = 0
                client.transport.pauseProducing()
                CapturedLogs.start().use { logs ->
                    client.send(get("/"))
                    reactor.flush()
                    pass(61)
                    client.transport.resumeProducing()
                    reactor.flush()
                    client.end.shouldBeInstanceOf<ConnectionLost>()
                    logs.flushLoggedErrors()
                }
            }
        }

        test("a head has its time from its first byte; a connection without a request has another") {
            scene(handler = echo) {
                val slow = connect()
                pass(59)
                slow.isConnected shouldBe true
                slow.send("GET /")
                reactor.flush()
                repeat(9) {
                    pass(1)
                    slow.send("a")
                }
                slow.got() shouldBe ""
                pass(2)
                slow.got() shouldStartWith "HTTP/1.1 408 Request Timeout\r\n"
                (slow.end != null) shouldBe true
                val idle = connect()
                idle.ask(get("/")) shouldBe answer("GET / ")
                pass(59)
                idle.isConnected shouldBe true
                pass(2)
                idle.got() shouldBe ""
                idle.end.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        test("the time of a head begins anew with each head, also with one that comes with the end of another") {
            scene(handler = { Response.text(it.target) }) {
                val client = connect()
                client.send("GET /1 H")
                pass(6)
                client.send("TTP/1.1\r\nHost: a\r\n\r\nGET /2 H")
                pass(9)
                client.got() shouldBe answer("/1")
                client.isConnected shouldBe true
                pass(2)
                client.got() shouldStartWith "HTTP/1.1 408 "
            }
        }

        test("a handler that gives no answer is cancelled, and its client gets 503") {
            var ended: Throwable? = null
            scene(handler = {
                try {
                    awaitCancellation()
                } catch (e: CancellationException) {
                    ended = e
                    throw e
                }
            }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    client.ask(get("/")) shouldBe ""
                    pass(59)
                    client.got() shouldBe ""
                    pass(2)
                    client.got() shouldStartWith "HTTP/1.1 503 Service Unavailable\r\n"
                    (ended != null) shouldBe true
                    (client.end != null) shouldBe true
                    logs.messages().single { "no answer" in it } shouldContain "within"
                }
            }
        }

        test("a body of which no byte comes fails in its handler, and is answered with 408") {
            var failure: Throwable? = null
            scene(handler = {
                try {
                    echo(it)
                } catch (e: HttpTimeoutException) {
                    failure = e
                    throw e
                }
            }) {
                val client = connect()
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
                pass(29)
                client.send("d")
                pass(29)
                client.got() shouldBe ""
                pass(2)
                client.got() shouldStartWith "HTTP/1.1 408 "
                failure.shouldBeInstanceOf<HttpTimeoutException>().timeout shouldBe Duration.ofSeconds(30)
            }
        }

        test("a handler is cancelled when its client goes away, at whatever byte of the exchange") {
            val whole = post("/", "0123456789")
            for (isReset in listOf(false, true)) {
                for (at in 0..whole.length) {
                    withClue("after $at bytes, reset $isReset") {
                        var running = 0
                        scene(handler = {
                            running++
                            try {
                                it.body.readText()
                                awaitCancellation()
                            } finally {
                                running--
                            }
                        }) {
                            val client = connect()
                            client.send(whole.take(at))
                            reactor.flush()
                            if (at == whole.length) running shouldBe 1
                            if (isReset) client.transport.abortConnection() else client.transport.loseConnection()
                            reactor.flush()
                            running shouldBe 0
                            reactor.delayedCalls().shouldBeEmpty()
                        }
                    }
                }
            }
        }

        test("what breaks a rule or a limit is answered, and the connection ends") {
            val refused = listOf(
                400 to "GET / HTTP/1.1\r\n\r\n",
                413 to "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
                414 to "GET /${"a".repeat(8192)} HTTP/1.1\r\nHost: a\r\n\r\n",
                417 to get("/", "Expect: miracles\r\n"),
                431 to get("/", "X: ${"b".repeat(8192)}\r\n"),
                501 to "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
                501 to "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                505 to "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            )
            for ((status, bytes) in refused) {
                var asked = 0
                scene(handler = {
                    asked++
                    echo(it)
                }) {
                    val client = connect()
                    client.send(get("/before") + bytes + get("/after"))
                    reactor.flush()
                    val answers = client.got()
                    answers shouldStartWith answer("GET /before ") + "HTTP/1.1 $status "
                    answers shouldContain "Connection: close\r\n"
                    answers shouldNotContain "/after"
                    (client.end != null) shouldBe true
                    asked shouldBe 1
                }
            }
        }

        test("a body that breaks a rule or a limit is answered with its status, when the handler lets the error pass") {
            scene(handler = echo) {
                val malformed = connect()
                malformed.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd") shouldStartWith "HTTP/1.1 400 "
                (malformed.end != null) shouldBe true
            }
            scene(HttpServerOptions.DEFAULT.withLimits(HttpLimits.DEFAULT.withMaxBodyBytes(5)), echo) {
                val large = connect()
                large.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nabc\r\n") shouldStartWith
                    "HTTP/1.1 413 "
                (large.end != null) shouldBe true
            }
        }

        test("a handler that fails is answered with 500 and no word of it, the log has it, and the connection stays") {
            scene(handler = { if (it.target == "/bad") error("secret") else echo(it) }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    val answer = client.ask(get("/bad"))
                    answer shouldStartWith "HTTP/1.1 500 Internal Server Error\r\n"
                    answer shouldNotContain "secret"
                    client.ask(get("/good")) shouldBe answer("GET /good ")
                    logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 1
                }
            }
        }

        test("a body of an answer that fails, or is too short, is cut; the client does not take it for the whole") {
            val bodies = listOf<suspend (BodySink) -> Unit>({
                it.write("half")
                error("broken")
            }, { it.write("half") }, {
                it.write("half")
                it.write("more than was said")
            })
            for (body in bodies) {
                scene(handler = { Response.stream("a/b", 10) { body(it) } }) {
                    CapturedLogs.start().use { logs ->
                        val client = connect()
                        client.ask(get("/"))
                        client.end.shouldBeInstanceOf<ConnectionLost>()
                        logs.flushLoggedErrors().size shouldBe 1
                    }
                }
            }
        }

        test("a client of HTTP/1.0 gets no chunks, and keeps its connection only if it asks for that") {
            scene(handler = { if (it.target == "/s") Response.stream("a/b") { sink -> sink.write("stream") } else echo(it) }) {
                val stays = connect()
                stays.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") shouldBe answer("GET / ", "Connection: keep-alive\r\n")
                stays.ask("GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") shouldBe
                    "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nConnection: close\r\n\r\nstream"
                stays.end.shouldBeInstanceOf<ConnectionDone>()
                val goes = connect()
                goes.ask("GET / HTTP/1.0\r\n\r\n") shouldBe answer("GET / ", "Connection: close\r\n")
                goes.end.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        test("a client that says close, and a handler that does, get the end of the connection behind the answer") {
            scene(handler = { if (it.target == "/c") echo(it).withHeader("Connection", "close") else echo(it) }) {
                val client = connect()
                client.ask(get("/", "Connection: close\r\n") + get("/2")) shouldBe answer("GET / ", "Connection: close\r\n")
                client.end.shouldBeInstanceOf<ConnectionDone>()
                val other = connect()
                other.ask(get("/c")) shouldBe answer("GET /c ", "Connection: close\r\n")
                other.end.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        test("a stop in order lets the answer in flight end, and closes the connections that wait") {
            scene(handler = {
                delay(3000)
                echo(it)
            }) {
                val busy = connect()
                val idle = connect()
                busy.send(get("/"))
                reactor.flush()
                val drained = port.drain()
                reactor.flush()
                idle.end.shouldBeInstanceOf<ConnectionDone>()
                busy.isConnected shouldBe true
                pass(4)
                busy.got() shouldBe answer("GET / ", "Connection: close\r\n")
                busy.end.shouldBeInstanceOf<ConnectionDone>()
                successResultOf(drained).cutConnections shouldBe 0
            }
        }

        test("times may be for ever") {
            val forEver = ChronoUnit.FOREVER.duration
            val options = HttpServerOptions.DEFAULT.withIdleTimeout(forEver).withHeadTimeout(forEver).withBodyTimeout(forEver)
                .withHandlerTimeout(forEver).withWriteTimeout(forEver).withMinimumBodyRate(0)
            scene(options, {
                it.body.readText()
                awaitCancellation()
            }) {
                val idle = connect()
                val head = connect()
                head.send("GET /")
                val body = connect()
                body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                val handler = connect()
                handler.send(get("/"))
                reactor.advance(Duration.ofDays(50 * 365))
                listOf(idle, head, body, handler).forEach {
                    it.got() shouldBe ""
                    it.isConnected shouldBe true
                }
            }
        }
    })
