// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.name.BlockingHostResolver
import dev.torsion.net.Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.PeerCredentials
import java.io.IOException
import java.net.BindException
import java.net.ConnectException
import java.net.IDN
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.net.SocketException
import java.net.UnixDomainSocketAddress
import java.net.UnknownHostException
import java.nio.channels.SelectableChannel
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermission
import java.util.function.LongSupplier

/**
 * The network of a [MemoryReactor], and of its [neighbours][MemoryReactor.neighbour]. A neighbour is a machine with one address. The first
 * reactor is a machine that has all other addresses. A connection to a port on which nobody listens is refused. Datagrams go to UDP ports
 * and to groups in the same way; a [datagramFate] may lose, double, delay and reorder them.
 *
 * Bytes that are written in one turn of a reactor arrive in the next, without any time passing. A [link] can delay them, lose them, and
 * break connections.
 *
 * Thread: the test's.
 */
public class MemoryNetwork {
    private val ports = LinkedHashMap<InetSocketAddress, MemoryServerChannel>()
    private val open = LinkedHashSet<MemorySocketChannel>()
    private val attempts = LinkedHashSet<Attempt>()
    private val hosts = HashMap<String, List<InetAddress>>()
    private val silent = HashSet<InetAddress>()
    private val machines = HashSet<InetAddress>() // of the neighbours
    private val links = HashMap<Set<InetAddress>, MemoryLink>()
    private var clock: VirtualClock? = null
    private val time = LongSupplier { clock?.nanoTime() ?: 0 }
    private var nextPort = FIRST_FREE_PORT

    /** The files of UNIX sockets, which nobody else sees. */
    @get:JvmSynthetic
    internal val socketFiles = MemorySocketFiles()

    /** Hears of every call of the channels, in the order in which they come. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var calls = SystemCalls { }

    /** Everything that was opened and not closed: channels, and selectors. */
    @get:JvmSynthetic
    internal val resources = LinkedHashSet<Any>()

    /** In which pieces the bytes of connections that are made from now on arrive, and the output of processes. */
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

    /** Decides the fate of datagrams that are sent from now on; by default each arrives once, in order, in the next turn. */
    public var datagramFate: DatagramFate
        get() = datagrams.fate
        set(value) {
            datagrams.fate = value
        }

    /** How many bytes of datagrams a UDP socket keeps until its reactor receives them, each counted with 256 more. Further datagrams are lost. */
    public var datagramBuffer: Int = 212_992
        set(value) {
            require(value > 0) { "a buffer has at least one byte, but $value were given" }
            field = value
        }

    @get:JvmSynthetic
    internal val datagrams = MemoryDatagrams(this, ::freePort) { it in silent }

    /** The user at the other end of each connection over a UNIX socket; null for a system that does not tell. */
    public var peerCredentials: PeerCredentials? = null

    /** The mode of the UNIX socket at [path]; null when there is no such file. */
    public fun modeOf(path: Path): Set<PosixFilePermission>? = socketFiles.modeOf(path)

    /** Leaves a file at [path], and a lock when [isLocked], as a server does that was killed: nobody listens there. */
    @JvmOverloads
    public fun addStaleSocket(path: Path, isLocked: Boolean = true): Unit = socketFiles.leave(path, isLocked)

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

    /** The way of UNIX sockets, which never leave their machine. */
    private val atHome = MemoryLink(this, "within a machine", null)

    /** All links at once. Its black hole holds for all of them, its delay for each link that was not given one of its own. */
    @get:JvmName("everywhere")
    public val everywhere: MemoryLink = MemoryLink(this, "everywhere", null)

    /**
     * The link between the machines at two numeric addresses, in both directions. The two may be the same. A client has the address of its
     * reactor, which is `127.0.0.1` for the first one.
     *
     * @throws IllegalArgumentException when an address is not numeric
     */
    public fun link(one: String, other: String): MemoryLink = linkOf(numeric(one), numeric(other))

    @JvmSynthetic
    internal fun linkOf(one: InetAddress, other: InetAddress) = links.getOrPut(setOf(one, other)) {
        MemoryLink(this, "${one.hostAddress} <-> ${other.hostAddress}", everywhere)
    }

