// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedMillis
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Deferred
import dev.torsion.log.safeMessage
import dev.torsion.log.safeString
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.TcpTransport
import dev.torsion.net.WriteLimitExceededException
import dev.torsion.reactor.guarded
import dev.torsion.reactor.reportFailure
import dev.torsion.stream.ConnectionScope
import dev.torsion.stream.ConsumerSide
import dev.torsion.stream.WriteLimit
import dev.torsion.stream.WriteQueue
import dev.torsion.stream.logEnd
import kotlinx.coroutines.CoroutineScope
import java.io.IOException
import java.net.SocketAddress
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel
import java.util.concurrent.TimeUnit

/**
 * A TCP connection on the selector. Nothing is allocated before it is needed: an idle connection is this object and its channel.
 *
 * A callback of the user is never entered from within another: what a call such as `abortConnection` leads to is [settle]d when the
 * running callbacks have returned.
 */
internal class NioTransport(
    private val reactor: NioReactor,
    private val channel: SocketChannel,
    private val options: TcpOptions,
    private val lost: ((CloseReason) -> Unit)?,
) : TcpTransport,
    Selectable {
    private val localAddress: SocketAddress = channel.localAddress
    private val remoteAddress: SocketAddress = channel.remoteAddress
    private lateinit var key: SelectionKey
    private lateinit var protocol: Protocol

    private var state = State.OPEN
    private var inputEnded = false
    private var outputEnded = false
    private var outputEndWanted = false
    private var isLosing = false // loseConnection was called; otherwise it is the peer who has closed
    private var settling = false
    private var closeCause: Throwable? = null // of an end that is in order for all but its reason
    private var hasSent = false
    private var cut: CloseReason? = null // the end that a failed write or an abort has decided on, and any end once it is reached
    private var queue: WriteQueue? = null
    private var sendingTurn = 0
    private var sentInTurn = 0L
    private var closeTimer: DelayedCall? = null
    private var producing: ConsumerSide? = null
    private var connectionScope: ConnectionScope? = null

    private enum class State { OPEN, CLOSING, CLOSED }

    /** Starts with [protocol]: registers for reading, then tells it. */
    fun start(protocol: Protocol) {
        this.protocol = protocol
        key = reactor.register(channel, SelectionKey.OP_READ, this)
        callingProtocol("connectionMade") { protocol.makeConnection(this) }
    }

    override fun host() = InternetAddress.of(localAddress)

    override fun peer() = InternetAddress.of(remoteAddress)

    override val isDisconnecting get() = state != State.OPEN || cut != null

    override val bufferedBytes: Long
        get() = (queue?.size ?: 0) + if (reactor.streams.stage.owner === this) reactor.streams.stage.buffer.position() else 0

    override val isWritable get() = producing?.isFull != true

    override var tcpNoDelay: Boolean
        get() = channel.getOption(StandardSocketOptions.TCP_NODELAY)
        set(value) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, value)
        }

    override var tcpKeepAlive: Boolean
        get() = channel.getOption(StandardSocketOptions.SO_KEEPALIVE)
        set(value) {
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, value)
        }

    // Reading.

    override fun ready(operations: Int) {
        if (operations and SelectionKey.OP_WRITE != 0) writeReady()
        if (operations and SelectionKey.OP_READ != 0) readReady()
    }

    private fun readReady() {
        val input = reactor.readBuffer
        repeat(reactor.readsPerTurn) {
            if (key.interestOps() and SelectionKey.OP_READ == 0 || state == State.CLOSED) return
            val limit = receiveLimit()
            if (cut != null) return
            val count =
                try {
                    input.readFrom(channel, limit)
                } catch (e: Throwable) {
                    return broken(e)
                }
            if (count < 0) return endOfInput()
            if (count == 0) return
            callingProtocol("dataReceived") { protocol.dataReceived(input.view(count)) }
            if (!input.wasFilled) return
        }
    }

    private fun receiveLimit(): Int {
        callingProtocol("receiveLimit") { return protocol.receiveLimit() }
        return 0
    }

    private fun endOfInput() {
        inputEnded = true
        setInterest(SelectionKey.OP_READ, false)
        val half = protocol as? HalfCloseableProtocol
        when {
            state == State.CLOSING -> settleLater()
            half != null -> callingProtocol("readConnectionLost") { half.readConnectionLost() }
            outputEnded -> end(ConnectionDone(ClosedBy.PEER))
            // The peer may still read what we have answered: it gets it, if it takes it.
            else -> beginClosing(ClosedBy.PEER)
        }
    }

    override fun pauseProducing() {
        reactor.checkThread("pauseProducing")
        if (state != State.CLOSED) setInterest(SelectionKey.OP_READ, false)
    }

    override fun resumeProducing() {
        reactor.checkThread("resumeProducing")
        if (state == State.OPEN && cut == null && !inputEnded) setInterest(SelectionKey.OP_READ, true)
    }

    // Writing. The two write() are long on purpose: the JIT does not inline a method of more than 325 bytes of code, and compiles it with
    // all that it calls in it. In pieces they would be inlined at the end of a long chain of calls, and the buffer's methods no longer.

    private val takesWrites: Boolean
        get() = !outputEndWanted && cut == null && (state == State.OPEN || (state == State.CLOSING && isLosing))

    override fun write(
        data: ByteArray,
        offset: Int,
        length: Int,
    ) {
        reactor.checkThread("write")
        java.util.Objects.checkFromIndexSize(offset, length, data.size)
        if (!takesWrites) return
        if (fitsStage(length)) {
            reactor.streams.stage.buffer.put(data, offset, length)
            return
        }
        var from = offset
        val end = offset + length
        while (from < end && cut == null && queue.isNullOrEmpty()) {
            val buffer = claimStage()
            val count = minOf(buffer.remaining(), end - from)
            buffer.put(data, from, count)
            from += count
            if (!buffer.hasRemaining()) reactor.streams.stage.flush()
        }
        if (from < end && cut == null) enqueue { it.append(data, from, end - from) }
    }

    override fun write(data: ByteBuffer) {
        reactor.checkThread("write")
        if (!takesWrites) return data.skipAll()
        if (fitsStage(data.remaining())) {
            reactor.streams.stage.buffer.put(data)
            return
        }
        if (data.isDirect && data.remaining() >= BYPASS && queue.isNullOrEmpty()) {
            reactor.streams.stage.claim(this)
            reactor.streams.stage.flush()
            if (cut == null && queue.isNullOrEmpty()) send(data)
        }
        while (data.hasRemaining() && cut == null && queue.isNullOrEmpty()) {
            val buffer = claimStage()
            val limit = data.limit()
            data.limit(minOf(limit, data.position() + buffer.remaining()))
            buffer.put(data)
            data.limit(limit)
            if (!buffer.hasRemaining()) reactor.streams.stage.flush()
        }
        if (data.hasRemaining() && cut == null) enqueue { it.append(data) }
        data.skipAll()
    }

    /**
     * Whether [length] bytes go to the stage as they are, as most messages do: the stage is ours then, and will not be full. Asked
     * first, this makes small messages cheaper.
     */
    private fun fitsStage(length: Int) = length < BYPASS && queue == null && length < claimStage().remaining()

    private fun claimStage(): ByteBuffer {
        reactor.streams.stage.claim(this)
        return reactor.streams.stage.buffer
    }

    /** Sends [data] at once; what the operating system does not take, and what is more than this connection's share, is queued. */
    fun send(data: ByteBuffer) {
        if (cut != null || state == State.CLOSED) return data.skipAll()
        hasSent = true
        try {
            if (queue.isNullOrEmpty() && hasShareLeft()) sentInTurn += channel.write(data)
            if (data.hasRemaining()) enqueue { it.append(data) }
        } catch (e: Throwable) { // an error too: what comes later must not be sent without this
            data.skipAll()
            broken(e)
        }
    }

    // A writer whose peer reads as fast as it writes would never find the connection full, and hold the loop for ever.
    private fun hasShareLeft(): Boolean {
        if (sendingTurn != reactor.streams.turn) {
            sendingTurn = reactor.streams.turn
            sentInTurn = 0
        }
        return sentInTurn < SHARE_OF_TURN
    }

    private inline fun enqueue(append: (WriteQueue) -> Unit) {
        val waiting = queue ?: WriteQueue(reactor.streams.chunks, WriteLimit(options.writeLimit)).also { queue = it }
        val before = waiting.size
        try {
            append(waiting)
        } catch (e: Throwable) { // for want of memory: what comes later must not be sent without this
            return broken(e)
        }
        setInterest(SelectionKey.OP_WRITE, true)
        if (waiting.limit.isExceeded(waiting.size - before, waiting.size)) abortConnection(WriteLimitExceededException(options.writeLimit))
        if (state == State.CLOSING) settleLater() // somebody has to watch whether the peer takes it
        if (waiting.size > options.highWaterMark) callingProtocol("pausing the producer") { consumerSide().becameFull() }
    }

    private fun writeReady() {
        if (cut != null) return setInterest(SelectionKey.OP_WRITE, false)
        queue?.let {
            try {
                it.writeTo(channel)
            } catch (e: Throwable) {
                return broken(e)
            }
            closeTimer?.reset(options.closeTimeout.saturatedNanos(), TimeUnit.NANOSECONDS)
            if (it.size > options.lowWaterMark) return
        }
        val isEmpty = queue.isNullOrEmpty()
        val side = producing.takeUnless { state == State.CLOSING && !isLosing } // what it would write is sent no more
        if (isEmpty) {
            queue = null
            stopCloseTimer()
            settleLater()
            // A pull producer is asked once in each turn, so that one that is never at its end cannot hold the loop.
            if (side?.isPulling != true) setInterest(SelectionKey.OP_WRITE, false)
        }
        if (side != null) callingProtocol("resuming the producer") { side.drained(isEmpty) }
    }

    private fun consumerSide() =
        producing ?: ConsumerSide(this).also {
            producing = it
            if (state == State.CLOSED) it.ended(cut!!)
        }

    override fun whenWritable(): Deferred<Unit> {
        reactor.checkThread("whenWritable")
        return consumerSide().whenWritable()
    }

    override fun registerProducer(
        producer: Producer,
        streaming: Boolean,
    ) {
        reactor.checkThread("registerProducer")
        val side = consumerSide()
        side.register(producer, streaming, isGone = state == State.CLOSED || cut != null)
        if (side.isPulling) setInterest(SelectionKey.OP_WRITE, true)
    }

    override fun unregisterProducer() {
        reactor.checkThread("unregisterProducer")
        producing?.unregister()
        if (state == State.CLOSING) settleLater()
    }

    // Ending.

    override fun loseConnection() {
        reactor.checkThread("loseConnection")
        if (state == State.CLOSING) settleLater() // a producer that is waited for may have ended
        if (state != State.OPEN) return
        isLosing = true
        setInterest(SelectionKey.OP_READ, false) // nothing is received any more, as in Twisted
        // Whoever ended a side first is the one who ended the connection.
        beginClosing(if (inputEnded && !outputEnded) ClosedBy.PEER else ClosedBy.US)
    }

    override fun loseConnection(cause: Throwable) {
        reactor.checkThread("loseConnection")
        if (state != State.OPEN || cut != null) return
        if (!hasSent && bufferedBytes == 0L) return abortConnection(cause)
        closeCause = cause
        loseConnection()
    }

    private fun beginClosing(by: ClosedBy) {
        state = State.CLOSING
        closedBy = by
        settleLater()
    }

    private var closedBy = ClosedBy.US

    override fun abortConnection(cause: Throwable?) {
        reactor.checkThread("abortConnection")
        if (state == State.CLOSED || cut != null) return
        cut(aborted(cause))
    }

    private fun aborted(cause: Throwable?): ConnectionAborted {
        val why = cause?.let { "This side aborted the connection: ${safeMessage(it)}" } ?: "This side aborted the connection."
        return ConnectionAborted(why, cause, phase(), bufferedBytes)
    }

    override fun loseWriteConnection() {
        reactor.checkThread("loseWriteConnection")
        if (state != State.OPEN || outputEndWanted) return
        outputEndWanted = true
        settleLater()
    }

    /** The channel cannot be used any more. An error that is none of the network is reported, since it would come again in each turn. */
    private fun broken(e: Throwable) {
        if (cut != null || state == State.CLOSED) return
        if (e !is IOException) reactor.reportFailure(e, this) { "the channel of $this" }
        closeCause?.let { return cut(aborted(it)) } // the first reason counts
        cut(ConnectionLost("The connection to ${peer()} was lost: ${safeMessage(e)}.", e, ClosedBy.PEER, phase(), bufferedBytes))
    }

    private fun cut(reason: CloseReason) {
        cut = reason
        setInterest(SelectionKey.OP_READ or SelectionKey.OP_WRITE, false)
        settleLater()
    }

    private fun phase() = if (state == State.CLOSING) ClosePhase.CLOSING else ClosePhase.OPEN

    private fun settleLater() {
        if (settling || state == State.CLOSED) return
        settling = true
        reactor.streams.settleLater(this)
    }

    /** Does what is due: ends the connection, or its output, once everything is sent. Called when no callback is running. */
    fun settle() {
        settling = false
        val decided = cut
        when {
            state == State.CLOSED -> Unit
            decided != null -> end(decided)
            !queue.isNullOrEmpty() -> if (state == State.CLOSING) armCloseTimer()
            state == State.CLOSING -> {
                val side = producing
                // The end of the peer's stream waits for nobody, as in Twisted: nobody would read what a producer adds.
                if (isLosing && side?.holdsUpClosing == true) {
                    side.whenProducerEnds { reactor.runSoon(::settleLater) }
                } else {
                    endInOrder()
                }
            }
            outputEndWanted && !outputEnded -> endOutput()
        }
    }

    private fun endInOrder() = end(closeCause?.let(::aborted) ?: ConnectionDone(closedBy, phase()), isInOrder = true)

    private fun endOutput() {
        outputEnded = true
        try {
            channel.shutdownOutput()
        } catch (e: Throwable) {
            return broken(e)
        }
        val half = protocol as? HalfCloseableProtocol
        when {
            half != null -> callingProtocol("writeConnectionLost") { half.writeConnectionLost() }
            inputEnded -> end(ConnectionDone(ClosedBy.US))
        }
    }

    private fun armCloseTimer() {
        if (closeTimer != null) return
        closeTimer =
            reactor.callLater(options.closeTimeout.saturatedNanos(), TimeUnit.NANOSECONDS) {
                closeCause?.let { return@callLater cut(aborted(it)) }
                val time = options.closeTimeout.saturatedMillis()
                val message = "The peer ${peer()} took nothing for $time ms while the connection was closing."
                cut(ConnectionLost(message, null, ClosedBy.PEER, ClosePhase.CLOSING, bufferedBytes))
            }
    }

    private fun stopCloseTimer() {
        closeTimer?.let { if (it.isActive) it.cancel() }
        closeTimer = null
    }

    override fun reactorStopped() {
        if (state == State.CLOSED) return
        end(cut ?: ConnectionLost("The reactor has stopped.", null, ClosedBy.US, phase(), bufferedBytes))
    }

    private fun end(
        reason: CloseReason,
        isInOrder: Boolean = reason is ConnectionDone,
    ) {
        state = State.CLOSED
        cut = reason
        stopCloseTimer()
        reactor.streams.stage.drop(this)
        queue?.release()
        queue = null
        closeChannel(reason, isInOrder)
        reactor.logEnd(this, reason)
        producing?.let { reactor.guarded(this, { "stopping the producer of ${safeString(protocol)}" }) { it.ended(reason) } }
        reactor.guarded(this, { "connectionLost of ${safeString(protocol)}" }) { protocol.endConnection(reason) }
        lost?.let { reactor.guarded(this, { "telling the factory that $this is lost" }) { it(reason) } }
        connectionScope?.let { reactor.guarded(this, { "ending the coroutines of $this" }) { it.end(reason) } }
    }

    private fun closeChannel(
        reason: CloseReason,
        isInOrder: Boolean,
    ) {
        try {
            if (isInOrder) {
                if (!inputEnded && Lingering.begin(reactor, channel, key)) return
            } else if (reason is ConnectionAborted) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0)
            }
            key.cancel()
            channel.close()
        } catch (e: Throwable) { // an error too: its protocol has not been told yet
            channel.closeAfterFailure()
            reactor.reportFailure(e, this) { "closing $this" }
        }
    }

    override val scope: CoroutineScope
        get() {
            val own = connectionScope ?: ConnectionScope(reactor.scope, ::coroutineFailed).also { connectionScope = it }
            if (state == State.CLOSED) own.end(null)
            return own.scope
        }

    private fun coroutineFailed(error: Throwable) {
        // That a peer has gone is no fault of the coroutine that was talking to it.
        abortConnection(error)
        if (error !is CloseReason) reactor.reportFailure(error, this) { "a coroutine of $this" }
    }

    /** Calls the protocol; what it throws is reported and aborts the connection. */
    private inline fun callingProtocol(
        what: String,
        call: () -> Unit,
    ) {
        try {
            call()
        } catch (e: Throwable) {
            abortConnection(e)
            reactor.reportFailure(e, this) { "$what of ${safeString(protocol)}" }
        }
    }

    private fun setInterest(
        operations: Int,
        wanted: Boolean,
    ) {
        if (!key.isValid) return
        val before = key.interestOps()
        val after = if (wanted) before or operations else before and operations.inv()
        if (after != before) key.interestOps(after)
    }

    override fun toString(): String {
        val waiting = if (bufferedBytes > 0) ", $bufferedBytes bytes to send" else ""
        return "TcpTransport(${host()} <-> ${peer()}, ${state.name.lowercase()}$waiting)"
    }

    private companion object {
        const val SHARE_OF_TURN = 1024 * 1024L // what one connection sends before others get their turn
        const val BYPASS = 16 * 1024 // from here on copying into the stage costs more than a system call of its own

        fun WriteQueue?.isNullOrEmpty() = this == null || size == 0L

        fun ByteBuffer.skipAll() {
            position(limit())
        }
    }
}
