// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectException
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.NoProtocolException
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import java.time.Duration

/**
 * Listens on a TCP port over IPv4; Twisted's `TCP4ServerEndpoint`.
 *
 * ```kotlin
 * TCP4ServerEndpoint(reactor, 8007).listen(Factory { Echo() })
 * ```
 *
 * @property port the port, or 0 for any free one
 * @property backlog how many connections the operating system may keep waiting
 * @property networkInterface the local address to listen on; empty for all of them
 * @property options limits and socket options of the connections
 */
public class TCP4ServerEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val port: Int,
    public val backlog: Int = ListeningPort.DEFAULT_BACKLOG,
    public val networkInterface: String = "",
    public val options: TcpOptions = TcpOptions.DEFAULT,
) : ServerEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> =
        maybeDeferred { reactor.listenTcp(port, factory, networkInterface.ifEmpty { "0.0.0.0" }, backlog, options) }

    override fun toString(): String = "tcp:$port" + if (networkInterface.isEmpty()) "" else ":interface=$networkInterface"
}

/**
 * Connects to a TCP port; Twisted's `TCP4ClientEndpoint`.
 *
 * @property host a host name or a numeric address
 * @property port the port
 * @property timeout for the whole attempt, looking the name up included
 * @property bindAddress the local address to connect from; null for any
 * @property options limits and socket options of the connection
 */
public class TCP4ClientEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val host: String,
    public val port: Int,
    public val timeout: Duration = Duration.ofSeconds(30),
    public val bindAddress: String? = null,
    public val options: TcpOptions = TcpOptions.DEFAULT,
) : ClientEndpoint {
    override fun connect(factory: Factory): Deferred<Protocol> =
        connecting { reactor.connectTcp(host, port, ConnectOnce(factory, it), timeout, bindAddress, options) }

    override fun toString(): String = "tcp:$host:$port"
}

/** A Deferred for the attempt that [begin] starts; cancelling it gives the attempt up. */
internal inline fun connecting(begin: (Deferred<Protocol>) -> Connector): Deferred<Protocol> {
    var connector: Connector? = null
    val result =
        Deferred<Protocol> {
            // The factory hears of it and fails the Deferred.
            connector?.takeIf { it.state == Connector.State.CONNECTING }?.stopConnecting()
        }
    try {
        connector = begin(result)
    } catch (e: IllegalArgumentException) {
        result.errback(e)
    }
    return result
}

/** Turns one attempt into a Deferred: fires it when the protocol of [factory] is connected. */
internal class ConnectOnce(
    private val factory: Factory,
    private val result: Deferred<Protocol>,
) : ClientFactory() {
    init {
        isNoisy = false
    }

    override fun startFactory() = factory.doStart()

    override fun stopFactory() = factory.doStop()

    override fun logPrefix() = factory.logPrefix()

    override fun buildProtocol(address: Address): Protocol? {
        val protocol = factory.buildProtocol(address)
        if (protocol == null) {
            if (!result.called) result.errback(NoProtocolException(address.toString()))
            return null
        }
        return protocol
    }

    override fun clientConnectionMade(
        connector: Connector,
        protocol: Protocol,
    ) {
        if (!result.called) result.callback(protocol)
    }

    override fun clientConnectionFailed(
        connector: Connector,
        reason: ConnectException,
    ) {
        if (!result.called) result.errback(reason)
    }
}
