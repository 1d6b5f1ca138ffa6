// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/**
 * The side of a UDP port that knows groups; Twisted's `IMulticastTransport`.
 *
 * ```kotlin
 * class Listener : DatagramProtocol() {
 *     override fun startProtocol() = transport.multicast().joinGroup("239.1.2.3")
 * }
 * reactor.listenMulticast(8005, Listener())
 * ```
 *
 * A group is a numeric multicast address. An interface is a name, such as `eth0`, or an address of it. Empty means the [outgoingInterface]
 * if that is set, or else the first interface that can do multicast. In Twisted the methods give Deferreds, since they may look names up;
 * here nothing is looked up, and they return when it is done.
 *
 * Thread: the reactor's.
 */
public interface MulticastTransport {
    /**
     * Receives what is sent to [group] on [networkInterface], from now until [leaveGroup] or the end of the port.
     *
     * @param source only what comes from this numeric address (source-specific multicast); null for all
     * @throws MulticastException when there is no such group or interface, or the operating system refuses
     * @throws UnsupportedOperationException when the platform does not choose by [source]
     */
    public fun joinGroup(group: String, networkInterface: String, source: String?)

    /** The same for all sources. */
    public fun joinGroup(group: String, networkInterface: String): Unit = joinGroup(group, networkInterface, null)

    /** The same on the default interface. */
    public fun joinGroup(group: String): Unit = joinGroup(group, "", null)

    /**
     * Undoes the [joinGroup] of the same arguments.
     *
     * @throws MulticastException when there was none
     */
    public fun leaveGroup(group: String, networkInterface: String, source: String?)

    /** The same for all sources. */
    public fun leaveGroup(group: String, networkInterface: String): Unit = leaveGroup(group, networkInterface, null)

    /** The same on the default interface. */
    public fun leaveGroup(group: String): Unit = leaveGroup(group, "", null)

    /**
     * Receives nothing from [source] that is sent to [group], which was joined for all sources.
     *
     * @throws MulticastException when it was not joined, or the operating system refuses
     * @throws UnsupportedOperationException when the platform does not choose by source
     */
    public fun blockSource(group: String, networkInterface: String, source: String)

    /** Undoes [blockSource]. */
    public fun unblockSource(group: String, networkInterface: String, source: String)

    /** How many routers a datagram to a group may pass, 0 to 255; 1 by default: it stays on the local network. */
    public var ttl: Int

    /** Whether what is sent to a group comes back to the ports of this machine that have joined it; true by default. */
    public var isLoopback: Boolean

    /** The interface through which datagrams go to groups: its name; empty for the operating system's choice. An address of it may be set. */
    public var outgoingInterface: String
}
