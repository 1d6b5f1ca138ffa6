// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.datagram.DatagramNetwork
import dev.torsion.datagram.LoopDatagrams
import dev.torsion.defer.Deferred
import dev.torsion.loop.EventLoop
import dev.torsion.loop.Loop
import dev.torsion.loop.guarded
import dev.torsion.net.AddressFamily
import dev.torsion.net.ConnectOptions
import dev.torsion.net.DatagramOptions
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixPortOptions
import dev.torsion.spi.Acceptor
import dev.torsion.spi.ConnectHandler
import dev.torsion.spi.ConnectTarget
import dev.torsion.spi.DatagramChannel
import dev.torsion.spi.Engine
import dev.torsion.spi.HostNames
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.LoopStreams
import dev.torsion.stream.StreamNetwork
import dev.torsion.stream.UnixStreamNetwork
import java.net.InetAddress
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.channels.spi.SelectorProvider
import java.nio.file.Path
import java.time.Duration

/**
 * The engine on `java.nio`: ports, attempts and connections of TCP and of UNIX sockets, and UDP sockets, on the selector of its [poller].
 * It is what [Reactor.create][dev.torsion.reactor.Reactor.create] runs on.
 *
 * Thread: the loop's, unless a member says otherwise.
 *
 * @param names what is looked up to connect
 * @property acceptsPerTurn how many connections a port accepts before others get their turn
 * @property readsPerTurn how many times a connection is read in a row while it fills the read buffer, before others get their turn
 * @param openPoller opens the selector; another one for other channels
 */
