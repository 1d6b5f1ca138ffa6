// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Producer
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.testkit.tls.TlsScene.Companion.trusting
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsHostNameException
import dev.torsion.tls.TlsSession
import dev.torsion.tls.startTls
import dev.torsion.tls.tlsSession
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

private class Both(scene: TlsScene) {
    val server = Noting()
    val client: Noting
    private val reactor = scene.reactor

    init {
        client = scene.connectPlain(scene.listenPlain { server })
    }

    /** Each side begins TLS when it has the other's word for it, as STARTTLS does. */
    fun secured(): Pair<TlsSession, TlsSession> {
        val sessions = server.transport.startTls(Tls.server(IDENTITY)) to client.transport.startTls(trusting(), "localhost")
        reactor.flush()
        return successResultOf(sessions.first) to successResultOf(sessions.second)
    }
}

/** TLS begins on a connection that is in use. */
class StartTlsSpec :
    StringSpec({
        for (chunking in listOf(Chunking.whole(), Chunking.byteByByte())) {
            "TLS begins behind what was written before, and what is written meanwhile is inside, $chunking" {
                TlsScene.run(chunking) {
                    Both(this).apply {
                        client.write("in the clear, ")
                        val opening = client.transport.startTls(Tls.server(IDENTITY))
                        client.write("and inside")
                        client.transport.tlsSession shouldBe null
                        reactor.flush()
                        server.received shouldBe "in the clear, "
                        val opened = server.transport.startTls(trusting(), "localhost")
                        reactor.flush()
                        successResultOf(opened).protocol shouldBe "TLSv1.3"
                        successResultOf(opening) shouldBe client.transport.tlsSession
                        server.received shouldBe "in the clear, and inside"
                        server.write("answer")
                        reactor.flush()
                        client.received shouldBe "answer"
                        client.transport.loseConnection()
                        reactor.flush()
                        server.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                        client.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                    }
                }
            }
        }

        "behaviour 34: a producer goes on over TLS (test_startTLSAfterRegisterProducerStreaming)" {
            TlsScene.run {
                Both(this).apply {
                    server.transport.pauseProducing()
                    val told = ArrayList<String>()
                    client.transport.registerProducer(
                        object : Producer {
                            override fun resumeProducing() {
                                told.add("resume")
                            }

                            override fun pauseProducing() {
                                told.add("pause")
                            }

                            override fun stopProducing() {
                                told.add("stop")
                            }
                        },
                        streaming = true,
                    )
                    val clear = "c".repeat(500_000)
                    client.write(clear)
                    reactor.flush()
                    told shouldContainExactly listOf("pause")
                    client.transport.bufferedBytes.toInt() shouldBeGreaterThan 0
                    val opening = client.transport.startTls(Tls.server(IDENTITY))
                    client.write("secret")
                    server.transport.resumeProducing()
                    reactor.flush()
                    server.received.length shouldBe clear.length
                    server.transport.startTls(trusting(), "localhost")
                    reactor.flush()
                    successResultOf(opening)
                    server.received shouldBe clear + "secret"
                    told shouldContainExactly listOf("pause", "resume")
                    client.write("s".repeat(500_000))
                    reactor.flush()
                    server.received.length shouldBe 1_000_006
                    client.transport.unregisterProducer()
                    client.transport.loseConnection()
                    reactor.flush()
                    told.last() shouldBe "resume"
                }
            }
        }

        "a pull producer goes on inside" {
            TlsScene.run {
                Both(this).apply {
                    secured()
                    var left = 10
                    client.transport.registerProducer(
                        object : Producer {
                            override fun resumeProducing() {
                                client.write("piece ")
                                if (--left == 0) client.transport.unregisterProducer()
                            }

                            override fun stopProducing() = Unit
                        },
                        streaming = false,
                    )
                    reactor.flush()
                    server.received shouldBe "piece ".repeat(10)
                }
            }
        }

        "the server may be the one who has connected" {
            TlsScene.run {
                Both(this).apply {
                    val opening = client.transport.startTls(Tls.server(IDENTITY))
                    val opened = server.transport.startTls(trusting(), "localhost")
                    client.write("hello")
                    reactor.flush()
                    successResultOf(opening).peerCertificates shouldBe emptyList()
                    successResultOf(opened).peerCertificates shouldContainExactly listOf(IDENTITY.certificate)
                    server.received shouldBe "hello"
                }
            }
        }

        "TLS begins in the callback that has read the word for it" {
            TlsScene.run {
                val server = Noting(onData = {
                    if (received == "STARTTLS") {
                        write("READY")
                        transport.startTls(Tls.server(IDENTITY))
                    } else {
                        write("<${String(it)}>")
                    }
                })
                var session: Deferred<TlsSession>? = null
                val client =
                    connectPlain(
                        listenPlain { server },
                        Noting({ write("STARTTLS") }) {
                            if (received == "READY") {
                                session = transport.startTls(trusting(), "localhost")
                                write("hello")
                            }
                        },
                    )
                reactor.flush()
                successResultOf(session!!)
                client.received shouldBe "READY<hello>"
            }
        }

        "TLS over TLS" {
            TlsScene.run {
                Both(this).apply {
                    secured()
                    secured()
                    client.write("deep")
                    reactor.flush()
                    server.received shouldBe "deep"
                    "${client.transport}".length
                    server.transport.loseConnection()
                    reactor.flush()
                    client.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                }
            }
        }

        "a handshake that fails ends the connection, and says why" {
            TlsScene.run {
                Both(this).apply {
                    val opening = server.transport.startTls(Tls.server(IDENTITY))
                    val opened = client.transport.startTls(trusting(), "example.com")
                    reactor.flush()
                    failureResultOf<TlsHostNameException>(opened)
                    failureResultOf<TlsException>(opening)
                    client.reason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<TlsHostNameException>()
                }
            }
        }

        "a connection that ends otherwise fails the Deferred too" {
            TlsScene.run {
                Both(this).apply {
                    val opened = client.transport.startTls(trusting(), "localhost")
                    client.transport.abortConnection()
                    reactor.flush()
                    failureResultOf<TlsException>(opened)
                    client.reason.shouldBeInstanceOf<ConnectionAborted>()
                }
                Both(this).apply {
                    val opened = client.transport.startTls(trusting(), "localhost")
                    client.transport.loseConnection()
                    reactor.flush()
                    failureResultOf<TlsException>(opened)
                    client.reason.shouldBeInstanceOf<ConnectionDone>()
                }
            }
        }

        "cancelling aborts the connection" {
            TlsScene.run {
                Both(this).apply {
                    val opened = client.transport.startTls(trusting(), "localhost")
                    opened.cancel()
                    reactor.flush()
                    failureResultOf<DeferredCancelledException>(opened)
                    client.reason.shouldBeInstanceOf<ConnectionAborted>()
                    reactor.network.connections shouldBe 0
                }
            }
        }

        "TLS does not begin on a connection that is closing, half closed, or gone" {
            TlsScene.run {
                Both(this).apply {
                    (client.transport as HalfCloseableTransport).loseWriteConnection()
                    shouldThrow<IllegalStateException> { client.transport.startTls(trusting(), "localhost") }
                    client.transport.loseConnection()
                    shouldThrow<IllegalStateException> { client.transport.startTls(trusting(), "localhost") }
                    reactor.flush()
                    shouldThrow<IllegalStateException> { client.transport.startTls(trusting(), "localhost") }
                }
            }
        }

        for (written in listOf("", "the last words")) {
            "an end of our half in the middle of the handshake comes behind it, with \"$written\" before" {
                TlsScene.run {
                    Both(this).apply {
                        val opening = server.transport.startTls(Tls.server(IDENTITY))
                        val opened = client.transport.startTls(trusting(), "localhost")
                        client.write(written)
                        (client.transport as HalfCloseableTransport).loseWriteConnection()
                        reactor.turn()
                        opened.called shouldBe false
                        reactor.flush()
                        successResultOf(opened)
                        successResultOf(opening)
                        server.received shouldBe written
                        server.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                        client.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                    }
                }
            }
        }

        "a paused connection does its handshake, and receives nothing until it is resumed" {
            TlsScene.run {
                Both(this).apply {
                    client.transport.pauseProducing()
                    secured()
                    server.write("late")
                    reactor.flush()
                    client.received shouldBe ""
                    client.transport.resumeProducing()
                    reactor.flush()
                    client.received shouldBe "late"
                }
            }
        }
    })
