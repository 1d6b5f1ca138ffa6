// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.MessagePart
import dev.torsion.web.Raw
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration

/** The connection that each request gets, and when there is none. */
class ConnectionPoolSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) =
            inScene(torsion.reactor, options, test)

        fun ClientScene.secondHost(): Pair<List<Raw>, String> {
            val others = ArrayList<Raw>()
            val port = reactor.listenTcp(0, Factory { Raw().also { others.add(it) } }, "127.0.0.1")
            return others to "http://127.0.0.1:${port.port()}/".also { reactor.flush() }
        }

        test("there are as many connections to a host as may be, and the others wait in their order") {
            scene(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(2)) {
                val asked = (1..5).map { get("/$it") }
                peers shouldHaveSize 2
                agent.pool.waitingCount shouldBe 3
                val served = ArrayList<String>()
                repeat(5) {
                    val peer = peers[it % 2]
                    val path = peer.got().substringAfter("GET ").substringBefore(" ")
                    served.add(path)
                    answer(ok("for $path"), peer)
                }
                served shouldBe listOf("/1", "/2", "/3", "/4", "/5")
                asked.map { it.text } shouldBe (1..5).map { "for /$it" }
                peers shouldHaveSize 2
                agent.toString() shouldBe "HttpAgent(2 connections, 2 idle, 0 requests wait)"
            }
        }

        test("the connection that was used last is used next, so that the others can go") {
            scene {
                val asked = (1..3).map { get("/$it") }
                listOf(0, 2, 1).forEach { answer(ok(), peers[it]) }
                asked.forEach { it.status shouldBe 200 }
                peers.forEach { it.got() }
                get("/last")
                peers[1].got() shouldStartWith "GET /last "
                answer(ok(), peers[1])
            }
        }

        test("a place among all is taken from the connection that has been idle for longest, of whatever host") {
            scene(HttpClientOptions.DEFAULT.withMaxConnections(2)) {
                val (others, other) = secondHost()
                val first = get("/1")
                val second = get("/2")
                answer(ok(), peers[1])
                answer(ok(), peers[0])
                listOf(first, second).forEach { it.status shouldBe 200 }
                val third = ask(ClientRequest.get(other))
                reactor.flush()
                peers[1].end shouldNotBe null
                peers[0].end shouldBe null
                answer(ok("x"), others.single())
                third.text shouldBe "x"
                agent.pool.count shouldBe 2
                reactor.ports.last().stopListening()
            }
        }

        test("who waits for a place among all gets it when a connection of another host goes, or has nothing to do") {
            for (ending in listOf("Connection: close\r\n", "")) {
                scene(HttpClientOptions.DEFAULT.withMaxConnections(1)) {
                    val (others, other) = secondHost()
                    get("/1")
                    val second = ask(ClientRequest.get(other))
                    others shouldHaveSize 0
                    answer(ok("", ending))
                    reactor.flush()
                    answer(ok("x"), others.single())
                    second.text shouldBe "x"
                    reactor.ports.last().stopListening()
                }
            }
        }

        test("the queue has a limit and a time, and nothing of what waited is sent") {
            scene(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1).withMaxWaiting(1).withQueueTimeout(Duration.ofSeconds(5))) {
                val first = get("/1")
                val second = get("/2")
                val third = get("/3")
                third.error.shouldBeInstanceOf<AgentBusyException>().limit shouldBe 1
                pass(4999)
                second.error shouldBe null
                pass(2)
                second.error.shouldBeInstanceOf<QueueTimeoutException>().timeout shouldBe Duration.ofSeconds(5)
                answer(ok("x"))
                first.text shouldBe "x"
                peers.single().got().split("GET ") shouldHaveSize 2
            }
        }

        test("an idle connection is closed after its time, or a second before the server's") {
            scene(HttpClientOptions.DEFAULT.withIdleTimeout(Duration.ofSeconds(10))) {
                get()
                answer(ok())
                pass(9_999)
                peers[0].end shouldBe null
                pass(2)
                peers[0].end shouldNotBe null
                get()
                answer(ok("", "Keep-Alive: timeout=5, max=100\r\n"))
                pass(3_999)
                peers[1].end shouldBe null
                pass(2)
                peers[1].end shouldNotBe null
                get()
                answer(ok("", "Keep-Alive: timeout=1\r\n"))
                peers[2].end shouldNotBe null
                get()
                answer(ok("", "Keep-Alive: timeout=100\r\n"))
                pass(10_001)
                peers[3].end shouldNotBe null
                agent.pool.count shouldBe 0
            }
        }

        test("an idle connection that the server closes is used no more") {
            scene {
                get()
                answer(ok())
                peers[0].transport.loseConnection()
                reactor.flush()
                agent.pool.count shouldBe 0
                val next = get()
                answer(ok("x"))
                next.text shouldBe "x"
            }
        }

        /** A request on a connection that the server ends in the same moment. */
        fun ClientScene.stale(method: String, body: RequestBody? = null, answer: String = ""): Asked {
            get("/first")
            answer(ok())
            peers[0].got()
            peers[0].send(answer)
            peers[0].transport.loseConnection()
            return ask(method, "/second", body)
        }

        test("a request on a connection that was gone is sent again once, on a new one") {
            for (method in listOf("GET", "HEAD", "PUT", "DELETE", "OPTIONS")) {
                scene {
                    val asked = stale(method, if (method == "PUT") RequestBody.text("abc") else null)
                    peers shouldHaveSize 2
                    peers[1].got() shouldStartWith "$method /second "
                    answer("HTTP/1.1 204 No Content\r\n\r\n")
                    asked.status shouldBe 204
                }
            }
            scene {
                val asked = stale("GET")
                peers[1].transport.loseConnection()
                reactor.flush()
                val second = asked.error.shouldBeInstanceOf<IncompleteMessageException>()
                second.part shouldBe MessagePart.START
                val first = second.suppressed.single()
                first.shouldBeInstanceOf<IncompleteMessageException>().part shouldBe MessagePart.START
                peers shouldHaveSize 2
            }
        }

        test("a server that says that an idle connection was given up is asked again on a new one") {
            val givenUp = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            scene {
                get()
                answer(ok())
                val asked = get("/second")
                answer(givenUp)
                peers shouldHaveSize 2
                answer(givenUp) // of a connection that was not idle it is the answer
                asked.status shouldBe 408
                get()
                answer(ok())
                val post = ask("POST", "/", RequestBody.text("abc"))
                answer(givenUp)
                post.status shouldBe 408
            }
        }

        test("none is sent again that may have been heard, that cannot be repeated, or that has had a byte of an answer") {
            fun refused(options: HttpClientOptions = HttpClientOptions.DEFAULT, ask: ClientScene.() -> Asked) = scene(options) {
                val asked = ask()
                asked.error.shouldBeInstanceOf<IncompleteMessageException>()
                peers shouldHaveSize 1
            }
            refused { stale("POST", RequestBody.text("abc")) }
            refused { stale("PATCH", RequestBody.text("abc")) }
            refused { stale("BREW") }
            refused { stale("PUT", RequestBody.stream(null) { it.write("abc") }) }
            refused(HttpClientOptions.DEFAULT.withRetriesStale(false)) { stale("GET") }
            refused {
                // the first request of a connection: the server has ended it, and not an idle one
                get().also {
                    peers[0].transport.loseConnection()
                    reactor.flush()
                }
            }
            refused {
                get("/first")
                answer(ok())
                get("/second").also {
                    answer("HTTP/1.1 2")
                    peers[0].transport.loseConnection()
                    reactor.flush()
                }
            }
        }

        test("a second try takes the place of an idle connection when there is no other") {
            scene(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(2)) {
                get("/1")
                get("/2")
                answer(ok(), peers[1])
                answer(ok(), peers[0])
                peers[0].transport.loseConnection()
                val asked = get("/3")
                peers shouldHaveSize 3
                answer(ok("x"))
                asked.text shouldBe "x"
            }
        }

        test("an agent that is closed fails what waits, closes what is idle, lets answers come to their end, and opens nothing") {
            scene(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1)) {
                val (others, other) = secondHost()
                ask(ClientRequest.get(other))
                answer(ok(), others.single())
                val active = get("/1")
                val waiting = get("/2")
                val attempt = Asked(agent.request(ClientRequest.get("http://127.0.0.1:${reactor.ports.last().port()}/3")))
                val connecting = Asked(agent.request(ClientRequest.get("http://10.0.0.9/")))
                agent.close()
                reactor.flush()
                waiting.error.shouldBeInstanceOf<AgentClosedException>()
                connecting.error.shouldBeInstanceOf<AgentClosedException>()
                attempt.error shouldBe null // it had the idle connection
                answer(ok("y"), others.single())
                attempt.text shouldBe "y"
                get("/4").error.shouldBeInstanceOf<AgentClosedException>()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
                answer("abc")
                active.text shouldBe "abc"
                peers.single().end shouldNotBe null
                others.single().end shouldNotBe null
                reactor.ports.last().stopListening()
            }
        }

        test("an agent ends with its reactor: whoever waits hears so") {
            val reactor = torsion.reactor
            val scene = ClientScene(reactor, HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1))
            val active = scene.get("/1")
            val waiting = scene.get("/2")
            reactor.close()
            waiting.error.shouldBeInstanceOf<AgentClosedException>()
            active.error.shouldBeInstanceOf<IncompleteMessageException>()
        }

        test("who is told of an answer may ask again at once, on the same connection, or close the agent") {
            scene(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1)) {
                val texts = ArrayList<String>()
                fun askNext(left: Int): Deferred<Unit> = agent.request(ClientRequest.get(url("/$left")))
                    .addAsyncCallback { readBody(it) }
                    .addAsyncCallback {
                        texts.add(String(it))
                        if (left > 0) askNext(left - 1) else Deferred<Unit>().also { d -> d.callback(agent.close()) }
                    }
                val all = askNext(20)
                for (left in 20 downTo 0) {
                    reactor.flush()
                    peers.single().got() shouldStartWith "GET /$left "
                    answer(ok("$left"))
                }
                all.called shouldBe true
                texts shouldBe (20 downTo 0).map { "$it" }
            }
        }
    })
