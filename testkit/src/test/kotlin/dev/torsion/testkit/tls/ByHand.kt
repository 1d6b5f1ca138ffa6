// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.net.CloseReason
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import dev.torsion.testkit.tls.TlsScene.Companion.IDENTITY
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.security.KeyStore
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import javax.net.ssl.TrustManagerFactory

private val EMPTY: ByteBuffer = ByteBuffer.allocate(0)
private const val ROOM = 64 * 1024

/** A client whose every record the test decides about: an engine of the JDK on a plain connection. */
internal class ByHand(version: String = "TLSv1.3") :
    Protocol(),
    HalfCloseableProtocol {
    private val engine: SSLEngine = clientContext().createSSLEngine("localhost", 443).apply {
        useClientMode = true
        enabledProtocols = arrayOf(version)
    }
    private var input = ByteArray(0)
    private val bytes = ByteArrayOutputStream()

    /** Whether it answers by itself what it has read. */
    var isAnswering = true

    /** The content of the records that came. */
    val received: String get() = bytes.toString(Charsets.ISO_8859_1)

    /** Whether the other side has ended its half by a close alert: it has said all. */
    var hasSeenCloseAlert = false

    /** Why this side cannot go on, such as an alert of the other side. */
    var failure: SSLException? = null
    var isInputEnded = false
    var reason: CloseReason? = null

    override fun connectionMade() {
        engine.beginHandshake()
        goOn()
    }

    override fun dataReceived(data: ByteArray) {
        input += data
        if (isAnswering) goOn()
    }

    /** Reads and answers until there is nothing to do. */
    fun goOn() {
        if (failure != null) return
        try {
            while (true) {
                when (engine.handshakeStatus!!) {
                    HandshakeStatus.NEED_TASK -> engine.delegatedTask?.run()
                    HandshakeStatus.NEED_WRAP -> sendRaw(wrap(EMPTY))
                    else -> if (!unwrap()) return
                }
            }
        } catch (e: SSLException) {
            failure = e
            sendRaw(wrap(EMPTY)) // the alert
        }
    }

    private fun unwrap(): Boolean {
        val from = ByteBuffer.wrap(input)
        val to = ByteBuffer.allocate(ROOM)
        val result = engine.unwrap(from, to)
        input = input.copyOfRange(from.position(), input.size)
        bytes.write(to.array(), 0, to.position())
        if (result.status == Status.CLOSED) hasSeenCloseAlert = true
        return result.status == Status.OK && (result.bytesConsumed() > 0 || result.handshakeStatus == HandshakeStatus.NEED_TASK)
    }

    /** The records that have [data] inside, or what the engine itself has to say. */
    fun wrap(data: ByteBuffer): ByteArray {
        val records = ByteBuffer.allocate(ROOM + data.remaining() * 2)
        do {
            val result = engine.wrap(data, records)
        } while (result.bytesProduced() > 0 && (data.hasRemaining() || result.handshakeStatus == HandshakeStatus.NEED_WRAP))
        return records.array().copyOf(records.position())
    }

    /** Changes what has come and was not read, and goes on: the engine finds that out, and says so. */
    fun breakWhatCame() {
        input[input.size - 1] = (input.last() + 1).toByte()
        isAnswering = true
        goOn()
    }

    fun record(text: String): ByteArray = wrap(ByteBuffer.wrap(text.toByteArray(Charsets.ISO_8859_1)))

    fun send(text: String) = sendRaw(record(text))

    fun sendRaw(data: ByteArray) = transport.write(data)

    /** With TLS 1.3 new keys, of both sides; with TLS 1.2 the whole handshake anew. */
    fun beginAnew() {
        engine.beginHandshake()
        sendRaw(wrap(EMPTY))
    }

    /** Says that this side is done. */
    fun sayGoodbye() {
        engine.closeOutbound()
        sendRaw(wrap(EMPTY))
    }

    override fun readConnectionLost() {
        isInputEnded = true
    }

    override fun writeConnectionLost() = Unit

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }

    private companion object {
        fun clientContext(): SSLContext = SSLContext.getInstance("TLS").apply {
            val store = KeyStore.getInstance(KeyStore.getDefaultType())
            store.load(null, null)
            store.setCertificateEntry("server", IDENTITY.certificate)
            val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
            trust.init(store)
            init(null, trust.trustManagers, null)
        }
    }
}
