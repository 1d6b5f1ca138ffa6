// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.net.DatagramSocket
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import java.net.PortUnreachableException
import java.net.SocketAddress
import java.net.SocketException
import java.net.SocketOption
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.AlreadyConnectedException
import java.nio.channels.ClosedChannelException
import java.nio.channels.DatagramChannel
import java.nio.channels.MembershipKey
import java.nio.channels.NotYetConnectedException
import java.nio.channels.SelectionKey
import java.nio.channels.UnsupportedAddressTypeException
import java.nio.channels.spi.SelectorProvider

/** A UDP socket in memory; one [isIPv4] knows no other family. */
internal class MemoryDatagramChannel(provider: SelectorProvider, private val network: MemoryNetwork, val isIPv4: Boolean) :
    DatagramChannel(provider),
    MemoryChannel {
    private val datagrams get() = network.datagrams
    private val values = HashMap<SocketOption<*>, Any?>()
    private val arrived = ArrayDeque<MemoryDatagram>()
    private val memberships = ArrayList<Membership>()
    private var local: InetSocketAddress? = null
    private var remote: InetSocketAddress? = null
    private var isRefused = false

    /** Where it is bound. */
    val at get() = local!!
    val sharesAddress get() = values[StandardSocketOptions.SO_REUSEADDR] == true
    val mayBroadcast get() = values[StandardSocketOptions.SO_BROADCAST] == true
    val loopsBack get() = values[StandardSocketOptions.IP_MULTICAST_LOOP] != false

    /** Of its own, that have not arrived. */
    var bytesOnTheWay = 0

    fun covers(host: InetAddress, own: InetAddress = at.address) =
        own == host || (own.isAnyLocalAddress && !(isIPv4 && host is Inet6Address) && !network.isMachine(host))

    /** The address of its machine; null for the one that has all other addresses. */
    val home get() = (provider() as MemorySelectorProvider).home

    /** Which of several on one port gets a datagram: the connected one, then that of the very address, then the youngest. */
    val closeness get() = (if (remote != null) 2 else 0) + (if (at.address.isAnyLocalAddress) 0 else 1)

    fun hears(sender: InetSocketAddress) = remote == null || remote == sender

    fun hasJoined(group: InetAddress, sender: InetAddress) = memberships.any { it.isValid && it.group() == group && it.takes(sender) }

    /** Its address as [receiver] sees it. */
    fun senderFor(receiver: InetAddress): InetSocketAddress {
        if (!at.address.isAnyLocalAddress) return at
        return InetSocketAddress(InetAddress.getByName(if (receiver is Inet6Address) "::1" else "127.0.0.1"), at.port)
    }

    /** Nobody is at [target]: a connected socket hears of it. */
    fun refuse(target: InetSocketAddress) {
        if (remote == target) isRefused = true
    }

    /** Like a kernel, it keeps so many bytes, and drops what comes then. */
    fun arrive(datagram: MemoryDatagram) {
        if (!isOpen || arrived.sumOf { it.bytes.size + OVERHEAD } + datagram.bytes.size > network.datagramBuffer) return
        arrived.addLast(datagram)
    }

    override fun readyOperations(): Int {
        if (!isOpen) return 0
        val readable = if (arrived.isNotEmpty() || isRefused) SelectionKey.OP_READ else 0
        return readable or (if (bytesOnTheWay < network.window) SelectionKey.OP_WRITE else 0)
    }

    override fun receive(target: ByteBuffer): SocketAddress? {
        network.calls.calling("receive")
        tellRefusal()
        val datagram = arrived.removeFirstOrNull() ?: return null
        target.put(datagram.bytes, 0, minOf(target.remaining(), datagram.bytes.size))
        return datagram.sender
    }

    private fun tellRefusal() {
        if (!isOpen) throw ClosedChannelException()
        if (!isRefused) return
        isRefused = false
        throw PortUnreachableException()
    }

    override fun send(source: ByteBuffer, target: SocketAddress): Int {
        network.calls.calling("send")
        tellRefusal()
        val to = target as InetSocketAddress
        if (remote != null && remote != to) throw AlreadyConnectedException()
        if (to.address is Inet6Address && isIPv4) throw UnsupportedAddressTypeException()
        datagrams.checkAllowed(this, to)
        val size = source.remaining()
        if (size > (if (to.address is Inet6Address) LONGEST_IPV6 else LONGEST_IPV4)) throw SocketException("Message too long")
        if (bytesOnTheWay > 0 && bytesOnTheWay + size > network.window) return 0
        datagrams.send(this, ByteArray(size).also(source::get), to)
        return size
    }

    override fun bind(local: SocketAddress?): DatagramChannel {
        network.calls.calling("bind")
        val given = local as InetSocketAddress? ?: InetSocketAddress(0)
        val wanted = InetSocketAddress(network.own(home, given.address), given.port)
        val isEverywhere = !isIPv4 && wanted.address.isAnyLocalAddress
        this.local = datagrams.bind(this, if (isEverywhere) InetSocketAddress(InetAddress.getByName("::"), wanted.port) else wanted)
        return this
    }

    override fun connect(remote: SocketAddress): DatagramChannel {
        network.calls.calling("connect")
        if (this.remote != null) throw AlreadyConnectedException()
        val to = remote as InetSocketAddress
        datagrams.checkAllowed(this, to)
        this.remote = to
        arrived.removeAll { it.sender != to }
        local = senderFor(to.address)
        return this
    }

    override fun disconnect(): DatagramChannel {
        remote = null
        return this
    }

    override fun implCloseSelectableChannel() {
        datagrams.unbind(this)
        network.resources.remove(this)
        network.calls.calling("close datagrams")
    }

    override fun implConfigureBlocking(block: Boolean) {
        if (block) throw UnsupportedOperationException("channels in memory never block")
    }

    override fun <T> setOption(name: SocketOption<T>, value: T): DatagramChannel {
        network.calls.calling("setOption")
        if (!isOpen) throw ClosedChannelException()
        if (name !in supportedOptions()) throw UnsupportedOperationException("no socket option $name in memory")
        values[name] = value
        return this
    }

    override fun <T> getOption(name: SocketOption<T>): T {
        if (!isOpen) throw ClosedChannelException()
        if (name !in supportedOptions()) throw UnsupportedOperationException("no socket option $name in memory")
        @Suppress("UNCHECKED_CAST")
        return (values[name] ?: DEFAULTS[name]) as T
    }

    override fun supportedOptions(): Set<SocketOption<*>> = DEFAULTS.keys

    override fun isConnected(): Boolean = remote != null

    override fun getLocalAddress(): SocketAddress? = local

    override fun getRemoteAddress(): SocketAddress? = remote

    override fun read(target: ByteBuffer): Int {
        if (remote == null) throw NotYetConnectedException()
        val before = target.position()
        return if (receive(target) == null) 0 else target.position() - before
    }

    override fun read(targets: Array<out ByteBuffer>, offset: Int, length: Int): Long = throw scattering()

    override fun write(source: ByteBuffer): Int = send(source, remote ?: throw NotYetConnectedException())

    override fun write(sources: Array<out ByteBuffer>, offset: Int, length: Int): Long = throw scattering()

    private fun scattering() = UnsupportedOperationException("datagrams in memory are not scattered or gathered")

    override fun socket(): DatagramSocket = throw UnsupportedOperationException("there is no java.net.DatagramSocket in memory")

    // Groups. The machine has one network in memory, whatever interface is named.

    override fun join(group: InetAddress, networkInterface: NetworkInterface): MembershipKey = joined(group, networkInterface, null)

    override fun join(group: InetAddress, networkInterface: NetworkInterface, source: InetAddress): MembershipKey =
        joined(group, networkInterface, source)

    private fun joined(group: InetAddress, on: NetworkInterface, source: InetAddress?): MembershipKey {
        network.calls.calling("join")
        require(group.isMulticastAddress) { "$group is no multicast address" }
        require(!(isIPv4 && group is Inet6Address)) { "only IPv6 sockets can join an IPv6 group" }
        return memberships.firstOrNull { it.isValid && it.group() == group && it.networkInterface() == on && it.sourceAddress() == source }
            ?: Membership(group, on, source).also(memberships::add)
    }

    private inner class Membership(private val group: InetAddress, private val on: NetworkInterface, private val source: InetAddress?) :
        MembershipKey() {
        private val blocked = HashSet<InetAddress>()
        private var isDropped = false

        fun takes(sender: InetAddress) = (source == null || source == sender) && sender !in blocked

        override fun isValid() = !isDropped && isOpen

        override fun drop() {
            isDropped = true
            memberships.remove(this)
        }

        override fun block(source: InetAddress): MembershipKey {
            check(this.source == null) { "the group was joined for one source" }
            blocked.add(source)
            return this
        }

        override fun unblock(source: InetAddress): MembershipKey {
            check(blocked.remove(source)) { "$source was not blocked" }
            return this
        }

        override fun channel() = this@MemoryDatagramChannel

        override fun group() = group

        override fun networkInterface() = on

        override fun sourceAddress() = source
    }

    override fun toString() = "MemoryDatagramSocket($local${if (remote == null) "" else " -> $remote"})"

    private companion object {
        const val LONGEST_IPV4 = 65_507
        const val LONGEST_IPV6 = 65_527
        const val OVERHEAD = 256
        const val BUFFER = 212_992
        val DEFAULTS: Map<SocketOption<*>, Any?> =
            mapOf(
                StandardSocketOptions.SO_REUSEADDR to false,
                StandardSocketOptions.SO_BROADCAST to false,
                StandardSocketOptions.SO_RCVBUF to BUFFER,
                StandardSocketOptions.SO_SNDBUF to BUFFER,
                StandardSocketOptions.IP_MULTICAST_TTL to 1,
                StandardSocketOptions.IP_MULTICAST_LOOP to true,
                StandardSocketOptions.IP_MULTICAST_IF to null,
            )
    }
}
