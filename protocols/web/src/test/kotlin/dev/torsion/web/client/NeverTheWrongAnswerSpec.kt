// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.callLater
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.LeakWatch
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.long
import io.kotest.property.checkAll
import java.time.Duration
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

/** An answer is that to its request, or none, whatever servers and callers do, and whatever the pieces. */
class NeverTheWrongAnswerSpec :
    FunSpec({
        test("an answer goes to its request, a request is sent twice only when it may be, and nothing is left") {
            val seen = HashMap<String, Int>()
            checkAll(400, Arb.long()) { seed -> withClue({ "seed $seed" }) { Game(seed, seen).play() } }
            // All of it has happened, and more than once.
            for (what in listOf("answered", "failed", "cancelled", "closed", "body failed", "sent twice")) {
                withClue({ "$what of $seen" }) { seen.getOrDefault(what, 0) shouldBeGreaterThan 20 }
            }
        }
    })

private class Game(seed: Long, private val seen: MutableMap<String, Int>) {
    private val random = Random(seed)
    private val arrivals = HashMap<String, Int>()

    /** Whether bytes that are sent together come together. Otherwise no client could tell a second answer from one to the next request. */
    private val isWhole = random.nextInt(3) == 0

    private fun count(what: String) = seen.merge(what, 1, Int::plus)

    fun play() {
        val watch = LeakWatch.begin()
        try {
            play(watch.reactor)
            watch.end()
        } finally {
            watch.close()
        }
    }

    private fun play(reactor: MemoryReactor) {
        if (!isWhole) reactor.network.chunking = Chunking.random(random.nextLong(), 1 + random.nextInt(80))
        val ports = List(2) { reactor.listenTcp(0, Factory { Server(reactor) }, "127.0.0.1") }
        val options = HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1 + random.nextInt(3)).withMaxConnections(1 + random.nextInt(4))
        val agent = HttpAgent.of(reactor, options)
        val asked = ArrayList<Pair<String, Asked>>()
        repeat(4 + random.nextInt(20)) { number ->
            val isPost = random.nextInt(3) == 0
            val id = "${if (isPost) "POST" else "GET"}-$number"
            val url = "http://127.0.0.1:${ports.random(random).port()}/$id"
            val request = if (isPost) ClientRequest.post(url, RequestBody.text("body of $id")) else ClientRequest.get(url)
            val one = Asked(agent.request(request))
            asked.add(id to one)
            if (random.nextInt(5) == 0) reactor.callLater(random.nextInt(30).milliseconds) { leave(one) }
            one.text // and so begins to read
            repeat(random.nextInt(if (random.nextBoolean()) 6 else 80)) { reactor.turn() }
            if (random.nextInt(6) == 0) reactor.advance(Duration.ofMillis(random.nextLong(10)))
            if (random.nextInt(4) == 0) leave(asked.random(random).second)
            asked.firstOrNull { (_, each) -> each.response != null && !each.isOver }?.let { if (random.nextInt(3) == 0) leave(it.second) }
        }
        reactor.runUntil({ asked.all { (_, one) -> one.isOver } }, Duration.ofMinutes(10))
        asked.forEach { (id, one) -> check(id, one) }
        arrivals.forEach { (id, times) ->
            if (times == 2) count("sent twice")
            withClue({ "$id has come $times times" }) { times shouldBeLessThanOrEqual if (id.startsWith("POST")) 1 else 2 }
        }
        agent.close()
        ports.forEach { it.stopListening() }
        reactor.runUntil({ reactor.network.connections == 0 && reactor.delayedCalls().isEmpty() })
        agent.pool.count shouldBe 0
        agent.pool.waitingCount shouldBe 0
    }

    private val Asked.isOver get() = error != null || text != null || bodyError != null

    private fun leave(one: Asked) {
        val response = one.response
        if (response == null) {
            if (one.error == null) count("cancelled")
            one.deferred.cancel()
        } else {
            if (!one.isOver) count("closed")
            response.close()
        }
    }

    private fun check(id: String, one: Asked) {
        val text = one.text
        when {
            one.error != null -> count("failed")
            text != null -> {
                count("answered")
                text.removeSuffix(TAIL) shouldBe "for $id"
            }
            else -> count("body failed")
        }
    }

    /** Answers a request with its name, in some form, some time; or does something worse. */
    private inner class Server(private val reactor: MemoryReactor) : Protocol() {
        private var bytes = ""
        private var isBusy = false
        private var isOver = false

        override fun dataReceived(data: ByteArray) {
            bytes += data.toString(Charsets.ISO_8859_1)
            next()
        }

        override fun connectionLost(reason: CloseReason) {
            isOver = true
        }

        private fun next() {
            if (isBusy || isOver) return
            val end = bytes.indexOf("\r\n\r\n").takeIf { it >= 0 } ?: return
            val length = LENGTH.find(bytes.substring(0, end))?.groupValues?.get(1)?.toInt() ?: 0
            if (bytes.length < end + 4 + length) return
            val id = bytes.substringAfter('/').substringBefore(' ')
            val body = bytes.substring(end + 4, end + 4 + length)
            check(length == 0 || body == "body of $id") { "$id has the body $body" }
            bytes = bytes.substring(end + 4 + length)
            arrivals.merge(id, 1, Int::plus)
            isBusy = true
            if (random.nextBoolean()) answer(id) else reactor.callLater(random.nextInt(15).milliseconds) { answer(id) }
        }

        private fun answer(id: String) {
            if (isOver) return
            val text = "for $id" + if (random.nextInt(4) == 0) TAIL else ""
            val whole = when (random.nextInt(4)) {
                0 -> "HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n$text"
                1 ->
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                        text.chunked(5).joinToString("") { "${it.length.toString(16)}\r\n$it\r\n" } + "0\r\n\r\n"
                2 -> "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n$text"
                else -> "HTTP/1.1 200 OK\r\n\r\n$text"
            }
            val isLast = "chunked" !in whole && ("close" in whole || "Length" !in whole)
            when (random.nextInt(12)) {
                0 -> return transport.loseConnection() // no answer
                1 -> return transport.abortConnection()
                2 -> { // half of one; never where its end is that of the connection
                    if (!isLast || "Length" in whole) send(whole.take(random.nextInt(whole.length)))
                    return if (isLast && "Length" !in whole) transport.abortConnection() else transport.loseConnection()
                }
                3 -> send(
                    whole + if (isWhole &&
                        !(isLast && "Length" !in whole)
                    ) {
                        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
                    } else {
                        ""
                    },
                )
                4 -> { // an end that nobody has announced
                    send(whole)
                    reactor.callLater(random.nextInt(3).milliseconds) { if (!isOver) transport.loseConnection() }
                }
                else -> send(whole)
            }
            if (isLast) return transport.loseConnection()
            isBusy = false
            next()
        }

        private fun send(text: String) = transport.write(text.toByteArray(Charsets.ISO_8859_1))
    }

    private companion object {
        val LENGTH = Regex("Content-Length: (\\d+)")
        val TAIL = "x".repeat(20_000)
    }
}
