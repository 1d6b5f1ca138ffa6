// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.datagram

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeMessage
import dev.torsion.name.numericAddress
import dev.torsion.name.socketAddress
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.DatagramTooLongException
import dev.torsion.net.DatagramTransport
import dev.torsion.net.InternetAddress
import dev.torsion.net.InvalidAddressException
import dev.torsion.net.ListeningPort
import dev.torsion.net.MulticastTransport
import dev.torsion.net.PortClosedException
import dev.torsion.spi.DatagramChannel
import dev.torsion.spi.DatagramChannelHandler
import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.PortUnreachableException
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException

/**
 * A UDP port over any [DatagramChannel]: all rules of datagrams are here, once.
 *
 * | state     | startListening     | stopListening | the channel is closed      | the loop ends      |
 * |-----------|--------------------|---------------|----------------------------|--------------------|
 * | IDLE      | LISTENING, or IDLE | IDLE          | -                          | -                  |
 * | LISTENING | refused            | CLOSING       | -                          | IDLE, stopProtocol |
 * | CLOSING   | refused            | CLOSING       | IDLE, stopProtocol         | IDLE, stopProtocol |
 *
 * A callback of the user is never entered from within another: a refusal that a write finds, and the end after `stopListening`, come when the
 * running callbacks have returned.
 *
 * @param opening opens the channel, each time that the port is opened
 */
