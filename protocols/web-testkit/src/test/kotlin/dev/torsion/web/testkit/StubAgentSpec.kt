// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runTest
import dev.torsion.web.HttpException
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.RequestBody
import dev.torsion.web.client.fetch
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds

/** Sites without sockets. */
class StubAgentSpec :
    FunSpec({
        val router = Router {
            get("/users/{id}") { request ->
                val where = "${request.headers["Host"]}${if (request.isSecure) ", in secret" else ""}"
                Response.text("user ${request.parameter("id")} at $where")
            }
            post("/users") { request ->
                delay(30.seconds)
                Response.text("made ${request.body.readText()}").withStatus(201)
            }
            get("/never") { awaitCancellation() }
        }

        test("a router is asked, whatever the host, with or without TLS") {
            MemoryReactor().use { reactor ->
                StubAgent(reactor, router).use { client ->
                    client.get("/users/7").text() shouldBe "user 7 at localhost"
                    client.get("http://example.com:8080/users/7").text() shouldBe "user 7 at example.com:8080"
                    client.get("https://example.com/users/7").text() shouldBe "user 7 at example.com, in secret"
                    client.ask("DELETE", "/users/7").status shouldBe 405
                }
            }
        }

        test("time passes by the clock") {
            MemoryReactor().use { reactor ->
                StubAgent(reactor, router).use { client ->
                    val answer = client.post("/users", RequestBody.text("Tom"))
                    answer.status shouldBe 201
                    answer.text() shouldBe "made Tom"
                    reactor.clock.elapsed() shouldBe Duration.ofSeconds(30)
                }
            }
        }

        test("a program that takes an agent is none the wiser") {
            MemoryReactor().use { reactor ->
                StubAgent(reactor) { request -> Response.text("hello ${request.query("name")}") }.use { client ->
                    reactor.runTest {
                        client.fetch("GET", "http://greetings.test/?name=you").use { it.body.readText() shouldBe "hello you" }
                    }
                }
            }
        }

        test("what a request fails with is thrown") {
            MemoryReactor().use { reactor ->
                StubAgent(reactor) { delay(10.hours).let { Response.of(204) } }.use { client ->
                    shouldThrow<IllegalArgumentException> { client.ask("NO METHOD", "/") }
                    shouldThrow<HttpException> { client.ask(ClientRequest.get("http://a/never").withTimeout(Duration.ofSeconds(1))) }
                }
            }
        }
    })
