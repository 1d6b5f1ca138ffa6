// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.fail
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.MessagePart
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf

/** Places and connections that nobody would give back. */
class AgentLeaksSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) =
            inScene(torsion.reactor, options, test)

        test("a connection that has ended before its endpoint gives it leaves its place, and the request fails") {
            for (speaks in listOf(true, false)) {
                val held = ArrayList<() -> Unit>()
                lateinit var inner: ClientEndpoint
                val slow = object : ClientEndpoint {
                    override fun connect(factory: Factory): Deferred<Protocol> {
                        val given = Deferred<Protocol>()
                        inner.connect(factory).addCallback { connection -> held.add { given.callback(connection) } }
                        return given
                    }
                }
                scene(HttpClientOptions.DEFAULT.withMaxConnections(1).withEndpoints { slow }) {
                    inner = TCP4ClientEndpoint(reactor, "127.0.0.1", port.port())
                    val asked = get()
                    if (speaks) peers.single().send("220 mail.example.com\r\n") else peers.single().transport.loseConnection()
                    reactor.flush()
                    held.last()()
                    reactor.flush()
                    asked.error.shouldBeInstanceOf<IncompleteMessageException>().part shouldBe MessagePart.START
                    agent.pool.count shouldBe 0
                    val next = get()
                    held.last()()
                    reactor.flush()
                    answer(ok("x"))
                    next.text shouldBe "x"
                }
            }
        }

        test("a request that is cancelled, or whose agent is closed, while its endpoint is asked for opens nothing") {
            for (isInConnect in listOf(false, true)) {
                var connects = 0
                var meanwhile = {}
                lateinit var inner: ClientEndpoint
                val counting = object : ClientEndpoint {
                    override fun connect(factory: Factory): Deferred<Protocol> {
                        connects++
                        if (isInConnect) meanwhile()
                        return inner.connect(factory)
                    }
                }
                val options = HttpClientOptions.DEFAULT.withMaxConnections(1).withEndpoints {
                    if (!isInConnect) meanwhile()
                    counting
                }
                scene(options) {
                    inner = TCP4ClientEndpoint(reactor, "127.0.0.1", port.port())
                    get()
                    val queued = get()
                    meanwhile = { queued.deferred.cancel() }
                    answer(ok("", "Connection: close\r\n"))
                    queued.error.shouldBeInstanceOf<DeferredCancelledException>()
                    connects shouldBe if (isInConnect) 2 else 1
                    peers shouldHaveSize 1
                    agent.pool.count shouldBe 0
                    meanwhile = { agent.close() }
                    get().error.shouldBeInstanceOf<AgentClosedException>()
                    connects shouldBe if (isInConnect) 3 else 1
                    peers shouldHaveSize 1
                }
            }
        }

        test("any number of requests waits for a server that is gone, and each hears so") {
            val many = 20_000
            var isGone = false
            val refusing = object : ClientEndpoint {
                override fun connect(factory: Factory): Deferred<Protocol> = fail(ConnectionRefusedException("on purpose"))
            }
            val options = HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1).withMaxWaiting(many)
                .withEndpoints { refusing.takeIf { isGone } }
            scene(options) {
                get()
                val waiting = (1..many).map { Asked(agent.request(ClientRequest.get(url("/$it")))) }
                isGone = true
                peers.single().transport.loseConnection()
                reactor.flush()
                waiting.count { it.error is ConnectionRefusedException } shouldBe many
            }
        }

        test("a body above its limit lets go of its connection, by whatever voice it is read") {
            scene {
                val reads = listOf<(ClientResponse) -> Unit>(
                    { response -> response.body.bytes(3).exceptionally { null } },
                    { response -> response.body.all(3).addErrback { ByteArray(0) } },
                )
                for (read in reads) {
                    val asked = get()
                    answer("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabcd")
                    val future = asked.response!!.body
                    read(asked.response!!)
                    reactor.flush()
                    peers.last().end shouldNotBe null
                    agent.pool.count shouldBe 0
                    var error: Throwable? = null
                    future.next().addErrback {
                        error = it.value
                        null
                    }
                    error.shouldBeInstanceOf<IllegalStateException>()
                }
            }
        }

        test("a body that waits for leave goes out also when nobody reads the answer that comes before it") {
            scene(HttpClientOptions.DEFAULT.withExpectContinue(true)) {
                val asked = ask("PUT", "/", RequestBody.text("abc", null))
                peers[0].got()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + "x".repeat(100_000))
                asked.status shouldBe 200
                pass(1_010)
                peers[0].got() shouldStartWith "abc"
                val text = asked.text
                text shouldBe null
                answer("x".repeat(100_000))
                asked.text!!.length shouldBe 200_000
                agent.pool.idleCount shouldBe 1
            }
        }
    })
