// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ConnectionDone
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import java.io.ByteArrayInputStream
import java.util.zip.GZIPInputStream

/** Answers that are compressed, and those that are not. */
class GzipSpec :
    FunSpec({
        val wanting = "Accept-Encoding: gzip\r\n"
        val text = "hello, world\n".repeat(1000)

        fun gzipped(handler: suspend (Request) -> Response, test: WebScene.() -> Unit) =
            scene(handler = listOf(Gzip.filter()).around(handler), test = test)

        /** The body of [answer], out of its chunks. */
        fun body(answer: String): ByteArray {
            val raw = answer.substringAfter("\r\n\r\n")
            if ("Transfer-Encoding: chunked" !in answer) return raw.toByteArray(Charsets.ISO_8859_1)
            val whole = StringBuilder()
            var at = 0
            while (true) {
                val line = raw.indexOf("\r\n", at)
                if (line < 0) break
                val size = raw.substring(at, line).toInt(16)
                whole.append(raw, line + 2, line + 2 + size)
                at = line + 2 + size + 2
            }
            return whole.toString().toByteArray(Charsets.ISO_8859_1)
        }

        fun unpacked(answer: String) = GZIPInputStream(ByteArrayInputStream(body(answer))).readAllBytes().decodeToString()

        test("a text is compressed for one who takes that, with a length, and caches are told") {
            gzipped({ Response.text(text).withHeader("ETag", "\"1\"").withHeader("Vary", "Origin").withHeader("Accept-Ranges", "bytes") }) {
                val answer = connect().ask(get("/", wanting))
                answer shouldContain "\r\nContent-Encoding: gzip\r\n"
                answer shouldContain "\r\nETag: W/\"1\"\r\n"
                answer shouldContain "\r\nVary: Origin, Accept-Encoding\r\n"
                answer shouldNotContain "Accept-Ranges"
                answer shouldContain "\r\nContent-Length: ${body(answer).size}\r\n"
                body(answer).size shouldBeLessThan 500
                unpacked(answer) shouldBe text
                val head = connect().ask("HEAD / HTTP/1.1\r\nHost: a\r\n$wanting\r\n")
                head.substringBefore("\r\n\r\n") shouldBe answer.substringBefore("\r\n\r\n")
                val plain = connect().ask(get("/"))
                plain shouldContain "\r\nVary: Origin, Accept-Encoding\r\n"
                plain shouldContain "\r\nETag: \"1\"\r\n"
                plain shouldContain "\r\n\r\n$text"
            }
        }

        test("caches are told also by a part and by an answer without changes, as by the whole answer (RFC 9110 15.3.7, 15.4.5)") {
            val part = Response.text("he").withStatus(206).withHeader("Content-Range", "bytes 0-1/13000")
            for (answer in listOf(
                part,
                Response.bytes(ByteArray(2000), "multipart/byteranges; boundary=b").withStatus(206),
                Response.of(304).withHeader("ETag", "\"1\""),
            )) {
                gzipped({ answer }) {
                    val got = connect().ask(get("/", wanting))
                    got shouldContain "\r\nVary: Accept-Encoding\r\n"
                    got shouldNotContain "Content-Encoding"
                }
            }
            for (answer in listOf(
                part.withHeader("Content-Type", "image/png"),
                part.withHeader("Cache-Control", "no-transform"),
                Response.of(304).withHeader("Content-Type", "image/png"),
                Response.of(204),
            )) {
                gzipped({ answer }) { connect().ask(get("/", wanting)) shouldNotContain "Vary" }
            }
        }

        test("what a client takes") {
            mapOf(
                "gzip" to true, "GZIP" to true, "x-gzip" to true, "deflate, gzip;q=0.5" to true, "*" to true, "br, *;q=0.1" to true,
                "gzip;q=0" to false, "gzip;q=0.000" to false, "*;q=0" to false, "*, gzip;q=0" to false, "gzip, *;q=0" to true,
                "identity" to false,
                "br" to false, "" to false, "gzip;q=x" to false, "gzip; q=0" to false, "gzip; q=1.0" to true, "gzipped" to false,
            ).forEach { (field, isWanted) ->
                withClue(field) {
                    AcceptEncoding.takesGzip(Headers.of("Accept-Encoding", field)) shouldBe
                        isWanted
                }
            }
            AcceptEncoding.takesGzip(Headers.EMPTY) shouldBe false
        }

        test("what stays as it is: short ones, parts, those in a coding, those that say so, and types that are compressed already") {
            for (answer in listOf(
                Response.text("x".repeat(1023)),
                Response.bytes(ByteArray(2000), "image/png"),
                Response.bytes(ByteArray(2000), "application/octet-stream"),
                Response.text(text).withHeader("Content-Encoding", "br"),
                Response.text(text).withHeader("Cache-Control", "public, no-transform"),
                Response.text(text).withStatus(206).withHeader("Content-Range", "bytes 0-1/2"),
                Response.of(204),
                Response.of(304),
                Response.stream("text/plain", 5) { it.write("hello") },
            )) {
                gzipped({ answer }) { connect().ask(get("/", wanting)) shouldNotContain "Content-Encoding: gzip" }
            }
            for (type in listOf(
                "text/html; charset=utf-8",
                "application/json",
                "application/problem+json",
                "image/svg+xml",
                "application/wasm",
            )) {
                gzipped({
                    Response.bytes(ByteArray(2000), type)
                }) { connect().ask(get("/", wanting)) shouldContain "Content-Encoding: gzip" }
            }
        }

        test("a large body, and one that is a stream, come in pieces, also one whose length was known") {
            for (answer in listOf(
                Response.text(text.repeat(20)),
                Response.stream("text/plain", text.length * 20L) { sink -> repeat(20) { sink.write(text) } },
                Response.stream("text/plain") { sink -> repeat(20) { sink.write(text) } },
                Response.streaming("text/plain") { sink -> sink.send(text.repeat(20).toByteArray()) },
            )) {
                gzipped({ answer }) {
                    val client = connect()
                    client.send(get("/", wanting))
                    pass(1)
                    val got = client.got()
                    got shouldNotContain "Content-Length"
                    unpacked(got) shouldBe text.repeat(20)
                    client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n$wanting\r\n").substringAfter("\r\n\r\n") shouldBe ""
                    client.ask(get("/")) shouldStartWith "HTTP/1.1 200 "
                }
            }
        }

        test("what is written goes out at once, and can be read by then") {
            gzipped({
                Response.stream("text/event-stream") { sink ->
                    sink.write("data: 1\n\n")
                    delay(10_000)
                    sink.write("data: 2\n\n")
                }
            }) {
                val client = connect()
                val first = client.ask(get("/", wanting))
                val input = GZIPInputStream(ByteArrayInputStream(body(first)))
                input.readNBytes(9).decodeToString() shouldBe "data: 1\n\n"
                pass(11)
                val all = first + client.got()
                unpacked(all) shouldBe "data: 1\n\ndata: 2\n\n"
            }
        }

        test("events that the end of the server ends are a whole stream") {
            gzipped({
                EventStream.of(
                    flow {
                        emit(ServerSentEvent.data("1"))
                        awaitCancellation()
                    },
                )
            }) {
                val client = connect()
                val first = client.ask(get("/", wanting))
                port.drain()
                reactor.flush()
                unpacked(first + client.got()) shouldBe "data: 1\n\n"
                client.end shouldNotBe null
            }
        }

        test("a body that fails is cut, and one whose client has gone is ended; nothing can be written behind either") {
            CapturedLogs.start().use { logs ->
                var kept: BodySink? = null
                gzipped({
                    Response.stream("text/plain") { sink ->
                        kept = sink
                        sink.write(text)
                        if (it.target == "/fails") error("expected")
                        delay(10_000)
                    }
                }) {
                    for (path in listOf("/fails", "/gone")) {
                        val client = connect()
                        client.ask(get(path, wanting))
                        if (path == "/gone") client.transport.abortConnection()
                        pass(1)
                        client.end shouldNotBe null
                        val late = kept!!.send(ByteArray(1))
                        reactor.flush()
                        shouldThrow<java.util.concurrent.ExecutionException> { late.get(0, java.util.concurrent.TimeUnit.SECONDS) }
                    }
                }
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            }
        }

        test("a body that is shorter or longer than was announced is cut, as without compression") {
            CapturedLogs.start().use { logs ->
                val lengths = listOf(text.length - 1L, text.length + 1L)
                for (length in lengths) {
                    gzipped({ Response.stream("text/plain", length) { it.write(text) } }) {
                        val client = connect()
                        val answer = client.ask(get("/", wanting))
                        answer shouldNotContain "\r\n0\r\n"
                        client.end shouldNotBe null
                        (client.end is ConnectionDone) shouldBe false
                    }
                }
                logs.flushLoggedErrors(IllegalStateException::class.java).map { it.throwable!!.message } shouldBe listOf(
                    "The body is longer than the length that was announced.",
                    "The body is shorter than the length that was announced.",
                )
            }
        }

        test("a client of HTTP/1.0 gets it until the end of the connection") {
            gzipped({ Response.stream("text/plain") { it.write(text) } }) {
                val client = connect()
                val answer = client.ask("GET / HTTP/1.0\r\n$wanting\r\n")
                unpacked(answer) shouldBe text
            }
        }
    })
