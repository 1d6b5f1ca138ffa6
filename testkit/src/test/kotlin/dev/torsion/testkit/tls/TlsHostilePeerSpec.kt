// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.net.ClientFactory
import dev.torsion.net.ClosedBy
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsAlertException
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsHandshakeEndedException
import dev.torsion.tls.TlsRenegotiationException
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTruncatedException
import dev.torsion.tls.TlsViolationException
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration

private const val MUCH = 1 shl 20

/** A server with a peer that does what no honest library does, or only seldom. */
class TlsHostilePeerSpec :
    StringSpec({
        fun TlsScene.connectByHand(
            version: String = "TLSv1.3",
            tls: TlsServerOptions = Tls.server(IDENTITY),
            make: () -> Noting = { Noting() },
        ): ByHand {
            val client = ByHand(version)
            val port = listen(tls, make)
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client }.apply { isNoisy = false })
            reactor.flush()
            return client
        }

        /** The end of a connection whose server has not said all it wanted: it must not look as if it had. */
        fun TlsScene.shouldBeCut(client: ByHand) {
            client.transport.resumeProducing()
            reactor.advance(Duration.ofMinutes(2))
            client.hasSeenCloseAlert shouldBe false
            client.transport.loseConnection()
            reactor.flush()
            reactor.network.connections shouldBe 0
        }

        "new keys in the middle: what is sent before and after arrives" {
            TlsScene.run {
                val client = connectByHand { Noting { transport.write(it) } }
                repeat(3) {
                    client.send("before $it, ")
                    client.beginAnew()
                    client.send("after $it, ")
                    reactor.flush()
                }
                client.received shouldBe (0..2).joinToString("") { "before $it, after $it, " }
                client.sayGoodbye()
                reactor.flush()
                served.single().reason!!.isClean shouldBe true
            }
        }

        "new keys while more waits than the peer reads: nothing is lost, and nothing is out of order" {
            TlsScene.run {
                reactor.network.window = 1000
                val text = String(CharArray(MUCH) { 'a' + it % 26 })
                val client = connectByHand { Noting({ write(text) }) }
                client.transport.pauseProducing()
                reactor.flush()
                repeat(5) {
                    client.beginAnew()
                    reactor.flush()
                }
                client.transport.resumeProducing()
                reactor.flush()
                client.received shouldBe text
                client.failure shouldBe null
            }
        }

        "new keys that a peer asks for when our half has ended" {
            TlsScene.run {
                val client = connectByHand { HalfClosing() }
                client.isAnswering = false // an engine of the JDK does not ask any more when it has read our end
                (served.single().transport as HalfCloseableTransport).loseWriteConnection()
                reactor.flush()
                client.send("before, ")
                client.beginAnew()
                client.send("after")
                reactor.flush()
                served.single().received shouldBe "before, after"
                client.goOn()
                client.hasSeenCloseAlert shouldBe true
                client.sayGoodbye()
                reactor.flush()
                (served.single() as HalfClosing).isInputEnded shouldBe true
            }
        }

        "a peer that asks for new keys again and again and reads nothing is cut off" {
            TlsScene.run {
                val client = connectByHand()
                client.transport.pauseProducing()
                client.isAnswering = false
                var asked = 0
                while (served.single().reason == null && asked < 100_000) {
                    repeat(100) { client.beginAnew() }
                    asked += 100
                    reactor.flush()
                }
                val cause = served.single().reason.shouldNotBeNull().cause.shouldBeInstanceOf<TlsException>()
                cause.by shouldBe ClosedBy.US
                cause.message shouldContain "reads nothing"
            }
        }

        "who wants to renegotiate while there is more to say does not see an end in order" {
            TlsScene.run {
                val client = connectByHand("TLSv1.2") { Noting({ transport.write(ByteArray(MUCH)) }) }
                client.transport.pauseProducing()
                client.beginAnew()
                reactor.flush()
                served.single().reason!!.cause.shouldBeInstanceOf<TlsRenegotiationException>()
                shouldBeCut(client)
                client.failure.shouldNotBeNull().message shouldContain "alert"
            }
        }

        val header = byteArrayOf(23, 3, 3)
        val tooLong = header + byteArrayOf(0x48, 0x01) // 18433 bytes
        for ((what, data) in mapOf(
            "a record that is too long by a byte" to tooLong,
            "plain text" to "GET / HTTP/1.1\r\n\r\n".toByteArray(),
            "a record of a type that there is not" to byteArrayOf(24, 3, 3, 0, 1, 0),
            "a record of another version" to byteArrayOf(23, 2, 0, 0, 1, 0),
            "a record of nothing" to header + byteArrayOf(0, 0),
            "a record of zeros" to header + byteArrayOf(0, 40) + ByteArray(40),
            "a record of the longest length there is" to header + byteArrayOf(0x48, 0) + ByteArray(18432),
        )) {
            for (version in listOf("TLSv1.3", "TLSv1.2")) {
                "$what on an open connection is a violation, and the end is no end in order, $version" {
                    TlsScene.run {
                        val client = connectByHand(version) { Noting({ transport.write(ByteArray(MUCH)) }) }
                        client.transport.pauseProducing()
                        client.send("good")
                        client.sendRaw(data)
                        reactor.flush()
                        served.single().received shouldBe "good"
                        served.single().reason!!.cause.shouldBeInstanceOf<TlsViolationException>()
                        shouldBeCut(client)
                        client.failure.shouldNotBeNull().message shouldContain "alert"
                    }
                }
            }
        }

        for (cut in listOf(1, 4, 5, 6, 20)) {
            "$cut bytes of a record and then the end: what was whole has arrived, and the end is none in order" {
                TlsScene.run {
                    val client = connectByHand()
                    client.send("whole")
                    client.sendRaw(client.record("half of it").copyOf(cut))
                    reactor.flush()
                    served.single().received shouldBe "whole"
                    (client.transport as HalfCloseableTransport).loseWriteConnection()
                    reactor.flush()
                    served.single().received shouldBe "whole"
                    served.single().reason!!.cause.shouldBeInstanceOf<TlsTruncatedException>()
                    client.transport.loseConnection()
                    reactor.flush()
                    reactor.network.connections shouldBe 0
                }
            }

            "$cut bytes of a hello and then the end" {
                TlsScene.run {
                    val port = listen(Tls.server(IDENTITY))
                    val named = listen(Tls.server(IDENTITY).withIdentity(Tls.selfSigned("other.example")))
                    for (one in listOf(port, named)) {
                        val part = byteArrayOf(22, 3, 1, 1, 0, 1, 0, 0, 0xfc.toByte()) + ByteArray(20)
                        val client = connectPlain(one, Noting({ transport.write(part.copyOf(cut)) }))
                        (client.transport as HalfCloseableTransport).loseWriteConnection()
                        reactor.flush()
                        failures.removeLast().shouldBeInstanceOf<TlsHandshakeEndedException>()
                        reactor.advance(Duration.ofMinutes(2))
                        reactor.network.connections shouldBe 0
                    }
                }
            }
        }

        "a hello in a record that is too long by a byte" {
            TlsScene.run {
                val port = listen(Tls.server(IDENTITY))
                val named = listen(Tls.server(IDENTITY).withIdentity(Tls.selfSigned("other.example")))
                for (one in listOf(port, named)) {
                    val client = connectPlain(one, Noting({ transport.write(byteArrayOf(22, 3, 1, 0x48, 0x01, 1)) }))
                    failures.removeLast().shouldBeInstanceOf<TlsViolationException>().message shouldContain "18433 bytes"
                    client.received.first().code shouldBe 21
                    (client.reason != null) shouldBe true
                }
            }
        }

        "bytes behind a close alert are nobody's" {
            TlsScene.run {
                val client = connectByHand { HalfClosing() }
                client.send("all")
                client.sayGoodbye()
                client.sendRaw("GET / HTTP/1.1\r\n\r\n".toByteArray() + tooLong)
                reactor.flush()
                val server = served.single() as HalfClosing
                server.received shouldBe "all"
                server.isInputEnded shouldBe true
                server.reason shouldBe null
                server.write("answer")
                reactor.flush()
                client.received shouldEndWith "answer"
                server.transport.loseConnection()
                reactor.flush()
                client.hasSeenCloseAlert shouldBe true
                server.reason!!.isClean shouldBe true
            }
        }

        "an alert of the peer's in the middle says why" {
            TlsScene.run {
                val client = connectByHand()
                served.single().write("hello")
                client.isAnswering = false
                reactor.flush()
                client.breakWhatCame()
                reactor.flush()
                served.single().reason!!.cause.shouldBeInstanceOf<TlsAlertException>()
            }
        }
    })

/** Goes on when the peer's half has ended. */
private class HalfClosing :
    Noting(),
    HalfCloseableProtocol {
    var isInputEnded = false

    override fun readConnectionLost() {
        isInputEnded = true
    }

    override fun writeConnectionLost() = Unit
}
