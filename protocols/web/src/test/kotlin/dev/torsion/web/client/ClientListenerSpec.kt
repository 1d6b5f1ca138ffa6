// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.ConnectionRefusedException
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.IncompleteMessageException
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration

/** Each request of a client is told once when it begins and once when it is over, whatever becomes of it. */
class ClientListenerSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.(Told) -> Unit) {
            val told = Told()
            inScene(torsion.reactor, options.withListener(told)) { test(told) }
            told.ended.toSet() shouldBe told.begun.toSet()
        }

        test("a whole answer: status, bytes of both bodies, and the time to its last byte") {
            scene { told ->
                val asked = ask("POST", "/a?secret", RequestBody.text("12345"))
                told.begun.size shouldBe 1
                pass(100)
                answer("HTTP/1.1 201 Made\r\nContent-Length: 3\r\n\r\nab")
                told.ended.size shouldBe 0
                pass(200)
                answer("c")
                told.single().run {
                    listOf(status, bytesSent, bytesReceived, duration, isWhole, cause) shouldBe
                        listOf(201, 5L, 3L, Duration.ofMillis(300), true, null)
                    "$this" shouldNotContain "secret"
                }
                asked.text shouldBe "abc"
            }
        }

        test("no answer: refused, lost, out of time, out of the queue, an agent that is closed") {
            scene { told ->
                ask(ClientRequest.get("http://127.0.0.1:1/"))
                told.single().cause.shouldBeInstanceOf<ConnectionRefusedException>()
            }
            scene { told ->
                get()
                peers.single().transport.abortConnection()
                reactor.flush()
                told.single().cause.shouldBeInstanceOf<IncompleteMessageException>()
            }
            scene(HttpClientOptions.DEFAULT.withRequestTimeout(Duration.ofSeconds(1)).withMaxConnections(1)) { told ->
                get()
                get()
                pass(1000)
                told.ended.size shouldBe 2
                for (record in told.ended) record.cause.shouldBeInstanceOf<RequestTimeoutException>()
            }
            scene { told ->
                agent.close()
                get()
                told.single().cause.shouldBeInstanceOf<AgentClosedException>()
            }
        }

        test("an answer that is cut, closed early or cancelled is not whole") {
            scene { told ->
                val asked = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
                asked.status shouldBe 200
                peers.single().transport.abortConnection()
                reactor.flush()
                told.single().run {
                    listOf(status, bytesReceived, isWhole) shouldBe listOf(200, 2L, false)
                    cause.shouldBeInstanceOf<IncompleteMessageException>()
                }
            }
            scene { told ->
                val asked = get()
                answer("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nab")
                asked.response!!.close()
                reactor.flush()
                told.single().run { listOf(isWhole, cause) shouldBe listOf(false, null) }
            }
        }

        test("a second try is the same request, and counts what was sent last") {
            scene { told ->
                get()
                answer(ok("a"))
                get()
                told.begun.size shouldBe 2
                peers.single().transport.abortConnection()
                reactor.flush()
                told.ended.size shouldBe 1
                answer(ok("abc"))
                told.ended.size shouldBe 2
                told.ended.last().run { listOf(bytesReceived, isWhole) shouldBe listOf(3L, true) }
            }
        }

        test("cancelled after each number of turns, each is told once") {
            for (turns in 0..25) {
                scene(HttpClientOptions.DEFAULT.withMaxConnections(1)) { told ->
                    val both = List(2) { agent.request(ClientRequest.post(url("/"), RequestBody.bytes(ByteArray(100_000)))) }
                    both.forEach { asked -> asked.addCallbacks({ }) { } }
                    repeat(turns) {
                        reactor.turn()
                        peers.forEach { if (it.length > 0 && turns % 2 == 0) it.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na") }
                    }
                    both.forEach { it.cancel() }
                    agent.close()
                    reactor.flush()
                    reactor.runFor(Duration.ofSeconds(2))
                    withClue(turns) {
                        told.begun.size shouldBe 2
                        told.ended.toSet().size shouldBe 2
                    }
                    agent.pool.count shouldBe 0
                    peers.forEach { if (it.isConnected) it.transport.abortConnection() }
                }
            }
        }

        test("a listener that throws harms nobody, and the second of two hears all") {
            CapturedLogs.start().use { logs ->
                val told = Told()
                val broken = object : ClientRequestListener {
                    override fun begun(record: ClientRequestRecord) = error("begun")

                    override fun ended(record: ClientRequestRecord) = error("ended")
                }
                inScene(torsion.reactor, HttpClientOptions.DEFAULT.withListener(broken.and(told))) {
                    val asked = get()
                    answer(ok("a"))
                    asked.text shouldBe "a"
                    told.ended.size shouldBe 1
                }
                logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 2
            }
        }
    })

private class Told : ClientRequestListener {
    val begun = ArrayList<ClientRequestRecord>()
    val ended = ArrayList<ClientRequestRecord>()

    fun single() = ended.single().also { begun.single() shouldBe it }

    override fun begun(record: ClientRequestRecord) {
        begun.add(record)
    }

    override fun ended(record: ClientRequestRecord) {
        ended.add(record)
    }
}
