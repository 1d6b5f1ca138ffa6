// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.delay
import kotlin.concurrent.thread

/** Answers on the way to the last one. */
class InterimSpec :
    FunSpec({
        val hints = Headers.of("Link", "</a.css>; rel=preload")
        val early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"

        test("it goes out at once, before the answer, and the next request has its own") {
            scene(handler = {
                it.sendInterim(103, hints)
                it.sendInterim(102)
                delay(1000)
                Response.text("x")
            }) {
                val client = connect()
                repeat(2) {
                    client.ask(get("/")) shouldBe "${early}HTTP/1.1 102 Processing\r\n\r\n"
                    pass(1)
                    client.got() shouldStartWith "HTTP/1.1 200 OK\r\n"
                }
            }
        }

        test("from another thread it stands before the answer, too") {
            scene(handler = { request ->
                thread { request.sendInterim(103, hints) }.join()
                delay(1)
                Response.text("x")
            }) {
                val client = connect()
                client.send(get("/"))
                pass(1)
                client.got() shouldStartWith "${early}HTTP/1.1 200 OK\r\n"
            }
        }

        test("HTTP/1.0 gets none, and nothing comes behind the head of an answer, or the end of a request") {
            var kept: Request? = null
            scene(handler = { request ->
                kept = request
                Response.stream("a/b") { sink ->
                    request.sendInterim(103, hints)
                    sink.write("abc")
                }.also { if (!request.isHttp11) request.sendInterim(103, hints) }
            }) {
                connect().ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 200 OK\r\n"
                val client = connect()
                client.ask(get("/")) shouldNotContain "103"
                kept!!.sendInterim(103, hints)
                reactor.flush()
                client.got() shouldBe ""
            }
        }

        test("a client that takes nothing makes none wait in memory") {
            scene(handler = { request ->
                repeat(100_000) { request.sendInterim(103, Headers.of("Link", "x".repeat(1000))) }
                delay(1_000_000)
                Response.text("x")
            }) {
                val client = connect()
                client.transport.pauseProducing()
                client.ask(get("/"))
                client.transport.resumeProducing()
                pass(1)
                (client.length < 2_000_000) shouldBe true
            }
        }

        test("a client that waits for leave gets it besides") {
            scene(handler = {
                it.sendInterim(103, hints)
                Response.text(it.body.readText())
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n") shouldBe
                    "${early}HTTP/1.1 100 Continue\r\n\r\n"
                client.ask("abc") shouldStartWith "HTTP/1.1 200 OK\r\n"
            }
        }

        test("100, 101 and last statuses are none, nor have they fields of the connection or of a body") {
            scene(handler = { request ->
                for (status in listOf(99, 100, 101, 200, 500)) {
                    withClue(status) { shouldThrow<IllegalArgumentException> { request.sendInterim(status) } }
                }
                for (name in listOf("Content-Length", "transfer-encoding", "Connection", "Upgrade")) {
                    withClue(name) { shouldThrow<IllegalArgumentException> { request.sendInterim(103, Headers.of(name, "1")) } }
                }
                Response.text("x")
            }) { connect().ask(get("/")) shouldStartWith "HTTP/1.1 200 OK\r\n" }
        }
    })
