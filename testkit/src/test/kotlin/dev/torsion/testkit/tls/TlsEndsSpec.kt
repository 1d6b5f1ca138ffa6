// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.defer.Deferred
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsSession
import dev.torsion.tls.startTls
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.time.Duration

private const val MOST_TURNS = 80

/** A connection on which both sides begin TLS, with all that somebody may do to it. */
private class Ends(val scene: TlsScene, isChosen: Boolean) {
    val engines = Counted()
    var throws = false
    val server = side()
    val client = side()
    val answer = Deferred<TlsIdentity> {}
    private val port = scene.listenPlain { server }
    val deferreds: List<Deferred<TlsSession>>

    init {
        scene.connectPlain(port, client)
        val tls = Tls.server(IDENTITY).withEngines(engines).let { if (isChosen) it.withIdentityChooser { answer } else it }
        deferreds =
            listOf(server.transport.startTls(tls), client.transport.startTls(trusting().withEngines(engines), "localhost"))
        deferreds.forEach { it.addCallbacks({}, {}) }
        server.write("hello")
        client.write("hello")
    }

    private fun side() = Noting { if (throws) throw IllegalStateException("a fault of the test") }

    val isOpen get() = server.received == "hello" && client.received == "hello"

    fun stopListening() {
        port.drain()
    }

    /** Everybody has been told once, and nothing is left. */
    fun shouldBeOver() {
        scene.reactor.advance(Duration.ofMinutes(2))
        (server.reason != null) shouldBe true
        (client.reason != null) shouldBe true
        deferreds.map { it.called } shouldBe listOf(true, true)
        scene.reactor.network.connections shouldBe 0
        engines.released shouldContainExactlyInAnyOrder engines.made
        scene.errors.forEach { it.message shouldBe "a fault of the test" }
        scene.errors.clear()
    }
}

/** Every end of a connection, on either side, at each turn of the handshake or of another end. */
class TlsEndsSpec :
    StringSpec({
        val ends =
            mapOf<String, Ends.() -> Unit>(
                "the client loses" to { client.transport.loseConnection() },
                "the server loses" to { server.transport.loseConnection() },
                "the client aborts" to { client.transport.abortConnection() },
                "the server aborts" to { server.transport.abortConnection() },
                "the client ends its half" to { (client.transport as HalfCloseableTransport).loseWriteConnection() },
                "the server ends its half" to { (server.transport as HalfCloseableTransport).loseWriteConnection() },
                "the client's wait is cancelled" to {
                    deferreds[1].cancel()
                    client.transport.loseConnection()
                },
                "the server's wait is cancelled" to {
                    deferreds[0].cancel()
                    server.transport.loseConnection()
                },
                "a callback throws" to {
                    throws = true
                    server.write("more")
                    client.write("more")
                    if (isOpen) scene.reactor.flush()
                    client.transport.loseConnection()
                },
                "the port is drained" to { stopListening() },
            )

        for ((what, end) in ends) {
            for (chunking in listOf(Chunking.whole(), Chunking.fixed(150))) {
                "$what, at each turn of a handshake, $chunking" {
                    var turns = 0
                    do {
                        var isDone = false
                        withClue("turn $turns") {
                            TlsScene.run(chunking) {
                                Ends(this, isChosen = false).apply {
                                    repeat(turns) { reactor.turn() }
                                    isDone = isOpen
                                    end()
                                    shouldBeOver()
                                }
                            }
                        }
                        turns++
                    } while (!isDone && turns < MOST_TURNS)
                    turns shouldBeGreaterThan 4
                    (turns < MOST_TURNS) shouldBe true
                }
            }

            "$what, while a chooser has not answered, and when it has" {
                for (turns in 0..6) {
                    for (behind in listOf(-1, 0, 1, 2)) { // turns between the answer and the end; before it when negative
                        withClue("turn $turns, $behind") {
                            TlsScene.run {
                                Ends(this, isChosen = true).apply {
                                    repeat(turns) { reactor.turn() }
                                    if (behind >= 0) {
                                        answer.callback(IDENTITY)
                                        repeat(behind) { reactor.turn() }
                                    }
                                    end()
                                    if (behind < 0) {
                                        reactor.turn()
                                        if (!answer.called) answer.callback(IDENTITY)
                                    }
                                    shouldBeOver()
                                }
                            }
                        }
                    }
                }
            }

            "$what, in the middle of each other end" {
                for ((other, first) in ends) {
                    for (turns in 0..4) {
                        withClue("$turns turns after: $other") {
                            TlsScene.run {
                                Ends(this, isChosen = false).apply {
                                    reactor.flush()
                                    isOpen shouldBe true
                                    first()
                                    repeat(turns) { reactor.turn() }
                                    end()
                                    shouldBeOver()
                                }
                            }
                        }
                    }
                }
            }
        }
    })