@TorsionSpi
public class DatagramPort internal constructor(
    private val network: DatagramNetwork,
    private val protocol: DatagramProtocol,
    private val options: DatagramOptions,
    private val opening: Opening,
) : ListeningPort,
    DatagramTransport,
    DatagramChannelHandler {
    /** Opens the channel of a port; may throw a [CannotListenException][dev.torsion.net.CannotListenException]. */
    internal fun interface Opening {
        fun open(): DatagramChannel
    }

    private enum class State { IDLE, LISTENING, CLOSING }

    private val shared = network.loopDatagrams
    private var state = State.IDLE
    private lateinit var channel: DatagramChannel
    private lateinit var address: InternetAddress
    private var family = Family.ANY
    private var remote: InetSocketAddress? = null
    private var queue: SendQueue? = null
    private var isRefusalWaiting = false
    private var isDropLogged = false
    private val tellRefusal = Runnable {
        isRefusalWaiting = false
        if (state == State.LISTENING) refused()
    }
    private val stopping = ArrayList<Deferred<Unit>>()
    private val writers = LinkedHashSet<Deferred<Unit>>()
    private val groups by lazy(LazyThreadSafetyMode.NONE) { MulticastSide(network, ::open) }

    /** The kind of address that it can send to. */
    private enum class Family(val text: String) {
        ANY(""),
        IPV4("IPv4"),
        IPV6("IPv6"),
        ;

        operator fun contains(host: InetAddress) = this == ANY || (host is Inet4Address) == (this == IPV4)
    }

    override fun host(): InternetAddress = address

    override fun port(): Int = address.port

    override fun peer(): InternetAddress? = remote?.let(shared::address)

    override val isListening: Boolean get() = state == State.LISTENING

    override fun multicast(): MulticastTransport = groups

    // Opening.

    override fun startListening() {
        network.checkThread("startListening")
        network.checkTakesNew()
        check(state != State.LISTENING) { "port $address is listening already" }
        check(state != State.CLOSING) { "port $address is not free yet: wait for the Deferred of stopListening" }
        check(!protocol.isListening) { "${protocol.safeLogPrefix()} is on a port already: each port needs a protocol of its own" }
        begin(opening.open())
    }

    private fun begin(opened: DatagramChannel) {
        channel = opened
        address = shared.address(opened.localAddress)
        family = familyOf(opened.localAddress.address)
        remote = opened.remoteAddress
        state = State.LISTENING
        isDropLogged = false
        try {
            protocol.makeConnection(this)
            if (state != State.LISTENING) return // startProtocol has closed it
            opened.start(this)
        } catch (e: Throwable) {
            beginClosing() // nothing of it stays
            throw e
        }
        if (protocol.isNoisy) log().info("{protocol} is listening on {host}")
    }

    // One on all addresses can send to both families, where the system has both.
    private fun familyOf(local: InetAddress) = when {
        local is Inet4Address -> Family.IPV4
        local.isAnyLocalAddress -> Family.ANY
        else -> Family.IPV6
    }

    // Receiving.

    override fun received(view: ByteBuffer, sender: InetSocketAddress) {
        if (state != State.LISTENING) return
        try {
            protocol.datagramReceived(view, shared.address(sender))
        } catch (e: Throwable) {
            failed(e, "datagramReceived")
        }
    }

    override var truncatedDatagrams: Long = 0
        private set

    override fun truncated(view: ByteBuffer, sender: InetSocketAddress) {
        if (state != State.LISTENING) return
        truncatedDatagrams++
        try {
            protocol.datagramTruncated(view, shared.address(sender))
        } catch (e: Throwable) {
            failed(e, "datagramTruncated")
        }
    }

    override fun refused() {
        if (state != State.LISTENING) return
        try {
            protocol.connectionRefused()
        } catch (e: Throwable) {
            failed(e, "connectionRefused")
        }
    }

    override fun receivingFailed(cause: Throwable) {
        log().debug("{protocol} on {host} cannot receive a datagram: {reason}", LogKeys.REASON to safeMessage(cause))
        if (cause !is IOException) failed(cause, "receiving a datagram", ofProtocol = false)
    }

    override fun broken(cause: Throwable) {
        if (state != State.LISTENING) return
        beginClosing()
        failed(cause, "the socket of $this", ofProtocol = false)
    }

    private fun failed(error: Throwable, what: String, ofProtocol: Boolean = true) {
        val context = if (ofProtocol) "$what of ${protocol.safeLogPrefix()} failed" else "$what failed"
        network.reportError(context, error, mapOf(LogKeys.HOST to address.toString()))
    }

    // Writing.

    override fun connect(remote: InternetAddress) {
        network.checkThread("connect")
        check(state == State.LISTENING) { "$this is closed" }
        val target = checked(remote)
        check(this.remote == null) { "$this is connected already" }
        channel.connect(target)
        this.remote = target
        // The system has chosen the local address by now.
        address = shared.address(channel.localAddress)
    }

    override fun connect(host: String, port: Int) {
        network.checkThread("connect")
        require(port in 1..LAST_PORT) { "a port to connect to is a number from 1 to $LAST_PORT, but $port was given" }
        connect(InternetAddress.of(numericAddress(host), port))
    }

    override fun write(data: ByteBuffer, address: InternetAddress) {
        network.checkThread("write")
        val target = checked(address)
        val connected = remote
        if (connected != null && connected != target) {
            throw InvalidAddressException("$address", "$this is connected: it does not write to $address")
        }
        transmit(data, target)
    }

    override fun write(data: ByteArray, address: InternetAddress) {
        network.checkThread("write")
        write(shared.direct(data), address)
    }

    override fun write(data: ByteBuffer) {
        network.checkThread("write")
        transmit(data, checkNotNull(remote) { "$this is not connected: connect it, or write to an address" })
    }

    override fun write(data: ByteArray) {
        network.checkThread("write")
        write(shared.direct(data))
    }

    private fun checked(address: InternetAddress): InetSocketAddress {
        val target = address.socketAddress()
        if (target.port == 0) throw InvalidAddressException("$address", "a datagram cannot be sent to port 0, as in $address")
        if (target.address !in family) {
            throw InvalidAddressException("$address", "$this is a port of ${family.text}: it does not write to $address")
        }
        return target
    }

    private fun transmit(data: ByteBuffer, target: InetSocketAddress) {
        if (state == State.LISTENING) {
            val isBehind = queue != null
            if (isBehind || !sent(data, target)) enqueue(data, target)
        }
        data.position(data.limit())
    }

    /** Gives [data] to the system; false when it does not take it now. */
    private fun sent(data: ByteBuffer, target: InetSocketAddress): Boolean {
        val size = data.remaining()
        try {
            return sentOrRefused(data, target)
        } catch (e: IOException) {
            data.position(data.limit())
            when {
                e is ClosedChannelException -> broken(e) // somebody else has closed it
                hasNoRoom(e) -> drop()
                isTooLong(e, size) -> throw DatagramTooLongException(size, e)
                else -> throw e
            }
            return true
        }
    }

    // The refusal is of an earlier datagram. Looking at it has used the attempt up, so that this one is tried again.
    private fun sentOrRefused(data: ByteBuffer, target: InetSocketAddress): Boolean = try {
        channel.send(data, target)
    } catch (_: PortUnreachableException) {
        if (!isRefusalWaiting) {
            isRefusalWaiting = true
            network.runSoon(tellRefusal)
        }
        try {
            channel.send(data, target)
        } catch (_: PortUnreachableException) {
            true // refused in this moment: lost, like any other there
        }
    }

    // Where this is said (BSD, macOS) the socket stays writable, so that waiting for that would spin.
    private fun hasNoRoom(e: IOException) = safeMessage(e)?.contains("No buffer space", ignoreCase = true) == true

    private fun isTooLong(e: IOException, size: Int): Boolean {
        val text = safeMessage(e) ?: ""
        return size > LONGEST || TOO_LONG.any { it in text }
    }

    private fun enqueue(data: ByteBuffer, target: InetSocketAddress) {
        val waiting = queue ?: SendQueue(options.sendQueueLimit).also { queue = it }
        if (!waiting.add(data, target)) drop()
        if (waiting.count == 0) queue = null else channel.notifyWhenWritable(true)
    }

    private fun drop() {
        droppedDatagrams++
        if (isDropLogged) return
        isDropLogged = true
        log().warn("{protocol} on {host} writes more datagrams than the system takes: some are dropped (this is said once)")
    }

    override var droppedDatagrams: Long = 0
        private set

    override val bufferedBytes: Long get() = queue?.size ?: 0

    override fun outputReady() {
        if (state == State.LISTENING) sendWaiting(options.datagramsPerTurn)
        if (queue != null || state != State.LISTENING) return
        channel.notifyWhenWritable(false)
        forWriters { it.callback(Unit) }
    }

    override fun whenWritable(): Deferred<Unit> {
        network.checkThread("whenWritable")
        return when {
            state != State.LISTENING -> fail(PortClosedException(address))
            queue == null -> succeed(Unit)
            else -> Deferred<Unit> { writers.remove(it) }.also(writers::add)
        }
    }

    /** Each callback of one may write again, wait again, or close the port. */
    private inline fun forWriters(action: (Deferred<Unit>) -> Unit) {
        if (writers.isEmpty()) return
        val told = writers.toList()
        writers.clear()
        told.forEach { if (!it.called) action(it) }
    }

    /** Sends at most [count] of those that wait. One that cannot be sent keeps no other waiting. */
    private fun sendWaiting(count: Int) {
        val waiting = queue ?: return
        for (i in 0 until count) {
            val next = waiting.first() ?: break
            try {
                if (!sent(next.data, next.target)) return
            } catch (e: IOException) {
                droppedDatagrams++
                log().debug("{protocol} on {host} cannot send a datagram that has waited: {reason}", LogKeys.REASON to safeMessage(e))
            }
            if (queue !== waiting) return // closed meanwhile
            waiting.removeFirst()
        }
        if (waiting.count == 0) queue = null
    }

    override var isBroadcastAllowed: Boolean
        get() = open("isBroadcastAllowed").option(StandardSocketOptions.SO_BROADCAST)
        set(value) = open("isBroadcastAllowed").setOption(StandardSocketOptions.SO_BROADCAST, value)

    private fun open(operation: String): DatagramChannel {
        network.checkThread(operation)
        check(state == State.LISTENING) { "$this is closed" }
        return channel
    }

    // Closing.

    override fun stopListening(): Deferred<Unit> {
        network.checkThread("stopListening")
        if (state == State.IDLE) return succeed(Unit)
        val done = Deferred<Unit>()
        stopping.add(done)
        if (state == State.LISTENING) {
            sendWaiting(Int.MAX_VALUE)
            beginClosing()
        }
        return done
    }

    private fun beginClosing() {
        if (state != State.LISTENING) return
        state = State.CLOSING
        val left = queue?.count ?: 0
        droppedDatagrams += left
        queue = null
        try {
            channel.close(::closed)
        } catch (e: Throwable) {
            failed(e, "closing $this", ofProtocol = false)
        }
    }

    /** The port is free, and no callback is running. */
    private fun closed() {
        if (state != State.CLOSING) return
        val error = stopProtocol()
        state = State.IDLE
        forWriters { it.errback(PortClosedException(address)) }
        if (protocol.isNoisy) log().info("{protocol} has stopped listening on {host}")
        val told = stopping.toList()
        stopping.clear()
        if (error != null && told.isEmpty()) failed(error, "stopProtocol")
        told.forEachIndexed { index, done -> if (error != null && index == 0) done.errback(error) else done.callback(Unit) }
    }

    private fun stopProtocol(): Throwable? = try {
        protocol.endConnection()
        null
    } catch (e: Throwable) {
        e
    }

    override fun loopEnded() {
        beginClosing()
        closed()
    }

    private fun log() = LOG.with(
        mapOf(LogKeys.REACTOR to network.name, "protocol" to protocol.safeLogPrefix(), LogKeys.HOST to address.toString()),
    )

    override fun toString(): String {
        if (!::address.isInitialized) return "UdpPort(not open)"
        val to = if (remote == null) "" else " -> ${peer()}"
        return "UdpPort($address$to, ${if (state == State.LISTENING) "listening" else "closed"}, ${protocol.safeLogPrefix()})"
    }

    private companion object {
        const val LAST_PORT = 0xffff
        const val LONGEST = 65_507
        val TOO_LONG = listOf("too long", "too large", "larger than")
        val LOG = Logger(ListeningPort::class.java)
    }
}
