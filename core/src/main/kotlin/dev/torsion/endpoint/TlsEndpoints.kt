// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.hostAndPort
import dev.torsion.reactor.Reactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsServerOptions

/**
 * Listens on a TCP port over IPv4 for connections with TLS; Twisted's `SSL4ServerEndpoint`. For TLS at any other endpoint there is
 * `endpoint.wrap(tls::wrap)`.
 *
 * ```kotlin
 * TlsServerEndpoint(reactor, 8443, Tls.server(Path.of("server.pem"))).listen(Factory { Echo() })
 * ```
 *
 * @property port the port, or 0 for any free one
 * @property tls who the server is, and what it offers
 * @property backlog how many connections the operating system may keep waiting
 * @property networkInterface the local address to listen on; empty for all of IPv4
 * @property options limits and socket options of the connections
 */
public class TlsServerEndpoint
private constructor(
    private val reactor: Reactor,
    public val port: Int,
    public val tls: TlsServerOptions,
    public val backlog: Int,
    public val networkInterface: String,
    public val options: TcpOptions,
) : ServerEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, port: Int, tls: TlsServerOptions, networkInterface: String = "") :
        this(reactor, port, tls, ListeningPort.DEFAULT_BACKLOG, networkInterface, TcpOptions.DEFAULT)

    private val below = TCP4ServerEndpoint(reactor, port, backlog, networkInterface).withOptions(options)

    override fun listen(factory: Factory): Deferred<ListeningPort> = below.listen(tls.wrap(factory))

    override fun toString(): String = "TLS on $below"

    /** The same with another [backlog]. */
    public fun withBacklog(backlog: Int): TlsServerEndpoint = TlsServerEndpoint(reactor, port, tls, backlog, networkInterface, options)

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): TlsServerEndpoint =
        TlsServerEndpoint(reactor, port, tls, backlog, networkInterface, options)
}

/**
 * Connects to a TCP port of a host with TLS, over IPv6 or IPv4; Twisted's `tls:` endpoint. The certificate of the server has to be for [host].
 *
 * ```kotlin
 * TlsClientEndpoint(reactor, "example.com", 443).connect(Factory { Browser() })
 * ```
 *
 * The Deferred of [connect] fires when the handshake is done. When that fails, so does the Deferred, with a [TlsConnectException] that has the
 * reason. The time of the handshake begins when TCP is connected, see [TlsClientOptions.withHandshakeTimeout].
 *
 * @property host a host name or a numeric address
 * @property port the port
 * @property tls whom the client trusts, and what it offers
 * @property connecting how to get there
 * @property options limits and socket options of the connection
 */
public class TlsClientEndpoint
private constructor(
    private val reactor: Reactor,
    public val host: String,
    public val port: Int,
    public val tls: TlsClientOptions,
    public val connecting: ConnectOptions,
    public val options: TcpOptions,
) : ClientEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, host: String, port: Int, tls: TlsClientOptions = Tls.client()) :
        this(reactor, host, port, tls, ConnectOptions.DEFAULT, TcpOptions.DEFAULT)

    override fun connect(factory: Factory): Deferred<Protocol> = connecting(hostAndPort(host, port)) {
        reactor.connectTcp(host, port, tls.wrap(ConnectOnce(factory, it), host), connecting, options)
    }.abortedBy(reactor)

    override fun toString(): String = "tls:${quoteStringArgument(host)}:$port"

    /** The same with another way to get there. */
    public fun withConnecting(connecting: ConnectOptions): TlsClientEndpoint =
        TlsClientEndpoint(reactor, host, port, tls, connecting, options)

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): TlsClientEndpoint = TlsClientEndpoint(reactor, host, port, tls, connecting, options)
}

/** [endpoint] with TLS on its connections. */
internal class TlsOverEndpoint(private val endpoint: ClientEndpoint, private val tls: TlsClientOptions, private val host: String) :
    ClientEndpoint {
    private val wrapped = endpoint.wrap { tls.wrap(it, host) }

    override fun connect(factory: Factory): Deferred<Protocol> = wrapped.connect(factory).addErrback { failure ->
        val error = failure.value
        val reason = generateSequence(error) { it.cause }.take(MOST_CAUSES).firstNotNullOfOrNull { it as? TlsException }
        throw if (reason != null && error is CannotConnectException) TlsConnectException(error.destination, reason) else error
    }.onUndelivered(::abort)

    override fun toString(): String = "TLS with $host over $endpoint"

    private companion object {
        const val MOST_CAUSES = 10
    }
}
