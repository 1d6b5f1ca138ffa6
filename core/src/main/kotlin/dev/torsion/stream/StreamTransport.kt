// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.defer.Deferred
import dev.torsion.log.safeString
import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.Address
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.HasBreaker
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.WriteLimitExceededException
import dev.torsion.spi.HandlerHost
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import dev.torsion.spi.TcpChannel
import dev.torsion.spi.TorsionSpi
import dev.torsion.spi.UnixChannel
import kotlinx.coroutines.CoroutineScope
import java.io.IOException
import java.nio.ByteBuffer
import java.util.function.Consumer

/**
 * The transport of a byte stream, over any [StreamChannel]: all rules of a connection are here, once.
 *
 * | state     | [loseConnection], [loopEnding] | end of the peer's stream      | nothing left to send                | abort, failure, limit | the loop ends |
 * |-----------|--------------------------------|-------------------------------|-------------------------------------|-----------------------|---------------|
 * | OPEN      | CLOSING                        | CLOSING; FINISHING when ours has ended; OPEN with a [HalfCloseableProtocol] | ends our half if that was asked for, then as with the peer's | CLOSED | CLOSED |
 * | CLOSING   | CLOSING                        | CLOSING, and no producer is waited for if it still read | FINISHING, once no producer is waited for | CLOSED          | CLOSED        |
 * | FINISHING | FINISHING                      | -                             | CLOSED, once the channel has finished     | CLOSED          | CLOSED        |
 * | CLOSED    | CLOSED                         | -                             | -                                   | -                     | -             |
 *
 * A callback of the user is never entered from within another: the effect of a call such as `abortConnection` is [settle]d when the running
 * callbacks have returned. So an abort, a failure or a limit only sets [endReason]; from then on nothing is read or written.
 *
 * A connection that this side ends before all is sent is reset, in every case: a cut never looks like an end in order.
 *
 * Nothing is allocated before it is needed: an idle connection is this object and its channel.
 */
