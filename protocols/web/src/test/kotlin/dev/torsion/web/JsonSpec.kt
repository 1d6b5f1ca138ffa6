// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import org.slf4j.event.Level

/** JSON by the functions of any library. */
class JsonSpec :
    FunSpec({
        test("an answer is JSON, given as text or by a function") {
            scene(handler = { if (it.target == "/text") Response.json("[1]") else Response.json(2) { n -> "[$n]".toByteArray() } }) {
                val answer = connect().ask(get("/text"))
                answer shouldContain "\r\nContent-Type: application/json\r\n"
                answer shouldContain "\r\n\r\n[1]"
                connect().ask(get("/")) shouldContain "\r\n\r\n[2]"
            }
        }

        test("an answer and a body are values of kotlinx-serialization") {
            scene(handler = { Response.json(it.json<Map<String, List<Int>>>().mapValues { (_, numbers) -> numbers.sum() }) }) {
                val type = "Content-Type: application/json\r\n"
                connect().ask(post("/", "{\"a\": [1, 2]}", type)) shouldContain "\r\n\r\n{\"a\":3}"
                for (wrong in listOf("", "{", "[1]", "{\"a\": 1}", "{\"a\": [1]} x", "\u00ff", "[".repeat(100_000))) {
                    withClue(wrong.take(20)) { connect().ask(post("/", wrong, type)) shouldStartWith "HTTP/1.1 400 " }
                }
                connect().ask(post("/", "{}")) shouldStartWith "HTTP/1.1 415 "
            }
        }

        test("a body is read by a function, and what is no such JSON has its status and no word of the error") {
            val reader = ValueReader { bytes ->
                if (bytes.isEmpty()) {
                    fun deep(): Int = deep() + 1
                    deep()
                } else {
                    bytes.decodeToString().toInt()
                }
            }
            scene(handler = { Response.text("${it.readJson(reader)}") }) {
                for (type in listOf("application/json", "Application/JSON; charset=utf-8", "application/problem+json")) {
                    withClue(type) { connect().ask(post("/", "7", "Content-Type: $type\r\n")) shouldContain "\r\n\r\n7" }
                }
                for (type in listOf("text/plain", "application/jsonp", "text/json", "application/x-www-form-urlencoded", "")) {
                    withClue(type) { connect().ask(post("/", "7", "Content-Type: $type\r\n")) shouldStartWith "HTTP/1.1 415 " }
                }
                connect().ask(post("/", "7")) shouldStartWith "HTTP/1.1 415 "
                val wrong = CapturedLogs.start().use { logs ->
                    connect().ask(post("/a?token=7", "secret", "Content-Type: application/json\r\n")).also {
                        val told = logs.single(Level.DEBUG)
                        told.message shouldBe "The body of POST /a is not the JSON that is wanted"
                        told.throwable.shouldBeInstanceOf<NumberFormatException>()
                    }
                }
                wrong shouldStartWith "HTTP/1.1 400 "
                wrong shouldNotContain "secret"
                connect().ask(post("/", "", "Content-Type: application/json\r\n")) shouldStartWith "HTTP/1.1 400 "
            }
        }

        test("a body above the limit of a whole one fails with the answer 413, which a handler can catch") {
            val options = HttpServerOptions.DEFAULT.withLimits(HttpLimits.DEFAULT.withMaxBodyBytes(1L shl 30))
            var caught: Int? = null
            val handler: suspend (Request) -> Response = { request ->
                try {
                    Response.text("${request.readJson { it.size }}")
                } catch (e: ResponseException) {
                    caught = e.status
                    throw e
                }
            }
            scene(options, handler) {
                val client = connect()
                val piece = "7".repeat(1 shl 20)
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${20L * piece.length}\r\n\r\n")
                repeat(17) {
                    if (client.isConnected) client.send(piece)
                    reactor.flush()
                }
                caught shouldBe 413
            }
        }
    })
