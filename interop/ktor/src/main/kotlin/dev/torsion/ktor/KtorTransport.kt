// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.log.safeMessage
import dev.torsion.log.safeString
import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.Transport
import dev.torsion.net.WriteLimitExceededException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import dev.torsion.stream.ConnectionScope
import dev.torsion.stream.ConsumerSide
import dev.torsion.stream.WriteLimit
import dev.torsion.stream.logEnd
import io.ktor.network.sockets.Connection
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.writeBuffer
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.yield
import kotlinx.io.Buffer
import kotlinx.io.transferFrom
import java.nio.ByteBuffer
import java.util.Objects
import java.util.concurrent.TimeUnit
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.resume

/**
 * A transport over the two channels of a ktor connection. Two coroutines on the reactor's thread move the bytes.
 *
 * As with the reactor's own connections a callback of the user is never entered from within another: what a call leads to is
 * [settle]d in a task of its own.
 */
internal class KtorTransport(
    private val reactor: Reactor,
    connection: Connection,
    private val options: StreamOptions,
) : Transport {
    private val socket = connection.socket
    private val input = connection.input
    private val output = connection.output
    private val localAddress = socket.localAddress.toTorsion()
    private val remoteAddress = socket.remoteAddress.toTorsion()
    private lateinit var protocol: Protocol

    private var state = State.OPEN
    private var closedBy = ClosedBy.US
    private var closeCause: Throwable? = null // of an end that is in order for all but its reason
    private var cut: CloseReason? = null // the end that a failure or an abort has decided on
    private var isLosing = false // loseConnection was called; otherwise it is the peer who has closed
    private var isSettling = false
    private var isFinishing = false
    private var inputEnded = false
    private var isReading = true
    private val readable = Bell(reactor)
    private val queue = Buffer()
    private val limit = WriteLimit(options.writeLimit)
    private var inFlight = 0L
    private val writable = Bell(reactor)
    private val consumer = ConsumerSide(this)
    private var closeTimer: DelayedCall? = null
    private val pumps = ConnectionScope(reactor.scope) { abortConnection(it) }
    private val connectionScope = ConnectionScope(reactor.scope, ::coroutineFailed)
    private val whenReactorStops =
        reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) {
            end(cut ?: ConnectionLost("The reactor has stopped.", null, ClosedBy.US, phase(), bufferedBytes), byReactor = true)
        }

    /** Completes with the reason, after the protocol was told. */
    val finished = CompletableDeferred<CloseReason>(reactor.scope.coroutineContext.job)

    private enum class State { OPEN, CLOSING, CLOSED }

    fun start(protocol: Protocol) {
        this.protocol = protocol
        callingProtocol("connectionMade") { protocol.makeConnection(this) }
        pumps.scope.launch { pumpInput() }
        pumps.scope.launch { pumpOutput() }
    }

    override fun host() = localAddress

    override fun peer() = remoteAddress

    override val isDisconnecting get() = state != State.OPEN

    override val bufferedBytes: Long get() = queue.size + inFlight

    override val isWritable get() = !consumer.isFull

    override val scope: CoroutineScope get() = connectionScope.scope

    // Reading.

    private suspend fun pumpInput() {
        try {
            while (input.awaitContent()) {
                repeat(READS_PER_TURN) {
                    while (!isReading) readable.await()
                    if (cut == null) input.readAvailable(::deliver)
                }
                yield()
            }
        } catch (e: Exception) {
            coroutineContext.ensureActive()
            return broken(e)
        }
        endOfInput()
    }

    private fun deliver(data: ByteBuffer): Int {
        var count = data.remaining()
        if (state != State.OPEN) return count // nothing is received after loseConnection, as in Twisted
        callingProtocol("dataReceived") {
            count = minOf(count, maxOf(protocol.receiveLimit(), 1))
            protocol.dataReceived(data.slice(data.position(), count).asReadOnlyBuffer())
        }
        return count
    }

    private fun endOfInput() {
        inputEnded = true
        val half = protocol as? HalfCloseableProtocol
        when {
            state != State.OPEN -> settleLater()
            half != null -> callingProtocol("readConnectionLost") { half.readConnectionLost() }
            else -> beginClosing(ClosedBy.PEER)
        }
    }

    override fun pauseProducing() {
        reactor.checkThread("pauseProducing")
        isReading = false
    }

    override fun resumeProducing() {
        reactor.checkThread("resumeProducing")
        if (state != State.OPEN || inputEnded) return
        isReading = true
        readable.ring()
    }

    // Writing.

    private val takesWrites: Boolean
        get() = cut == null && (state == State.OPEN || (state == State.CLOSING && isLosing && !isFinishing))

    override fun write(
        data: ByteArray,
        offset: Int,
        length: Int,
    ) {
        reactor.checkThread("write")
        Objects.checkFromIndexSize(offset, length, data.size)
        if (!takesWrites) return
        queue.write(data, offset, offset + length)
        queued(length)
    }

    override fun write(data: ByteBuffer) {
        reactor.checkThread("write")
        if (takesWrites) {
            val count = data.remaining()
            queue.transferFrom(data)
            queued(count)
        } else {
            data.position(data.limit())
        }
    }

    private fun queued(count: Int) {
        if (limit.isExceeded(count.toLong(), bufferedBytes)) return abortConnection(WriteLimitExceededException(options.writeLimit))
        if (state == State.CLOSING) settleLater() // somebody has to watch whether the peer takes it
        if (bufferedBytes > options.highWaterMark) consumer.becameFull()
        writable.ring()
    }

    private suspend fun pumpOutput() {
        try {
            while (true) {
                while (queue.exhausted()) writable.await()
                inFlight = minOf(queue.size, PIECE)
                output.writeBuffer(queue, inFlight)
                inFlight = 0
                output.flush()
                closeTimer?.let { if (it.isActive) it.reset(TimeUnit.NANOSECONDS.convert(options.closeTimeout), TimeUnit.NANOSECONDS) }
                if (bufferedBytes == 0L) stopCloseTimer()
                // After the end of the peer's stream, what a producer would write is sent no more.
                if (bufferedBytes <= options.lowWaterMark && (state == State.OPEN || isLosing)) {
                    reactor.guarded(this, { "resuming the producer of $this" }) { consumer.drained(isEmpty = bufferedBytes == 0L) }
                }
                if (bufferedBytes == 0L && state == State.CLOSING) settleLater()
                yield()
            }
        } catch (e: Exception) {
            coroutineContext.ensureActive()
            broken(e)
        }
    }

    override fun whenWritable(): Deferred<Unit> {
        reactor.checkThread("whenWritable")
        return consumer.whenWritable()
    }

    override fun registerProducer(
        producer: Producer,
        streaming: Boolean,
    ) {
        reactor.checkThread("registerProducer")
        consumer.register(producer, streaming, isGone = state == State.CLOSED || cut != null)
    }

    override fun unregisterProducer() {
        reactor.checkThread("unregisterProducer")
        consumer.unregister()
        if (state == State.CLOSING) settleLater()
    }

    // Ending.

    override fun loseConnection() {
        reactor.checkThread("loseConnection")
        if (state == State.CLOSING) settleLater() // a producer that is waited for may have ended
        if (state != State.OPEN) return
        isLosing = true
        beginClosing(ClosedBy.US)
    }

    override fun loseConnection(cause: Throwable) {
        reactor.checkThread("loseConnection")
        if (state != State.OPEN || cut != null) return
        closeCause = cause
        loseConnection()
    }

    private fun beginClosing(by: ClosedBy) {
        state = State.CLOSING
        closedBy = by
        settleLater()
    }

    override fun abortConnection(cause: Throwable?) {
        reactor.checkThread("abortConnection")
        cut(aborted(cause))
    }

    private fun aborted(cause: Throwable?): ConnectionAborted {
        val why = cause?.let { "This side aborted the connection: ${safeMessage(it)}" } ?: "This side aborted the connection."
        return ConnectionAborted(why, cause, phase(), bufferedBytes)
    }

    private fun coroutineFailed(error: Throwable) {
        abortConnection(error)
        // That a peer has gone is no fault of the coroutine that was talking to it.
        if (error !is CloseReason) reactor.reportFailure(error, this) { "a coroutine of $this" }
    }

    private fun broken(e: Exception) {
        if (isFinishing) return // it is we who close the channels
        closeCause?.let { return cut(aborted(it)) } // the first reason counts
        cut(ConnectionLost("The connection to $remoteAddress was lost: ${safeMessage(e)}.", e, ClosedBy.PEER, phase(), bufferedBytes))
    }

    private fun cut(reason: CloseReason) {
        if (cut != null || state == State.CLOSED) return
        cut = reason
        settleLater()
    }

    private fun phase() = if (state == State.CLOSING) ClosePhase.CLOSING else ClosePhase.OPEN

    private fun settleLater() {
        if (isSettling || state == State.CLOSED) return
        isSettling = true
        reactor.runSoon {
            isSettling = false
            settle()
        }
    }

    private fun settle() {
        val decided = cut
        when {
            state == State.CLOSED -> Unit
            decided != null -> end(decided)
            state != State.CLOSING || isFinishing -> Unit
            bufferedBytes > 0 -> armCloseTimer()
            // The end of the peer's stream waits for nobody, as in Twisted: what a producer has still to say has no reader.
            isLosing && consumer.holdsUpClosing -> consumer.whenProducerEnds { reactor.runSoon(::settleLater) }
            else -> {
                isFinishing = true
                armCloseTimer()
                pumps.scope.launch { finish() }
            }
        }
    }

    private fun armCloseTimer() {
        if (closeTimer != null) return
        closeTimer =
            reactor.callLater(TimeUnit.NANOSECONDS.convert(options.closeTimeout), TimeUnit.NANOSECONDS) {
                closeCause?.let { return@callLater cut(aborted(it)) }
                val time = TimeUnit.MILLISECONDS.convert(options.closeTimeout)
                val message = "The peer $remoteAddress took nothing for $time ms while the connection was closing."
                cut(ConnectionLost(message, null, ClosedBy.PEER, ClosePhase.CLOSING, bufferedBytes))
            }
    }

    private fun stopCloseTimer() {
        closeTimer?.let { if (it.isActive) it.cancel() }
        closeTimer = null
    }

    /** Lets ktor send what its channel holds and close the socket. */
    private suspend fun finish() {
        output.flushAndClose()
        socket.close()
        val error =
            suspendCancellableCoroutine { continuation ->
                val handle = socket.socketContext.invokeOnCompletion { continuation.resume(it) }
                continuation.invokeOnCancellation { handle.dispose() }
            }
        val lost = error?.let {
            ConnectionLost("The connection to $remoteAddress was lost: ${safeMessage(it)}.", it, ClosedBy.PEER, phase())
        }
        end(closeCause?.let(::aborted) ?: lost ?: ConnectionDone(closedBy, phase()))
    }

    private fun end(
        reason: CloseReason,
        byReactor: Boolean = false,
    ) {
        state = State.CLOSED
        if (!byReactor) reactor.removeSystemEventTrigger(whenReactorStops)
        stopCloseTimer()
        queue.clear()
        reactor.guarded(this, { "closing $this" }) { closeSocket(reason) }
        reactor.guarded(this, { "stopping the producer of ${safeString(protocol)}" }) { consumer.ended(reason) }
        (reactor as dev.torsion.stream.StreamLoop).logEnd(this, reason)
        reactor.guarded(this, { "connectionLost of ${safeString(protocol)}" }) { protocol.endConnection(reason) }
        reactor.guarded(this, { "ending the coroutines of $this" }) { connectionScope.end(reason) }
        finished.complete(reason)
    }

    private fun closeSocket(reason: CloseReason) {
        pumps.end(reason)
        socket.close()
        if (reason is ConnectionDone) return
        input.cancel(reason)
        output.cancel(reason)
        // ktor would go on sending for as long as the peer does not read.
        socket.socketContext.cancel(CancellationException(reason.message, reason))
    }

    /** Calls the protocol; what it throws is reported and aborts the connection. */
    private inline fun callingProtocol(
        what: String,
        call: () -> Unit,
    ) {
        reactor.guarded(this, { "$what of ${safeString(protocol)}" }) {
            try {
                call()
            } catch (e: Throwable) {
                abortConnection(e)
                throw e
            }
        }
    }

    override fun toString(): String {
        val waiting = if (bufferedBytes > 0) ", $bufferedBytes bytes to send" else ""
        return "KtorTransport($localAddress <-> $remoteAddress, ${state.name.lowercase()}$waiting)"
    }

    private companion object {
        const val PIECE = 64L * 1024
        const val READS_PER_TURN = 8 // of at most one of ktor's segments, 8 KiB, each
    }
}
