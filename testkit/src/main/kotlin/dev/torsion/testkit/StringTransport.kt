// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.Deferred
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.TcpTransport
import dev.torsion.net.WriteLimitExceededException
import dev.torsion.net.WrongThreadException
import dev.torsion.stream.ConnectionScope
import dev.torsion.stream.ConsumerSide
import dev.torsion.stream.WriteLimit
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.util.Objects

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
 * It keeps the contract of [dev.torsion.net.Transport]. Bytes written after [loseConnection] are kept too, until the connection is gone. A
 * second producer is refused, and so is any thread but the one that made it. [abortConnection] never calls the protocol itself: the test
 * ends the connection with [lose].
 *
 * Thread: the one that made it.
 *
 * @property options the watermarks and the write limit, which count while the transport [isStalled]
 */
public class StringTransport
@JvmOverloads
constructor(
    private val host: InternetAddress = IPv4Address("192.0.2.1", 54321),
    private val peer: InternetAddress = IPv4Address("192.0.2.2", 12345),
    public val options: TcpOptions = TcpOptions.DEFAULT,
) : TcpTransport {
    private val owner = Thread.currentThread()
    private val written = ByteArrayOutputStream()
    private val side = ConsumerSide(this)
    private val limit = WriteLimit(options.stream.writeLimit)
    private val connectionScope by lazy {
        ConnectionScope(CoroutineScope(SupervisorJob() + Dispatchers.Unconfined)) { abortConnection(it) }
    }
    private var protocol: Protocol? = null
    private var isGone = false

    /** Binds [protocol] to this transport and tells it that the connection is made. */
    public fun connect(protocol: Protocol): StringTransport {
        checkThread("connect")
        check(this.protocol == null) { "$this is connected to ${this.protocol} already" }
        this.protocol = protocol
        protocol.makeConnection(this)
        return this
    }

    // What the protocol has done.

    /** All that was written since the last [clear]; Twisted's `value`. */
    public fun value(): ByteArray = written.toByteArray()

    /** [value] as UTF-8 text. */
    public fun text(): String = written.toString(Charsets.UTF_8)

    /** Forgets what was written. */
    public fun clear(): Unit = written.reset()

    private var isClosing = false
    private var isEndedByPeer = false

    /** Whether [loseConnection] or [abortConnection] was called, or the connection is gone. */
    override val isDisconnecting: Boolean get() = isClosing || isAborted || isGone

    /** Whether the test has ended the connection with [lose]. */
    public val isDisconnected: Boolean get() = isGone

    /** Whether [abortConnection] was called, or the write limit was passed. */
    public var isAborted: Boolean = false
        private set

    /** What [abortConnection] was given, or [loseConnection]. */
    public var abortCause: Throwable? = null
        private set

    /** Whether [loseWriteConnection] was called. */
    public var isWriteClosed: Boolean = false
        private set

    /** Whether the protocol has asked for no more data. */
    public var isReadingPaused: Boolean = false
        private set

    /** The registered producer. */
    public val producer: Producer? get() = side.producer

    /** Whether the [producer] is a streaming one. */
    public var isStreaming: Boolean = false
        private set

    // What the test does.

    /** Whether the peer takes nothing: what is written counts as [bufferedBytes] until [drain]. */
    public var isStalled: Boolean = false

    /**
     * Data arrives.
     *
     * The protocol gets a view that turns into garbage after the call, as on a real reactor, so that one that keeps it is found out.
     *
     * @throws IllegalStateException when reading is paused, or the connection is not there
     */
    public fun receive(data: ByteArray) {
        checkThread("receive")
        val receiver = checkNotNull(protocol) { "$this is not connected to a protocol" }
        check(!isGone && !isAborted) { "no data can arrive: $this is gone" }
        check(!isReadingPaused) { "no data can arrive while reading is paused" }
        val lent = data.copyOf()
        receiver.dataReceived(ByteBuffer.wrap(lent).asReadOnlyBuffer())
        lent.fill(GARBAGE)
    }

    /** [text] arrives, in UTF-8. */
    public fun receive(text: String): Unit = receive(text.toByteArray())

    /** The peer has taken everything: the producer and those who wait until this is writable go on. */
    public fun drain() {
        bufferedBytes = 0
        side.drained(isEmpty = true)
    }

    /** The peer has closed its half; without a [HalfCloseableProtocol] the connection begins to close. */
    public fun receiveEnd() {
        checkThread("receiveEnd")
        val half = protocol as? HalfCloseableProtocol
        if (half != null) return half.readConnectionLost()
        isEndedByPeer = !isClosing
        isClosing = true
    }

    /** The connection is gone: tells the protocol, the producer and the coroutines. By default for the reason that was asked for. */
    @JvmOverloads
    public fun lose(reason: CloseReason = askedFor()) {
        checkThread("lose")
        check(!isGone) { "$this is gone already" }
        isGone = true
        side.ended(reason)
        protocol?.endConnection(reason)
        connectionScope.end(reason)
    }

    private fun askedFor(): CloseReason = when {
        isAborted || abortCause != null -> ConnectionAborted("This side aborted the connection.", abortCause, phase(), bufferedBytes)
        isClosing -> ConnectionDone(if (isEndedByPeer) ClosedBy.PEER else ClosedBy.US, phase(), bufferedBytes)
        else -> ConnectionDone(ClosedBy.PEER)
    }

    private fun phase() = if (isClosing) ClosePhase.CLOSING else ClosePhase.OPEN

    // The transport.

    override fun host(): InternetAddress = host

    override fun peer(): InternetAddress = peer

    override var tcpNoDelay: Boolean = options.tcpNoDelay

    override var tcpKeepAlive: Boolean = options.tcpKeepAlive

    override fun write(data: ByteArray, offset: Int, length: Int) {
        checkThread("write")
        Objects.checkFromIndexSize(offset, length, data.size)
        if (!takesWrites) return
        written.write(data, offset, length)
        if (isStalled) buffered(length)
    }

    override fun write(data: ByteBuffer) {
        val bytes = ByteArray(data.remaining())
        data.get(bytes)
        write(bytes)
    }

    private val takesWrites
        get() = !isWriteClosed && !isAborted && !isGone && !isEndedByPeer

    private fun buffered(length: Int) {
        bufferedBytes += length
        if (limit.isExceeded(length.toLong(), bufferedBytes)) return abortConnection(WriteLimitExceededException(options.stream.writeLimit))
        if (bufferedBytes > options.stream.highWaterMark) side.becameFull()
    }

    override fun loseConnection() {
        checkThread("loseConnection")
        isClosing = true
    }

    /** Aborts the connection when the peer has taken everything; otherwise it closes, with [cause] as the [abortCause]. */
    override fun loseConnection(cause: Throwable) {
        checkThread("loseConnection")
        if (isDisconnecting) return
        if (bufferedBytes == 0L) return abortConnection(cause)
        isClosing = true
        abortCause = cause
    }

    override fun abortConnection(cause: Throwable?) {
        checkThread("abortConnection")
        if (isAborted || isGone) return
        isAborted = true
        abortCause = cause
    }

    override fun loseWriteConnection() {
        checkThread("loseWriteConnection")
        isWriteClosed = true
    }

    override var bufferedBytes: Long = 0
        private set

    override val isWritable: Boolean get() = !side.isFull

    override fun whenWritable(): Deferred<Unit> {
        checkThread("whenWritable")
        return side.whenWritable()
    }

    override fun registerProducer(producer: Producer, streaming: Boolean) {
        checkThread("registerProducer")
        isStreaming = streaming
        side.register(producer, streaming, isGone || isAborted)
    }

    override fun unregisterProducer() {
        checkThread("unregisterProducer")
        side.unregister()
    }

    override fun pauseProducing() {
        checkThread("pauseProducing")
        isReadingPaused = true
    }

    override fun resumeProducing() {
        checkThread("resumeProducing")
        if (!isDisconnecting) isReadingPaused = false
    }

    /** Coroutines of this connection; they run in the calls that resume them, and end with [lose]. */
    override val scope: CoroutineScope get() = connectionScope.scope

    private fun checkThread(operation: String) {
        if (Thread.currentThread() === owner) return
        throw WrongThreadException("$operation was called on ${Thread.currentThread()}, but this transport belongs to $owner")
    }

    override fun toString(): String {
        val state =
            when {
                isGone -> "gone"
                isAborted -> "aborted"
                isDisconnecting -> "disconnecting"
                else -> "open"
            }
        return "StringTransport($host <-> $peer, $state, ${written.size()} bytes written)"
    }

    private companion object {
        const val GARBAGE: Byte = 0x5A
    }
}
