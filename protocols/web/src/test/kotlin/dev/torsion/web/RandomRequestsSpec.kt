// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.Chunking
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import kotlin.random.Random

/** Each request gets its own answer, whatever a client sends ahead. */
class RandomRequestsSpec :
    FunSpec({
        test("random requests, in random pieces, answered after random times: each has its own answer, in their order") {
            for (seed in 1..150) {
                withClue("seed $seed") {
                    val random = Random(seed)
                    val bodies = List(random.nextInt(1, 12)) { "x".repeat(random.nextInt(0, 3) * random.nextInt(1, 400)) + it }
                    val requests = bodies.mapIndexed { i, body ->
                        if (random.nextBoolean()) post("/$i", body) else chunked("/$i", body, random)
                    }
                    scene(handler = { request ->
                        if (random.nextBoolean()) delay(random.nextLong(20))
                        val body = request.body.readText()
                        if (random.nextBoolean()) delay(random.nextLong(20))
                        val answer = "${request.target} $body"
                        if (random.nextBoolean()) {
                            Response.text(answer)
                        } else {
                            Response.stream("text/plain") { sink -> answer.chunked(100).forEach { sink.write(it) } }
                        }
                    }) {
                        reactor.network.chunking = Chunking.random(seed.toLong(), 200)
                        val client = connect()
                        requests.forEach {
                            client.send(it)
                            if (random.nextBoolean()) reactor.turn()
                        }
                        pass(5)
                        val got = client.got().toByteArray(Charsets.ISO_8859_1)
                        val answers = Heard(isRequest = false).feed(got) { random.nextInt(1, 500) }
                        answers.error shouldBe null
                        answers.messages.map { it.substringAfter(" [").substringBeforeLast("] ") } shouldBe
                            bodies.mapIndexed { i, body -> "/$i $body" }
                        client.isConnected shouldBe true
                    }
                }
            }
        }
    })

private fun chunked(path: String, body: String, random: Random): String {
    val chunks = StringBuilder()
    var at = 0
    while (at < body.length) {
        val size = minOf(random.nextInt(1, 300), body.length - at)
        chunks.append(size.toString(16)).append("\r\n").append(body, at, at + size).append("\r\n")
        at += size
    }
    return "POST $path HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n"
}
