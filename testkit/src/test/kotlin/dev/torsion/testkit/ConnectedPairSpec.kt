// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Protocol
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.inspectors.forAll
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf

private class Pieces : Protocol() {
    val pieces = ArrayList<String>()
    var reason: CloseReason? = null

    override fun dataReceived(data: ByteArray) {
        pieces.add(String(data))
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }

    fun send(text: String) = transport.write(text.toByteArray())
}

class ConnectedPairSpec :
    StringSpec({
        fun pieces(chunking: Chunking, text: String): List<String> = connectedPair(Pieces(), Pieces(), chunking).use { pair ->
            pair.client.send(text)
            pair.flush()
            pair.server.pieces
        }

        "pump moves bytes once, in both directions" {
            val pair = connectedPair(Pieces(), Pieces())
            pair.client.send("ping")
            pair.server.send("pong")
            pair.server.pieces.shouldContainExactly()
            pair.pump() // sends
            pair.pump() // delivers
            pair.server.pieces.shouldContainExactly("ping")
            pair.client.pieces.shouldContainExactly("pong")
            pair.close()
        }

        "bytes come whole unless asked for otherwise" {
            pieces(Chunking.whole(), "hello world").shouldContainExactly("hello world")
        }

        "byte by byte, and a fixed number at a time" {
            pieces(Chunking.byteByByte(), "hello").shouldContainExactly("h", "e", "l", "l", "o")
            pieces(Chunking.fixed(2), "hello").shouldContainExactly("he", "ll", "o")
        }

        "cut at every place" {
            (1..4).toList().forAll { place ->
                pieces(Chunking.splitAt(place), "hello").shouldContainExactly("hello".take(place), "hello".drop(place))
            }
        }

        "in random pieces, the same for the same seed" {
            val text = "x".repeat(500)
            val once = pieces(Chunking.random(seed = 5, largest = 50), text)
            once.joinToString("") shouldBe text
            (once.size > 10 && once.all { it.length <= 50 }) shouldBe true
            pieces(Chunking.random(seed = 5, largest = 50), text) shouldBe once
            (pieces(Chunking.random(seed = 6, largest = 50), text) == once) shouldBe false
        }

        "a small window makes the writer wait" {
            val pair = connectedPair(Pieces(), Pieces(), window = 3)
            pair.server.transport.pauseProducing()
            pair.client.send("hello")
            pair.flush()
            pair.client.transport.bufferedBytes shouldBe 2
            pair.server.transport.resumeProducing()
            pair.flush()
            pair.server.pieces.joinToString("") shouldBe "hello"
            pair.client.transport.bufferedBytes shouldBe 0
            pair.close()
        }

        "both sides hear of the end" {
            val pair = connectedPair(Pieces(), Pieces())
            pair.client.send("bye")
            pair.client.transport.loseConnection()
            pair.flush()
            pair.server.pieces.shouldContainExactly("bye")
            pair.server.reason.shouldBeInstanceOf<ConnectionDone>()
            pair.client.reason.shouldBeInstanceOf<ConnectionDone>()
            pair.reactor.network.connections shouldBe 0
            pair.reactor.delayedCalls().shouldContainExactly()
        }

        "a connection that ends at once is an error of the test" {
            val hangingUp =
                object : Protocol() {
                    override fun connectionMade() = transport.abortConnection()
                }
            shouldThrow<IllegalStateException> { connectedPair(hangingUp, Pieces()) }.message shouldContain "has ended the connection"
        }
    })
