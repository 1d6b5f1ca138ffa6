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
            val all = listOf(
                "answered", "failed", "cancelled", "closed", "body failed", "sent twice", "no body", "answered early", "given up",
                "broken framing",
                "hints", "reset behind", "late",
            )
            for (what in all) {
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
        reactor.network.window = listOf(300, 5_000, 64 * 1024).random(random)
        if (!isWhole) reactor.network.chunking = Chunking.random(random.nextLong(), 1 + random.nextInt(80))
        val ports = List(2) { reactor.listenTcp(0, Factory { Server(reactor) }, "127.0.0.1") }
        val options = HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1 + random.nextInt(3)).withMaxConnections(1 + random.nextInt(4))
            .withExpectContinue(random.nextInt(4) == 0)
        val agent = HttpAgent.of(reactor, options)
        val asked = ArrayList<Pair<String, Asked>>()
        repeat(4 + random.nextInt(20)) { number ->
            val method = METHODS.random(random)
            val id = "$method-$number"
            val url = "http://127.0.0.1:${ports.random(random).port()}/$id"
            val body = if (method.startsWith("P")) RequestBody.text("body of $id" + if (random.nextInt(3) == 0) TAIL else "") else null
            var request = ClientRequest.of(method, url).withBody(body)
            if (random.nextInt(8) == 0) request = request.withTimeout(Duration.ofMillis(random.nextLong(1, 30)))
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
        val isGivenUp = one.response?.status == 408
        if (!isGivenUp) one.response?.let { it.headers["X-Id"] shouldBe id }
        if (one.error is RequestTimeoutException || one.bodyError is RequestTimeoutException) count("late")
        when {
            one.error != null -> count("failed")
            isGivenUp || one.response?.status == 304 || id.startsWith("HEAD") -> {
                if (text != null) count("no body")
                (text ?: "") shouldBe ""
            }
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
        private var begun = "" // the request whose body comes
        private var isAnswered = false // before that

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
            val head = bytes.substring(0, end)
            val length = LENGTH.find(head)?.groupValues?.get(1)?.toInt() ?: 0
            val id = bytes.substringAfter('/').substringBefore(' ')
            if (begun != id) {
                begun = id
                arrivals.merge(id, 1, Int::plus)
                isAnswered = length > 0 && random.nextInt(5) == 0
                if (isAnswered) {
                    count("answered early")
                    return answer(id)
                }
                if ("100-continue" in head) send("HTTP/1.1 100 Continue\r\n\r\n")
            }
            if (bytes.length < end + 4 + length) return
            val body = bytes.substring(end + 4, end + 4 + length)
            check(length == 0 || body.removeSuffix(TAIL) == "body of $id") { "$id has the body $body" }
            bytes = bytes.substring(end + 4 + length)
            begun = ""
            if (isAnswered) return next()
            isBusy = true
            if (random.nextBoolean()) answer(id) else reactor.callLater(random.nextInt(15).milliseconds) { answer(id) }
        }

        private fun answer(id: String) {
            if (isOver) return
            val text = "for $id" + if (random.nextInt(4) == 0) TAIL else ""
            val field = "X-Id: $id\r\n"
            val hints = "HTTP/1.1 103 Early Hints\r\nX-Id: hint\r\n\r\n"
            val isToHead = id.startsWith("HEAD")
            var whole = when (random.nextInt(6)) {
                0 -> "HTTP/1.1 200 OK\r\n${field}Content-Length: ${text.length}\r\n\r\n" + if (isToHead) "" else text
                1 ->
                    "HTTP/1.1 200 OK\r\n${field}Transfer-Encoding: chunked\r\n\r\n" + if (isToHead) {
                        ""
                    } else {
                        text.chunked(5).joinToString("") { "${it.length.toString(16)}\r\n$it\r\n" } + "0\r\n\r\n"
                    }
                2 ->
                    "HTTP/1.1 200 OK\r\n${field}Content-Length: ${text.length}\r\nConnection: close\r\n\r\n" + if (isToHead) "" else text
                3 -> "HTTP/1.1 304 Not Modified\r\n${field}Content-Length: ${text.length}\r\n\r\n"
                4 -> "HTTP/1.1 404 Not Found\r\n${field}Content-Length: ${text.length}\r\n\r\n" + if (isToHead) "" else text
                else -> "HTTP/1.1 200 OK\r\n$field\r\n" + if (isToHead) "" else text
            }
            val isUntilEnd = "chunked" !in whole && "Length" !in whole && !isToHead
            val isLast = "close" in whole || isUntilEnd
            if (random.nextInt(5) == 0) {
                count("hints")
                whole = hints.repeat(if (random.nextInt(6) == 0) 40 else 1 + random.nextInt(3)) + whole
            }
            when (random.nextInt(16)) {
                0 -> return transport.loseConnection() // no answer
                1 -> return transport.abortConnection()
                2 -> { // half of one; never where its end is that of the connection
                    if (!isUntilEnd) send(whole.take(random.nextInt(whole.length)))
                    return if (isUntilEnd) transport.abortConnection() else transport.loseConnection()
                }
                3 -> { // more than was asked for
                    val more = listOf("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "evil", "\r\n", "0\r\n\r\n", text)
                    send(whole + if (isWhole && !isUntilEnd) more.random(random) else "")
                }
                4 -> { // an end that nobody has announced
                    send(whole)
                    reactor.callLater(random.nextInt(3).milliseconds) { if (!isOver) transport.loseConnection() }
                }
                5 -> { // and then it has no more patience
                    send(whole)
                    reactor.callLater(random.nextInt(20).milliseconds) {
                        if (!isOver && !isBusy && begun == "" && !transport.isDisconnecting) giveUp()
                    }
                }
                6 -> {
                    count("broken framing")
                    send("HTTP/1.1 200 OK\r\n${field}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nevil!\r\n0\r\n\r\n")
                    return
                }
                7 -> {
                    count("reset behind")
                    send(whole)
                    return transport.abortConnection()
                }
                8 -> return giveUp()
                else -> send(whole)
            }
            if (isLast) return transport.loseConnection()
            isBusy = false
            next()
        }

        private fun giveUp() {
            count("given up")
            send("HTTP/1.1 408 Request Timeout\r\nX-Id: $begun\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            transport.loseConnection()
        }

        private fun send(text: String) = transport.write(text.toByteArray(Charsets.ISO_8859_1))
    }

    private companion object {
        val LENGTH = Regex("Content-Length: (\\d+)")
        val TAIL = "x".repeat(20_000)
        val METHODS = listOf("GET", "GET", "GET", "HEAD", "POST", "PUT")
    }
}