@TorsionSpi
public open class StreamTransport protected constructor(
    @get:JvmSynthetic
    internal val loop: StreamLoop,
    channel: StreamChannel,
    @get:JvmSynthetic
    internal val options: StreamOptions,
    private val lost: Consumer<CloseReason>?,
) : HalfCloseableTransport,
    StreamHandler,
    HandlerHost {
    /** The channel below: of several layers, the one that is nearest to the protocol. */
    @get:JvmSynthetic
    internal var channel: StreamChannel = channel
        private set
    private val stage = loop.streams.stage
    private lateinit var protocol: Protocol

    private var state = State.OPEN
    private var isReading = true
    private var isInputEnded = false
    private var isOutputEnded = false
    private var isOutputEndWanted = false
    private var isLosing = false // loseConnection was called; otherwise it is the peer who has closed
    private var isSettling = false
    private var isStopping = false // the loop is about to end
    private var isStopped = false // which is why this connection closes

    final override var isDraining: Boolean = false
        private set
    private var isBroken = false // the channel has failed, so that it can neither be closed in order nor reset
    private var hasSent = false
    private var closedBy = ClosedBy.US
    private var closeCause: Throwable? = null // of an end that is in order for all but its reason
    private var orderlyReason: CloseReason? = null // of a channel that is still finishing
    private var endReason: CloseReason? = null // why it ends, once nothing can change that
    private var queue: WriteQueue? = null
    private var sendingTurn = 0
    private var sentInTurn = 0L
    private var closeTimer: CloseTimer? = null
    private var producing: ConsumerSide? = null
    private var connectionScope: ConnectionScope? = null
    private var inside: StreamTransport? = null

    private enum class State { OPEN, CLOSING, FINISHING, CLOSED }

    /** Begins with [protocol]: starts the channel, then tells it. Throws what the channel throws. */
    public fun start(protocol: Protocol) {
        this.protocol = protocol
        channel.start(this)
        callingProtocol("connectionMade") { protocol.makeConnection(this) }
    }

    // Layers.

    /** Whether [protocol] is the one that this transport tells. */
    @JvmSynthetic
    internal fun isFor(protocol: Protocol): Boolean = this.protocol === protocol

    /** Whether [addLayer] can be called: the connection is open, and so are both of its halves. */
    @get:JvmSynthetic
    internal val takesLayers: Boolean
        get() = state == State.OPEN && endReason == null && !isInputEnded && !isOutputEndWanted

    /**
     * Puts the channel that [make] makes between the one below and this transport, such as one that encrypts. Bytes that were written
     * before go out as they are: [make] gets the bytes of it that are still to be sent, and sends them first. Nothing is done when the
     * channel below breaks meanwhile; it says so by null.
     */
    @JvmSynthetic
    internal fun <T : StreamChannel> addLayer(make: (StreamChannel, WriteQueue?) -> T): T? {
        if (stage.owner === this) stage.flush()
        callingProtocol("tlsBegins") { protocol.tlsBegins() }
        if (!takesLayers) return null
        val lower = channel
        lower.notifyWhenWritable(false)
        val layer = make(lower, queue)
        queue = null
        channel = layer
        if (!isReading) layer.reading(false)
        layer.start(this)
        if (producing != null) layer.notifyWhenWritable(true) // one that was paused for the queue, or that waits to be asked
        return layer
    }

    /** From now on [protocol] is told, and at first that it has its connection. The one before hears nothing more. */
    @JvmSynthetic
    internal fun become(protocol: Protocol) {
        this.protocol = protocol
        callingProtocol("connectionMade") { protocol.makeConnection(this) }
    }

    /** The protocol of this connection carries the stream of [inside], such as TLS behind a wrapper: at the end, that one sends first. */
    @JvmSynthetic
    internal fun carries(inside: StreamTransport) {
        this.inside = inside
    }

    override fun host(): Address = channel.localAddress

    override fun peer(): Address = channel.remoteAddress

    override val isDisconnecting: Boolean
        get() = endReason != null || !isInUse

    /** Open, or closing though nobody has asked it to. */
    private val isInUse: Boolean get() = state == State.OPEN || (isDraining && state == State.CLOSING)

    override val bufferedBytes: Long
        get() = (queue?.size ?: 0) + if (stage.owner === this) stage.buffer.position() else 0

    /** A copy of the bytes that the channel has not taken, and that are not being gathered. For transports of tests. */
    protected fun unsent(): ByteArray = queue?.copy() ?: ByteArray(0)

    // Where nothing more is sent, one that writes until it must wait would never end.
    override val isWritable: Boolean get() = producing?.isFull != true && takesWrites

    // Reading.

    override fun receiveLimit(): Int {
        callingProtocol("receiveLimit") {
            val limit = protocol.receiveLimit()
            return if (endReason == null) maxOf(limit, 1) else 0
        }
        return 0
    }

    override fun expectsBytes(): Boolean {
        callingProtocol("expectsBytes") { return isInUse && protocol.expectsBytes() }
        return false
    }

    override fun received(view: ByteBuffer) {
        callingProtocol("dataReceived") { protocol.dataReceived(view) }
    }

    override fun inputEnded() {
        isInputEnded = true
        val half = protocol.halves
        when {
            !isInUse -> settleLater()
            half != null -> callingProtocol("readConnectionLost") { half.readConnectionLost() }
            state == State.CLOSING -> { // it drains, and was still reading
                isDraining = false
                isLosing = false
                beginClosing(ClosedBy.PEER)
            }
            isOutputEnded -> finish(ConnectionDone(ClosedBy.PEER))
            // The peer may still read what we have answered: it gets it, if it takes it.
            else -> beginClosing(ClosedBy.PEER)
        }
    }

    override fun pauseProducing() {
        loop.checkThread("pauseProducing")
        if (state != State.CLOSED) reading(false)
    }

    private fun reading(on: Boolean) {
        isReading = on
        channel.reading(on)
    }

    override fun resumeProducing() {
        loop.checkThread("resumeProducing")
        if (isInUse && (state == State.OPEN || isAnswering) && endReason == null && !isInputEnded) reading(true)
    }

    // Writing. The two write() are long on purpose: the JIT does not inline what is over 325 bytes of code, and compiles it with all
    // that it calls in it. In pieces they would be inlined at the end of a long chain of calls, and the buffer's methods no longer.
    // The performance notebook has the figures.

    /** Whether bytes that are written now are sent. */
    @get:JvmSynthetic
    internal val takesWrites: Boolean
        get() = (!isOutputEndWanted || holdsOutputOpen) && endReason == null &&
            (state == State.OPEN || (state == State.CLOSING && isLosing))

    private val holdsOutputOpen: Boolean get() = !isOutputEnded && producing?.holdsUpOutputEnd == true

    final override fun write(data: ByteArray, offset: Int, length: Int) {
        loop.checkThread("write")
        java.util.Objects.checkFromIndexSize(offset, length, data.size)
        if (!takesWrites) return refused()
        if (fitsStage(length)) {
            stage.buffer.put(data, offset, length)
            return
        }
        var from = offset
        val end = offset + length
        while (from < end && endReason == null && queue.isNullOrEmpty()) {
            val buffer = claimStage()
            val count = minOf(buffer.remaining(), end - from)
            buffer.put(data, from, count)
            from += count
            if (!buffer.hasRemaining()) stage.flush()
        }
        if (from < end && endReason == null) enqueue { it.append(data, from, end - from) }
    }

    final override fun write(data: ByteBuffer) {
        loop.checkThread("write")
        if (!takesWrites) {
            data.skipAll()
            return refused()
        }
        if (fitsStage(data.remaining())) {
            stage.buffer.put(data)
            return
        }
        if (data.isDirect && data.remaining() >= BYPASS && queue.isNullOrEmpty()) {
            stage.claim(this)
            stage.flushWith(data)
        }
        while (data.hasRemaining() && endReason == null && queue.isNullOrEmpty()) {
            val buffer = claimStage()
            val limit = data.limit()
            data.limit(minOf(limit, data.position() + buffer.remaining()))
            buffer.put(data)
            data.limit(limit)
            if (!buffer.hasRemaining()) stage.flush()
        }
        if (data.hasRemaining() && endReason == null) enqueue { it.append(data) }
        data.skipAll()
    }

    /**
     * Whether [length] bytes go to the stage as they are, as most messages do: the stage is ours then, and will not be full. Asked
     * first, this makes small messages cheaper.
     */
    private fun fitsStage(length: Int) = length < BYPASS && queue == null && length < claimStage().remaining()

    private fun refused() {
        producing?.let { callingProtocol("pausing the producer") { it.refused() } }
    }

    private fun claimStage(): ByteBuffer {
        stage.claim(this)
        return stage.buffer
    }

    /** Sends [data] at once; bytes that the channel does not take, or that exceed this connection's share, are queued. */
    @JvmSynthetic
    internal fun send(data: ByteBuffer) {
        if (endReason != null || state == State.CLOSED) return data.skipAll()
        hasSent = true
        try {
            if (queue.isNullOrEmpty() && hasShareLeft()) sentInTurn += channel.send(data)
            if (data.hasRemaining()) enqueue { it.append(data) }
        } catch (e: Throwable) { // an error too: what comes later must not be sent without this
            data.skipAll()
            broken(e)
        }
    }

    /** [send] with [head] and then [data], which go with one system call where the channel has one for several buffers. */
    @JvmSynthetic
    internal fun send(head: ByteBuffer, data: ByteBuffer) {
        if (endReason != null || state == State.CLOSED) {
            head.skipAll()
            return data.skipAll()
        }
        hasSent = true
        try {
            if (queue.isNullOrEmpty() && hasShareLeft()) sentInTurn += channel.send(arrayOf(head, data))
            if (!data.hasRemaining()) return
            enqueue {
                it.append(head)
                it.append(data)
            }
        } catch (e: Throwable) { // an error too: what comes later must not be sent without this
            head.skipAll()
            data.skipAll()
            broken(e)
        }
    }

    // A writer whose peer reads as fast as it writes would never find the connection full, and hold the loop for ever.
    private fun hasShareLeft(): Boolean {
        val turn = loop.streams.turnNumber
        if (sendingTurn != turn) {
            sendingTurn = turn
            sentInTurn = 0
        }
        return sentInTurn < SHARE_OF_TURN
    }

    private inline fun enqueue(append: (WriteQueue) -> Unit) {
        val waiting = queue ?: WriteQueue(loop.streams.chunks, WriteLimit(options.writeLimit)).also { queue = it }
        val before = waiting.size
        try {
            append(waiting)
        } catch (e: Throwable) { // out of memory: later bytes must not be sent without this
            return broken(e)
        }
        channel.notifyWhenWritable(true)
        if (waiting.limit.isExceeded(waiting.size - before, waiting.size)) abortConnection(WriteLimitExceededException(options.writeLimit))
        if (state == State.CLOSING) settleLater() // somebody has to watch whether the peer takes it
        if (waiting.size > options.highWaterMark) callingProtocol("pausing the producer") { consumerSide().becameFull() }
    }

    override fun outputReady() {
        // The channel that is finishing has all that there is, and its time must go on.
        if (endReason != null || state == State.FINISHING || state == State.CLOSED) return channel.notifyWhenWritable(false)
        queue?.let {
            try {
                it.sendTo(channel)
            } catch (e: Throwable) {
                return broken(e)
            }
            closeTimer?.progress()
            inside?.outputMoved()
            if (it.size > options.lowWaterMark) return
        }
        val isEmpty = queue.isNullOrEmpty()
        val side = producing.takeUnless { state == State.CLOSING && !isLosing } // what it would write is sent no more
        if (isEmpty) {
            queue = null
            closeTimer?.stop()
            settleLater()
            // A pull producer is asked once in each turn, so that one that is never at its end cannot hold the loop.
            if (side?.isPulling != true) channel.notifyWhenWritable(false)
        }
        if (side != null) callingProtocol("resuming the producer") { side.drained(isEmpty) }
    }

    private fun consumerSide() = producing ?: ConsumerSide(this).also {
        producing = it
        if (state == State.CLOSED) it.ended(endReason!!)
    }

    override fun whenWritable(): Deferred<Unit> {
        loop.checkThread("whenWritable")
        return consumerSide().whenWritable(isWritable)
    }

    override fun registerProducer(producer: Producer, streaming: Boolean) {
        loop.checkThread("registerProducer")
        val side = consumerSide()
        side.register(producer, streaming, isGone = state == State.CLOSED || endReason != null)
        if (side.isPulling) channel.notifyWhenWritable(true)
    }

    override fun unregisterProducer() {
        loop.checkThread("unregisterProducer")
        producing?.unregister()
        if (state == State.CLOSING && isDraining) channel.reading(false) // the answer is whole
        if (state == State.CLOSING || isOutputEndWanted) settleLater()
    }

    // Ending.

    override fun loseConnection() {
        loop.checkThread("loseConnection")
        if (state == State.CLOSING) {
            if (isDraining) reading(false)
            isDraining = false
            settleLater() // a producer that is waited for may have ended
        }
        if (state != State.OPEN) return
        isLosing = true
        reading(false) // nothing is received any more, as in Twisted
        // The peer that ended a side first has ended the connection.
        beginClosing(if (isInputEnded && !isOutputEnded) ClosedBy.PEER else ClosedBy.US)
    }

    override fun loseConnection(cause: Throwable) {
        loop.checkThread("loseConnection")
        if (state != State.OPEN || endReason != null) return
        if (!hasSent && bufferedBytes == 0L) return abortConnection(cause)
        closeCause = cause
        loseConnection()
    }

    private fun beginClosing(by: ClosedBy) {
        state = State.CLOSING
        closedBy = by
        settleLater()
    }

    override fun abortConnection(cause: Throwable?) {
        loop.checkThread("abortConnection")
        if (state == State.CLOSED || endReason != null) return
        breakOff(aborted(cause, phase()))
    }

    override fun loseWriteConnection() {
        loop.checkThread("loseWriteConnection")
        if (state != State.OPEN || isOutputEndWanted) return
        isOutputEndWanted = true
        settleLater()
    }

    /**
     * The channel cannot be used any more. An error that is none of the network is reported, since it would come again in each turn. A
     * [CloseReason] is the reason as it is.
     */
    override fun broken(cause: Throwable) {
        if (endReason != null || state == State.CLOSED) return
        isBroken = true
        if (cause is HasBreaker && cause.by == ClosedBy.US) return breakOff(aborted(cause, phase()))
        if (cause !is IOException) loop.reportFailure(cause, this) { "the channel of $this" }
        // The first reason counts.
        breakOff(closeCause?.let { aborted(it, phase()).apply { addSuppressed(cause) } } ?: cause as? CloseReason ?: lost(cause, phase()))
    }

    private fun breakOff(reason: CloseReason) {
        endReason = reason
        producing?.broken()
        reading(false)
        channel.notifyWhenWritable(false)
        settleLater()
    }

    private fun phase() = if (state == State.OPEN) ClosePhase.OPEN else ClosePhase.CLOSING

    private fun settleLater() {
        if (isSettling || state == State.CLOSED) return
        isSettling = true
        loop.streams.settleLater(this)
    }

    /** Does what is due: ends the connection, or its output, once everything is sent. Called when no callback is running. */
    @JvmSynthetic
    internal fun settle() {
        isSettling = false
        val decided = endReason
        when {
            state == State.CLOSED -> Unit
            decided != null -> end(decided)
            state == State.FINISHING -> Unit
            !queue.isNullOrEmpty() -> if (state == State.CLOSING) startCloseTimer()
            state == State.CLOSING -> {
                val side = producing
                // The end of the peer's stream waits for nobody, as in Twisted: nobody would read what a producer adds.
                if (isLosing && side?.holdsUpClosing == true) {
                    side.whenProducerEnds { loop.runSoon(::settleLater) }
                } else {
                    finish(orderly())
                }
            }
            isOutputEndWanted && !isOutputEnded -> if (!holdsOutputOpen) endOutput()
        }
    }

    private fun orderly(): CloseReason {
        val cause = closeCause
        return when {
            cause != null -> aborted(cause, phase())
            isStopped -> stopped(ClosePhase.OPEN)
            else -> ConnectionDone(closedBy, phase())
        }
    }

    private fun endOutput() {
        isOutputEnded = true
        try {
            channel.endOutput()
        } catch (e: Throwable) {
            return broken(e)
        }
        val half = protocol.halves
        if (half != null) callingProtocol("writeConnectionLost") { half.writeConnectionLost() }
    }

    private fun startCloseTimer() {
        val timer =
            closeTimer ?: CloseTimer(loop, options.closeTimeout, ::closingTimeIsUp).also { closeTimer = it }
        timer.start()
    }

    private fun closingTimeIsUp() {
        if (endReason != null) return
        if (channel.isHeldBack) {
            closeTimer?.stop()
            return startCloseTimer()
        }
        breakOff(closeCause?.let { aborted(it, phase()) } ?: stalled(options.closeTimeout))
    }

    /** All is sent: ends the channel in order, and the connection for [reason] behind it. */
    private fun finish(reason: CloseReason) {
        if (isDraining) channel.reading(false)
        state = State.FINISHING
        orderlyReason = reason
        if (finishChannel()) end(reason) else startCloseTimer()
    }

    private fun finishChannel(): Boolean = try {
        channel.finish()
    } catch (e: Throwable) {
        endingChannel { channel.close() } // it may have failed before it came to its end
        loop.reportFailure(e, this) { "closing $this" }
        true
    }

    override fun outputMoved() {
        if (state == State.CLOSING || state == State.FINISHING) closeTimer?.progress()
        inside?.outputMoved()
    }

    /** Whether our own limits hold back what is to be sent. */
    @get:JvmSynthetic
    internal val isHeldBack: Boolean get() = channel.isHeldBack

    override fun finished(cause: Throwable?) {
        val reason = orderlyReason ?: return
        if (state != State.FINISHING || endReason != null) return
        isBroken = cause != null
        if (cause != null && closeCause != null) reason.addSuppressed(cause) // why the peer has not heard all of it
        end(if (cause == null || closeCause != null) reason else lost(cause, phase()))
    }

    override fun loopEnding() {
        if (isStopping || state == State.CLOSED) return
        isStopping = true
        loop.streams.drains(this)
        inside?.loopEnding()
        isStopped = drain()
    }

    /** Whether it has ended since the loop was about to end, with all that was written. */
    @get:JvmSynthetic
    internal val hasStopped: Boolean get() = isStopped && endReason != null && endReason === orderlyReason

    /**
     * Closes like [loseConnection], though the user has not asked for it: bytes that are written while older ones wait are sent as well. While
     * it waits for a producer and the protocol expects bytes, it reads: the rest of a request, without which there is no answer. False when
     * the connection was ending already.
     */
    @JvmSynthetic
    internal fun drain(): Boolean {
        if (state != State.OPEN || endReason != null) return false
        if (holdsMoreInside) return true.also { inside?.drain() } // which ends this one behind it
        val needsMore = isAnswering && expectsBytes()
        if (endReason != null) return false
        isDraining = true
        isLosing = true
        if (!needsMore) channel.reading(false)
        beginClosing(if (isInputEnded && !isOutputEnded) ClosedBy.PEER else ClosedBy.US)
        return true
    }

    private val isAnswering: Boolean get() = producing?.holdsUpClosing == true

    private val holdsMoreInside: Boolean get() = inside.let { it != null && it.state != State.CLOSED }

    override fun loopEnded() {
        if (state != State.CLOSED) end(endReason ?: stopped(phase()))
    }

    private fun end(reason: CloseReason) {
        val isFinished = state == State.FINISHING && reason === orderlyReason
        val isCut = !isFinished && !isBroken && hasMore()
        if (isCut && isStopping) loop.streams.wasCut(this, bufferedBytes)
        state = State.CLOSED
        endReason = reason
        closeTimer?.stop()
        stage.drop(this)
        queue?.release()
        queue = null
        if (!isFinished) endingChannel { endChannel(reason, isCut) }
        loop.logEnd(this, reason)
        producing?.let { loop.guarded(this, { "stopping the producer of ${safeString(protocol)}" }) { it.ended(reason) } }
        loop.guarded(this, { "connectionLost of ${safeString(protocol)}" }) { protocol.endConnection(reason) }
        lost?.let { loop.guarded(this, { "telling the factory that $this is lost" }) { it.accept(reason) } }
        connectionScope?.let { loop.guarded(this, { "ending the coroutines of $this" }) { it.end(reason) } }
        if (isStopping) loop.streams.hasDrained(this)
    }

    private fun endChannel(reason: CloseReason, isCut: Boolean) = when {
        reason is ConnectionAborted -> channel.abort()
        isCut -> channel.cut()
        else -> channel.close()
    }

    /** Whether the peer would miss something if this were the end. */
    private fun hasMore() = bufferedBytes > 0 || state == State.FINISHING || ((state == State.OPEN || isLosing) && isAnswering) ||
        (isStopping && holdsMoreInside)

    override val owesPeer: Boolean get() = state != State.CLOSED && (hasMore() || inside?.owesPeer == true)

    /** An error is reported: the protocol has not been told yet. */
    private inline fun endingChannel(block: () -> Unit) {
        try {
            block()
        } catch (e: Throwable) {
            loop.reportFailure(e, this) { "closing $this" }
        }
    }

    final override val scope: CoroutineScope
        get() {
            val own = connectionScope ?: ConnectionScope(loop.scope, ::coroutineFailed).also { connectionScope = it }
            if (state == State.CLOSED) own.end(null)
            return own.scope
        }

    private fun coroutineFailed(error: Throwable) = handlerFailed("a coroutine", error)

    final override fun handlerFailed(what: String, error: Throwable) {
        abortConnection(error)
        // That a peer has gone is no fault of the handler that was talking to it.
        if (error !is CloseReason) loop.reportFailure(error, this) { "$what of $this" }
    }

    /** Calls the protocol; its exception is reported and aborts the connection. */
    private inline fun callingProtocol(what: String, call: () -> Unit) {
        try {
            call()
        } catch (e: Throwable) {
            abortConnection(e)
            loop.reportFailure(e, this) { "$what of ${safeString(protocol)}" }
        }
    }

    /** The first word of [toString]. */
    @get:JvmSynthetic
    internal open val kind: String get() = "StreamTransport"

    override fun toString(): String {
        val waiting = if (bufferedBytes > 0) ", $bufferedBytes bytes to send" else ""
        return "$kind(${host()} <-> ${peer()}, ${state.name.lowercase()}$waiting)"
    }

    public companion object {
        private const val SHARE_OF_TURN = 1024 * 1024L // what one connection sends before others get their turn
        private const val BYPASS = 16 * 1024 // from here on copying into the stage costs more than a system call of its own

        private fun WriteQueue?.isNullOrEmpty() = this == null || size == 0L

        private fun ByteBuffer.skipAll() {
            position(limit())
        }

        /**
         * A transport over [channel], which has not been started: a [TcpTransport][dev.torsion.net.TcpTransport] over a [TcpChannel], and a
         * [UnixTransport][dev.torsion.net.UnixTransport] over a [UnixChannel]. [lost] is told of the end, after the protocol.
         */
        @JvmStatic
        public fun over(
            loop: StreamLoop,
            channel: StreamChannel,
            options: StreamOptions,
            lost: Consumer<CloseReason>? = null,
        ): StreamTransport {
            val rated = options.minimumRate?.let { RatedChannel(loop, channel, it) } ?: channel
            val slowed = options.throttle?.let { ThrottledChannel(loop, rated, it) } ?: rated
            val listened = options.listener?.let { ListenedChannel(loop, slowed, it) }
            val through = listened ?: slowed
            val told = listened?.beforeTelling(lost) ?: lost
            return when (channel) {
                is TcpChannel -> TcpStreamTransport(loop, channel, through, options, told)
                is UnixChannel -> UnixStreamTransport(loop, channel, through, options, told)
                else -> StreamTransport(loop, through, options, told)
            }
        }
    }
}
