// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.datagram.DatagramNetwork
import dev.torsion.datagram.LoopDatagrams
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.succeed
import dev.torsion.loop.EventLoop
import dev.torsion.loop.Loop
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DnsLookupException
import dev.torsion.net.DrainReport
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.spi.Acceptor
import dev.torsion.spi.ConnectAttempt
import dev.torsion.spi.ConnectHandler
import dev.torsion.spi.ConnectTarget
import dev.torsion.spi.DatagramChannel
import dev.torsion.spi.Engine
import dev.torsion.spi.HostNames
import dev.torsion.spi.Poller
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.LoopStreams
import dev.torsion.stream.StreamNetwork
import java.io.IOException
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketTimeoutException
import java.time.Duration
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/**
 * A third engine, written from the documentation of the seams only: blocking sockets of `java.net`, whose threads put what they have done
 * into a queue. So it stands on completion, and is the slowest engine there is.
 */
@OptIn(TorsionSpi::class)
internal class ThreadedEngine(private val loop: Loop, private val names: HostNames) :
    Engine,
    StreamNetwork,
    DatagramNetwork,
    EventLoop by loop {
    private val completions = LinkedBlockingQueue<Runnable>()
    private val ports = LinkedHashSet<Port>()

    /** Those that have begun and not ended. */
    internal val channels = LinkedHashSet<ThreadedChannel>()

    internal val datagramChannels = LinkedHashSet<ThreadedDatagrams>()

    override val streams = LoopStreams(this)

    override val loopDatagrams = LoopDatagrams()

    override val isEnding get() = loop.state.isEnding

    override fun checkTakesNew() = loop.checkTakesNew()

    override val connectionCount get() = channels.size

    /** Something is done, and [handOut] is to say so in the loop. On any thread. */
    fun complete(handOut: Runnable) {
        completions.add(handOut)
    }

    override val poller =
        object : Poller {
            private val ready = ArrayList<Runnable>()

            override fun await(timeoutNanos: Long) {
                streams.turnBegan()
                ready.add((if (timeoutNanos == 0L) completions.poll() else completions.poll(timeoutNanos, TimeUnit.NANOSECONDS)) ?: return)
                completions.drainTo(ready)
            }

            override fun dispatch() {
                val now = ready.toList()
                ready.clear()
                for (completion in now) {
                    try {
                        completion.run()
                    } catch (e: Throwable) {
                        loop.reportError("handing out $completion failed", e)
                    }
                    streams.batchEnded()
                }
            }

            override fun wakeUp() {
                completions.add {}
            }

            override fun batchEnded() = streams.batchEnded()

            override fun close() = completions.clear()
        }

    override fun drain(drained: Runnable) {
        streams.batchEnded()
        streams.loopEnding()
        closePorts()
        channels.toList().forEach { it.loopEnding() }
        datagramChannels.toList().forEach { it.loopEnded() }
        streams.batchEnded()
        streams.whenDrained(drained)
    }

    private fun closePorts() = ports.toList().forEach { port -> port.close()?.let { loop.reportError("closing $port failed", it) } }

    override fun disconnectAll() {
        streams.batchEnded()
        streams.loopEnded()
        closePorts()
        channels.toList().forEach { it.loopEnded() }
        datagramChannels.toList().forEach { it.loopEnded() }
        streams.batchEnded()
    }

    // The network.

    override fun listen(port: Int, networkInterface: String, backlog: Int, options: TcpOptions, acceptor: Acceptor): ListeningPort {
        require(port in 0..0xffff && backlog > 0) { "no port to listen on: $port with a backlog of $backlog" }
        val address = if (networkInterface.isEmpty()) InetSocketAddress(port) else InetSocketAddress(networkInterface, port)
        return Port(address, backlog, options, acceptor).also { it.startListening() }
    }

    private inner class Port(
        private val place: InetSocketAddress,
        private val backlog: Int,
        private val options: TcpOptions,
        private val acceptor: Acceptor,
    ) : ListeningPort {
        private var server = ServerSocket()
        private var whenFree: Runnable? = null

        override var isListening = false
            private set

        override fun startListening() {
            checkThread("startListening")
            checkTakesNew()
            check(!isListening) { "$this is listening already" }
            server = ServerSocket()
            try {
                server.reuseAddress = true
                server.bind(place, backlog)
            } catch (e: IOException) {
                server.close()
                throw CannotListenException("$place", e)
            }
            isListening = true
            try {
                acceptor.opened()
            } catch (e: Throwable) {
                isListening = false
                server.close()
                throw e
            }
            if (!isListening) return
            ports.add(this)
            accepting(server)
        }

        private fun accepting(from: ServerSocket) = thread(isDaemon = true) {
            while (true) {
                val socket =
                    try {
                        from.accept()
                    } catch (_: IOException) { // closed
                        break
                    }
                complete { if (isListening && from === server) accepted(socket) else socket.close() }
            }
            complete {
                val free = whenFree
                whenFree = null // it may listen and stop again
                free?.run()
            }
        }

        private fun accepted(socket: Socket) = acceptor.accepted(ThreadedChannel(this@ThreadedEngine, socket.prepared(options)))

        override fun host() = InternetAddress.of(server.localSocketAddress as InetSocketAddress)

        override fun stopListening(): Deferred<Unit> {
            checkThread("stopListening")
            if (!isListening) return succeed(Unit)
            val freed = Deferred<Unit>()
            val error = close()
            // The system frees the port when nobody waits in accept any more.
            whenFree = Runnable { if (error == null) freed.callback(Unit) else freed.errback(error) }
            return freed
        }

        override fun drain(timeout: Duration): Deferred<DrainReport> {
            require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
            val stopped = stopListening()
            return acceptor.drain(timeout).addAsyncCallback { report -> stopped.addCallback { report } }
        }

        /** Gives the exception of the acceptor. */
        fun close(): Throwable? {
            if (!isListening) return null
            isListening = false
            ports.remove(this)
            server.close()
            return runCatching { acceptor.closed() }.exceptionOrNull()
        }

        override fun toString() = "port $place"
    }

    // Datagrams.

    override fun openDatagrams(port: Int, networkInterface: String, options: DatagramOptions): DatagramChannel {
        require(port in 0..0xffff) { "no port: $port" }
        val socket = DatagramSocket(null)
        try {
            socket.reuseAddress = options.reuseAddress
            socket.broadcast = options.broadcast
            socket.bind(if (networkInterface.isEmpty()) InetSocketAddress(port) else InetSocketAddress(networkInterface, port))
        } catch (e: IOException) {
            socket.close()
            throw CannotListenException("$networkInterface:$port", e)
        }
        return ThreadedDatagrams(this, socket, options)
    }

    override fun adoptDatagrams(socket: java.nio.channels.DatagramChannel, options: DatagramOptions): DatagramChannel =
        throw CannotListenException("$socket", IOException("this engine adopts no socket"))

    override fun connector(host: String, port: Int, connecting: ConnectOptions, options: TcpOptions): ConnectTarget {
        require(host.isNotBlank() && port in 1..0xffff) { "no place to connect to: $host:$port" }
        require(connecting.bindAddress == null) { "this engine connects from any address" }
        return object : ConnectTarget {
            override fun connect(handler: ConnectHandler) = Attempt(this, handler).also { it.begin(host, port, connecting, options) }

            override fun toString() = "$host:$port"
        }
    }

    private inner class Attempt(private val target: ConnectTarget, private val handler: ConnectHandler) :
        ConnectAttempt,
        EndsWithLoop {
        private var isOver = false

        fun begin(host: String, port: Int, connecting: ConnectOptions, options: TcpOptions) {
            streams.add(this)
            names.resolve(host, connecting.addressFamily, connecting.timeout).addBoth { outcome ->
                complete {
                    when {
                        isOver -> Unit
                        outcome is Failure -> failed(DnsLookupException(host, "$target", outcome.value))
                        else -> thread(isDaemon = true) { connect(outcome.get().first(), port, connecting.timeout, options) }
                    }
                }
            }
        }

        private fun connect(address: InetAddress, port: Int, timeout: Duration, options: TcpOptions) {
            val socket = Socket()
            try {
                socket.connect(InetSocketAddress(address, port), timeout.toMillis().coerceIn(1, Int.MAX_VALUE.toLong()).toInt())
                complete { if (isOver) socket.close() else connected(socket.prepared(options)) }
            } catch (e: IOException) {
                socket.close()
                val reason =
                    when (e) {
                        is SocketTimeoutException -> ConnectTimeoutException("$target", timeout)
                        is java.net.ConnectException -> ConnectionRefusedException("$target", e)
                        else -> CannotConnectException("Connection to $target failed: ${e.message}", "$target", e)
                    }
                complete { failed(reason) }
            }
        }

        private fun connected(socket: Socket) {
            over()
            handler.connected(ThreadedChannel(this@ThreadedEngine, socket))
        }

        private fun failed(reason: CannotConnectException) {
            if (isOver) return
            over()
            handler.failed(reason)
        }

        private fun over() {
            isOver = true
            streams.remove(this)
        }

        override fun cancel() = failed(ConnectingCancelledException("$target"))

        override fun loopEnded() = cancel()
    }

    override fun adopt(channel: StreamChannel): StreamChannel =
        ThreadedChannel(this, requireNotNull(channel as? ThreadedChannel) { "$channel is of another engine" }.socket)
}

private fun Socket.prepared(options: TcpOptions) = apply {
    tcpNoDelay = options.tcpNoDelay
    keepAlive = options.tcpKeepAlive
}
