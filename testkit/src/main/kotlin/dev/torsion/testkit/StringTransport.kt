// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.TcpTransport
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamTransport

/**
 * A transport without a network, for the test of one protocol: it keeps what is written and does nothing by itself; Twisted's
 * `StringTransport`.
 *
 * ```kotlin
 * val transport = StringTransport().connect(Echo())
 * transport.receive("hello")
 * transport.text() shouldBe "hello"
 * ```
 *
 * It is the transport of real connections, over a channel that has no other end. So the rules are the same: back-pressure, the write
 * limit, half-close, close reasons. An exception of the protocol aborts the connection, and is thrown to the
 * test by the method that was driving.
 *
 * Only the end waits for the test. After [loseConnection] and [abortConnection] the protocol hears nothing until the test calls [lose].
 * Bytes written after [loseConnection] are kept until [lose] or the next [receive], [receiveEnd] or [drain].
 *
 * Time stands still: the time-out of a closing connection never comes. For time-outs use a [MemoryReactor].
 *
 * Thread: the one that made it.
 *
 * @property options the watermarks and the write limit, which count while the transport [isStalled]
 */
@OptIn(TorsionSpi::class)
public class StringTransport private constructor(
    private val loop: StringLoop,
    private val channel: StringChannel,
    public val options: TcpOptions,
) : StreamTransport(loop, channel, options.stream, null),
    TcpTransport {
    @JvmOverloads
    public constructor(
        host: InternetAddress = IPv4Address("192.0.2.1", 54321),
        peer: InternetAddress = IPv4Address("192.0.2.2", 12345),
        options: TcpOptions = TcpOptions.DEFAULT,
    ) : this(StringLoop(), StringChannel(host, peer, options), options)

    private var connected: Protocol? = null
    private var depth = 0 // of calls that drive
    private var isLosing = false
    private var isEndedByPeer = false
    private var cleared = 0 // of the bytes that were still to be sent, and come later

    /** Binds [protocol] to this transport and tells it that the connection is made. */
    public fun connect(protocol: Protocol): StringTransport {
        loop.checkThread("connect")
        check(connected == null) { "$this is connected to $connected already" }
        connected = protocol
        driving { start(protocol) }
        return this
    }

    // Acts of the protocol.

    /** All that was written since the last [clear], also while the peer takes nothing; Twisted's `value`. */
    public fun value(): ByteArray {
        sendWritten()
        val all = channel.sent() + unsent()
        return all.copyOfRange(minOf(cleared, all.size), all.size)
    }

    /** [value] as UTF-8 text. */
    public fun text(): String = value().toString(Charsets.UTF_8)

    /** Forgets what was written. */
    public fun clear() {
        sendWritten()
        channel.clear()
        cleared = unsent().size
    }

    /** Whether the test has ended the connection with [lose]. */
    public val isDisconnected: Boolean get() = channel.isOver

    /** Whether [abortConnection] was called, or the write limit was passed. */
    public var isAborted: Boolean = false
        get() {
            sendWritten()
            return field
        }
        private set

    /** The cause that [abortConnection] or [loseConnection] was given. */
    public var abortCause: Throwable? = null
        get() {
            sendWritten()
            return field
        }
        private set

    /** Whether [loseWriteConnection] was called. */
    public var isWriteClosed: Boolean = false
        private set

    /** Whether the protocol has asked for no more data. */
    public var isReadingPaused: Boolean = false
        private set

    /** The registered producer. */
    public var producer: Producer? = null
        get() = if (isDisconnected) null else field
        private set

    /** Whether the [producer] is a streaming one. */
    public var isStreaming: Boolean = false
        private set

    // Acts of the test.

    /** Whether the peer takes nothing: written bytes count as [bufferedBytes] until [drain]. */
    public var isStalled: Boolean = false
        set(value) {
            sendWritten()
            field = value
            channel.room = if (value) 0 else Int.MAX_VALUE
        }

    /**
     * Data arrives.
     *
     * The protocol gets a view that turns into garbage after the call, as on a real reactor, so that one that keeps it is found out. A
     * protocol that pauses reading, or limits it, gets the rest later.
     *
     * @throws IllegalStateException when reading is paused, or the connection is not there
     */
    public fun receive(data: ByteArray) {
        loop.checkThread("receive")
        checkNotNull(connected) { "$this is not connected to a protocol" }
        check(!isDisconnected && !isAborted) { "no data can arrive: $this is gone" }
        check(!isReadingPaused) { "no data can arrive while reading is paused" }
        driving {
            settle()
            channel.arrive(data.copyOf())
            channel.deliver()
        }
    }

    /** [text] arrives, in UTF-8. */
    public fun receive(text: String): Unit = receive(text.toByteArray())

    /** The peer has taken everything: the producer and those who wait until this is writable go on. */
    public fun drain(): Unit = driving {
        settle()
        channel.room = Int.MAX_VALUE
        channel.tellRoom()
        channel.deliver()
        isStalled = isStalled // which takes the room away again
    }

    /** The peer has closed its half; without a [HalfCloseableProtocol] the connection begins to close. */
    public fun receiveEnd() {
        loop.checkThread("receiveEnd")
        driving {
            settle()
            if (!isDisconnecting && connected !is HalfCloseableProtocol) isEndedByPeer = true
            channel.end()
            channel.deliver()
        }
    }

    /**
     * The connection is gone: tells the protocol, the producer and the coroutines. Without a [reason] it ends for the one that was asked
     * for. When nobody has asked, the peer has closed it. The reason of a connection that was aborted stays.
     */
    @JvmOverloads
    public fun lose(reason: CloseReason? = null): Unit = losing { phase ->
        if (reason == null) channel.finished()
        if (!isDisconnected) broken(reason ?: askedFor(phase))
    }

    /** Of a connection that is open, or has bytes to send still. */
    private fun askedFor(phase: ClosePhase): CloseReason {
        val by = if (isEndedByPeer || phase == ClosePhase.OPEN) ClosedBy.PEER else ClosedBy.US
        return ConnectionDone(by, phase, bufferedBytes)
    }

    private inline fun losing(crossinline end: (ClosePhase) -> Unit) {
        loop.checkThread("lose")
        check(!isDisconnected) { "$this is gone already" }
        val phase = if (isDisconnecting) ClosePhase.CLOSING else ClosePhase.OPEN
        isLosing = true
        driving {
            settle()
            if (!isDisconnected) end(phase)
            settle()
        }
    }

    // The transport.

    override fun host(): InternetAddress = channel.localAddress

    override fun peer(): InternetAddress = channel.remoteAddress

    override var tcpNoDelay: Boolean by channel::tcpNoDelay

    override var tcpKeepAlive: Boolean by channel::tcpKeepAlive

    override val bufferedBytes: Long
        get() {
            sendWritten()
            return super.bufferedBytes
        }

    override val isWritable: Boolean
        get() {
            sendWritten()
            return super<StreamTransport>.isWritable
        }

    override fun loseConnection(cause: Throwable) {
        loop.checkThread("loseConnection")
        if (!isDisconnecting) abortCause = cause
        super<StreamTransport>.loseConnection(cause)
    }

    override fun abortConnection(cause: Throwable?) {
        loop.checkThread("abortConnection")
        if (!isDisconnected && !isLosing && !wasAborted) {
            wasAborted = true
            isAborted = true
            abortCause = cause
        }
        super<StreamTransport>.abortConnection(cause)
    }

    private var wasAborted = false

    override fun loseWriteConnection() {
        super.loseWriteConnection()
        isWriteClosed = true
    }

    override fun registerProducer(producer: Producer, streaming: Boolean) {
        sendWritten()
        super<StreamTransport>.registerProducer(producer, streaming)
        this.producer = producer
        isStreaming = streaming
    }

    override fun unregisterProducer() {
        super<StreamTransport>.unregisterProducer()
        producer = null
    }

    override fun pauseProducing() {
        super<StreamTransport>.pauseProducing()
        isReadingPaused = true
    }

    override fun resumeProducing() {
        super<StreamTransport>.resumeProducing()
        if (!isDisconnecting) isReadingPaused = false
    }

    // Driving.

    /** Written bytes go out, unless a callback is running. It settles nothing. */
    private fun sendWritten() {
        if (depth == 0 && loop.inLoop) loop.streams.send()
    }

    /** A turn: it does the work that callbacks have left. The end of an aborted connection waits for [lose]. */
    private fun settle() {
        if (depth == 1 && (!wasAborted || isLosing)) loop.settle()
    }

    private inline fun driving(block: () -> Unit) {
        depth++
        try {
            block()
        } finally {
            depth--
        }
        sendWritten()
        if (depth == 0) loop.failures.rethrow()
    }

    override fun toString(): String {
        val state =
            when {
                isDisconnected -> "gone"
                wasAborted -> "aborted"
                isDisconnecting -> "disconnecting"
                else -> "open"
            }
        return "StringTransport(${host()} <-> ${peer()}, $state, ${maxOf(channel.sentBytes + unsent().size - cleared, 0)} bytes written)"
    }
}
