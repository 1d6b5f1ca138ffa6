// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsAlert
import dev.torsion.tls.TlsAlertException
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsMismatchException
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLHandshakeException

/** An engine as other providers may have it: it hands out a step also after data, on an open connection. */
private class StepsAfterData(real: SSLEngine) : PassingEngine(real) {
    private var step: Runnable? = null
    private var isStepping = false

    override fun wrap(from: Array<ByteBuffer>, offset: Int, length: Int, to: ByteBuffer): SSLEngineResult {
        check(!isStepping) { "the engine is in other hands" }
        return own.wrap(from, offset, length, to)
    }

    override fun unwrap(from: ByteBuffer, to: Array<ByteBuffer>, offset: Int, length: Int): SSLEngineResult {
        check(!isStepping) { "the engine is in other hands" }
        val result = own.unwrap(from, to, offset, length)
        if (result.bytesProduced() == 0) return result
        isStepping = true
        step = Runnable { isStepping = false }
        return SSLEngineResult(result.status, HandshakeStatus.NEED_TASK, result.bytesConsumed(), result.bytesProduced())
    }

    override fun getDelegatedTask(): Runnable? = step?.also { step = null } ?: own.delegatedTask

    override fun getHandshakeStatus(): HandshakeStatus = if (isStepping) HandshakeStatus.NEED_TASK else own.handshakeStatus
}

/** An engine that refuses the first bytes of the other side with [words]. */
private class Refusing(real: SSLEngine, private val words: String) : PassingEngine(real) {
    override fun unwrap(from: ByteBuffer, to: Array<ByteBuffer>, offset: Int, length: Int): SSLEngineResult =
        throw SSLHandshakeException(words)
}

private val ENGINES = PassingEngine.engines(::StepsAfterData)

/** Acts of a connection while its engine is in other hands, though it is open, are done when the engine is back. */
class TlsForeignEngineSpec :
    StringSpec({
        fun TlsScene.talk(onData: Noting.(ByteArray) -> Unit): Noting {
            val attempt = connect(listen(Tls.server(IDENTITY).withEngines(ENGINES)) { Noting({}, onData) }) { Noting({ write("hello") }) }
            reactor.flush()
            served.single().received shouldBe "hello"
            return attempt.noting!!
        }

        "what is written then goes out" {
            TlsScene.run {
                val client = talk { transport.write(it) }
                client.received shouldBe "hello"
                client.write(" again")
                reactor.flush()
                client.received shouldBe "hello again"
                served.single().transport.loseConnection()
                reactor.flush()
                client.reason.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        for (isWriting in listOf(false, true)) {
            "a connection that ends then ends with a close alert, ${if (isWriting) "behind what was written" else "alone"}" {
                TlsScene.run {
                    val client = talk {
                        if (isWriting) write("bye")
                        transport.loseConnection()
                    }
                    client.received shouldBe if (isWriting) "bye" else ""
                    client.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                    served.single().reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                    reactor.network.connections shouldBe 0
                }
            }

            "a half that ends then ends with a close alert, ${if (isWriting) "behind what was written" else "alone"}" {
                TlsScene.run {
                    val client = talk {
                        if (isWriting) write("bye")
                        (transport as HalfCloseableTransport).loseWriteConnection()
                    }
                    client.received shouldBe if (isWriting) "bye" else ""
                    client.reason.shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                    reactor.network.connections shouldBe 0
                }
            }
        }

        "a connection that is aborted then is gone" {
            TlsScene.run {
                val client = talk { transport.abortConnection() }
                client.reason!!.isClean shouldBe false
                reactor.network.connections shouldBe 0
            }
        }

        fun refused(words: String): TlsException {
            var failure: TlsException? = null
            TlsScene.run {
                connect(listen(Tls.server(IDENTITY).withEngines(PassingEngine.engines { Refusing(it, words) })))
                reactor.flush()
                failure = failures.single()
            }
            return failure!!
        }

        "an engine that finds no certificate for its cipher suites blames this side, and not the client" {
            val failure = refused("OPENSSL_internal:NO_CERTIFICATE_SET (tls13_server.cc:763)")
            failure.shouldBeInstanceOf<TlsMismatchException>().by shouldBe ClosedBy.US
            failure.message shouldContain "the engine of this side has found no certificate to show"
            failure.message shouldContain "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        }

        "the words of BoringSSL for an alert, and for sides with nothing in common, are understood" {
            refused("OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_UNKNOWN (a.cc:1)").shouldBeInstanceOf<TlsAlertException>()
                .alert shouldBe TlsAlert.CERTIFICATE_UNKNOWN
            refused("OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA (a.cc:1)").shouldBeInstanceOf<TlsAlertException>().alert shouldBe
                TlsAlert.UNKNOWN_CA
            refused("OPENSSL_internal:NO_SHARED_CIPHER (a.cc:1)").shouldBeInstanceOf<TlsMismatchException>()
        }

        "words of another engine that nobody knows are handed on, and blame nobody for certain" {
            val message = refused("error 17").message
            message shouldContain "The TLS handshake with the client"
            message shouldContain "error 17. Its words may mean"
        }
    })
