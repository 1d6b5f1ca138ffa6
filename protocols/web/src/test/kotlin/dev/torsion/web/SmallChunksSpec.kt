// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.inlineCallbacks
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.client.inScene
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith

/** A peer chooses how small its chunks are. A reader of the body has work for each piece, and gets as many as the network has brought. */
class SmallChunksSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())
        val many = 10_000
        val chunks = "1\r\na\r\n".repeat(many)

        suspend fun count(body: HttpBody): Pair<Int, Int> {
            var pieces = 0
            var bytes = 0
            while (true) {
                bytes += (body.read() ?: return pieces to bytes).size
                pieces++
            }
        }

        test("a server that waits for a body in chunks of one byte gets few pieces, and keeps the connection") {
            var pieces = 0
            scene(handler = { request ->
                val (counted, bytes) = count(request.body)
                pieces = counted
                Response.text("$bytes")
            }) {
                val client = connect()
                repeat(2) {
                    client.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") shouldBe ""
                    client.ask("${chunks}0\r\n\r\n") shouldEndWith "\r\n\r\n$many"
                    pieces shouldBeLessThan 10
                }
                // The bytes before a fault are handed over before it.
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") shouldBe ""
                client.ask("1\r\na\r\nZZ").startsWith("HTTP/1.1 400 ") shouldBe true
            }
        }

        test("and so does a client") {
            inScene(torsion.reactor) {
                val asked = get()
                answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                var counted = 0 to 0
                inlineCallbacks(reactor.scope.coroutineContext) { counted = count(asked.response!!.body) }
                answer(chunks)
                counted.second shouldBe 0
                answer("0\r\n\r\n")
                counted.second shouldBe many
                counted.first shouldBeLessThan 10
                agent.pool.idleCount shouldBe 1
            }
        }
    })
