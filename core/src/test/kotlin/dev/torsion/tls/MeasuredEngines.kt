// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.security.SecureRandom
import javax.net.ssl.KeyManager
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLContextSpi
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLParameters
import javax.net.ssl.TrustManager

/** The JDK's engines, which count what they allocate themselves on the thread that calls them, and how many records they make. */
internal class MeasuredEngines : TlsEngines {
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

    /** The bytes that the engines have allocated while they made or took records. Of one thread only, that of the engines. */
    var allocated = 0L
        private set

    /** How often an engine was asked to make a record or to take one. */
    var calls = 0L
        private set

    override fun context(): SSLContext {
        val real = SSLContext.getInstance("TLS")
        return object : SSLContext(Spi(real), real.provider, real.protocol) {}
    }

    @Suppress("DEPRECATION")
    private fun now() = threads.getThreadAllocatedBytes(Thread.currentThread().id)

    private inline fun counting(call: () -> SSLEngineResult): SSLEngineResult {
        val before = now()
        val result = call()
        allocated += now() - before
        calls++
        return result
    }

    private inner class Spi(private val real: SSLContext) : SSLContextSpi() {
        override fun engineInit(keys: Array<KeyManager>?, trust: Array<TrustManager>?, random: SecureRandom?) =
            real.init(keys, trust, random)

        override fun engineGetSocketFactory() = real.socketFactory

        override fun engineGetServerSocketFactory() = real.serverSocketFactory

        override fun engineCreateSSLEngine() = Measured(real.createSSLEngine())

        override fun engineCreateSSLEngine(host: String?, port: Int) = Measured(real.createSSLEngine(host, port))

        override fun engineGetServerSessionContext() = real.serverSessionContext

        override fun engineGetClientSessionContext() = real.clientSessionContext
    }

    private inner class Measured(private val real: SSLEngine) : SSLEngine() {
        override fun wrap(from: Array<out ByteBuffer>?, offset: Int, length: Int, to: ByteBuffer?) =
            counting { real.wrap(from, offset, length, to) }

        override fun wrap(from: ByteBuffer?, to: ByteBuffer?) = counting { real.wrap(from, to) }

        override fun unwrap(from: ByteBuffer?, to: Array<out ByteBuffer>?, offset: Int, length: Int) =
            counting { real.unwrap(from, to, offset, length) }

        override fun unwrap(from: ByteBuffer?, to: ByteBuffer?) = counting { real.unwrap(from, to) }

        override fun getDelegatedTask(): Runnable? = real.delegatedTask

        override fun closeInbound() = real.closeInbound()

        override fun isInboundDone() = real.isInboundDone

        override fun closeOutbound() = real.closeOutbound()

        override fun isOutboundDone() = real.isOutboundDone

        override fun getSupportedCipherSuites(): Array<String> = real.supportedCipherSuites

        override fun getEnabledCipherSuites(): Array<String> = real.enabledCipherSuites

        override fun setEnabledCipherSuites(suites: Array<String>?) {
            real.enabledCipherSuites = suites
        }

        override fun getSupportedProtocols(): Array<String> = real.supportedProtocols

        override fun getEnabledProtocols(): Array<String> = real.enabledProtocols

        override fun setEnabledProtocols(protocols: Array<String>?) {
            real.enabledProtocols = protocols
        }

        override fun getSession() = real.session

        override fun getHandshakeSession() = real.handshakeSession

        override fun beginHandshake() = real.beginHandshake()

        override fun getHandshakeStatus() = real.handshakeStatus

        override fun setUseClientMode(mode: Boolean) {
            real.useClientMode = mode
        }

        override fun getUseClientMode() = real.useClientMode

        override fun setNeedClientAuth(need: Boolean) {
            real.needClientAuth = need
        }

        override fun getNeedClientAuth() = real.needClientAuth

        override fun setWantClientAuth(want: Boolean) {
            real.wantClientAuth = want
        }

        override fun getWantClientAuth() = real.wantClientAuth

        override fun setEnableSessionCreation(flag: Boolean) {
            real.enableSessionCreation = flag
        }

        override fun getEnableSessionCreation() = real.enableSessionCreation

        override fun getSSLParameters(): SSLParameters = real.sslParameters

        override fun setSSLParameters(parameters: SSLParameters?) {
            real.sslParameters = parameters
        }

        override fun getApplicationProtocol(): String? = real.applicationProtocol
    }
}
