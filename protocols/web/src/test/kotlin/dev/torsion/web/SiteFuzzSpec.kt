// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Factory
import dev.torsion.testkit.Chunking
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** A site answers bytes of any kind, or refuses them and closes: never anything else, and the same whatever the pieces. */
class SiteFuzzSpec :
    FunSpec({
        val corpus = Case.all("requests.txt").filter { it.bytes.size < 2000 }
        val handler: suspend (Request) -> Response = { request ->
            val body = request.body.readText()
            when (request.method) {
                "PUT" -> Response.stream("text/plain") { sink -> body.chunked(10).forEach { sink.write(it) } }
                "DELETE" -> Response.of(204)
                else -> Response.text("${request.method} ${request.target} $body")
            }
        }

        /** All that the client sees: the answers, and whether the connection is closed. */
        fun answersTo(bytes: ByteArray, chunking: Chunking): String {
            var seen = ""
            scene(handler = handler) {
                reactor.network.chunking = chunking
                val client = connect()
                client.transport.write(bytes)
                reactor.flush()
                val got = client.got()
                val answers = Heard(isRequest = false).feed(got.toByteArray(Charsets.ISO_8859_1)) { it }
                withClue({ got }) {
                    // A HEAD has an answer with a length and no body, which this reader does not know.
                    val isClear = "HEAD" !in bytes.toString(Charsets.ISO_8859_1)
                    if (isClear) {
                        answers.error shouldBe null
                        answers.reader.isInside shouldBe false
                    }
                    val statuses = STATUS.findAll(got).map { it.groupValues[1].toInt() }.toList()
                    (statuses.toSet() - KNOWN) shouldBe emptySet()
                    val isRefused = statuses.any { it >= 400 }
                    if (isRefused) {
                        client.end?.let { it::class.simpleName } shouldBe "ConnectionDone"
                        if (isClear) answers.messages.last().contains("Connection: close") shouldBe true
                    }
                }
                seen = "$got ${client.end?.javaClass?.simpleName}"
            }
            return seen
        }

        fun check(bytes: ByteArray, random: Random, clue: String) {
            withClue({ "$clue: ${bytes.toString(Charsets.ISO_8859_1)}" }) {
                val whole = answersTo(bytes, Chunking.whole())
                answersTo(bytes, Chunking.random(random.nextLong(), random.nextInt(1, 40))) shouldBe whole
                if (bytes.size < 300) answersTo(bytes, Chunking.byteByByte()) shouldBe whole
            }
        }

        fuzzed(corpus, WORDS, ROUNDS, mostBytes = 300, ::check)

        test("a client that sends for ever, and reads nothing, is not kept in memory") {
            val first = Random.nextInt()
            repeat(20) { round ->
                val seed = first + round
                withClue("seed $seed") {
                    val random = Random(seed)
                    scene(handler = handler) {
                        val connections = ArrayList<ServerConnection>()
                        val listening = reactor.listenTcp(0, Factory { ServerConnection(site).also(connections::add) }, "127.0.0.1")
                        val client = connect(listening)
                        client.transport.pauseProducing()
                        val head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        val good = (head + "5\r\nhello\r\n".repeat(1000) + "0\r\n\r\n").toByteArray()
                        repeat(50) {
                            val bytes = if (random.nextInt(20) == 0) corpus[random.nextInt(corpus.size)].bytes else good
                            if (client.isConnected) client.transport.write(bytes)
                            reactor.flush()
                        }
                        val connection = connections.single()
                        connection.receiveLimit() shouldBeGreaterThan -1
                        if (connection.isConnected) connection.transport.bufferedBytes shouldBeLessThanOrEqual 400_000
                    }
                }
            }
        }
    }) {
    private companion object {
        const val ROUNDS = 1500
        val KNOWN = setOf(100, 200, 204, 400, 413, 414, 417, 431, 501, 505)
        val STATUS = Regex("""HTTP/1\.1 (\d{3}) """)
        val WORDS = listOf(
            "GET ", "POST ", "/", " HTTP/1.1", " HTTP/1.0", "\r\n", "\r\n\r\n", "Host: a\r\n", "Content-Length: ",
            "Transfer-Encoding: chunked\r\n", "chunked", "0", "1", "5", "a", ":", " ", "\t", "\n", "\r", ",", ";", "Connection: close\r\n",
            "Expect: 100-continue\r\n",
            "\u0000", "\u00e4", "%41",
        )
    }
}
