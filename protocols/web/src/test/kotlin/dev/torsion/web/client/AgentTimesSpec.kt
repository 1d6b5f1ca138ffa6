// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DnsLookupException
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.HttpTimeoutException
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import java.time.Duration

/** Each time that may be over, and no other one. */
class AgentTimesSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) =
            inScene(torsion.reactor, options, test)

        test("connecting: no answer, nobody there, no address") {
            scene(HttpClientOptions.DEFAULT.withConnectTimeout(Duration.ofSeconds(7))) {
                reactor.network.silence("10.0.0.9")
                val late = ask(ClientRequest.get("http://10.0.0.9/"))
                pass(6_999)
                late.error shouldBe null
                pass(2)
                late.error.shouldBeInstanceOf<ConnectTimeoutException>().timeout shouldBe Duration.ofSeconds(7)
                ask(ClientRequest.get("http://127.0.0.1:1/")).error.shouldBeInstanceOf<ConnectionRefusedException>()
                ask(ClientRequest.get("http://no.such.host/")).error.shouldBeInstanceOf<DnsLookupException>()
                agent.pool.count shouldBe 0
            }
        }

        test("the first byte of an answer: it counts from the end of the request") {
            scene(HttpClientOptions.DEFAULT.withResponseTimeout(Duration.ofSeconds(5))) {
                val asked = get()
                pass(4_999)
                asked.error shouldBe null
                pass(2)
                asked.error.shouldBeInstanceOf<ResponseTimeoutException>()
                peers[0].end shouldNotBe null
                val slow = ask(
                    "POST",
                    "/",
                    RequestBody.stream(null) {
                        repeat(4) { _ ->
                            kotlinx.coroutines.delay(4_000)
                            it.write("a")
                        }
                    },
                )
                pass(20_000)
                slow.error shouldBe null
                answer(ok("x"))
                slow.text shouldBe "x"
            }
        }

        test("the next byte, of a head and of a body; not while nobody reads") {
            scene(HttpClientOptions.DEFAULT.withReadTimeout(Duration.ofSeconds(5))) {
                val head = get()
                answer("HTTP/1.1 ")
                pass(4_000)
                answer("200 OK\r\n")
                pass(4_000)
                head.error shouldBe null
                pass(1_001)
                head.error.shouldBeInstanceOf<ReadTimeoutException>()

                val body = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
                body.text shouldBe null
                repeat(3) {
                    pass(4_000)
                    answer("a")
                }
                body.bodyError shouldBe null
                pass(5_001)
                body.bodyError.shouldBeInstanceOf<ReadTimeoutException>()

                val unread = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n${"x".repeat(400_000)}")
                pass(60_000)
                unread.text?.length shouldBe null
                reactor.flush()
                unread.text?.length shouldBe 400_000
            }
        }

        test("the head from its first byte on, however often a byte of it comes; not what is before and behind it") {
            scene(HttpClientOptions.DEFAULT.withHeadTimeout(Duration.ofSeconds(7))) {
                val beginnings = mapOf(
                    "status" to "HTTP/1.1 200 OK\r\nX: ",
                    "103 in another read" to "HTTP/1.1 103 Early Hints\r\nX: ",
                )
                for ((kind, beginning) in beginnings) {
                    withClue(kind) {
                        val asked = get()
                        pass(50_000) // the first byte has a time of its own
                        answer(beginning.take(1))
                        pass(1_000)
                        answer(beginning.drop(1))
                        repeat(5) {
                            pass(1_000)
                            answer("a")
                        }
                        asked.error shouldBe null
                        pass(1_001)
                        asked.error.shouldBeInstanceOf<HeadTimeoutException>().timeout shouldBe Duration.ofSeconds(7)
                        peers.last().end shouldNotBe null
                    }
                }
                val whole = get()
                answer("HTTP/1.1 200 OK\r\n")
                pass(6_900)
                answer("Content-Length: 3\r\n\r\n")
                whole.text shouldBe null
                repeat(3) {
                    pass(50_000) // a body has no such time
                    answer("a")
                }
                whole.text shouldBe "aaa"
            }
        }

        test("each answer on the way has the time of a head for itself, and the next one that of the first byte") {
            val options = HttpClientOptions.DEFAULT.withHeadTimeout(Duration.ofSeconds(7)).withResponseTimeout(Duration.ofSeconds(30))
            scene(options.withReadTimeout(Duration.ofSeconds(40))) {
                val asked = get()
                repeat(5) {
                    pass(29_000)
                    answer("HTTP/1.1 102 Processing\r\n")
                    pass(6_000)
                    answer("\r\n")
                }
                pass(29_000)
                asked.error shouldBe null
                answer("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 2") // the next one in the same bytes
                pass(6_999)
                asked.error shouldBe null
                pass(2)
                asked.error.shouldBeInstanceOf<HeadTimeoutException>()
                val silent = get()
                answer("HTTP/1.1 102 Processing\r\n\r\n")
                pass(29_999)
                silent.error shouldBe null
                pass(2)
                silent.error.shouldBeInstanceOf<ResponseTimeoutException>()
            }
        }

        test("a body that waits for leave: a head that does not end is late, and none is late while the body is written") {
            val slowly = RequestBody.stream(null) { sink ->
                repeat(4) {
                    kotlinx.coroutines.delay(50_000)
                    sink.write("a")
                }
            }
            scene {
                fun expecting() = ask(ClientRequest.post(url("/"), slowly).withExpectContinue(true))
                val granted = expecting()
                answer("HTTP/1.1 100 Continue\r\n\r\n")
                pass(200_001) // longer than the time of a byte
                granted.error shouldBe null
                answer(ok("x"))
                granted.text shouldBe "x"

                val silent = expecting()
                answer("HTTP/1.1 100 Continue\r\n\r\n")
                pass(259_999)
                silent.error shouldBe null
                pass(2)
                silent.error.shouldBeInstanceOf<ResponseTimeoutException>()

                val cut = expecting()
                answer("HTTP/1.1 2")
                pass(9_999)
                cut.error shouldBe null
                pass(2)
                cut.error.shouldBeInstanceOf<HeadTimeoutException>()
            }
        }

        test("a time of the next byte that is shorter is over first") {
            scene {
                val asked = ask(ClientRequest.get(url("/")).withReadTimeout(Duration.ofSeconds(2)))
                answer("HTTP/1.1")
                pass(1_999)
                asked.error shouldBe null
                pass(2)
                asked.error.shouldBeInstanceOf<ReadTimeoutException>()
            }
        }

        test("a body that nobody reads ends with its time, and its connection with it") {
            scene(HttpClientOptions.DEFAULT.withUnreadTimeout(Duration.ofMinutes(1))) {
                val asked = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n${"x".repeat(400_000)}")
                pass(59_000)
                agent.pool.count shouldBe 1
                pass(1_001)
                agent.pool.count shouldBe 0
                asked.text shouldBe null
                asked.bodyError.shouldBeInstanceOf<UnreadBodyException>()
            }
        }

        test("the whole: in the queue, while connecting, before the answer and in its body; that of a request before that of the options") {
            scene(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1).withRequestTimeout(Duration.ofSeconds(5))) {
                reactor.network.silence("10.0.0.9")
                val connecting = ask(ClientRequest.get("http://10.0.0.9/"))
                val answered = get("/1")
                val queued = get("/2")
                val longer = ask(ClientRequest.get(url("/3")).withTimeout(Duration.ofSeconds(8)))
                answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na")
                answered.text shouldBe null
                pass(4_999)
                listOf(connecting, answered, queued).forEach { it.error shouldBe null }
                pass(2)
                connecting.error.shouldBeInstanceOf<RequestTimeoutException>()
                queued.error.shouldBeInstanceOf<RequestTimeoutException>()
                answered.bodyError.shouldBeInstanceOf<RequestTimeoutException>()
                peers[0].end shouldNotBe null
                longer.error shouldBe null
                peers shouldHaveSize 2
                pass(3_000)
                longer.error.shouldBeInstanceOf<RequestTimeoutException>().timeout shouldBe Duration.ofSeconds(8)
                agent.pool.count shouldBe 0
                val inTime = get("/4")
                answer(ok("x"))
                inTime.text shouldBe "x"
                pass(10_000)
                peers.last().end shouldBe null
            }
        }

        test("a server that takes nothing of a body is cut off") {
            scene(HttpClientOptions.DEFAULT.withWriteTimeout(Duration.ofSeconds(5))) {
                val asked = ask(
                    "POST",
                    "/",
                    RequestBody.stream(null) { sink ->
                        kotlinx.coroutines.delay(1_000)
                        repeat(100) { sink.write(ByteArray(100_000)) }
                    },
                )
                peers[0].transport.pauseProducing()
                pass(5_900)
                asked.error shouldBe null
                pass(200)
                asked.error.shouldBeInstanceOf<HttpTimeoutException>()
                agent.pool.count shouldBe 0
                peers[0].transport.resumeProducing()
            }
        }

        test("a body that is never written ends with the request") {
            scene {
                val asked =
                    ask(ClientRequest.post(url("/"), RequestBody.stream(null) { awaitCancellation() }).withTimeout(Duration.ofSeconds(1)))
                pass(1_001)
                asked.error.shouldBeInstanceOf<RequestTimeoutException>()
                peers[0].end shouldNotBe null
            }
        }
    })
