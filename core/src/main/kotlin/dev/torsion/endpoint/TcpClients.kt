// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.Address
import dev.torsion.net.AddressFamily
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.NoProtocolException
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.WrongThreadException
import dev.torsion.net.hostAndPort
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.onLoop

/**
 * Connects to a TCP port of a host, over IPv6 or IPv4: the first that answers; Twisted's `HostnameEndpoint`.
 *
 * ```kotlin
 * HostnameEndpoint(reactor, "example.com", 80).connect(Factory { Browser() })
 * ```
 *
 * The name is looked up and its addresses are tried as [Reactor.connectTcp] says, by RFC 8305 (Happy Eyeballs). So [factory][connect] makes
 * one protocol only, for the first connection. Twisted makes one for each attempt that connects.
 *
 * @property host a host name or a numeric address
 * @property port the port
 * @property connecting how to get there: the time for the whole attempt, the address to connect from, the families, the head start of each
 *   address
 * @property options limits and socket options of the connection
 */
public class HostnameEndpoint
private constructor(
    private val reactor: Reactor,
    public val host: String,
    public val port: Int,
    public val connecting: ConnectOptions,
    public val options: TcpOptions,
) : ClientEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, host: String, port: Int, connecting: ConnectOptions = ConnectOptions.DEFAULT) :
        this(reactor, host, port, connecting, TcpOptions.DEFAULT)

    override fun connect(factory: Factory): Deferred<Protocol> =
        connecting(hostAndPort(host, port)) { reactor.connectTcp(host, port, ConnectOnce(factory, it), connecting, options) }
            .abortedBy(reactor)

    override fun toString(): String = "tcp:${quoteStringArgument(host)}:$port"

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): HostnameEndpoint = HostnameEndpoint(reactor, host, port, connecting, options)
}

/**
 * Connects to a TCP port over IPv4 only; Twisted's `TCP4ClientEndpoint`. Otherwise it is like a [HostnameEndpoint], and has the same
 * parameters. Twisted's tries one address only.
 *
 * @property host a host name or a numeric address
 * @property port the port
 */
public class TCP4ClientEndpoint
private constructor(
    private val reactor: Reactor,
    public val host: String,
    public val port: Int,
    private val connecting: ConnectOptions,
    options: TcpOptions,
) : ClientEndpoint by HostnameEndpoint(reactor, host, port, connecting.withAddressFamily(AddressFamily.IPV4)).withOptions(options) {
    @JvmOverloads
    public constructor(reactor: Reactor, host: String, port: Int, connecting: ConnectOptions = ConnectOptions.DEFAULT) :
        this(reactor, host, port, connecting, TcpOptions.DEFAULT)

    override fun toString(): String = "${hostAndPort(host, port)} over IPv4"

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): TCP4ClientEndpoint = TCP4ClientEndpoint(reactor, host, port, connecting, options)
}

/**
 * Connects to a TCP port over IPv6 only; Twisted's `TCP6ClientEndpoint`. Otherwise it is like a [HostnameEndpoint], and has the same
 * parameters. Twisted's tries one address only.
 *
 * @property host a host name or a numeric address
 * @property port the port
 */
public class TCP6ClientEndpoint
private constructor(
    private val reactor: Reactor,
    public val host: String,
    public val port: Int,
    private val connecting: ConnectOptions,
    options: TcpOptions,
) : ClientEndpoint by HostnameEndpoint(reactor, host, port, connecting.withAddressFamily(AddressFamily.IPV6)).withOptions(options) {
    @JvmOverloads
    public constructor(reactor: Reactor, host: String, port: Int, connecting: ConnectOptions = ConnectOptions.DEFAULT) :
        this(reactor, host, port, connecting, TcpOptions.DEFAULT)

    override fun toString(): String = "${hostAndPort(host, port)} over IPv6"

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): TCP6ClientEndpoint = TCP6ClientEndpoint(reactor, host, port, connecting, options)
}

/**
 * A Deferred for the attempt that [begin] starts. Cancelling it gives the attempt up, at any moment before it has fired: a connection that
 * is there by then, as in the protocol's `connectionMade`, is closed.
 */
internal fun connecting(destination: String, begin: (Deferred<Protocol>) -> Connector): Deferred<Protocol> {
    var connector: Connector? = null
    var isGivenUp = false
    val result =
        Deferred<Protocol> {
            isGivenUp = true
            connector?.disconnect() // the factory hears of an attempt that has ended so, and fails the Deferred
            if (!it.called) it.errback(ConnectingCancelledException(destination))
        }
    try {
        connector = begin(result)
        if (isGivenUp) connector.disconnect()
    } catch (e: WrongThreadException) {
        throw e // nothing of this thread could tell the caller later
    } catch (e: Throwable) { // from startFactory, it may be anything
        if (!result.called) {
            result.errback(e)
        } else {
            log.failure("Connecting to {destination} failed after it was given up", e, LogKeys.DESTINATION to destination)
        }
    }
    return result
}

/** Nobody has taken the connection: it is aborted. */
internal fun Deferred<Protocol>.abortedBy(reactor: Reactor) =
    onUndelivered { protocol -> reactor.onLoop { protocol.transport.abortConnection() } }

private val log = Logger(ClientEndpoint::class.java)

/** Turns one attempt into a Deferred: fires it when the protocol of [factory] is connected. */
internal class ConnectOnce(private val factory: Factory, private val result: Deferred<Protocol>) : ClientFactory() {
    init {
        isNoisy = false
    }

    override fun startFactory() = factory.startQuietly()

    override fun stopFactory() = factory.stopQuietly()

    override fun logPrefix() = factory.safeLogPrefix()

    override fun buildProtocol(address: Address): Protocol? {
        val protocol = factory.buildProtocol(address)
        if (protocol == null && !result.called) result.errback(NoProtocolException(address.toString()))
        return protocol
    }

    override fun clientConnectionMade(connector: Connector, protocol: Protocol) {
        // A caller that has cancelled in the meantime does not take it.
        if (result.called) connector.disconnect() else result.callback(protocol)
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        if (!result.called) result.errback(reason)
    }
}
