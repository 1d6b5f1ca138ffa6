// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.Headers
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.Response
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldNotBeInstanceOf
import java.util.concurrent.CancellationException

/** Answers on the way to the last one, and fields behind a body, as a client sees and sends them. */
class InterimListenerSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())
        val early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

        fun scene(test: ClientScene.() -> Unit) = inScene(torsion.reactor, test = test)

        fun ClientScene.hearing(heard: MutableList<String>, method: String = "GET", body: RequestBody? = null, expects: Boolean = false) =
            ask(
                ClientRequest.of(method, url("/")).withBody(body).withExpectContinue(expects)
                    .withInterimListener { status, headers -> heard.add("$status ${headers["Link"]}") },
            )

        test("each is told when it comes, also when it comes in pieces or with the last one, and 100 is not") {
            val whole = early + "HTTP/1.1 100 Continue\r\n\r\n" + "HTTP/1.1 199 \r\nContent-Length: 9\r\n\r\n" + ok("x")
            for (cut in 0 until whole.length) {
                withClue(cut) {
                    scene {
                        val heard = ArrayList<String>()
                        val asked = hearing(heard)
                        answer(whole.take(cut))
                        if (cut >= early.length) heard.first() shouldBe "103 </a>"
                        answer(whole.drop(cut))
                        heard shouldContainExactly listOf("103 </a>", "199 null")
                        asked.text shouldBe "x"
                    }
                }
            }
        }

        test("a call of a client hears of them too, also behind a redirect") {
            val heard = ArrayList<String>()
            httpScene(handler = { request ->
                request.sendInterim(103, Headers.of("Link", "<${request.target}>"))
                if (request.target == "/a") Response.redirect("/b") else Response.text("x")
            }) {
                val call = http.get("$base/a").onInterim { status, headers -> heard.add("$status ${headers["Link"]}") }
                call.text().now() shouldBe "x"
                heard shouldContainExactly listOf("103 </a>", "103 </b>")
            }
        }

        test("a request that is cancelled by who hears of one ends its connection, and nothing more is told") {
            scene {
                var heard = 0
                lateinit var asked: Asked
                asked = ask(
                    ClientRequest.get(url("/")).withInterimListener { _, _ ->
                        heard++
                        asked.deferred.cancel()
                    },
                )
                answer(early + early + ok("x"))
                heard shouldBe 1
                asked.error shouldNotBe null
                agent.pool.count shouldBe 0
                peers.single().end shouldNotBe null
                val next = get()
                answer(ok("y"))
                next.text shouldBe "y"
            }
        }

        test("a listener that throws fails the request with that") {
            scene {
                val asked = ask(ClientRequest.get(url("/")).withInterimListener { _, _ -> error("not wanted") })
                answer(early)
                asked.error!!.message shouldBe "not wanted"
                agent.pool.count shouldBe 0
            }
        }

        test("a listener that throws a cancellation fails the request, and does not cancel who waits for it") {
            scene {
                val asked = ask(ClientRequest.get(url("/")).withInterimListener { _, _ -> throw CancellationException("of another") })
                answer(early)
                asked.error.shouldBeInstanceOf<IllegalStateException>().shouldNotBeInstanceOf<CancellationException>()
                asked.error!!.cause!!.message shouldBe "of another"
                agent.pool.count shouldBe 0
            }
        }

        test("a request that was cancelled between one and the head has no connection any more, and hears nothing") {
            scene {
                val heard = ArrayList<String>()
                val asked = hearing(heard)
                answer(early)
                asked.deferred.cancel()
                agent.pool.count shouldBe 0
                peers.single().got()
                heard shouldHaveSize 1
            }
        }

        test("behind one, a connection that ends or says 408 is no reason to ask again") {
            for (end in listOf("", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")) {
                scene {
                    get()
                    answer(ok())
                    val heard = ArrayList<String>()
                    val asked = hearing(heard)
                    answer(early + end)
                    if (end.isEmpty()) peers.single().transport.loseConnection()
                    reactor.flush()
                    peers shouldHaveSize 1
                    heard shouldHaveSize 1
                    if (end.isEmpty()) asked.error.shouldBeInstanceOf<IncompleteMessageException>() else asked.status shouldBe 408
                }
            }
        }

        test("more than 32 are a fault, and 101 too; with nobody to hear of them none is kept") {
            scene {
                val heard = ArrayList<String>()
                val asked = hearing(heard)
                answer(early.repeat(33))
                asked.error.shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 15.2"
                hearing(heard).also { answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n") }.error
                    .shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 7.8"
                val quiet = get()
                answer(early + ok("x"))
                quiet.text shouldBe "x"
            }
        }

        test("a body that waits for leave still waits behind one") {
            scene {
                val heard = ArrayList<String>()
                val asked = hearing(heard, "POST", RequestBody.text("abc"), expects = true)
                peers.single().got()
                answer(early)
                peers.single().got() shouldBe ""
                answer("HTTP/1.1 100 Continue\r\n\r\n")
                peers.single().got() shouldBe "abc"
                answer(ok())
                asked.status shouldBe 200
                heard shouldHaveSize 1
            }
        }

        test("a body in chunks has its trailers behind it, and one with a length has none") {
            scene {
                fun sent(length: Long, vararg fields: String): String {
                    val body = RequestBody.stream("a/b", length) { sink ->
                        sink.write("abc")
                        sink.setTrailers(Headers.of("X-Sum", "3"))
                    }
                    ask("POST", "/", body, Headers.of(*fields))
                    return peers.last().got().substringAfter("\r\n\r\n").also { answer(ok()) }
                }
                sent(-1, "Trailer", "X-Sum") shouldBe "3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"
                sent(3) shouldBe "abc"
            }
        }

        test("TE says that trailers are read, and is one of the connection; it says nothing else") {
            scene {
                ask("GET", "/", headers = Headers.of("TE", "trailers"))
                peers.single().got() shouldBe "GET / HTTP/1.1\r\nHost: $host\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 3\r\n\r\n")
                val last = ask("GET", "/", headers = Headers.of("TE", "trailers", "Connection", "close"))
                peers.single().got() shouldBe "GET / HTTP/1.1\r\nHost: $host\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n"
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 3\r\n\r\n")
                last.text shouldBe ""
                last.response!!.trailers["X-Sum"] shouldBe "3"
                peers.single().end shouldNotBe null
                val request = ClientRequest.get(url("/"))
                shouldThrow<IllegalArgumentException> { request.withHeader("TE", "gzip, trailers") }
                shouldThrow<IllegalArgumentException> { request.withHeader("Trailer", "Host") }
            }
        }

        test("an answer that ends inside its trailers, or has more than the limits allow, is not whole") {
            val begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
            for (end in listOf("", "X-Sum: 3", "X-Sum: 3\r\n", "X-Sum: 3\r\n\r")) {
                withClue(end) {
                    scene {
                        val asked = get()
                        answer(begun + end)
                        asked.text shouldBe null
                        peers.single().transport.loseConnection()
                        reactor.flush()
                        asked.bodyError.shouldBeInstanceOf<IncompleteMessageException>()
                        asked.response!!.trailers.isEmpty shouldBe true
                    }
                }
            }
            for (more in listOf(
                "X: ${"a".repeat(70_000)}\r\n\r\n",
                (1..257).joinToString("") {
                    "X-$it: a\r\n"
                } + "\r\n",
                "X : a\r\n\r\n",
            )) {
                scene {
                    val asked = get()
                    answer(begun + more)
                    asked.text shouldBe null
                    asked.bodyError.shouldBeInstanceOf<HttpViolationException>()
                    agent.pool.count shouldBe 0
                }
            }
            scene {
                val heard = ArrayList<String>()
                val asked = hearing(heard)
                answer(begun)
                pass(61_000)
                asked.text shouldBe null
                asked.bodyError.shouldBeInstanceOf<ReadTimeoutException>()
                heard.shouldBeEmpty()
            }
        }
    })
