// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.Address
import dev.torsion.net.CannotListenException
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixAddress
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.adoptStreamConnection
import dev.torsion.reactor.adoptStreamPort
import java.io.IOException
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.channels.Channel
import java.nio.channels.NetworkChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel

/**
 * Listens on the socket that this JVM was started with as its descriptor 0; Twisted's `systemd` and `fd` endpoints. That may be a listening
 * socket, from systemd or inetd with `wait`, or one connection, from inetd with `nowait`. It may be of TCP or of a UNIX socket.
 *
 * Java reaches no other descriptor than 0. In a unit of systemd, `StandardInput=socket` puts the socket there. In a shell `<&3` does:
 * `exec torsion echo --listen fd:0 <&3`. When that socket is closed, the JVM leads standard output and error nowhere.
 *
 * @property options limits and socket options of the connections
 */
public class InheritedServerEndpoint
internal constructor(
    private val reactor: Reactor,
    public val options: TcpOptions,
    private val domain: String?,
) : ServerEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, options: TcpOptions = TcpOptions.DEFAULT) : this(reactor, options, null)

    override fun listen(factory: Factory): Deferred<ListeningPort> = maybeDeferred {
        val channel = inherited()
        if (channel is NetworkChannel) checkDomain(channel)
        when (channel) {
            is ServerSocketChannel -> reactor.adoptStreamPort(channel, factory, options)
            is SocketChannel ->
                OneConnectionPort(reactor, factory, addressOf(channel.localAddress)).open {
                    reactor.adoptStreamConnection(channel, it, options)
                }
            null -> throw cannot("standard input is no socket")
            else -> throw cannot("standard input is $channel, which is no stream")
        }
    }.closedBy(reactor)

    private fun inherited(): Channel? = try {
        System.inheritedChannel()
    } catch (e: IOException) {
        throw CannotListenException("fd:0", e)
    }

    // Java finds out by itself whether a socket of the internet is of IPv4 or of IPv6.
    private fun checkDomain(channel: NetworkChannel) {
        val wanted = domain ?: return
        val isInternet = channel.localAddress is InetSocketAddress
        if (isInternet == (wanted != UNIX)) return
        throw cannot(
            "a socket of the domain $wanted is wanted, but descriptor 0 is ${if (isInternet) "one of the internet" else "a UNIX socket"}",
        )
    }

    private fun cannot(problem: String) = CannotListenException("fd:0", IOException(problem))

    private fun addressOf(address: SocketAddress?): Address =
        if (address is InetSocketAddress) InternetAddress.of(address) else UnixAddress.of(address)

    override fun toString(): String = "fd:0"
}

private const val UNIX = "UNIX"

private const val ONLY_ZERO =
    "Java reaches descriptor 0 only: put the socket there, by <&3 in a shell, or StandardInput=socket in a unit of systemd"

/** `fd:0`. */
internal object FdServerParser : ServerEndpointParser {
    override fun prefix() = "fd"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("fileno")
        val given = text.needed("fileno")
        if (given.number(0, Int.MAX_VALUE) != 0) throw given.error(ONLY_ZERO)
        return InheritedServerEndpoint(reactor, text.transport)
    }
}

/**
 * `systemd:domain=INET:index=0`: the first socket that systemd passes, which has to be standard input, too. It has to be of the domain,
 * which is `INET`, `INET6` or `UNIX`.
 */
internal object SystemdServerParser : ServerEndpointParser {
    override fun prefix() = "systemd"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order()
        val domain = text.needed("domain")
        if (domain.value !in DOMAINS) throw domain.error("domain must be one of ${DOMAINS.joinToString(", ")}, but is \"${domain.value}\"")
        val index = text.option("index")
        val name = text.option("name")
        when {
            index != null && name != null -> throw name.error("either an index or a name is taken")
            index != null -> if (index.number(0, Int.MAX_VALUE) != 0) throw index.error(ONLY_ZERO)
            name != null -> checkFirst(name)
            else -> throw text.error("it needs an index or a name")
        }
        return InheritedServerEndpoint(reactor, text.transport, domain.value)
    }

    private fun checkFirst(name: EndpointArgument) {
        val names = System.getenv("LISTEN_FDNAMES").orEmpty().split(':')
        if (names.first() == name.value) return
        throw name.error("the first socket that systemd has passed is \"${names.first()}\". $ONLY_ZERO")
    }

    private val DOMAINS = listOf("INET", "INET6", UNIX)
}
