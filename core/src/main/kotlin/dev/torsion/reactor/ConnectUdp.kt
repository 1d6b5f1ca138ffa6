// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.datagram.DatagramNetwork
import dev.torsion.defer.Deferred
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.ListeningPort
import dev.torsion.spi.DatagramChannel
import java.net.Inet6Address
import java.net.InetSocketAddress
import java.time.Duration

/**
 * Opens a UDP port that is connected to [port] of [host], for [protocol], which finds it connected in its `startProtocol`. A name is looked
 * up first, as by [resolve], and the first of its addresses is taken. Connecting sends nothing, so that nobody knows yet whether it answers.
 *
 * The Deferred gives the port. It fails with a [DnsLookupException][dev.torsion.net.DnsLookupException], a
 * [CannotListenException][dev.torsion.net.CannotListenException], an
 * `IOException` when there is no way to the address, or what `startProtocol` throws. Cancelling it ends the look-up; a port that
 * nobody was handed is closed.
 *
 * Thread: the reactor's.
 *
 * @throws IllegalArgumentException when [port] is not 1 to 65535
 */
@JvmOverloads
public fun Reactor.connectUdp(
    host: String,
    port: Int,
    protocol: DatagramProtocol,
    options: DatagramOptions = DatagramOptions.DEFAULT,
    timeout: Duration = Duration.ofSeconds(30),
): Deferred<ListeningPort> {
    require(port in 1..0xffff) { "a port to connect to is a number from 1 to 65535, but $port was given" }
    return resolve(host, timeout = timeout).addCallback { addresses ->
        val remote = InetSocketAddress(addresses.first(), port)
        openDatagramPort("connectUdp", protocol, options) { it.openConnected(remote, options) }
    }.onUndelivered { opened -> onLoop { opened.stopListening() } }
}

private fun DatagramNetwork.openConnected(remote: InetSocketAddress, options: DatagramOptions): DatagramChannel {
    val channel = openDatagrams(0, if (remote.address is Inet6Address) "::" else "0.0.0.0", options)
    try {
        channel.connect(remote)
    } catch (e: Throwable) {
        channel.close {}
        throw e
    }
    return channel
}
