// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.wrapClientTls
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.Factory
import dev.torsion.net.NoProtocolException
import dev.torsion.net.Protocol
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsHostNameException
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import kotlin.random.Random

private const val MOST_TURNS = 60

/** Every end of a connection, at each turn of a handshake: everybody is told once, and nothing is left. */
class TlsMomentsSpec :
    StringSpec({
        val ends =
            mapOf<String, TlsScene.(Attempt) -> Unit>(
                "the client disconnects" to { it.connector.disconnect() },
                "the reactor stops" to { reactor.close() },
                "the network breaks" to { attempt ->
                    reactor.ports.forEach { it.stopListening() }
                    attempt.noting?.transport?.abortConnection() ?: attempt.connector.disconnect()
                },
                "the client aborts in its first callback" to { attempt -> attempt.noting?.transport?.abortConnection() },
            )
        for ((what, end) in ends) {
            for (chunking in listOf(Chunking.whole(), Chunking.fixed(100))) {
                "$what, at each turn of a handshake, $chunking" {
                    var turns = 0
                    do {
                        val scene = TlsScene(chunking)
                        var isDone: Boolean
                        scene.use {
                            val port = scene.listen(Tls.server(IDENTITY), { Noting({ write("hello") }) })
                            val attempt = scene.connect(port)
                            repeat(turns) { scene.reactor.turn() }
                            isDone = attempt.noting?.received == "hello"
                            scene.end(attempt)
                            scene.reactor.advance(Duration.ofMinutes(2))
                            if (!isDone && what != "the client aborts in its first callback") {
                                // A client hears one thing: that it could not connect, or that its connection is gone.
                                listOfNotNull(attempt.failure, attempt.noting?.reason).size shouldBe 1
                                scene.served.filter { it.reason == null }.size shouldBe 0
                                scene.reactor.network.connections shouldBe 0
                            }
                        }
                        turns++
                    } while (!isDone && turns < MOST_TURNS)
                    turns shouldBeGreaterThan 4
                }
            }
        }

        "an attempt that is cancelled at any turn leaves no connection" {
            for (isWrapped in listOf(false, true)) {
                for (turns in 0..12) {
                    TlsScene.run {
                        val port = listen(Tls.server(IDENTITY))
                        val endpoint =
                            if (isWrapped) {
                                wrapClientTls(trusting(), clientFromString(reactor, "tcp:127.0.0.1:${port.port()}"), "localhost")
                            } else {
                                TlsClientEndpoint(reactor, "127.0.0.1", port.port(), trusting())
                            }
                        val connected = endpoint.connect(Factory { Noting() }.apply { isNoisy = false })
                        repeat(turns) { reactor.turn() }
                        if (connected.called) return@run
                        connected.cancel()
                        failureResultOf<ConnectingCancelledException>(connected)
                        reactor.advance(Duration.ofMinutes(1))
                        reactor.network.connections shouldBe 0
                    }
                }
            }
        }

        "an endpoint gives the protocol when the handshake is done, and says why when it is not" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY))
                val quiet = Factory { Noting() }.apply { isNoisy = false }
                val nobody = object : Factory() {
                    override fun buildProtocol(address: dev.torsion.net.Address): Protocol? = null
                }.apply { isNoisy = false }
                val below = clientFromString(reactor, "tcp:127.0.0.1:${port.port()}")
                val good = TlsClientEndpoint(reactor, "127.0.0.1", port.port(), trusting()).connect(quiet)
                val over = wrapClientTls(trusting(), below, "localhost").connect(quiet)
                val bad = TlsClientEndpoint(reactor, "127.0.0.1", port.port(), trusting().withServerName("example.com")).connect(quiet)
                val badOver = wrapClientTls(trusting(), below, "example.com").connect(quiet)
                val none = TlsClientEndpoint(reactor, "127.0.0.1", port.port(), trusting()).connect(nobody)
                reactor.flush()
                successResultOf(good).shouldBeInstanceOf<Noting>().session!!.protocol shouldBe "TLSv1.3"
                successResultOf(over).shouldBeInstanceOf<Noting>()
                failureResultOf<TlsConnectException>(bad).tls.shouldBeInstanceOf<TlsHostNameException>()
                failureResultOf<TlsConnectException>(badOver).tls.shouldBeInstanceOf<TlsHostNameException>()
                failureResultOf<NoProtocolException>(none)
            }
        }

        "any split of the bytes gives the same" {
            repeat(40) { seed ->
                TlsScene.run(Chunking.random(seed.toLong(), largest = if (seed % 2 == 0) 7 else 5000)) {
                    val random = Random(seed)
                    val version = if (seed % 3 == 0) "TLSv1.2" else "TLSv1.3"
                    val server = Tls.server(IDENTITY).withVersions(version).withIdentity(Tls.selfSigned("other.example"))
                    val port = listen(server, { Noting(onData = { transport.write(it) }) })
                    val attempt = connect(port)
                    reactor.flush()
                    val text = String(CharArray(random.nextInt(1, 60_000)) { 'a' + random.nextInt(26) })
                    var at = 0
                    while (at < text.length) {
                        val end = minOf(text.length, at + random.nextInt(1, 20_000))
                        attempt.noting!!.write(text.substring(at, end))
                        at = end
                        if (random.nextBoolean()) reactor.flush()
                        if (random.nextInt(4) == 0) {
                            attempt.noting!!.transport.pauseProducing()
                            reactor.flush()
                            attempt.noting!!.transport.resumeProducing()
                        }
                    }
                    reactor.flush()
                    attempt.noting!!.received shouldBe text
                    attempt.noting!!.transport.loseConnection()
                    reactor.flush()
                    served.single().reason!!.isClean shouldBe true
                }
            }
        }

        "garbage in place of any record of a handshake is refused, and ends the connection" {
            for (skipped in 0..6) {
                for (kind in 0..2) {
                    TlsScene.run {
                        var passed = 0
                        val between = Between(this, listen(Tls.server(IDENTITY)))
                        between.spoil = { data ->
                            if (passed++ == skipped) {
                                when (kind) {
                                    0 -> Random(skipped).nextBytes(data.size)
                                    1 -> data.copyOf(data.size / 2) + ByteArray(data.size - data.size / 2)
                                    else -> data.also { it[minOf(9, it.size - 1)] = (it[minOf(9, it.size - 1)] + 1).toByte() }
                                }
                            } else {
                                data
                            }
                        }
                        val attempt = connect(between.port, make = { Noting({ write("hello") }) })
                        reactor.advance(Duration.ofMinutes(2))
                        if (passed > skipped) {
                            val told = listOfNotNull(attempt.failure, attempt.noting?.reason)
                            told.size shouldBe 1
                            served.forEach { it.received shouldBe "" }
                        }
                    }
                }
            }
        }

        "records that are cut off at any byte leave nobody waiting" {
            for (cut in listOf(1, 3, 5, 6, 100, 300, 600, 900)) {
                TlsScene.run {
                    val between = Between(this, listen(Tls.server(IDENTITY)))
                    var sum = 0
                    between.spoil = { data ->
                        val rest = (cut - sum).coerceIn(0, data.size)
                        sum += data.size
                        if (sum >=
                            cut
                        ) {
                            reactor.callLater(0, java.util.concurrent.TimeUnit.SECONDS) { between.front.transport.abortConnection() }
                        }
                        data.copyOf(rest)
                    }
                    val attempt = connect(between.port)
                    reactor.advance(Duration.ofMinutes(2))
                    listOfNotNull(attempt.failure, attempt.noting?.reason).size shouldBe 1
                    reactor.network.connections shouldBe 0
                }
            }
        }
    })
