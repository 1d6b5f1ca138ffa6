// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.BodySink
import dev.torsion.web.Headers
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.MessagePart
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import java.nio.file.Files
import java.util.concurrent.CancellationException
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeBytes

/** One request after the other, byte by byte as a server sees them. */
class HttpAgentSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) =
            inScene(torsion.reactor, options, test)

        test("a request has its head, and an answer its status, fields and body") {
            scene {
                val asked = get("/a/b?c=d")
                peers.single().got() shouldBe "GET /a/b?c=d HTTP/1.1\r\nHost: $host\r\n\r\n"
                asked.response shouldBe null
                answer("HTTP/1.1 404 Not here\r\nX-A: 1\r\nContent-Length: 3\r\n\r\n")
                val response = asked.response!!
                listOf(response.status, response.reason, response.headers["X-A"], response.isHttp11, response.isSuccess) shouldBe
                    listOf(404, "Not here", "1", true, false)
                asked.text shouldBe null
                answer("abc")
                asked.text shouldBe "abc"
            }
        }

        test("a reason in the server's language") {
            scene {
                val asked = get("/")
                answer("HTTP/1.1 404 Non trouv\u00e9\r\nContent-Length: 0\r\n\r\n")
                asked.response!!.reason shouldBe "Non trouv\u00e9"
            }
        }

        test("a request of each kind of body") {
            scene {
                val bodies = listOf(
                    null to "Content-Length: 0\r\n\r\n",
                    RequestBody.text("ab") to "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nab",
                    RequestBody.bytes(ByteArray(0), null) to "Content-Length: 0\r\n\r\n",
                    RequestBody.stream("a/b", 2) {
                        it.write("a")
                        it.write("b")
                    } to "Content-Type: a/b\r\nContent-Length: 2\r\n\r\nab",
                    RequestBody.stream("a/b") {
                        it.write("ab")
                        it.write("")
                        it.write("c")
                    } to "Content-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                )
                for ((body, text) in bodies) {
                    val asked = ask("POST", "/", body)
                    peers.single().got() shouldBe "POST / HTTP/1.1\r\nHost: $host\r\n$text"
                    answer(ok("x"))
                    asked.text shouldBe "x"
                }
            }
        }

        test("a file is sent as the server takes it, and one that has become shorter is cut") {
            val file = Files.createTempFile("torsion", ".bin").apply { writeBytes(ByteArray(300_000) { (it % 7).toByte() }) }
            try {
                scene {
                    val asked = ask("PUT", "/f", RequestBody.file(file, null))
                    reactor.runUntil({ asked.response != null || peers.single().length > 300_000 })
                    val got = peers.single().got()
                    got.substringAfter("\r\n\r\n").length shouldBe 300_000
                    got shouldContain "Content-Length: 300000\r\n"
                    answer(ok())
                    asked.status shouldBe 200
                    val body = RequestBody.file(file)
                    file.writeBytes(ByteArray(100))
                    val cut = ask("PUT", "/f", body)
                    reactor.runUntil({ cut.error != null })
                    cut.error!!.message shouldContain "shorter"
                    reactor.flush()
                    peers.last().end shouldNotBe null
                }
            } finally {
                file.deleteExisting()
            }
        }

        test("HEAD, 204 and 304 have no body, whatever their heads say") {
            scene {
                val head = ask("HEAD", "/")
                answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                head.text shouldBe ""
                head.response!!.headers["Content-Length"] shouldBe "100"
                val get = get()
                answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")
                get.text shouldBe ""
                val delete = ask("DELETE", "/")
                answer("HTTP/1.1 204 No Content\r\n\r\n")
                delete.text shouldBe ""
                val chunks = ask("HEAD", "/")
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                chunks.text shouldBe ""
                val last = get()
                answer(ok("x"))
                last.text shouldBe "x"
                peers shouldHaveSize 1
            }
        }

        test("chunks and their trailer, and a body until the end of the connection") {
            scene {
                val chunks = get()
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
                chunks.text shouldBe null
                chunks.response!!.trailers shouldBe Headers.EMPTY
                answer("1\r\nc\r\n0\r\nX-Sum: 6\r\n\r\n")
                chunks.text shouldBe "abc"
                chunks.response!!.trailers["X-Sum"] shouldBe "6"
                val rest = get()
                answer("HTTP/1.1 200 OK\r\n\r\nall ")
                rest.text shouldBe null
                answer("that comes")
                peers.single().transport.loseConnection()
                reactor.flush()
                rest.text shouldBe "all that comes"
            }
        }

        test("answers on the way are not the answer; too many, and a switch that nobody has asked for, are refused") {
            scene {
                val asked = get()
                answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                asked.response shouldBe null
                answer("HTTP/1.1 102 Processing\r\n\r\n" + ok("x"))
                asked.text shouldBe "x"
                val switched = get()
                answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
                switched.error.shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 7.8"
                val flooded = get()
                answer("HTTP/1.1 100 Continue\r\n\r\n".repeat(40))
                flooded.error.shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 15.2"
                peers.forEach { it.end shouldNotBe null }
            }
        }

        test("a body waits for leave, for a second at most; a refusal of the wish is asked again without it") {
            scene(HttpClientOptions.DEFAULT.withExpectContinue(true)) {
                val told = ask("PUT", "/", RequestBody.text("abc", null))
                peers[0].got() shouldBe "PUT / HTTP/1.1\r\nHost: $host\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
                answer("HTTP/1.1 100 Continue\r\n\r\n")
                peers[0].got() shouldBe "abc"
                answer(ok("1"))
                told.text shouldBe "1"

                val untold = ask("PUT", "/", RequestBody.text("abc", null))
                peers[0].got()
                pass(990)
                peers[0].got() shouldBe ""
                pass(20)
                peers[0].got() shouldBe "abc"
                answer(ok("2"))
                untold.text shouldBe "2"

                val refused = ask("PUT", "/", RequestBody.text("abc", null))
                answer("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
                refused.status shouldBe 413
                peers[0].end shouldNotBe null
                peers[0].got() shouldNotBe "abc"

                val unknown = ask("PUT", "/", RequestBody.text("abc", null))
                answer("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
                peers shouldHaveSize 3
                peers[2].got() shouldBe "PUT / HTTP/1.1\r\nHost: $host\r\nContent-Length: 3\r\n\r\nabc"
                answer(ok("3"))
                unknown.text shouldBe "3"

                val without = ask("GET", "/")
                peers[2].got() shouldBe "GET / HTTP/1.1\r\nHost: $host\r\n\r\n"
                answer(ok("4"))
                without.text shouldBe "4"
            }
        }

        test("an answer of refusal ends the request that is still written; one of success does not") {
            scene {
                var end: Throwable? = null
                val refused = ask(
                    "POST",
                    "/",
                    RequestBody.stream(null) {
                        it.write("a")
                        try {
                            awaitCancellation()
                        } catch (e: CancellationException) {
                            end = e
                            throw e
                        }
                    },
                )
                answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n")
                end shouldNotBe null
                answer("no")
                refused.text shouldBe "no"
                peers[0].end shouldNotBe null

                var sink: BodySink? = null
                val both = ask(
                    "POST",
                    "/",
                    RequestBody.stream(null, 2) {
                        sink = it
                        awaitCancellation()
                    },
                )
                answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
                both.status shouldBe 200
                sink!!.send("xy".toByteArray())
                reactor.flush()
                peers[1].got() shouldContain "\r\n\r\nxy"
                answer("b")
                both.text shouldBe "ab"
                val next = get()
                answer(ok("c"))
                next.text shouldBe "c"
                peers shouldHaveSize 2
            }
        }

        test("an answer that is whole before its request is ends the connection") {
            scene {
                val asked = ask("POST", "/", RequestBody.stream(null) { awaitCancellation() })
                answer(ok("x"))
                asked.text shouldBe "x"
                peers[0].end shouldNotBe null
            }
        }

        test("a body that fails, or is shorter than was announced, cuts the connection; a longer one is not written") {
            scene {
                val failed = ask("POST", "/", RequestBody.stream(null) { throw IllegalStateException("on purpose") })
                failed.error!!.message shouldBe "on purpose"
                val short = ask("POST", "/", RequestBody.stream(null, 3) { it.write("ab") })
                short.error.shouldBeInstanceOf<IllegalStateException>().message shouldContain "shorter"
                val long = ask("POST", "/", RequestBody.stream(null, 3) { it.write("abcd") })
                long.error.shouldBeInstanceOf<IllegalStateException>().message shouldContain "longer"
                peers.forEach {
                    it.end shouldNotBe null
                    it.got() shouldNotBe "abcd"
                }
                peers shouldHaveSize 3
            }
        }

        test("a body that cancels its own request as it is written ends the connection") {
            scene {
                var asked: Deferred<ClientResponse>? = null
                val gate = Deferred<Unit>()
                val body = RequestBody.stream(null) {
                    gate.await()
                    asked!!.cancel()
                    it.write("never")
                }
                asked = agent.request(ClientRequest.post(url("/"), body))
                asked.addBoth { }
                reactor.flush()
                gate.callback(Unit)
                reactor.flush()
                peers[0].end shouldNotBe null
                // At once, on a connection that is there.
                get()
                answer(ok())
                val self = arrayOfNulls<Deferred<ClientResponse>>(1)
                val begun = ArrayList<String>()
                self[0] = agent.request(
                    ClientRequest.post(
                        url("/"),
                        RequestBody.stream(null) {
                            begun.add("begun")
                            agent.close()
                            it.write("a")
                        },
                    ),
                )
                begun shouldHaveSize 1
                reactor.flush()
                answer(ok())
                self[0]!!.called shouldBe true
            }
        }

        test("a body goes out as the server takes it, and comes in as it is read") {
            scene {
                var written = 0
                val gate = Deferred<Unit>()
                val asked = ask(
                    "POST",
                    "/",
                    RequestBody.stream(null) { sink ->
                        gate.await()
                        repeat(1000) {
                            sink.write(ByteArray(10_000))
                            written += 10_000
                        }
                    },
                )
                peers.single().transport.pauseProducing()
                gate.callback(Unit)
                pass(1)
                val before = written
                pass(1000)
                written shouldBe before
                before.toLong() shouldBeLessThan 1_000_000L
                peers.single().transport.resumeProducing()
                reactor.runUntil({ written == 10_000_000 })
                reactor.flush()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
                peers.single().transport.write(ByteArray(3_000_000))
                pass(1)
                peers.single().transport.bufferedBytes shouldNotBe 0
                var read = 0
                while (read < 3_000_000) {
                    val piece = asked.response!!.body.next()
                    reactor.flush()
                    piece.addCallback { read += it!!.size }
                }
                read shouldBe 3_000_000
            }
        }

        test("a connection that is to close, of HTTP/1.0, or with bytes behind its answer carries no other request") {
            for (answer in listOf(ok("x", "Connection: close\r\n"), ok("x").replace("1.1", "1.0"), ok("x") + "y", ok("x") + ok("evil"))) {
                scene {
                    val first = get()
                    answer(answer)
                    first.text shouldBe "x"
                    peers[0].end shouldNotBe null
                    val second = get()
                    answer(ok("z"))
                    second.text shouldBe "z"
                }
            }
            scene {
                val first = ask(ClientRequest.get(url("/")).withHeader("Connection", "close"))
                peers[0].got() shouldContain "Connection: close\r\n"
                answer(ok("x"))
                first.text shouldBe "x"
                peers[0].end shouldNotBe null
            }
        }

        test("bytes on a connection that nobody has asked end it: they answer no request to come") {
            scene {
                val first = get()
                answer(ok("x"))
                first.text shouldBe "x"
                answer(ok("evil"))
                peers[0].end shouldNotBe null
                val second = get()
                answer(ok("z"))
                second.text shouldBe "z"
            }
        }

        test("an answer that breaks a rule, or ends too early, says which and where") {
            val cases = listOf<Pair<String, (Throwable) -> Unit>>(
                "" to { (it as IncompleteMessageException).part shouldBe MessagePart.START },
                "HTTP/1.1 2" to { (it as IncompleteMessageException).part shouldBe MessagePart.HEAD },
                "HTTP/1.1 100 Continue\r\n\r\n" to { (it as IncompleteMessageException).part shouldBe MessagePart.HEAD },
                "HTTP/2 200 OK\r\n\r\n" to { (it as HttpViolationException).rule shouldBe "RFC 9112 2.3" },
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" to
                    { it.shouldBeInstanceOf<HttpViolationException>() },
                "HTTP/1.1 200 OK\r\nX: ${"a".repeat(70_000)}\r\n\r\n" to { (it as HttpViolationException).rule shouldBe "maxHeadBytes" },
            )
            for ((answer, check) in cases) {
                scene {
                    val asked = get()
                    answer(answer)
                    peers[0].transport.loseConnection()
                    reactor.flush()
                    check(asked.error!!)
                }
            }
            for (reset in listOf(false, true)) {
                scene {
                    val asked = get()
                    answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab")
                    asked.text shouldBe null
                    if (reset) peers[0].transport.abortConnection() else peers[0].transport.loseConnection()
                    reactor.flush()
                    asked.bodyError.shouldBeInstanceOf<IncompleteMessageException>().part shouldBe MessagePart.BODY
                }
            }
            scene {
                val asked = get()
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")
                asked.text shouldBe null
                asked.bodyError.shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9112 7.1"
                peers[0].end shouldNotBe null
            }
            scene {
                val asked = get()
                answer("HTTP/1.1 200 OK\r\n\r\nab")
                asked.text shouldBe null
                peers[0].transport.abortConnection() // a body until the end has one in order
                reactor.flush()
                asked.bodyError.shouldBeInstanceOf<IncompleteMessageException>()
            }
        }

        test("readBody has a limit, and lets go of the connection when it fails or is cancelled") {
            scene {
                val asked = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd")
                var error: Throwable? = null
                readBody(asked.response!!, 3).addErrback {
                    error = it.value
                    ByteArray(0)
                }
                error!!.message shouldContain "3 bytes"
                pass(1001)
                peers[0].end shouldNotBe null
                val again = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabcd")
                val reading = readBody(again.response!!)
                reading.addErrback { ByteArray(0) }
                reading.cancel()
                pass(1)
                peers[1].end shouldNotBe null
            }
        }

        test("a response that is closed drops what little is left of it, and keeps the connection") {
            scene {
                val first = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd")
                first.response!!.close()
                first.response!!.close()
                answer("efghij")
                val second = get()
                peers shouldHaveSize 1
                answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
                second.response!!.close()
                pass(1001)
                peers[0].end shouldNotBe null
                second.text shouldBe null
                second.bodyError!!.message shouldContain "closed"
                val third = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                third.response!!.close()
                reactor.flush()
                peers[1].end shouldNotBe null
                val endless = get()
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                endless.response!!.close()
                answer("ffff\r\n${"x".repeat(65_535)}\r\nff\r\n${"x".repeat(255)}\r\n")
                peers[2].end shouldNotBe null
            }
        }

        test("what is no request of HTTP is refused before anything is sent") {
            val bad = listOf(
                { ClientRequest.of("G T", "http://a/") },
                { ClientRequest.of("GET\r\nX: y", "http://a/") },
                { ClientRequest.of("CONNECT", "http://a/") },
                { ClientRequest.get("ftp://a/") },
                { ClientRequest.get("/a") },
                { ClientRequest.get("http:///a") },
                { ClientRequest.get("http://user:secret@a/") },
                { ClientRequest.get("http://a:0/") },
                { ClientRequest.get("http://a:99999/") },
                { ClientRequest.get("http://a/b c") },
                { ClientRequest.get("http://a/\r\nX: y") },
                { ClientRequest.get("http://a,b/") },
                { ClientRequest.get("http://a/").withHeader("X", "a\r\nY: b") },
                { ClientRequest.get("http://a/").withHeader("X\r\n", "a") },
                { ClientRequest.get("http://a/").withHeader("Content-Length", "3") },
                { ClientRequest.get("http://a/").withHeader("Transfer-Encoding", "chunked") },
                { ClientRequest.get("http://a/").withHeader("Connection", "Upgrade") },
                { ClientRequest.get("http://a/").withHeader("Proxy-Authorization", "Basic eDp5") },
                { ClientRequest.get("http://a/").withHeaders(Headers.of("Host", "a", "Host", "b")) },
                { ClientRequest.get("http://a/").withHeader("Host", "a/b") },
                { RequestBody.text("a", "a/b\r\nX: y") },
                { HttpClientOptions.DEFAULT.withUserAgent("a\r\nX: y") },
            )
            bad.forEach { make -> shouldThrow<IllegalArgumentException> { make() } }
        }

        test("URLs: names in other letters, addresses of IPv6, an empty path, a fragment") {
            fun asked(url: String) = ClientRequest.get(url).let { "${it.origin.hostAndPort} ${it.origin.authority} ${it.target}" }
            asked("http://EXAMPLE.com") shouldBe "example.com:80 example.com /"
            asked("https://example.com:443?a") shouldBe "example.com:443 example.com /?a"
            asked("http://example.com:443/#b") shouldBe "example.com:443 example.com:443 /"
            asked("http://[::1]:8080/a%20b") shouldBe "[::1]:8080 [::1]:8080 /a%20b"
            asked("http://my_host/") shouldBe "my_host:80 my_host /"
            asked("http://bücher.ch/ä?ö") shouldBe "xn--bcher-kva.ch:80 xn--bcher-kva.ch /%C3%A4?%C3%B6"
            ClientRequest.get("http://a/b?secret").toString() shouldBe "ClientRequest(GET http://a/b)"
        }

        test("a Host of one's own is sent in place of that of the URL") {
            scene {
                val asked = ask("GET", "/", headers = Headers.of("Host", "example.com"))
                peers[0].got() shouldStartWith "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
                answer(ok())
                asked.status shouldBe 200
            }
        }
    })