    /**
     * Breaks the connection that has [end] as the address of one of its ends, as [dev.torsion.net.Transport.host] tells it, for example. Both
     * ends see a reset at once.
     *
     * @return false when there is no such connection
     */
    public fun cut(end: Address): Boolean {
        val cut = open.filter { it.peer != null && (it.localAddress as? InetSocketAddress)?.let(InternetAddress::of).toString() == "$end" }
        cut.flatMap { listOf(it, it.peer!!) }.filter { it.isOpen }.forEach { it.breakOff() }
        return cut.isNotEmpty()
    }

    @JvmSynthetic
    internal fun cutAll(link: MemoryLink) = open.filter { it.link?.isPartOf(link) == true }.forEach { it.breakOff() }

    /** The clock of all reactors on this network. */
    @JvmSynthetic
    internal fun runsBy(clock: VirtualClock) {
        check(this.clock == null || this.clock === clock) { "this network has another clock: its reactors share one" }
        this.clock = clock
    }

    /** Adds a machine with the numeric [address]. */
    @JvmSynthetic
    internal fun addMachine(address: String): InetAddress =
        numeric(address).also { require(machines.add(it)) { "there is a machine with the address $address already" } }

    /** How many connections exist; each has two ends, and counts until both are closed. */
    public val connections: Int get() = (open + open.mapNotNull { it.peer }).count { it.peer != null } / 2

    /** The local addresses of connections whose other end is closed. */
    @JvmSynthetic
    internal fun endsWithoutPeer(): List<InetSocketAddress> =
        open.filter { it.peer?.isOpen == false }.mapNotNull { it.localAddress as? InetSocketAddress }

    @get:JvmSynthetic
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
    internal class Attempt(
        val channel: MemorySocketChannel,
        val remote: SocketAddress,
        val local: SocketAddress,
        val link: MemoryLink,
        val due: Long,
    ) {
        var isDecided = false

        /** Why there is no connection, once it is decided. */
        var refusal = IOException("it is not decided yet")
    }

    @JvmSynthetic
    internal fun bind(channel: MemoryServerChannel, wanted: InetSocketAddress): InetSocketAddress {
        val home = channel.home
        val place = own(home, wanted.address)
        if (home != null && place != home) throw BindException("Cannot assign requested address")
        val address = InetSocketAddress(place, if (wanted.port == 0) freePort() else wanted.port)
        val isTaken =
            ports.any { (at, other) ->
                at.port == address.port && (other.covers(at.address, address.address) || channel.covers(address.address, at.address))
            }
        if (isTaken) throw BindException("Address already in use")
        ports[address] = channel
        return address
    }

    @JvmSynthetic
    internal fun bind(channel: MemoryServerChannel, wanted: UnixDomainSocketAddress): UnixDomainSocketAddress {
        socketFiles.bind(wanted.path, channel)
        return wanted
    }

    /** Whether this channel, bound to the address [own], listens on [address]. */
    private fun MemoryServerChannel.covers(own: InetAddress, address: InetAddress) =
        own == address || (own.isAnyLocalAddress && !(ofIPv4 && address is Inet6Address) && address !in machines)

    /** [address] as the machine at [home] understands it: its loopback is itself. */
    @JvmSynthetic
    internal fun own(home: InetAddress?, address: InetAddress) =
        if (home != null && (address.isAnyLocalAddress || address.isLoopbackAddress)) home else address

    @JvmSynthetic
    internal fun isMachine(address: InetAddress) = address in machines

    private val SelectableChannel.home get() = (provider() as MemorySelectorProvider).home

    private fun freePort() = nextPort.also { nextPort = if (it == LAST_PORT) FIRST_FREE_PORT else it + 1 }

    @JvmSynthetic
    internal fun unbind(address: SocketAddress) {
        ports.remove(address)
    }

    @JvmSynthetic
    internal fun connect(channel: MemorySocketChannel, remote: SocketAddress, local: InetSocketAddress?): Attempt {
        val attempt = if (remote is InetSocketAddress) attemptTo(channel, remote, local) else Attempt(channel, remote, UNNAMED, atHome, 0)
        attempts.add(attempt)
        open.add(channel)
        return attempt
    }

