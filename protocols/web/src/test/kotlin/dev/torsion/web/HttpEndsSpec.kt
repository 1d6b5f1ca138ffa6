// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.successResultOf
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withContext

/** Requests in flight when a side ends. */
class HttpEndsSpec :
    FunSpec({
        val size: suspend (Request) -> Response = { Response.text("${it.body.readBytes().size}") }

        test("a body without an end is written no more when its connection breaks in the middle of it") {
            lateinit var connection: ServerConnection
            var written = 0
            scene(handler = {
                Response.stream("a/b") { sink ->
                    sink.write("a")
                    connection.transport.abortConnection() // as one that the operating system reports to be broken
                    repeat(1000) {
                        sink.write("b")
                        written++
                    }
                }
            }) {
                val client = connect(reactor.listenTcp(0, Factory { ServerConnection(site).also { connection = it } }, "127.0.0.1"))
                client.ask(get("/"))
                written shouldBe 0
                connection.isConnected shouldBe false
            }
        }

        test("nor is it when the connection breaks in the middle of what is written because there is room again") {
            lateinit var connection: ServerConnection
            var isTaken = false
            var written = 0
            scene(handler = {
                Response.stream("a/b") { sink ->
                    while (written < 1000) {
                        sink.write(ByteArray(100_000))
                        if (!isTaken) continue
                        connection.transport.abortConnection() // as one that the operating system reports to be broken
                        written++
                    }
                }
            }) {
                val client = connect(reactor.listenTcp(0, Factory { ServerConnection(site).also { connection = it } }, "127.0.0.1"))
                client.transport.pauseProducing()
                client.ask(get("/"))
                connection.transport.isWritable shouldBe false
                isTaken = true
                client.transport.resumeProducing()
                reactor.flush()
                written shouldBe 1
                connection.isConnected shouldBe false
            }
        }

        test("a stop in order takes the rest of a body, for which an answer waits") {
            scene(handler = size) {
                val client = connect()
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
                reactor.flush()
                val drained = port.drain()
                pass(1)
                val answer = client.ask("half" + get("/next"))
                answer shouldContain "Connection: close\r\n"
                answer shouldEndWith "\r\n\r\n8"
                client.end.shouldBeInstanceOf<ConnectionDone>()
                successResultOf(drained).cutConnections shouldBe 0
            }
        }

        test("a stop in order takes a body that waits with the client, and one that the client has kept back until it is wanted") {
            for (isExpecting in listOf(false, true)) {
                withClue(isExpecting) {
                    val go = Deferred<Unit>()
                    scene(handler = {
                        go.await()
                        size(it)
                    }) {
                        val client = connect()
                        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n")
                        if (isExpecting) client.send("Expect: 100-continue\r\n")
                        client.send("\r\n")
                        if (!isExpecting) client.transport.write(ByteArray(300_000))
                        reactor.flush()
                        val drained = port.drain()
                        pass(1)
                        go.callback(Unit)
                        reactor.flush()
                        if (isExpecting) {
                            client.got() shouldBe "HTTP/1.1 100 Continue\r\n\r\n"
                            client.transport.write(ByteArray(300_000))
                            reactor.flush()
                        }
                        client.got() shouldEndWith "\r\n\r\n300000"
                        client.end.shouldBeInstanceOf<ConnectionDone>()
                        successResultOf(drained).cutConnections shouldBe 0
                    }
                }
            }
        }

        test("a client that goes away while its upload is drained is not waited for") {
            for (isReset in listOf(false, true)) {
                var running = 0
                scene(handler = {
                    running++
                    try {
                        size(it)
                    } finally {
                        running--
                    }
                }) {
                    val client = connect()
                    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
                    reactor.flush()
                    val drained = port.drain()
                    reactor.flush()
                    running shouldBe 1
                    if (isReset) client.transport.abortConnection() else client.transport.loseConnection()
                    reactor.flush()
                    running shouldBe 0
                    successResultOf(drained).cutConnections shouldBe 0
                    reactor.delayedCalls().shouldBeEmpty()
                }
            }
        }

        test("the beginning of an answer that ends with its connection is not taken for the whole by a client that ends its side") {
            scene(handler = {
                Response.stream("a/b") { sink ->
                    sink.write("beginning")
                    awaitCancellation()
                }
            }) {
                val old = connect()
                old.ask("GET / HTTP/1.0\r\n\r\n") shouldEndWith "\r\n\r\nbeginning"
                (old.transport as HalfCloseableTransport).loseWriteConnection()
                reactor.flush()
                old.end.shouldBeInstanceOf<ConnectionLost>()
                val chunked = connect()
                chunked.send(get("/"))
                (chunked.transport as HalfCloseableTransport).loseWriteConnection()
                reactor.flush()
                chunked.got() shouldNotContain "0\r\n\r\n"
                chunked.end shouldNotBe null
                reactor.delayedCalls().shouldBeEmpty()
            }
        }

        test("a client that ends its side behind a request gets the answer that is there, and is not waited for otherwise") {
            scene(handler = { if (it.target == "/later") awaitCancellation() else Response.text(it.target) }) {
                val client = connect()
                client.send(get("/1") + get("/2"))
                (client.transport as HalfCloseableTransport).loseWriteConnection()
                reactor.flush()
                client.got() shouldEndWith "\r\n\r\n/2"
                client.end.shouldBeInstanceOf<ConnectionDone>()
                val later = connect()
                later.send(get("/later"))
                (later.transport as HalfCloseableTransport).loseWriteConnection()
                reactor.flush()
                later.got() shouldBe ""
                later.end shouldNotBe null
                reactor.delayedCalls().shouldBeEmpty()
            }
        }

        test("a write behind the end of the connection fails with its reason") {
            var outcome: Throwable? = null
            scene(handler = { request ->
                Response.stream("a/b") { sink ->
                    try {
                        request.body.read()
                    } catch (e: IncompleteMessageException) {
                        withContext(NonCancellable) { outcome = runCatching { sink.write("more") }.exceptionOrNull() }
                        throw e
                    }
                }
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n") shouldContain " 200 OK"
                client.transport.abortConnection()
                reactor.flush()
                outcome.shouldBeInstanceOf<CloseReason>()
            }
        }

        test("what a client does to its body is no error of the answer that reads it: the log has none") {
            scene(handler = { request ->
                Response.stream("a/b") { sink -> while (true) sink.write(request.body.read() ?: break) }
            }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    client.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n") shouldContain "abc"
                    client.ask("ZZ\r\n")
                    client.end.shouldBeInstanceOf<ConnectionLost>()
                    logs.flushLoggedErrors().shouldBeEmpty()
                }
            }
        }

        test("each Expect has to be one that is known") {
            scene(handler = size) {
                for (expected in listOf("100-continue\r\nExpect: miracles", "miracles\r\nExpect: 100-continue", "100-continue, miracles")) {
                    connect().ask(post("/", "b", "Expect: $expected\r\n")) shouldStartWith "HTTP/1.1 417 "
                }
                connect().ask(post("/", "b", "Expect: 100-continue\r\nExpect: 100-Continue\r\n")) shouldStartWith "HTTP/1.1 200 "
            }
        }

        test("the text of a request has no query, which may have secrets") {
            scene(handler = { Response.text("$it") }) {
                val text = connect().ask(get("/a?token=secret"))
                text shouldContain "Request(GET /a from "
                text shouldNotContain "secret"
            }
        }
    })