@TorsionSpi
public class NioEngine(
    private val loop: Loop,
    private val names: HostNames,
    @get:JvmSynthetic
    internal val acceptsPerTurn: Int,
    @get:JvmSynthetic internal val readsPerTurn: Int,
    openPoller: (Loop) -> NioPoller = { NioPoller(it) },
) : Engine,
    StreamNetwork,
    DatagramNetwork,
    UnixStreamNetwork,
    EventLoop by loop {
    @get:JvmSynthetic
    internal val readBuffer = ReadBuffer()
    override val streams: LoopStreams = LoopStreams(this)
    override val loopDatagrams: LoopDatagrams by lazy(LazyThreadSafetyMode.NONE) { LoopDatagrams() } // few reactors have datagrams

    override val poller: NioPoller = openPoller(loop) // last of what takes memory: nobody would close it

    init {
        poller.streams = streams
    }

    /** Where the channels come from. */
    public val provider: SelectorProvider get() = poller.provider

    override val isEnding: Boolean get() = loop.state.isEnding

    override fun checkTakesNew(): Unit = loop.checkTakesNew()

    @JvmSynthetic
    internal fun resolve(host: String, family: AddressFamily, timeout: Duration): Deferred<List<InetAddress>> =
        names.resolve(host, family, timeout)

    // The objects on the selector.

    /**
     * Puts [channel], which does not block, on the selector: [selectable] hears when it is ready for one of [operations], a set of
     * `SelectionKey` bits. The key takes other operations, and cancelling it ends this.
     *
     * @throws java.nio.channels.ClosedChannelException when the channel is closed
     * @throws dev.torsion.loop.ReactorNotRunningException when the reactor is ending, or has ended
     */
    public fun register(channel: SelectableChannel, operations: Int, selectable: Selectable): SelectionKey {
        checkTakesNew()
        return poller.register(channel, operations, selectable)
    }

    /** Runs [action] once the operating system has really closed the channels that were closed before this call. */
    @JvmSynthetic
    internal fun afterSelect(action: Runnable) = poller.afterSelect(action)

    override val connectionCount: Int get() = poller.count { it is NioStream }

    /** How many channels are registered: ports, attempts, connections and those that linger. On any thread. */
    public val channelCount: Int get() = poller.count { true }

    // The network.

    override fun listen(port: Int, networkInterface: String, backlog: Int, options: TcpOptions, acceptor: Acceptor): ListeningPort {
        require(port in 0..0xffff) { "a port is a number from 0 to 65535, but $port was given" }
        require(backlog > 0) { "a backlog must be positive, but $backlog was given" }
        return NioPort(this, acceptor, TcpPlace(port, networkInterface, backlog, options)).also { it.startListening() }
    }

    override fun connector(host: String, port: Int, connecting: ConnectOptions, options: TcpOptions): ConnectTarget =
        NioTarget(host, port, connecting, options).let { target ->
            object : ConnectTarget {
                override fun connect(handler: ConnectHandler) = NioAttempt(this@NioEngine, target, handler).also { it.begin() }

                override fun toString() = target.toString()
            }
        }

    override fun adopt(channel: StreamChannel): StreamChannel =
        requireNotNull(channel as? NioStream) { "$channel is no channel of java.nio" }.moveTo(this)

    override fun drain(drained: Runnable) {
        streams.batchEnded()
        streams.loopEnding()
        poller.selectables().forEach { guarded({ "stopping $it" }, it::reactorStopping) }
        streams.batchEnded()
        streams.whenDrained(drained)
    }

    // Datagrams.

    override fun openDatagrams(port: Int, networkInterface: String, options: DatagramOptions): DatagramChannel {
        require(port in 0..0xffff) { "a port is a number from 0 to 65535, but $port was given" }
        return NioDatagramChannel.open(this, port, networkInterface, options)
    }

    override fun adoptDatagrams(socket: java.nio.channels.DatagramChannel, options: DatagramOptions): DatagramChannel =
        NioDatagramChannel.adopt(this, socket, options)

    // UNIX sockets.

    /** The files of UNIX sockets: those of the machine, unless the channels are of another one. */
    @get:JvmSynthetic
    internal val socketFiles: SocketFiles = provider as? SocketFiles ?: SystemSocketFiles

    override fun listenUnix(path: Path, options: UnixPortOptions, acceptor: Acceptor): ListeningPort =
        NioPort(this, acceptor, UnixPlace(path, options, socketFiles)).also { it.startListening() }

    override fun unixConnector(path: Path, timeout: Duration, checkPid: Boolean): ConnectTarget =
        NioUnixTarget(this, path, timeout, checkPid)

    // Channels of somebody else.

    /**
     * A port of the bound [channel], which is this engine's from now on.
     *
     * @throws IllegalArgumentException when it is not bound, or of another provider; then it stays the caller's
     */
    public fun adoptPort(channel: ServerSocketChannel, options: TcpOptions, acceptor: Acceptor): ListeningPort {
        requireOwn(channel)
        return NioPort(this, acceptor, AdoptedPlace(channel, options)).also { it.startListening() }
    }

    /**
     * A stream over the connected [channel], which is this engine's from now on.
     *
     * @throws IllegalArgumentException when it is not connected, is in use already, or of another provider; then it stays the caller's
     */
    public fun adoptConnection(channel: SocketChannel, options: TcpOptions): StreamChannel {
        requireOwn(channel)
        if (!channel.isOpen) throw ClosedChannelException()
        require(channel.isConnected) { "a channel that is to be a connection must be connected, but $channel is not" }
        require(!channel.isRegistered) { "$channel is a connection already" }
        return adoptedStream(this, channel, options)
    }

    private fun requireOwn(channel: SelectableChannel) =
        require(channel.provider() === provider) { "$channel is of another provider than the selector of this reactor" }

    override fun disconnectAll() {
        streams.batchEnded()
        streams.loopEnded()
        poller.selectables().forEach { guarded({ "stopping $it" }, it::reactorStopped) }
        streams.batchEnded()
    }

    override fun resetUnsent(): Int = poller.count { it is NioStream && it.resetIfOwing() }

    override fun toString(): String = "NioEngine(${loop.name})"
}
