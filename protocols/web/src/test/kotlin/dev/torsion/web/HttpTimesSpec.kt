// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.CapturedLogs
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.time.Duration

/** The times of a request are its own, and say who was late. */
class HttpTimesSpec :
    FunSpec({
        val noContent = "HTTP/1.1 204 No Content\r\n\r\n"

        fun half(path: String) = "POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf"

        test("the time of a handler is that of one request: the next one on its connection has all of it") {
            scene(handler = {
                delay(40_000)
                Response.of(204)
            }) {
                val client = connect()
                client.send(get("/1") + get("/2"))
                pass(41)
                client.got() shouldBe noContent
                pass(38)
                client.got() shouldBe ""
                pass(2)
                client.got() shouldBe noContent
                client.send(get("/3"))
                pass(41)
                client.got() shouldBe noContent
                client.isConnected shouldBe true
            }
        }

        test("the silence of one body is not that of the next one, nor of a request without one") {
            scene(handler = {
                it.body.readBytes()
                if (it.target == "/slow") delay(50_000)
                Response.of(204)
            }) {
                val client = connect()
                repeat(2) {
                    client.send(half("/"))
                    pass(25)
                    client.got() shouldBe ""
                    client.ask("half") shouldBe noContent
                }
                client.send(get("/slow"))
                pass(51)
                client.got() shouldBe noContent
                client.send(half("/"))
                pass(29)
                client.isConnected shouldBe true
                pass(2)
                client.got() shouldStartWith "HTTP/1.1 408 "
            }
        }

        test("a client of a body has a minute in hand, of which slow bytes give nothing back") {
            scene(HttpServerOptions.DEFAULT.withHandlerTimeout(Duration.ofHours(1)), handler = {
                it.body.readBytes()
                Response.of(204)
            }) {
                val slow = connect()
                val fair = connect()
                val uneven = connect()
                for (client in listOf(slow, fair, uneven)) client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
                for (seconds in 1..90) {
                    slow.send("a")
                    fair.send("a".repeat(240))
                    if (seconds % 29 == 0) uneven.send("a".repeat(29 * 240))
                    pass(1)
                    slow.isConnected shouldBe (seconds <= 60)
                }
                slow.got() shouldStartWith "HTTP/1.1 408 "
                fair.isConnected shouldBe true
                uneven.isConnected shouldBe true
            }
        }

        test("time in which a body is not read is not its client's") {
            scene(HttpServerOptions.DEFAULT.withHandlerTimeout(Duration.ofHours(1)), handler = {
                delay(300_000)
                Response.text("${it.body.readBytes().size}")
            }) {
                val client = connect()
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
                client.transport.write(ByteArray(300_000))
                pass(301)
                client.got() shouldContain "\r\n\r\n300000"
            }
        }

        test("a body that comes a byte now and then has the time of the handler, and the log says that it was late") {
            var isCancelled = false
            scene(handler = {
                try {
                    it.body.readBytes()
                    Response.of(204)
                } finally {
                    isCancelled = true
                }
            }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    client.send("POST /up?secret HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
                    repeat(5) {
                        pass(10)
                        client.send("a")
                    }
                    pass(9)
                    client.got() shouldBe ""
                    pass(2)
                    client.got() shouldStartWith "HTTP/1.1 408 "
                    client.end shouldNotBe null
                    isCancelled shouldBe true
                    val warning = logs.messages().single { "within" in it }
                    warning shouldContain "The body of POST /up has not come whole"
                    warning shouldNotContain "secret"
                }
            }
        }

        test("a handler that does not answer is named in the log by its method and path, also when it reads no body") {
            for (request in listOf(get("/late?secret"), half("/late?secret"))) {
                scene(handler = { awaitCancellation() }) {
                    CapturedLogs.start().use { logs ->
                        val client = connect()
                        client.send(request)
                        repeat(3) {
                            pass(20)
                            if (request.startsWith("POST")) client.send("a")
                        }
                        pass(1)
                        client.got() shouldStartWith "HTTP/1.1 503 "
                        val warning = logs.messages().single { "within" in it }
                        warning shouldContain "The handler of ${request.substringBefore('?')} has given no answer"
                        warning shouldNotContain "secret"
                    }
                }
            }
        }
    })
