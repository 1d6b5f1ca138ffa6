// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.onLoop

/**
 * Listens on a TCP port over IPv4; Twisted's `TCP4ServerEndpoint`.
 *
 * ```kotlin
 * TCP4ServerEndpoint(reactor, 8007).listen(Factory { Echo() })
 * ```
 *
 * @property port the port, or 0 for any free one
 * @property backlog how many connections the operating system may keep waiting
 * @property networkInterface the local address to listen on; empty for all of IPv4. One of IPv6 is taken too, as in Twisted
 * @property options limits and socket options of the connections
 */
public class TCP4ServerEndpoint
private constructor(
    private val reactor: Reactor,
    public val port: Int,
    public val backlog: Int,
    public val networkInterface: String,
    public val options: TcpOptions,
) : ServerEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, port: Int, backlog: Int = ListeningPort.DEFAULT_BACKLOG, networkInterface: String = "") :
        this(reactor, port, backlog, networkInterface, TcpOptions.DEFAULT)

    override fun listen(factory: Factory): Deferred<ListeningPort> =
        maybeDeferred { reactor.listenTcp(port, factory, networkInterface.ifEmpty { "0.0.0.0" }, backlog, options) }.closedBy(reactor)

    override fun toString(): String = "tcp:$port${interfaceArgument(networkInterface)}"

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): TCP4ServerEndpoint = TCP4ServerEndpoint(reactor, port, backlog, networkInterface, options)
}

/**
 * Listens on a TCP port over IPv6; Twisted's `TCP6ServerEndpoint`. On all addresses it takes connections over IPv4 as well: Java has no way
 * to keep them out.
 *
 * @property port the port, or 0 for any free one
 * @property backlog how many connections the operating system may keep waiting
 * @property networkInterface the local address to listen on, such as `::1`; empty for all of them
 * @property options limits and socket options of the connections
 * @throws IllegalArgumentException when [networkInterface] is not an address of IPv6
 */
public class TCP6ServerEndpoint
private constructor(
    private val reactor: Reactor,
    public val port: Int,
    public val backlog: Int,
    public val networkInterface: String,
    public val options: TcpOptions,
) : ServerEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, port: Int, backlog: Int = ListeningPort.DEFAULT_BACKLOG, networkInterface: String = "") :
        this(reactor, port, backlog, networkInterface, TcpOptions.DEFAULT)

    init {
        require(networkInterface.isEmpty() || ':' in networkInterface) { "\"$networkInterface\" is not an address of IPv6" }
    }

    override fun listen(factory: Factory): Deferred<ListeningPort> =
        maybeDeferred { reactor.listenTcp(port, factory, networkInterface.ifEmpty { "::" }, backlog, options) }.closedBy(reactor)

    override fun toString(): String = "tcp6:$port${interfaceArgument(networkInterface)}"

    /** The same with other limits and socket options. */
    public fun withOptions(options: TcpOptions): TCP6ServerEndpoint = TCP6ServerEndpoint(reactor, port, backlog, networkInterface, options)
}

/** Nobody has taken the port: it is closed. */
internal fun Deferred<ListeningPort>.closedBy(reactor: Reactor) = onUndelivered { port -> reactor.onLoop { port.stopListening() } }

private fun interfaceArgument(networkInterface: String) =
    if (networkInterface.isEmpty()) "" else ":interface=${quoteStringArgument(networkInterface)}"
