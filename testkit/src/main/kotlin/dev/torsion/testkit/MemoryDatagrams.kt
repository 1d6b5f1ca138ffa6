// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.net.BindException
import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketException
import java.time.Duration

/**
 * The datagrams of a [MemoryNetwork]: its UDP sockets, and the datagrams on their way between them.
 */
internal class MemoryDatagrams(
    private val network: MemoryNetwork,
    private val freePort: () -> Int,
    private val isSilent: (InetAddress) -> Boolean,
) {
    private val sockets = ArrayList<MemoryDatagramChannel>()
    private val onTheWay = ArrayDeque<Flight>()

    /** Runs something once a time has passed. */
    var later: (Duration, Runnable) -> Unit = { _, _ -> error("no time passes in this network") }
    var fate: DatagramFate = DatagramFate.perfect()

    /** One copy of a datagram, on its way to one socket. */
    private class Flight(val to: MemoryDatagramChannel, val datagram: MemoryDatagram)

    fun bind(socket: MemoryDatagramChannel, wanted: InetSocketAddress): InetSocketAddress {
        val address = if (wanted.port == 0) InetSocketAddress(wanted.address, freePort()) else wanted
        val isTaken =
            sockets.any {
                it.at.port == address.port && !(it.sharesAddress && socket.sharesAddress) &&
                    (it.covers(address.address) || socket.covers(it.at.address, address.address))
            }
        if (isTaken) throw BindException("Address already in use")
        sockets.add(socket)
        return address
    }

    fun unbind(socket: MemoryDatagramChannel) {
        sockets.remove(socket)
        onTheWay.removeAll { it.to === socket }
    }

    val isQuiet get() = onTheWay.isEmpty() && sockets.none { it.bytesOnTheWay > 0 }

    fun send(from: MemoryDatagramChannel, bytes: ByteArray, to: InetSocketAddress) {
        val target = InetSocketAddress(network.own(from.home, to.address), to.port)
        from.bytesOnTheWay += bytes.size
        val datagram = MemoryDatagram(bytes, from.senderFor(target.address))
        val receivers = receivers(from, target)
        if (receivers.isEmpty() && !target.address.isMulticastAddress && !isBroadcast(target.address) && !isSilent(target.address)) {
            from.refuse(target)
        }
        for (receiver in receivers) {
            val end = receiver.at.address
            val link = network.linkOf(datagram.sender.address, if (end.isAnyLocalAddress) target.address else end)
            if (!link.isBlackHole) dispatch(Flight(receiver, datagram), Duration.ofNanos(link.latency))
        }
    }

    private fun dispatch(flight: Flight, latency: Duration) {
        val journey = fate.of(flight.datagram.bytes.size)
        for (extra in journey.copies) {
            val delay = extra + latency
            if (delay.isZero) depart(flight, journey.overtakes) else later(delay) { depart(flight, journey.overtakes) }
        }
    }

    private fun depart(flight: Flight, overtakes: Boolean) {
        if (overtakes) onTheWay.addFirst(flight) else onTheWay.addLast(flight)
    }

    /** All that is on its way arrives. */
    fun deliver() {
        sockets.forEach { it.bytesOnTheWay = 0 }
        while (true) {
            val flight = onTheWay.removeFirstOrNull() ?: return
            flight.to.arrive(flight.datagram)
        }
    }

    private fun receivers(from: MemoryDatagramChannel, target: InetSocketAddress): List<MemoryDatagramChannel> {
        val host = target.address
        if (isSilent(host)) return emptyList()
        val open = sockets.filter { it.at.port == target.port && it.hears(from.senderFor(host)) }
        return when {
            host.isMulticastAddress -> if (from.loopsBack) open.filter { it.hasJoined(host, from.senderFor(host).address) } else emptyList()
            isBroadcast(host) -> open.filter { it.at.address is Inet4Address || it.at.address.isAnyLocalAddress }
            else -> listOfNotNull(open.asReversed().filter { it.covers(host) }.maxByOrNull { it.closeness })
        }
    }

    fun isBroadcast(host: InetAddress) = host is Inet4Address && host.address.all { it == (-1).toByte() }

    fun checkAllowed(from: MemoryDatagramChannel, target: InetSocketAddress) {
        if (isBroadcast(target.address) && !from.mayBroadcast) throw SocketException("Permission denied")
        if (target.address is Inet6Address && from.isIPv4) throw SocketException("Network is unreachable")
    }
}

/** A datagram as it arrives. */
internal class MemoryDatagram(val bytes: ByteArray, val sender: InetSocketAddress)
