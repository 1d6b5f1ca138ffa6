// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.stream.ProtocolChannel
import dev.torsion.stream.StreamTransport
import java.nio.ByteBuffer
import java.util.IdentityHashMap

private val log = Logger(Tls::class.java)

/** Makes connections with TLS of those of [inner], which has their protocols. On either side: [party] says which. */
internal class TlsFactory(
    private val inner: Factory,
    private val party: (Address) -> TlsParty,
    private val failures: TlsFailureListener?,
) : Factory() {
    constructor(inner: Factory, options: TlsServerOptions) : this(inner, { ServerParty(options) }, options.failures)

    constructor(inner: Factory, options: TlsClientOptions, host: String) : this(inner, { ClientParty(options, host, portOf(it)) }, null)

    init {
        isNoisy = inner.isNoisy
    }

    override fun startFactory() = inner.doStart()

    override fun stopFactory() = inner.doStop()

    override fun logPrefix() = inner.logPrefix()

    override fun buildProtocol(address: Address): Protocol =
        TlsOpening(party(address), { inner.buildProtocol(address) }, inner::logPrefix, failures).also { it.factory = this }
}

/** The same for [inner] that hears how the attempts go. */
internal class TlsClientFactory(private val inner: ClientFactory, private val options: TlsClientOptions, private val host: String) :
    ClientFactory() {
    private val openings = IdentityHashMap<Connector, TlsOpening>()

    init {
        isNoisy = inner.isNoisy
    }

    override fun startFactory() = inner.doStart()

    override fun stopFactory() = inner.doStop()

    override fun logPrefix() = inner.logPrefix()

    override fun buildProtocol(address: Address): Protocol =
        TlsOpening(ClientParty(options, host, portOf(address)), { inner.buildProtocol(address) }, inner::logPrefix, null)
            .also { it.factory = this }

    override fun startedConnecting(connector: Connector) = inner.startedConnecting(connector)

    override fun clientConnectionMade(connector: Connector, protocol: Protocol) {
        val opening = protocol as TlsOpening
        openings[connector] = opening
        opening.whenOpened { inner.clientConnectionMade(connector, it) }
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) =
        inner.clientConnectionFailed(connector, reason)

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
        val opening = openings.remove(connector)
        if (opening == null || opening.isOpened) return inner.clientConnectionLost(connector, reason)
        inner.clientConnectionFailed(connector, TlsConnectException(connector.destination, opening.failure ?: reason))
    }
}

private fun portOf(address: Address) = (address as? InternetAddress)?.port ?: -1

/**
 * The protocol of a connection until its handshake is done. Then the one that [build] makes takes its place. Where this is the protocol of the
 * connection itself, TLS becomes a layer of its transport. Otherwise, as when another protocol wraps this one, the connection has a transport
 * for what is inside.
 */
internal class TlsOpening(
    private val party: TlsParty,
    private val build: () -> Protocol?,
    private val prefix: () -> String,
    private val failures: TlsFailureListener?,
) : Protocol(),
    HalfCloseableProtocol,
    TlsListener {
    private var inner: StreamTransport? = null
    private var below: ProtocolChannel? = null
    private var opened: ((Protocol) -> Unit)? = null

    /** Whether the handshake was done, and the connection is the other protocol's. */
    var isOpened = false
        private set

    /** Why the handshake has failed. */
    var failure: TlsException? = null
        private set

    /** Tells [listener] when the other protocol has its connection. */
    fun whenOpened(listener: (Protocol) -> Unit) {
        opened = listener
    }

    override fun connectionMade() {
        val own = transport as? StreamTransport
        if (own != null && own.isFor(this)) {
            inner = own
            own.addLayer { lower, unsent -> TlsChannel(own.loop, lower, party, unsent, isStarted = true, this) }
            return
        }
        val channel = ProtocolChannel(transport)
        below = channel
        val secure = StreamTransport.over(
            channel.loop,
            TlsChannel(channel.loop, channel, party, null, isStarted = false, this),
            channel.options,
        )
        inner = secure
        channel.carries(secure)
        secure.start(Waiting)
    }

    override fun established(session: TlsSession) {
        val secure = inner ?: return
        if (secure.isDisconnecting) return
        val protocol =
            try {
                build()
            } catch (e: Throwable) {
                secure.abortConnection(e)
                secure.loop.reportFailure(e, secure) { "buildProtocol of ${prefix()}" }
                return
            }
        if (protocol == null) return secure.loseConnection()
        isOpened = true
        secure.become(protocol)
        opened?.let { told -> secure.loop.guarded(secure, { "telling of ${safeString(protocol)}" }) { told(protocol) } }
    }

    override fun failed(reason: TlsException) {
        failure = reason
        val secure = inner ?: return
        log.debug("A TLS handshake with {peer} has failed: {reason}", LogKeys.PEER to "${secure.peer()}", LogKeys.REASON to reason.message)
        failures?.let { listener ->
            secure.loop.guarded(secure, { "telling of a failed handshake" }) { listener.handshakeFailed(secure.peer(), reason) }
        }
    }

    // Only where another protocol is between.

    override fun dataReceived(view: ByteBuffer) {
        below?.received(view)
    }

    override fun dataReceived(data: ByteArray): Unit = dataReceived(ByteBuffer.wrap(data).asReadOnlyBuffer())

    override fun receiveLimit(): Int = below?.receiveLimit() ?: Int.MAX_VALUE

    override fun expectsBytes(): Boolean = below?.expectsBytes() ?: true

    override fun readConnectionLost() {
        below?.inputEnded()
    }

    override fun writeConnectionLost() {}

    override fun connectionLost(reason: CloseReason) {
        below?.connectionLost(reason)
    }

    override fun logPrefix(): String = "TLS of ${prefix()}"

    /** Hears nothing while a handshake goes on. */
    private object Waiting : Protocol()
}
