// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.tls.TlsEngines
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

/** Passes everything on to an engine of the JDK. A subclass does otherwise where it has to. */
internal abstract class PassingEngine(protected val own: SSLEngine) : SSLEngine() {
    override fun wrap(from: Array<ByteBuffer>, offset: Int, length: Int, to: ByteBuffer): SSLEngineResult =
        own.wrap(from, offset, length, to)

    override fun unwrap(from: ByteBuffer, to: Array<ByteBuffer>, offset: Int, length: Int): SSLEngineResult =
        own.unwrap(from, to, offset, length)

    override fun getDelegatedTask(): Runnable? = own.delegatedTask

    override fun closeInbound() = own.closeInbound()

    override fun isInboundDone() = own.isInboundDone

    override fun closeOutbound() = own.closeOutbound()

    override fun isOutboundDone() = own.isOutboundDone

    override fun getSupportedCipherSuites(): Array<String> = own.supportedCipherSuites

    override fun getEnabledCipherSuites(): Array<String> = own.enabledCipherSuites

    override fun setEnabledCipherSuites(suites: Array<String>?) {
        own.enabledCipherSuites = suites
    }

    override fun getSupportedProtocols(): Array<String> = own.supportedProtocols

    override fun getEnabledProtocols(): Array<String> = own.enabledProtocols

    override fun setEnabledProtocols(protocols: Array<String>?) {
        own.enabledProtocols = protocols
    }

    override fun getSession(): SSLSession = own.session

    override fun getHandshakeSession(): SSLSession? = own.handshakeSession

    override fun beginHandshake() = own.beginHandshake()

    override fun getHandshakeStatus(): HandshakeStatus = own.handshakeStatus

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

    override fun setSSLParameters(parameters: SSLParameters?) {
        own.sslParameters = parameters
    }

    override fun getApplicationProtocol(): String? = own.applicationProtocol

    companion object {
        /** The JDK's engines, each in one that [make] makes. */
        fun engines(make: (SSLEngine) -> PassingEngine) = TlsEngines {
            val below = SSLContext.getInstance("TLS")
            object : SSLContext(Spi(below, make), below.provider, below.protocol) {}
        }
    }

    private class Spi(private val below: SSLContext, private val make: (SSLEngine) -> PassingEngine) : SSLContextSpi() {
        override fun engineInit(keys: Array<KeyManager>?, trust: Array<TrustManager>?, random: SecureRandom?) =
            below.init(keys, trust, random)

        override fun engineGetSocketFactory() = below.socketFactory

        override fun engineGetServerSocketFactory() = below.serverSocketFactory

        override fun engineCreateSSLEngine() = make(below.createSSLEngine())

        override fun engineCreateSSLEngine(host: String?, port: Int) = make(below.createSSLEngine(host, port))

        override fun engineGetServerSessionContext() = below.serverSessionContext

        override fun engineGetClientSessionContext() = below.clientSessionContext
    }
}
