// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.datagram

import dev.torsion.log.escaped
import dev.torsion.log.safeMessage
import dev.torsion.loop.EventLoop
import dev.torsion.name.numericAddress
import dev.torsion.net.InvalidAddressException
import dev.torsion.net.MulticastException
import dev.torsion.net.MulticastTransport
import dev.torsion.spi.DatagramChannel
import java.io.IOException
import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress
import java.net.NetworkInterface
import java.net.StandardSocketOptions

/** Groups of one port. Looking an interface up asks the operating system, and nobody else. */
internal class MulticastSide(private val loop: EventLoop, private val open: (String) -> DatagramChannel) : MulticastTransport {
    override fun joinGroup(group: String, networkInterface: String, source: String?) {
        val channel = open("joinGroup")
        val at = groupAddress(group)
        val on = interfaceFor(channel, networkInterface, at)
        telling("Cannot join the group $group on ${on.name}") { channel.join(at, on, source?.let(::sourceAddress)) }
    }

    override fun leaveGroup(group: String, networkInterface: String, source: String?) {
        val channel = open("leaveGroup")
        val at = groupAddress(group)
        val on = interfaceFor(channel, networkInterface, at)
        val wasJoined = telling("Cannot leave the group $group on ${on.name}") { channel.leave(at, on, source?.let(::sourceAddress)) }
        if (!wasJoined) throw notJoined(group, on, source)
    }

    override fun blockSource(group: String, networkInterface: String, source: String) = block(group, networkInterface, source, true)

    override fun unblockSource(group: String, networkInterface: String, source: String) = block(group, networkInterface, source, false)

    private fun block(group: String, networkInterface: String, source: String, isBlocked: Boolean) {
        val channel = open(if (isBlocked) "blockSource" else "unblockSource")
        val at = groupAddress(group)
        val on = interfaceFor(channel, networkInterface, at)
        val wasJoined =
            telling("Cannot ${if (isBlocked) "block" else "unblock"} $source in the group $group") {
                channel.block(at, on, sourceAddress(source), isBlocked)
            }
        if (!wasJoined) throw notJoined(group, on, null)
    }

    private fun notJoined(group: String, on: NetworkInterface, source: String?) =
        MulticastException("The group $group was not joined on ${on.name}${if (source == null) "" else " for $source"}.")

    override var ttl: Int
        get() = open("ttl").option(StandardSocketOptions.IP_MULTICAST_TTL)
        set(value) {
            require(value in 0..LARGEST_TTL) { "a time to live is a number from 0 to $LARGEST_TTL, but $value was given" }
            open("ttl").setOption(StandardSocketOptions.IP_MULTICAST_TTL, value)
        }

    override var isLoopback: Boolean
        get() = open("isLoopback").option(StandardSocketOptions.IP_MULTICAST_LOOP)
        set(value) = open("isLoopback").setOption(StandardSocketOptions.IP_MULTICAST_LOOP, value)

    override var outgoingInterface: String
        get() = outgoing(open("outgoingInterface"))?.name ?: ""
        set(value) = open("outgoingInterface").setOption(StandardSocketOptions.IP_MULTICAST_IF, interfaceCalled(value))

    // The JDK types it as never null, but gives null when none is set.
    private fun outgoing(channel: DatagramChannel): NetworkInterface? = channel.option(StandardSocketOptions.IP_MULTICAST_IF)

    private fun interfaceFor(channel: DatagramChannel, wanted: String, group: InetAddress): NetworkInterface = when {
        wanted.isNotEmpty() -> interfaceCalled(wanted)
        group is Inet6Address && group.scopeId != 0 ->
            NetworkInterface.getByIndex(group.scopeId) ?: throw MulticastException("There is no network interface ${group.scopeId}.")
        else -> outgoing(channel) ?: defaultInterface(group)
    }

    private fun interfaceCalled(wanted: String): NetworkInterface {
        val found =
            try {
                NetworkInterface.getByName(wanted) ?: NetworkInterface.getByInetAddress(numericAddress(wanted))
            } catch (e: InvalidAddressException) {
                throw MulticastException("There is no network interface \"${escaped(wanted)}\".", e)
            } catch (e: IOException) {
                throw MulticastException("The network interface \"${escaped(wanted)}\" cannot be found: ${safeMessage(e)}.", e)
            }
        return found ?: throw MulticastException("There is no network interface with the address ${escaped(wanted)}.")
    }

    /** The first that can do it; the loopback only when there is no other. */
    private fun defaultInterface(group: InetAddress): NetworkInterface {
        val usable = NetworkInterface.networkInterfaces().filter { isUsable(it, group) }.toList()
        return usable.firstOrNull { !it.isLoopback } ?: usable.firstOrNull()
            ?: throw MulticastException("No network interface can do multicast for ${group.hostAddress}.")
    }

    private fun isUsable(candidate: NetworkInterface, group: InetAddress): Boolean = try {
        candidate.isUp && (candidate.supportsMulticast() || candidate.isLoopback) &&
            candidate.inetAddresses().anyMatch { (it is Inet4Address) == (group is Inet4Address) }
    } catch (_: IOException) {
        false // it is gone
    }

    private fun groupAddress(group: String): InetAddress = telling("\"${escaped(group)}\" is no group") { numericAddress(group) }.also {
        if (!it.isMulticastAddress) throw MulticastException("${escaped(group)} is no multicast address.")
    }

    private fun sourceAddress(source: String) = numericAddress(source)

    /** Runs [block]; a refusal of the system or the JDK is a [MulticastException] that begins with [what]. */
    private inline fun <T> telling(what: String, block: () -> T): T = try {
        block()
    } catch (e: MulticastException) {
        throw e
    } catch (e: IOException) {
        throw MulticastException("$what: ${safeMessage(e)}.", e)
    } catch (e: IllegalArgumentException) { // of another family, for example
        throw MulticastException("$what: ${safeMessage(e)}.", e)
    } catch (e: IllegalStateException) { // it was joined in another way
        throw MulticastException("$what: ${safeMessage(e)}.", e)
    }

    override fun toString(): String = "groups of a UDP port of ${loop.name}"

    private companion object {
        const val LARGEST_TTL = 255
    }
}
