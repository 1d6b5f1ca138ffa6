// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("TlsConnections")

package dev.torsion.tls

import dev.torsion.defer.Deferred
import dev.torsion.net.ClientFactory
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.net.Transport
import dev.torsion.reactor.Reactor
import dev.torsion.stream.connection

/**
 * Opens a TCP port whose connections carry TLS; Twisted's `listenSSL`. A protocol of [factory] is made when a handshake is done. Otherwise it
 * is as [Reactor.listenTcp]. It is for Kotlin: Java has [TlsServerEndpoint][dev.torsion.endpoint.TlsServerEndpoint].
 */
@JvmSynthetic
public fun Reactor.listenTls(
    port: Int,
    factory: Factory,
    tls: TlsServerOptions,
    networkInterface: String = "",
    backlog: Int = ListeningPort.DEFAULT_BACKLOG,
    options: TcpOptions = TcpOptions.DEFAULT,
): ListeningPort = listenTcp(port, tls.wrap(factory), networkInterface, backlog, options)

/**
 * Connects to [host]:[port] over TLS; Twisted's `connectSSL`. A protocol of [factory] is made when the handshake is done. When that fails,
 * [factory] hears `clientConnectionFailed` with a [TlsConnectException]. Otherwise it is as [Reactor.connectTcp]. It is for
 * Kotlin: Java has [TlsClientEndpoint][dev.torsion.endpoint.TlsClientEndpoint].
 */
@JvmSynthetic
public fun Reactor.connectTls(
    host: String,
    port: Int,
    factory: ClientFactory,
    tls: TlsClientOptions = Tls.client(),
    connecting: ConnectOptions = ConnectOptions.DEFAULT,
    options: TcpOptions = TcpOptions.DEFAULT,
): Connector = connectTcp(host, port, tls.wrap(factory, host), connecting, options)

/**
 * The session that TLS has agreed on for this connection; null when it carries no TLS, or its handshake is not done. Thread: the reactor's.
 */
public val Transport.tlsSession: TlsSession?
    @JvmName("tlsSession")
    get() = (connection?.channel as? TlsChannel)?.session

/** Whether TLS can begin on a transport of this kind: it can on all of Torsion's own, also behind the header of a proxy. Thread: any. */
public val Transport.canStartTls: Boolean
    @JvmName("canStartTls")
    get() = connection != null

/**
 * Begins TLS on this open connection, as its server; Twisted's `startTLS`. Bytes that were written before go out in the clear, and first.
 * Bytes that are written from now on wait for the handshake. Bytes that come from now on have to be TLS. The protocol stays the same, and
 * so does a registered producer.
 *
 * The Deferred fires when the handshake is done. When that fails, so does the Deferred, with a [TlsException], and the connection ends.
 * Cancelling it aborts the connection, for there is no way back.
 *
 * The bytes that have come together with the last message in the clear belong to nobody: a protocol that still keeps such bytes has to end the
 * connection, or whoever sits between could put commands into the secure part. Torsion's own receivers do so.
 *
 * Thread: the reactor's.
 *
 * @throws IllegalStateException when the connection is closing or half closed
 * @throws UnsupportedOperationException when TLS cannot begin on a transport of this kind
 */
public fun Transport.startTls(options: TlsServerOptions): Deferred<TlsSession> = startTls(ServerParty(options))

/**
 * The same as its client.
 *
 * @param host the name or the address that was connected to, which the certificate has to be for
 */
public fun Transport.startTls(options: TlsClientOptions, host: String): Deferred<TlsSession> =
    startTls(ClientParty(options, nameForTls(host), (peer() as? InternetAddress)?.port ?: -1))

private fun Transport.startTls(party: TlsParty): Deferred<TlsSession> {
    val own = connection ?: throw UnsupportedOperationException("TLS cannot begin on $this")
    own.loop.checkThread("startTls")
    check(own.takesLayers) { "TLS cannot begin on $this, which is closing or half closed" }
    val result =
        Deferred<TlsSession> {
            own.abortConnection()
        }
    val listener =
        object : TlsListener {
            override fun established(session: TlsSession) {
                if (!result.called) result.callback(session)
            }

            override fun failed(reason: TlsException) {
                if (!result.called) result.errback(reason)
            }
        }
    val layer = own.addLayer { lower, unsent -> TlsChannel(own.loop, lower, party, unsent, isStarted = true, listener) }
    if (layer == null) listener.failed(party.endedInHandshake(own.peer(), null, ClosedBy.PEER))
    return result
}
