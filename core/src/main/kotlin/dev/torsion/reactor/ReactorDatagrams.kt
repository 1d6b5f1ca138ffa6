// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.datagram.DatagramNetwork
import dev.torsion.datagram.DatagramPort
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.ListeningPort
import dev.torsion.spi.DatagramChannel
import dev.torsion.spi.TorsionSpi

/**
 * A reactor's datagrams; Twisted's `IReactorUDP`, `IReactorMulticast`, and the part of `IReactorSocket` that is about them.
 *
 * Thread: the reactor's.
 */
public interface ReactorDatagrams {
    /** The network that makes the ports; null in a reactor without one. On any thread. */
    @TorsionSpi
    public val datagramNetwork: DatagramNetwork? get() = null

    /**
     * Opens a UDP port for [protocol]; Twisted's `listenUDP`. A client opens port 0. Datagrams are received once the reactor runs.
     *
     * @param port 0 for any free one; [ListeningPort.host] tells which
     * @param networkInterface the numeric local address, `0.0.0.0` for all of IPv4; empty for all of both families. (Twisted: all of IPv4.)
     *   A port on one address writes to addresses of its family only
     * @throws UnsupportedOperationException when this reactor has no datagrams
     * @throws dev.torsion.net.CannotListenException when the port is taken or not allowed, or there is no such interface
     * @throws IllegalStateException when [protocol] is on a port already
     * @throws ReactorNotRunningException when the reactor has closed its ports because it is ending, or has ended
     */
    public fun listenUdp(
        port: Int,
        protocol: DatagramProtocol,
        networkInterface: String = "",
        options: DatagramOptions = DatagramOptions.DEFAULT,
    ): ListeningPort = openDatagramPort("listenUdp", protocol, options) { it.openDatagrams(port, networkInterface, options) }

    /**
     * [listenUdp] for groups; Twisted's `listenMulticast`. It is a port of IPv4, unless [networkInterface] is of IPv6, such as `::`. A port
     * of `listenUdp` can join groups as well.
     *
     * @param listenMultiple whether others, also other programs, may listen on the same port: each of them receives what is sent to a group
     */
    public fun listenMulticast(
        port: Int,
        protocol: DatagramProtocol,
        networkInterface: String = "0.0.0.0",
        listenMultiple: Boolean = false,
        options: DatagramOptions = DatagramOptions.DEFAULT,
    ): ListeningPort = listenUdp(port, protocol, networkInterface, if (listenMultiple) options.withReuseAddress(true) else options)

    /**
     * Makes a port of a socket that is there already, such as the one in `System.inheritedChannel()`; Twisted's `adoptDatagramPort`. The
     * socket is the port's from now on, and closed with it: Twisted copies its descriptor, which the JDK cannot. One that is not bound is
     * bound to any free port; one that is connected stays so. Such a port cannot be opened again.
     *
     * @throws UnsupportedOperationException when this reactor has no datagrams
     * @throws dev.torsion.net.CannotListenException when the reactor cannot have [socket], which is closed, of another selector, or a port
     *   already. It is the caller's then
     * @throws IllegalStateException when [protocol] is on a port already
     * @throws ReactorNotRunningException when the reactor is ending, or has ended
     */
    public fun adoptDatagramPort(
        socket: java.nio.channels.DatagramChannel,
        protocol: DatagramProtocol,
        options: DatagramOptions = DatagramOptions.DEFAULT,
    ): ListeningPort {
        var isAdopted = false
        return openDatagramPort("adoptDatagramPort", protocol, options) { network ->
            check(!isAdopted) { "the port of a socket that was adopted cannot be opened again: the socket is closed" }
            network.adoptDatagrams(socket, options).also { isAdopted = true }
        }
    }
}

/** Opens a port on the channel that [open] gives. */
internal fun ReactorDatagrams.openDatagramPort(
    operation: String,
    protocol: DatagramProtocol,
    options: DatagramOptions,
    open: (DatagramNetwork) -> DatagramChannel,
): ListeningPort {
    val network = datagramNetwork ?: throw UnsupportedOperationException("$this has no datagrams")
    network.checkThread(operation)
    return DatagramPort(network, protocol, options) { open(network) }.also { it.startListening() }
}
