// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsEngines
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.security.SecureRandom
import javax.net.ssl.KeyManager
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLContextSpi
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLParameters
import javax.net.ssl.SSLSession
import javax.net.ssl.TrustManager

/** An engine as other providers may have it: it hands out a step also after data, on an open connection. */
private class StepsAfterData(private val own: SSLEngine) : SSLEngine() {
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

    override fun closeInbound() = own.closeInbound()

    override fun isInboundDone() = own.isInboundDone

    override fun closeOutbound() = own.closeOutbound()

    override fun isOutboundDone() = own.isOutboundDone

    override fun getSupportedCipherSuites(): Array<String> = own.supportedCipherSuites

    override fun getEnabledCipherSuites(): Array<String> = own.enabledCipherSuites

    override fun setEnabledCipherSuites(suites: Array<String>) {
        own.enabledCipherSuites = suites
    }

    override fun getSupportedProtocols(): Array<String> = own.supportedProtocols

    override fun getEnabledProtocols(): Array<String> = own.enabledProtocols

    override fun setEnabledProtocols(protocols: Array<String>) {
        own.enabledProtocols = protocols
    }

    override fun getSession(): SSLSession = own.session

    override fun beginHandshake() = own.beginHandshake()

    override fun setUseClientMode(mode: Boolean) {
        own.useClientMode = mode
    }

    override fun getUseClientMode() = own.useClientMode

    override fun setNeedClientAuth(need: Boolean) {
        own.needClientAuth = need
    }

    override fun getNeedClientAuth() = own.needClientAuth

    override fun setWantClientAuth(want: Boolean) {
        own.wantClientAuth = want
    }

    override fun getWantClientAuth() = own.wantClientAuth

    override fun setEnableSessionCreation(flag: Boolean) {
        own.enableSessionCreation = flag
    }

    override fun getEnableSessionCreation() = own.enableSessionCreation

    override fun getSSLParameters(): SSLParameters = own.sslParameters

    override fun setSSLParameters(parameters: SSLParameters) {
        own.sslParameters = parameters
    }

    override fun getApplicationProtocol(): String? = own.applicationProtocol
}

private val ENGINES =
    TlsEngines {
        val below = SSLContext.getInstance("TLS")
        val spi =
            object : SSLContextSpi() {
                override fun engineInit(km: Array<KeyManager>?, tm: Array<TrustManager>?, sr: SecureRandom?) = below.init(km, tm, sr)

                override fun engineGetSocketFactory() = below.socketFactory

                override fun engineGetServerSocketFactory() = below.serverSocketFactory

                override fun engineCreateSSLEngine() = StepsAfterData(below.createSSLEngine())

                override fun engineCreateSSLEngine(host: String?, port: Int) = StepsAfterData(below.createSSLEngine(host, port))

                override fun engineGetServerSessionContext() = below.serverSessionContext

                override fun engineGetClientSessionContext() = below.clientSessionContext
            }
        object : SSLContext(spi, below.provider, "TLS") {}
    }

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
    })
