// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.loop.ErrorListener
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsEngines
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsFailureListener
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsSession
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.tlsSession
import java.io.ByteArrayOutputStream
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine

/** Servers and clients on one reactor in memory, and what has become of them. */
internal class TlsScene(chunking: Chunking = Chunking.whole()) : AutoCloseable {
    val errors = ArrayList<Throwable>()
    val reactor = MemoryReactor(ErrorListener { _, error -> errors.add(error) }).also { it.network.chunking = chunking }

    /** The handshakes that have failed on the side of the server. */
    val failures = ArrayList<TlsException>()

    /** The server's protocols. */
    val served = ArrayList<Noting>()

    fun listen(tls: TlsServerOptions, make: () -> Noting = { Noting() }): ListeningPort = reactor.listenTcp(0, factory(tls, make))

    /** The factory of a server. */
    fun factory(tls: TlsServerOptions, make: () -> Noting = { Noting() }): Factory {
        val factory = Factory { make().also(served::add) }.apply { isNoisy = false }
        return tls.withFailureListener(TlsFailureListener { _, reason -> failures.add(reason) }).wrap(factory)
    }

    fun listenPlain(make: () -> Protocol): ListeningPort = reactor.listenTcp(0, Factory { make() }.apply { isNoisy = false })

    fun connect(
        port: ListeningPort,
        tls: TlsClientOptions = trusting(),
        host: String = "localhost",
        make: () -> Noting = {
            Noting()
        },
    ): Attempt {
        val attempt = Attempt(make)
        attempt.connector = reactor.connectTcp("127.0.0.1", port.port(), tls.wrap(attempt, host))
        return attempt
    }

    fun connectPlain(port: ListeningPort, protocol: Noting = Noting()): Noting {
        reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { protocol }.apply { isNoisy = false })
        reactor.flush()
        return protocol
    }

    override fun close() {
        reactor.close()
        errors.forEach { throw AssertionError("an error was reported that the test did not expect", it) }
    }

    companion object {
        val IDENTITY: TlsIdentity = Tls.selfSigned("localhost", "127.0.0.1", "::1")

        fun trusting(identity: TlsIdentity = IDENTITY): TlsClientOptions = Tls.client().withTrust(TlsTrust.of(identity))

        /** Runs [test], and finds what it has left behind. */
        fun run(chunking: Chunking = Chunking.whole(), test: TlsScene.() -> Unit) = TlsScene(chunking).use { it.test() }
    }
}

/** One connection of a client, or why there is none. */
internal class Attempt(private val make: () -> Noting) : ClientFactory() {
    lateinit var connector: Connector
    var noting: Noting? = null
    var failure: CannotConnectException? = null
    val tlsFailure: TlsException? get() = (failure as? TlsConnectException)?.tls

    init {
        isNoisy = false
    }

    override fun buildProtocol(address: Address): Protocol = make().also { noting = it }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        failure = reason
    }
}

internal open class Noting(private val onMade: Noting.() -> Unit = {}, private val onData: Noting.(ByteArray) -> Unit = {}) : Protocol() {
    private val bytes = ByteArrayOutputStream()
    var reason: CloseReason? = null
    var session: TlsSession? = null
    var onEnd: () -> Unit = {}
    val received: String get() = bytes.toString(Charsets.ISO_8859_1)

    override fun connectionMade() {
        session = transport.tlsSession
        onMade()
    }

    override fun dataReceived(data: ByteArray) {
        bytes.write(data)
        onData(data)
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
        onEnd()
    }

    fun write(text: String) = transport.write(text.toByteArray(Charsets.ISO_8859_1))
}

/** The engines of the JDK, remembered. */
internal class Counted : TlsEngines {
    /** Whether it throws when it is told of a new one. */
    var isBroken = false
    val made = ArrayList<SSLEngine>()
    val released = ArrayList<SSLEngine>()

    override fun context(): SSLContext = SSLContext.getInstance("TLS")

    override fun created(engine: SSLEngine) {
        if (isBroken) throw IllegalStateException("no more of these")
        made.add(engine)
    }

    override fun released(engine: SSLEngine) {
        released.add(engine)
    }
}
