// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.name.BlockingHostResolver
import java.net.BindException
import java.net.IDN
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.UnknownHostException

/**
 * The network of a [MemoryReactor]: one machine that has every address. Who connects to a port on which the reactor listens is
 * connected to it; elsewhere nobody listens, and the connection is refused. Datagrams go to UDP ports and to groups in the same way; a
 * [datagramFate] may lose, double, delay and reorder them.
 *
 * What is written in one turn of the reactor arrives in the next, without any time passing.
 *
 * Thread: the test's.
 */
public class MemoryNetwork {
    private val ports = LinkedHashMap<InetSocketAddress, MemoryServerChannel>()
    private val open = LinkedHashSet<MemorySocketChannel>()
    private val attempts = LinkedHashSet<Attempt>()
    private val hosts = HashMap<String, List<InetAddress>>()
    private val silent = HashSet<InetAddress>()
    private var nextPort = FIRST_FREE_PORT

    /** Hears of every call of the channels, in the order in which they come. */
    internal var calls = SystemCalls { }

    /** Everything that was opened and not closed: channels, and selectors. */
    internal val resources = LinkedHashSet<Any>()

    /** In which pieces the bytes of connections that are made from now on arrive. */
    public var chunking: Chunking = Chunking.whole()

    /**
     * How many bytes may be on the way in each direction before the writer has to wait, for connections made from now on; 64 KiB. Also how
     * many bytes of datagrams a UDP socket may have on their way, at any time.
     */
    public var window: Int = 64 * 1024
        set(value) {
            require(value > 0) { "a window has at least one byte, but $value were given" }
            field = value
        }

    /** What becomes of datagrams that are sent from now on; by default each arrives once, in order, in the next turn. */
    public var datagramFate: DatagramFate
        get() = datagrams.fate
        set(value) {
            datagrams.fate = value
        }

    /** How many bytes of datagrams a UDP socket keeps until its reactor receives them, each counted with 256 more. What comes then is lost. */
    public var datagramBuffer: Int = 212_992
        set(value) {
            require(value > 0) { "a buffer has at least one byte, but $value were given" }
            field = value
        }

    internal val datagrams = MemoryDatagrams(::freePort) { it in silent }

    /** Gives [name] the numeric [addresses]; names that were given none are unknown. */
    public fun addHost(name: String, vararg addresses: String) {
        require(addresses.isNotEmpty()) { "$name needs an address" }
        hosts[IDN.toASCII(name).lowercase()] = addresses.map { numeric(it) }
    }

    /** Makes the machine at the numeric [address] answer nobody, so that attempts to connect to it time out. */
    public fun silence(address: String) {
        silent.add(numeric(address))
    }

    /** Undoes [silence]. */
    public fun unsilence(address: String) {
        silent.remove(numeric(address))
    }

    /** How many connections exist; each has two ends, and counts until both are closed. */
    public val connections: Int get() = (open + open.mapNotNull { it.peer }).count { it.peer != null } / 2

    /** The local addresses of connections whose other end is closed. */
    internal fun endsWithoutPeer(): List<InetSocketAddress> =
        open.filter { it.peer?.isOpen == false }.map { it.localAddress as InetSocketAddress }

    internal val resolver =
        BlockingHostResolver { name ->
            calls.calling("resolve")
            hosts[name.lowercase()] ?: throw UnknownHostException("$name: give it an address with MemoryNetwork.addHost")
        }

    private fun numeric(address: String): InetAddress {
        require(address.all { it.isDigit() || it in "abcdefABCDEF.:" }) { "\"$address\" is not a numeric address" }
        return InetAddress.getByName(address)
    }

    /** An attempt to connect. */
    internal class Attempt(val channel: MemorySocketChannel, val remote: InetSocketAddress, val local: InetSocketAddress) {
        var isDecided = false
    }

    internal fun bind(channel: MemoryServerChannel, wanted: InetSocketAddress): InetSocketAddress {
        val address = if (wanted.port == 0) InetSocketAddress(wanted.address, freePort()) else wanted
        val isTaken =
            ports.any { (at, other) ->
                at.port == address.port && (other.covers(at.address, address.address) || channel.covers(address.address, at.address))
            }
        if (isTaken) throw BindException("Address already in use")
        ports[address] = channel
        return address
    }

    /** Whether this channel, bound to the address [own], listens on [address]. */
    private fun MemoryServerChannel.covers(own: InetAddress, address: InetAddress) =
        own == address || (own.isAnyLocalAddress && !(ofIPv4 && address is Inet6Address))

    private fun freePort() = nextPort.also { nextPort = if (it == LAST_PORT) FIRST_FREE_PORT else it + 1 }

    internal fun unbind(address: InetSocketAddress) {
        ports.remove(address)
    }

    internal fun connect(channel: MemorySocketChannel, remote: InetSocketAddress, local: InetSocketAddress?): Attempt {
        val from = local?.address ?: InetAddress.getByName(if (':' in remote.address.hostAddress) "::1" else "127.0.0.1")
        val attempt = Attempt(channel, remote, InetSocketAddress(from, local?.port?.takeIf { it != 0 } ?: freePort()))
        attempts.add(attempt)
        open.add(channel)
        return attempt
    }

    internal fun abandon(attempt: Attempt) {
        attempts.remove(attempt)
    }

    internal fun closed(channel: MemorySocketChannel) {
        open.remove(channel)
        resources.remove(channel)
    }

    /** Resets the connection at the end with the address [local], as a machine between the two might; false when there is none. */
    internal fun reset(local: InetSocketAddress): Boolean {
        val end = open.firstOrNull { it.peer != null && it.localAddress == local } ?: return false
        end.breakOff()
        return true
    }

    /** All that is on its way arrives. */
    internal fun deliver() {
        for (attempt in attempts.filter(::canDecide)) {
            attempts.remove(attempt)
            attempt.isDecided = true
            portAt(attempt.remote)?.let { join(attempt, it) }
        }
        open.toList().forEach { it.deliver() }
        datagrams.deliver()
    }

    /** Whether nothing is on its way. */
    internal val isQuiet: Boolean get() = attempts.none(::canDecide) && open.none { it.isAwaitingDelivery } && datagrams.isQuiet

    private fun canDecide(attempt: Attempt) = attempt.remote.address !in silent && portAt(attempt.remote)?.hasRoom != false

    private fun portAt(address: InetSocketAddress): MemoryServerChannel? =
        ports.entries.firstOrNull { (at, port) -> at.port == address.port && port.covers(at.address, address.address) }?.value

    private fun join(attempt: Attempt, port: MemoryServerChannel) {
        val client = attempt.channel
        val server = MemorySocketChannel(client.provider(), this).also(resources::add)
        val toServer = BytePipe(window, chunking.newStream())
        val toClient = BytePipe(window, chunking.newStream())
        client.join(server, attempt.local, attempt.remote, toClient, toServer)
        server.join(client, attempt.remote, attempt.local, toServer, toClient)
        open.add(server)
        port.enqueue(server)
    }

    override fun toString(): String = "MemoryNetwork(${ports.size} ports, $connections connections, $chunking)"

    private companion object {
        const val FIRST_FREE_PORT = 49_152
        const val LAST_PORT = 65_535
    }
}