    private fun attemptTo(channel: MemorySocketChannel, remote: InetSocketAddress, local: InetSocketAddress?): Attempt {
        val home = channel.home
        val to = InetSocketAddress(own(home, remote.address), remote.port)
        val from = home ?: local?.address ?: InetAddress.getByName(if (':' in remote.address.hostAddress) "::1" else "127.0.0.1")
        val link = linkOf(from, to.address)
        val here = InetSocketAddress(from, local?.port?.takeIf { it != 0 } ?: freePort())
        return Attempt(channel, to, here, link, time.asLong + 2 * link.latency)
    }

    @JvmSynthetic
    internal fun abandon(attempt: Attempt) {
        attempts.remove(attempt)
    }

    @JvmSynthetic
    internal fun closed(channel: MemorySocketChannel) {
        open.remove(channel)
        resources.remove(channel)
    }

    /** Resets the connection at the end with the address [local], as a machine between the two might; false when there is none. */
    @JvmSynthetic
    internal fun reset(local: InetSocketAddress): Boolean {
        val end = open.firstOrNull { it.peer != null && it.localAddress == local } ?: return false
        end.breakOff()
        return true
    }

    /** All that is on its way arrives. */
    @JvmSynthetic
    internal fun deliver() {
        for (attempt in attempts.filter(::canDecide)) {
            attempts.remove(attempt)
            attempt.isDecided = true
            val port = portAt(attempt.remote)
            if (port != null) join(attempt, port) else attempt.refusal = refusal(attempt.remote)
        }
        open.toList().forEach { it.deliver() }
        datagrams.deliver()
    }

    /** Whether nothing is on its way. */
    @get:JvmSynthetic
    internal val isQuiet: Boolean get() = attempts.none(::canDecide) && open.none { it.isAwaitingDelivery } && datagrams.isQuiet

    /** When the next byte, end, reset or connection arrives, or [BytePipe.NEVER]. */
    @JvmSynthetic
    internal fun nextArrival(): Long {
        var next = attempts.filter(::mayDecide).minOfOrNull { it.due } ?: BytePipe.NEVER
        for (end in open) next = minOf(next, end.nextArrival())
        return next
    }

    private fun canDecide(attempt: Attempt) = attempt.due <= time.asLong && mayDecide(attempt)

    private fun mayDecide(attempt: Attempt) =
        (attempt.remote as? InetSocketAddress)?.address !in silent && !attempt.link.isBlackHole && portAt(attempt.remote)?.hasRoom != false

    private fun refusal(address: SocketAddress): IOException {
        val isMissing = address is UnixDomainSocketAddress && modeOf(address.path) == null
        return if (isMissing) SocketException("No such file or directory") else ConnectException("Connection refused")
    }

    private fun portAt(address: SocketAddress): MemoryServerChannel? = when (address) {
        is UnixDomainSocketAddress -> socketFiles.serverAt(address.path)
        is InetSocketAddress ->
            ports.entries.firstOrNull { (at, port) -> at.port == address.port && port.covers(at.address, address.address) }?.value
        else -> null
    }

    private fun join(attempt: Attempt, port: MemoryServerChannel) {
        val client = attempt.channel
        val server = MemorySocketChannel(port.provider(), this).also(resources::add)
        val link = attempt.link
        val toServer = BytePipe(window, chunking.newStream(), link, time)
        val toClient = BytePipe(window, chunking.newStream(), link, time)
        client.join(server, link, attempt.local, attempt.remote, toClient, toServer)
        server.join(client, link, attempt.remote, attempt.local, toServer, toClient)
        open.add(server)
        port.enqueue(server)
    }

    override fun toString(): String = "MemoryNetwork(${ports.size} ports, $connections connections, $chunking)"

    private companion object {
        const val FIRST_FREE_PORT = 49_152
        const val LAST_PORT = 65_535
        val UNNAMED: UnixDomainSocketAddress = UnixDomainSocketAddress.of("")
    }
}
