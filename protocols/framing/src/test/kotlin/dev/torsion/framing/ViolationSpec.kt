// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runReactorTest
import dev.torsion.testsupport.withRealReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import java.net.Socket
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** Good requests with a bad one behind them: the good ones are answered, and then the connection ends with the violation. */
class ViolationSpec :
    StringSpec({
        val good = "one\r\ntwo\r\n"
        val bad = "x".repeat(20_000)
        val answers = "ONE\r\nTWO\r\n"
        var end: CloseReason? = null

        class Answering : LineReceiver() {
            override fun lineReceived(line: ByteArray) = sendLine(line.decodeToString().uppercase())

            override fun connectionLost(reason: CloseReason) {
                end = reason
            }
        }

        val servers =
            mapOf<String, (Reactor) -> Deferred<*>>(
                "a coroutine" to { reactor ->
                    reactor.serve("tcp:8007", LineCodec()) { c ->
                        c.whenClosed().addCallback { end = it }
                        for (line in c.incoming) c.send(line.uppercase())
                    }
                },
                "a coroutine that takes its time" to { reactor ->
                    reactor.serve("tcp:8007", LineCodec()) { c ->
                        c.whenClosed().addCallback { end = it }
                        for (line in c.incoming) {
                            delay(1.seconds)
                            c.send(line.uppercase())
                        }
                    }
                },
                "a callback" to { reactor ->
                    reactor.listen("tcp:8007", LineCodec()) { c ->
                        c.whenClosed().addCallback { end = it }
                        c.onMessage { line -> c.write(line.uppercase()) }
                    }
                },
                "a callback with a Deferred" to { reactor ->
                    reactor.listen("tcp:8007", LineCodec()) { c ->
                        c.whenClosed().addCallback { end = it }
                        c.onMessage { line ->
                            val later = Deferred<Unit>()
                            reactor.callLater(1, TimeUnit.SECONDS) { later.callback(Unit) }
                            later.addCallback { c.write(line.uppercase()) }
                        }
                    }
                },
                "a protocol class" to { reactor ->
                    reactor.listenTcp(8007, Factory { Answering() })
                    succeed(Unit)
                },
            )

        /** Says what it is told to, and keeps what comes. */
        class Peer(val says: String, val endsItsSide: Boolean) :
            Protocol(),
            HalfCloseableProtocol {
            val got = StringBuilder()
            var lostFor: CloseReason? = null

            override fun connectionMade() {
                transport.write(says.encodeToByteArray())
                if (endsItsSide) (transport as HalfCloseableTransport).loseWriteConnection()
            }

            override fun dataReceived(data: ByteArray) {
                got.append(data.decodeToString())
            }

            override fun readConnectionLost() = transport.loseConnection()

            override fun writeConnectionLost() {}

            override fun connectionLost(reason: CloseReason) {
                lostFor = reason
            }
        }

        suspend fun MemoryReactor.talk(peer: Peer) {
            clientFromString(this, "tcp:127.0.0.1:8007").connect(Factory { peer }).await()
            delay(1.minutes)
        }

        for ((who, serve) in servers) {
            "$who: the good ones are answered before a bad one ends the connection" {
                for ((behind, type) in mapOf(bad to FrameTooLongException::class, "half a line" to TruncatedFrameException::class)) {
                    end = null
                    runReactorTest {
                        serve(this).await()
                        val peer = Peer(good + behind, endsItsSide = type == TruncatedFrameException::class)
                        talk(peer)
                        withClue(type) {
                            peer.got.toString() shouldBe answers
                            if (who == "a protocol class" && type == TruncatedFrameException::class) {
                                peer.lostFor!!.isClean shouldBe true // it was told of the end before it was told of the violation
                            } else {
                                val aborted = end.shouldBeInstanceOf<ConnectionAborted>()
                                (aborted.cause!!::class) shouldBe type
                                aborted.unsentBytes shouldBe 0
                                aborted.phase shouldBe ClosePhase.CLOSING
                            }
                        }
                    }
                }
            }

            "$who: where nothing was written the connection is cut at once" {
                end = null
                runReactorTest {
                    serve(this).await()
                    val peer = Peer(bad, endsItsSide = false)
                    talk(peer)
                    end.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<FrameTooLongException>()
                    peer.lostFor.shouldBeInstanceOf<ConnectionLost>()
                }
            }
        }

        "a peer that takes no answers is not waited for longer than for any close" {
            val transport = StringTransport()
            var made: MessageConnection<String>? = null
            transport.connect(ConnectionFactory(MemoryReactor(), LineCodec()) { made = it }.buildProtocol(transport.peer())!!)
            made!!.onMessage { made.write(it) }
            transport.isStalled = true
            transport.receive(good + bad)
            transport.isAborted shouldBe false
            transport.isDisconnecting shouldBe true
            transport.abortCause.shouldBeInstanceOf<FrameTooLongException>()
            transport.lose()
            made.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<FrameTooLongException>()
        }

        "on real sockets: the answers are not lost to a reset" {
            withRealReactor {
                val port =
                    serve("tcp:0:interface=127.0.0.1", LineCodec()) { c ->
                        for (line in c.incoming) c.send(line.uppercase())
                    }.await()
                val answer =
                    deferToThread {
                        Socket("127.0.0.1", port.port()).use { socket ->
                            socket.soTimeout = 10_000
                            socket.getOutputStream().write((good + bad).encodeToByteArray())
                            socket.getInputStream().readAllBytes().decodeToString()
                        }
                    }.await()
                answer shouldBe answers
            }
        }
    })
