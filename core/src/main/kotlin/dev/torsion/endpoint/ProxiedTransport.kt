// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.Address
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.InternetAddress
import dev.torsion.net.TcpTransport
import dev.torsion.net.Transport
import dev.torsion.net.TransportOver

/**
 * A connection that a proxy has passed on. Its [peer] is the client, and its [host] what the client has connected to, as the
 * [proxyHeader] says; those of the [connection] itself when it does not say.
 *
 * Thread: the reactor's.
 */
public interface ProxiedTransport : Transport {
    /** The addresses that the proxy has given. */
    public val proxyHeader: ProxyHeader

    /** The connection with the proxy. */
    public val connection: Transport
}

/** [connection] with the addresses of [header]. It can do what the connection can. */
internal fun proxied(connection: Transport, header: ProxyHeader): Transport {
    val host = header.destination ?: connection.host()
    val peer = header.source ?: connection.peer()
    return when {
        connection is TcpTransport && host is InternetAddress && peer is InternetAddress -> ProxiedTcp(connection, header, host, peer)
        connection is HalfCloseableTransport -> ProxiedHalves(connection, header, host, peer)
        else -> ProxiedStream(connection, header, host, peer)
    }
}

private class ProxiedTcp(
    override val connection: TcpTransport,
    override val proxyHeader: ProxyHeader,
    private val host: InternetAddress,
    private val peer: InternetAddress,
) : TcpTransport by connection,
    ProxiedTransport,
    TransportOver {
    override fun host() = host

    override fun peer() = peer

    override fun toString() = shown(this)
}

private class ProxiedHalves(
    override val connection: HalfCloseableTransport,
    override val proxyHeader: ProxyHeader,
    private val host: Address,
    private val peer: Address,
) : HalfCloseableTransport by connection,
    ProxiedTransport,
    TransportOver {
    override fun host() = host

    override fun peer() = peer

    override fun toString() = shown(this)
}

private class ProxiedStream(
    override val connection: Transport,
    override val proxyHeader: ProxyHeader,
    private val host: Address,
    private val peer: Address,
) : Transport by connection,
    ProxiedTransport,
    TransportOver {
    override fun host() = host

    override fun peer() = peer

    override fun toString() = shown(this)
}

private fun shown(transport: ProxiedTransport) = "Proxied(${transport.host()} <-> ${transport.peer()}, by ${transport.connection})"
