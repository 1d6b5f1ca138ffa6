// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.StringTransport
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import java.math.BigInteger

/** How many requests may wait, what happens to more of them, and to a peer that does not read. */
class BackPressureSpec :
    FunSpec({
        class Gate {
            val waiting = ArrayDeque<Deferred<Values>>()
            val responders: Responders =
                Responders
                    .builder()
                    .onDeferred(Hang) { Deferred<Values>().also(waiting::add) }
                    .on(Nothings) { Values.EMPTY }
                    .build()

            fun open() = waiting.removeFirst().callback(Values.EMPTY)
        }

        fun hang(tag: Int) = box("_command", "Hang", "_ask", "$tag").encode()

        fun List<AmpBox>.answered() = map { it.text("_answer")!!.toInt() }

        test("while as many requests wait as may, nothing is read; what was read goes on in order when there is room") {
            for (chunking in listOf(Chunking.whole(), Chunking.fixed(7), Chunking.byteByByte())) {
                val gate = Gate()
                val server = Alone(gate.responders, AmpOptions.DEFAULT.withMaxRequests(2))
                val stream = chunking.newStream()
                val bytes = (1..5).fold(ByteArray(0)) { sum, tag -> sum + hang(tag) }
                var at = 0

                fun feed() {
                    while (at < bytes.size && !server.transport.isReadingPaused) {
                        val count = minOf(stream.applyAsInt(bytes.size - at), bytes.size - at)
                        server.transport.receive(bytes.copyOfRange(at, at + count))
                        at += count
                    }
                }
                feed()
                server.transport.isReadingPaused shouldBe true
                gate.waiting.size shouldBe 2
                server.amp.waitingRequests shouldBe 2
                gate.open()
                feed()
                gate.waiting.size shouldBe 2
                repeat(4) {
                    gate.open()
                    feed()
                }
                server.written().answered() shouldBe listOf(1, 2, 3, 4, 5)
                server.transport.isReadingPaused shouldBe false
                server.amp.waitingRequests shouldBe 0
            }
        }

        test(
            "while we wait for an answer reading goes on, and more requests are begun up to the other limit; the rest is refused as BUSY",
        ) {
            val gate = Gate()
            val server = Alone(gate.responders, AmpOptions.DEFAULT.withMaxRequests(1).withMaxRequestsWhileCalling(3))
            val ours = server.amp.callRemote(Nothings).outcome()
            server.written().single().text("_command") shouldBe "Nothing"
            server.transport.receive((1..4).fold(ByteArray(0)) { sum, tag -> sum + hang(tag) })
            gate.waiting.size shouldBe 3
            server.amp.waitingRequests shouldBe 3
            server.written() shouldBe
                listOf(box("_error", "4", "_error_code", "BUSY", "_error_description", "Too many requests wait for their answers."))
            server.receive("_answer", "1")
            ours()!!.isSuccess shouldBe true
            server.transport.isReadingPaused shouldBe true // nothing of ours waits any more
            repeat(3) { gate.open() }
            server.written().answered() shouldBe listOf(1, 2, 3)
            server.transport.isReadingPaused shouldBe false
        }

        test("the bytes of waiting requests are limited too: above it nothing is read, and more are BUSY while we call") {
            fun large(tag: Int) = box("_command", "Hang", "_ask", "$tag", "more", "x".repeat(1_000)).encode()
            val gate = Gate()
            val server = Alone(gate.responders, AmpOptions.DEFAULT.withMaxRequestBytes(2_000))
            server.transport.receive(large(1) + large(2) + large(3) + large(4))
            server.transport.isReadingPaused shouldBe true
            gate.waiting.size shouldBe 2 // the second goes beyond the limit
            val ours = server.amp.callRemote(Nothings).outcome()
            server.written().map { it.text("_command") ?: "${it.text("_error")} ${it.text("_error_code")}" } shouldBe
                listOf("Nothing", "3 BUSY", "4 BUSY")
            server.receive("_answer", "1")
            ours()!!.isSuccess shouldBe true
            server.transport.isReadingPaused shouldBe true
            gate.open()
            server.transport.isReadingPaused shouldBe false
            server.transport.receive(large(5))
            server.transport.isReadingPaused shouldBe true
            repeat(2) { gate.open() }
            server.written().answered() shouldBe listOf(1, 2, 5)
            server.transport.isReadingPaused shouldBe false
        }

        test("one request above the limit of bytes is begun when none waits, and the default holds less than the count would") {
            val gate = Gate()
            val server = Alone(gate.responders, AmpOptions.DEFAULT.withMaxRequestBytes(1))
            server.transport.receive(hang(1))
            gate.open()
            server.written().answered() shouldBe listOf(1)
            val full = Alone(gate.responders)
            full.amp.callRemote(Nothings)
            val largest = box("_command", "Hang", "_ask", "1", "a", "x".repeat(65_535), "b", "x".repeat(65_535)).encode()
            repeat(200) { full.transport.receive(largest) }
            gate.waiting.size shouldBe 128 // a little more than 128 KiB each
            AmpOptions.DEFAULT.withMaxRequestsWhileCalling(2_000).maxRequestsWhileCalling shouldBe 2_000
        }

        test("a call of ours while reading is paused makes it go on, or its answer would never come") {
            val gate = Gate()
            val server = Alone(gate.responders, AmpOptions.DEFAULT.withMaxRequests(1))
            server.transport.receive(hang(1) + hang(2))
            server.transport.isReadingPaused shouldBe true
            val ours = server.amp.callRemote(Nothings).outcome()
            server.transport.isReadingPaused shouldBe false
            server.receive("_answer", "1")
            ours()!!.isSuccess shouldBe true
            gate.open()
            gate.open()
            server.written().drop(1).answered() shouldBe listOf(1, 2)
        }

        test("both sides at their limits, each answering by asking the other, come to an end") {
            val responders =
                Responders
                    .builder()
                    .onDeferred(Ask) { request ->
                        val left = request[Ask.number]
                        val next = if (left ==
                            0L
                        ) {
                            null
                        } else {
                            request.amp.callRemote(Ask, Ask.number(left - 1)).addCallback { it[Ask.answer] }
                        }
                        (next ?: dev.torsion.defer.succeed(BigInteger.ZERO)).addCallback { valuesOf(Ask.answer(it.add(BigInteger.ONE))) }
                    }.build()
            val options = AmpOptions.DEFAULT.withMaxRequests(1)
            scene(responders, responders, options, options) {
                val calls = (0 until 20).map { scope.async { client.ask(Ask, Ask.number(6))[Ask.answer].toInt() } }
                val back = (0 until 20).map { scope.async { server.ask(Ask, Ask.number(6))[Ask.answer].toInt() } }
                (calls + back).awaitAll().toSet() shouldBe setOf(7)
            }
        }

        test("a peer that does not read its answers is not read from, until it does") {
            val gate = Gate()
            val transport = StringTransport(options = TcpOptions(StreamOptions(highWaterMark = 60, lowWaterMark = 10)))
            val server = Alone(gate.responders, transport = transport)
            transport.isStalled = true
            val requests = ArrayDeque((1..9).map { tag -> box("_command", "Nothing", "_ask", "$tag").encode() })
            while (!transport.isReadingPaused) transport.receive(requests.removeFirst())
            val first = server.written().answered()
            first shouldBe (1..first.size).toList()
            (first.size < 9) shouldBe true
            while (requests.isNotEmpty()) if (transport.isReadingPaused) transport.drain() else transport.receive(requests.removeFirst())
            while (transport.isReadingPaused) transport.drain()
            (first + server.written().answered()) shouldBe (1..9).toList()
        }

        test("a connection that ends while it is paused lets go of what it holds") {
            val gate = Gate()
            val server = Alone(gate.responders, AmpOptions.DEFAULT.withMaxRequests(1))
            val ours = server.amp.callRemote(Nothings).outcome()
            server.transport.receive(hang(1) + hang(2) + hang(3))
            server.written()
            server.transport.lose()
            (ours() as Failure).value.javaClass shouldBe AmpConnectionLost::class.java
            repeat(3) { gate.open() }
            gate.waiting.shouldBeEmpty()
            server.amp.waitingRequests shouldBe 0
            server.transport.value().size shouldBe 0
        }

        test("in memory, by bytes and with a small window: all calls are answered whatever the limits") {
            val responders = Responders.builder().onSuspend(Ask) {
                kotlinx.coroutines.delay(1)
                valuesOf(Ask.answer(BigInteger.valueOf(it[Ask.number])))
            }.build()
            for (most in listOf(1, 2, 7, 1000)) {
                scene(responders, serverOptions = AmpOptions.DEFAULT.withMaxRequests(most)) {
                    reactor.network.chunking = Chunking.random(most.toLong(), 9)
                    val calls = (0 until 200).map { client.callRemote(Ask, Ask.number(it.toLong())) }
                    calls.map { it.await()[Ask.answer].toInt() } shouldBe (0 until 200).toList()
                }
            }
        }
    })
