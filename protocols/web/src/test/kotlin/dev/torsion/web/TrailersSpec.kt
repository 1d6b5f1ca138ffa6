// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith

/** Fields behind a body: of a request and of an answer. */
class TrailersSpec :
    FunSpec({
        val digest = Headers.of("Content-Digest", "sha-256=:YQ==:", "X-Sum", "3")

        fun chunked(vararg trailers: String) = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" +
            trailers.joinToString("") { "$it\r\n" } + "\r\n"

        test("the trailers of a request are there once its body has ended, and are none of its head") {
            scene(handler = { request ->
                request.body.read()
                val before = if ("Content-Length" in request.headers) "" else "${request.trailers["X-Sum"]} "
                Response.text("$before${request.body.readText()}${request.trailers["X-Sum"]} ${request.headers["X-Sum"]}")
            }) {
                val client = connect()
                client.ask(chunked("X-Sum: 3").substringBefore("0\r\n")) shouldBe ""
                client.ask("0\r\nX-Sum: 3\r\n\r\n") shouldEndWith "\r\n\r\nnull 3 null"
                client.ask(chunked()) shouldEndWith "\r\n\r\nnull null null"
                client.ask(post("/", "abc")) shouldEndWith "\r\n\r\nnull null"
            }
        }

        test("trailers in pieces are the same, and those that are cut fail the body") {
            var read: Any? = null
            scene(handler = { request ->
                read = null
                read = try {
                    request.body.readText() + request.trailers["X-Sum"]
                } catch (e: HttpException) {
                    e
                }
                Response.of(204)
            }) {
                val whole = chunked("X-Sum: 3")
                for (cut in 1 until whole.length) {
                    withClue(cut) {
                        val client = connect()
                        client.ask(whole.take(cut)) shouldBe ""
                        client.ask(whole.drop(cut)) shouldStartWith "HTTP/1.1 204 "
                        read shouldBe "abc3"
                        client.transport.abortConnection()
                    }
                }
                val client = connect()
                client.ask(whole.dropLast(4))
                client.transport.abortConnection()
                reactor.flush()
                (read is IncompleteMessageException) shouldBe true
            }
        }

        test("trailers above the limits of bytes or fields, or with a line that is none, are answered with 400") {
            scene(handler = { Response.text(it.body.readText()) }) {
                for (bad in listOf(
                    "X: ${"a".repeat(9_000)}",
                    (1..101).joinToString("\r\n") {
                        "X-$it: a"
                    },
                    "X : a",
                    "no field",
                    "X: a\u0000",
                )) {
                    val client = connect()
                    client.ask(chunked(bad)) shouldStartWith "HTTP/1.1 400 "
                    client.end shouldNotBe null
                }
            }
        }

        test("trailers that come a byte at a time have the time of the body's next byte in all") {
            scene(handler = { Response.text(it.body.readText()) }) {
                val client = connect()
                client.ask(chunked().dropLast(2))
                repeat(29) {
                    client.send("x")
                    pass(1)
                    client.got() shouldBe ""
                }
                pass(2)
                client.got() shouldStartWith "HTTP/1.1 408 "
            }
        }

        test("an answer in chunks has its trailers at its end, the last ones that were given") {
            scene(handler = {
                Response.stream("a/b", if (it.target == "/length") 3 else -1) { sink ->
                    sink.setTrailers(Headers.of("X-Old", "1"))
                    sink.write("abc")
                    sink.setTrailers(digest)
                }
            }) {
                val client = connect()
                client.ask(get("/")) shouldEndWith "\r\n\r\n3\r\nabc\r\n0\r\nContent-Digest: sha-256=:YQ==:\r\nX-Sum: 3\r\n\r\n"
                client.ask(get("/length")) shouldEndWith "\r\n\r\nabc"
                client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n") shouldEndWith "chunked\r\n\r\n"
                client.ask(get("/")) shouldEndWith "X-Sum: 3\r\n\r\n"
                val old = connect()
                old.ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n") shouldEndWith "\r\n\r\nabc"
                old.end shouldNotBe null
            }
        }

        test("a filter that changes the body keeps the trailers") {
            val handler: suspend (Request) -> Response = {
                Response.stream("text/plain") { sink ->
                    sink.write("abc")
                    sink.setTrailers(digest)
                }
            }
            val change = requestFilter { request, next ->
                val answer = next(request)
                val write = (answer.content as Response.Content.Stream).write
                answer.withContent(Response.Content.Stream(-1) { sink -> write(sink.through(-1) { it }) })
            }
            scene(handler = listOf(Gzip.filter(), change).around(handler)) {
                val answer = connect().ask(get("/", "Accept-Encoding: gzip\r\n"))
                answer shouldContain "Content-Encoding: gzip\r\n"
                answer shouldEndWith "X-Sum: 3\r\n\r\n"
            }
        }

        test("a field that has to be known before a body is refused behind it") {
            val refused = listOf(
                "Content-Length", "transfer-encoding", "Host", "Authorization", "Set-Cookie", "Content-Type",
                "Content-Encoding", "If-Match", "TE", "Trailer", "Connection", "Keep-Alive", "X-Forwarded-For",
                "X_Forwarded_For", "Content_Length", "Proxy-Authorization", "Range", "Cache-Control", "Location",
                "Cookie", "WWW-Authenticate", "Max-Forwards", "X-Real-IP",
            )
            val allowed = listOf(
                "ETag",
                "Server-Timing",
                "Content-Digest",
                "Repr-Digest",
                "X-Checksum",
                "grpc-status",
                "Authentication-Info",
            )
            CapturedLogs.start().use { logs ->
                scene(handler = { request ->
                    Response.stream("a/b") { sink ->
                        for (name in refused) shouldThrow<IllegalArgumentException> { sink.setTrailers(Headers.of(name, "1")) }
                        sink.setTrailers(Headers.of(*allowed.flatMap { listOf(it, "1") }.toTypedArray()))
                        if (request.target == "/fails") sink.setTrailers(Headers.of("Host", "evil"))
                    }
                }) {
                    val answer = connect().ask(get("/"))
                    for (name in allowed) answer shouldContain "\r\n$name: 1\r\n"
                    val cut = connect()
                    cut.ask(get("/fails")) shouldNotContain "0\r\n\r\n"
                    cut.end shouldNotBe null
                }
                logs.flushLoggedErrors(IllegalArgumentException::class.java).size shouldBe 1
            }
        }
    })
