// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.CapturedLogs
import dev.torsion.web.Headers
import dev.torsion.web.Raw
import dev.torsion.web.Request
import dev.torsion.web.Response
import dev.torsion.web.get
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay

/** Messages that a proxy passes on beside heads and bodies: answers on the way, and fields behind a body. */
class ProxyTrailersSpec :
    FunSpec({
        val plain: suspend (Request) -> Response = { Response.text("x") }
        val chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"

        fun ProxyScene.handed(test: (Raw, ArrayList<Raw>) -> Unit) {
            val ends = ArrayList<Raw>()
            test(byHand(ends), ends)
        }

        fun ProxyScene.answer(end: Raw, text: String) {
            end.send(text)
            reactor.flush()
        }

        test("trailers of an answer go through, except those that may not stand there, and those of one connection") {
            proxied(plain) {
                handed { client, ends ->
                    client.ask(get("/"))
                    answer(
                        ends.single(),
                        "${chunks}Trailer: X-Sum, Host, X-Mine\r\nConnection: X-Mine\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\nHost: evil\r\n" +
                            "Set-Cookie: a=b\r\nContent_Length: 9\r\nX_Mine: 1\r\nServer-Timing: db;dur=3\r\nTransfer-Encoding: chunked\r\n\r\n",
                    )
                    val got = client.got()
                    got shouldEndWith "\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\nServer-Timing: db;dur=3\r\n\r\n"
                    got shouldContain "\r\nTrailer: x-sum\r\n"
                    client.send(get("/again"))
                    reactor.flush()
                    answer(ends.single(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTrailer: X-Sum\r\n\r\nx")
                    client.got() shouldNotContain "railer"
                }
                handed { client, ends ->
                    client.ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
                    answer(ends.single(), "${chunks}Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n")
                    val got = client.got()
                    got shouldEndWith "\r\n\r\nabc"
                    got shouldNotContain "X-Sum"
                }
            }
        }

        test("trailers of a request go through in the same way") {
            var last: Request? = null
            proxied({ request ->
                last = request
                Response.text(request.body.readText() + request.trailers)
            }) {
                val answer = connect().ask(
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Authorization\r\n" +
                        "Connection: X-Mine\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\nAuthorization: evil\r\nX-Forwarded-For: 6.6.6.6\r\n" +
                        "Client-IP: 6.6.6.6\r\nX_Scheme: https\r\nFront-End-Https: on\r\nX-Forwarded-User: root\r\nX-Mine: 1\r\n\r\n",
                )
                answer shouldEndWith "\r\n\r\nabcHeaders(X-Sum: 3)"
                last!!.headers["Trailer"] shouldBe "x-sum"
            }
        }

        test("the server hears that trailers are read from a client that says so to us, and from no other") {
            var te: String? = null
            proxied({ request ->
                te = "${request.headers["TE"]} ${request.headers["Connection"]}"
                Response.text("x")
            }) {
                for ((fields, expected) in mapOf(
                    "TE: trailers\r\nConnection: TE\r\n" to "trailers TE",
                    "TE: deflate;q=0.5, trailers\r\nConnection: keep-alive, te\r\n" to "trailers TE",
                    "TE: gzip\r\nConnection: TE\r\n" to "null null",
                    "TE: trailers\r\n" to "null null",
                    "" to "null null",
                )) {
                    withClue(fields) {
                        connect().ask(get("/", fields)) shouldStartWith "HTTP/1.1 200 "
                        te shouldBe expected
                    }
                }
            }
        }

        test("answers on the way go to the client as they come, except for 100, and without fields of the connection") {
            proxied({ request ->
                request.sendInterim(103, Headers.of("Link", "</a>"))
                delay(1_000)
                request.sendInterim(104, Headers.of("Upload-Offset", "1"))
                Response.text("x")
            }) {
                val client = connect()
                client.ask(get("/")) shouldBe "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                pass(2)
                client.got() shouldStartWith "HTTP/1.1 104 \r\nUpload-Offset: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
                val old = connect()
                old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
                pass(2)
                old.got() shouldStartWith "HTTP/1.1 200 OK\r\n"
                handed { hand, ends ->
                    hand.ask(get("/"))
                    answer(
                        ends.single(),
                        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n" +
                            "Content-Length: 5\r\nTrailer: X-Sum\r\nLink: </b>\r\n\r\n",
                    )
                    hand.got() shouldBe "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n"
                    answer(ends.single(), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
                    hand.got() shouldStartWith "HTTP/1.1 502 "
                }
            }
        }

        test("a client that goes between an answer on the way and the head ends the request to the server") {
            proxied(plain) {
                handed { client, ends ->
                    client.ask(get("/"))
                    answer(ends.single(), "HTTP/1.1 103 Early Hints\r\n\r\n")
                    client.got() shouldBe "HTTP/1.1 103 Early Hints\r\n\r\n"
                    client.transport.abortConnection()
                    reactor.flush()
                    ends.single().end shouldNotBe null
                    agent.toString() shouldContain "HttpAgent(0 connections"
                }
            }
        }

        test("a server that ends inside of its trailers, or has too many, cuts the client's answer; so does a silent one") {
            CapturedLogs.start().use { logs ->
                proxied(plain) {
                    val begun = "$chunks\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n"
                    for (end in listOf<(Raw) -> Unit>(
                        { it.transport.loseConnection() },
                        { it.transport.abortConnection() },
                        { answer(it, "X: ${"a".repeat(70_000)}\r\n\r\n") },
                        { answer(it, (1..300).joinToString("") { i -> "X-$i: a\r\n" }) },
                        { pass(61) },
                    )) {
                        handed { client, ends ->
                            client.ask(get("/"))
                            answer(ends.single(), begun)
                            client.got() shouldEndWith "\r\n\r\n3\r\nabc\r\n"
                            end(ends.single())
                            reactor.flush()
                            client.got() shouldBe ""
                            client.end.shouldBeInstanceOf<ConnectionLost>()
                        }
                    }
                    agent.toString() shouldContain "HttpAgent(0 connections"
                    logs.flushLoggedErrors()
                }
            }
        }

        test("a request that ends inside of its trailers, or has too many, never looks whole to the server") {
            proxied(plain) {
                val begun = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n"
                for (end in listOf<(Raw) -> Unit>(
                    { it.transport.abortConnection() },
                    { it.ask("X: ${"a".repeat(9_000)}\r\n\r\n") shouldStartWith "HTTP/1.1 400 " },
                    { it.ask((1..100).joinToString("") { i -> "X-$i: a\r\n" } + "\r\n") shouldStartWith "HTTP/1.1 400 " },
                )) {
                    handed { client, ends ->
                        client.ask(begun)
                        end(client)
                        reactor.flush()
                        ends.single().got() shouldEndWith "\r\n\r\n3\r\nabc\r\n"
                        ends.single().end.shouldBeInstanceOf<ConnectionLost>()
                    }
                }
            }
        }

        test("a request for WebSocket is refused, and one for another protocol is answered without") {
            val seen = ArrayList<String?>()
            proxied({ request ->
                seen.add(request.headers["Upgrade"])
                Response.text("x")
            }) {
                val refused = connect().ask(
                    get("/", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"),
                )
                refused shouldStartWith "HTTP/1.1 501 "
                refused shouldEndWith "\r\n\r\nWebSocket is not passed on.\n"
                connect().ask(get("/", "Connection: Upgrade\r\nUpgrade: foo/1, websocket/13\r\n")) shouldStartWith "HTTP/1.1 501 "
                seen.size shouldBe 0
                for (fields in listOf(
                    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
                    "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
                    "Upgrade: websocket\r\n", // it is not listed, so it is a word of somebody's before
                )) {
                    withClue(fields) { connect().ask(get("/", fields)) shouldStartWith "HTTP/1.1 200 " }
                }
                val old = "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                connect().ask(old) shouldStartWith "HTTP/1.1 200 "
                seen shouldBe listOf(null, null, null, null)
            }
        }
    })
