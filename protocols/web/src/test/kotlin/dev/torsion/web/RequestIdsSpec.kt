// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldNotContain
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay

/** The name of a request, in its answer, its handler and its log. */
class RequestIdsSpec :
    FunSpec({
        val options = HttpServerOptions.DEFAULT.withRequestIds(RequestIds.of())

        fun id(answer: String) = answer.lines().single { it.startsWith("X-Request-ID: ") }.substringAfter(": ").trim()

        test("each request has an id of its own, which its handler and its answer know") {
            scene(options, { Response.text("${it.id}") }) {
                val client = connect()
                val ids = List(3) { client.ask(get("/")).also { answer -> answer shouldContain "\r\n\r\n${id(answer)}" } }.map(::id)
                ids.toSet() shouldHaveSize 3
                ids.forEach { it shouldMatch Regex("[0-9a-f]{32}") }
                id(connect().ask(post("/", "b", "Expect: miracles\r\n"))) shouldMatch Regex("[0-9a-f]{32}")
            }
        }

        test("an id is taken from a trusted proxy, when it is one, and from nobody else") {
            val trusting = options.withTrustedProxies(TrustedProxies.forwarded("127.0.0.1"))
            scene(trusting, { Response.text("x") }) {
                id(connect().ask(get("/", "X-Request-ID: a-1.b\r\n"))) shouldBe "a-1.b"
                for (bad in listOf("a b", "a\"", "a\u00e4", "a".repeat(129), "", "a\r\nX-Request-ID: b")) {
                    withClue(bad) { id(connect().ask(get("/", "X-Request-ID: $bad\r\n"))) shouldMatch Regex("[0-9a-f]{32}") }
                }
            }
            scene(options, { Response.text("x") }) {
                id(connect().ask(get("/", "X-Request-ID: mine\r\n"))) shouldMatch Regex("[0-9a-f]{32}")
            }
            scene(handler = { Response.text("${it.id}") }) { connect().ask(get("/")) shouldNotContain "X-Request-ID" }
            shouldThrow<IllegalArgumentException> { RequestIds.of("a b") }
        }

        test("the context of the log has the id while the handler runs, and not of another request meanwhile") {
            val seen = ArrayList<String>()
            scene(options.withListener(AccessLog.structured()), {
                val before = currentCoroutineContext()[RequestContext]
                delay(1000)
                seen.add("${it.id == before?.id} ${it.id == currentCoroutineContext()[RequestContext]?.id}")
                Response.stream("a/b") { sink -> sink.write("${currentCoroutineContext()[RequestContext]?.id}") }
            }) {
                CapturedLogs.start().use { logs ->
                    val clients = List(3) { connect().also { it.send(get("/")) } }
                    pass(2)
                    seen shouldBe List(3) { "true true" }
                    val ids = clients.map { client ->
                        client.got().let { answer -> id(answer).also { answer shouldContain "\r\n$it\r\n" } }
                    }
                    logs.events().mapNotNull { it.values["request"] } shouldBe ids
                }
            }
        }
    })
