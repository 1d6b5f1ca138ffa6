// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.loop.guarded
import dev.torsion.net.Address
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.WriteQueue
import dev.torsion.stream.breakerOf
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLException

/**
 * TLS as a channel over any other channel: the transport above keeps all its rules, and the channel below moves records.
 *
 * | state     | begins with             | what the handler above has of it                                                   |
 * |-----------|-------------------------|------------------------------------------------------------------------------------|
 * | HANDSHAKE | [start]                 | nothing is taken and nothing received                                              |
 * | OPEN      | the end of the handshake | bytes go through; each half ends by a close alert of its own                       |
 * | FINISHING | [finish]                | nothing more, until the last records are out and the channel below has finished     |
 * | PARTING   | the end of a failed one | nothing more: the alert goes out, then the channel below finishes, within [PARTING] |
 * | ENDED     | all others              | nothing more                                                                       |
 *
 * The engine runs on the loop. The steps that it hands out, as those for keys and certificates, run on the loop's
 * [workers][dev.torsion.loop.EventLoop.workers]: meanwhile nobody else touches the engine, and nothing is read. Records that have come are
 * decrypted only while they are wanted, so a paused handler gets none, and what has come waits encrypted, at most about [MOST_READ] bytes.
 * Records of our own that the channel below does not take wait, and no more are made until they are gone.
 *
 * Nothing is told from within a call of the handler's.
 *
 * @param unsent bytes that were written before, and go out first as they are
 * @param isStarted whether the channel below has told somebody else so far
 */
internal class TlsChannel(
    private val loop: StreamLoop,
    private val lower: StreamChannel,
    private val party: TlsParty,
    unsent: WriteQueue?,
    private val isStarted: Boolean,
    private val listener: TlsListener,
) : StreamChannel,
    StreamHandler {
    private val buffers = loop.streams.part(TlsBuffers::class.java) { TlsBuffers() }
    private val input = RecordReader(buffers, party, lower.remoteAddress)
    private val output = RecordOutput(loop, lower, unsent)
    private lateinit var handler: StreamHandler
    private var engine: SSLEngine? = null
    private var state = State.HANDSHAKE
    private var failure: TlsException? = null
    private var deadline: DelayedCall? = null

    private var hello: ClientHelloReader? = null // while the engine depends on what the client asks for
    private var choosing: Deferred<SSLEngine>? = null
    private var serverName: String? = null

    private var held: ByteBuffer? = null // bytes that nobody has looked at yet
    private var isReading = true // as the handler wants it
    private var isLowerReading = true
    private var isBusy = false // the engine is in other hands, or there is none yet
    private var isTaking = false
    private var isCut = false // the channel below has ended
    private var isInputEndPending = false
    private var isInputEnded = false

    private var asksForRoom = false
    private var isOwed = true // what the handler sends
    private var isLowerOwed = false // the records of the engine itself are not
    private var isOutputEnded = false
    private var isOutputEndDue = false // once the handshake is done, and the engine here
    private var isFinishDue = false // once the engine is here

    private enum class State { HANDSHAKE, OPEN, FINISHING, PARTING, ENDED }

    /** The session that was agreed on; null before the end of the handshake. */
    var session: TlsSession? = null
        private set

    override val localAddress: Address get() = lower.localAddress

    override val remoteAddress: Address get() = lower.remoteAddress

    // Beginning.

    override fun start(handler: StreamHandler) {
        this.handler = handler
        if (isStarted) lower.handOver(this) else lower.start(this)
        lower.owed(false)
        if (isStarted) lower.reading(true)
        output.start()
        deadline = loop.callLater(party.handshakeTimeout.saturatedNanos(), TimeUnit.NANOSECONDS, ::tooSlow)
        try {
            if (party.isReady) open() else prepare()
        } catch (e: Throwable) {
            isBusy = true // nothing may be told yet, and nothing is read until it is
            if (!loop.runSoon { startFailed(e) }) throw e
        }
    }

    /** Makes [party] ready on a thread of the workers: that takes long. */
    private fun prepare() {
        isBusy = true
        settleReading()
        loop.workers.execute {
            party.prepare()
            loop.runSoon(::prepared) // otherwise the loop has ended, and this with it
        }
    }

    private fun prepared() {
        isBusy = false
        if (state != State.HANDSHAKE || failure != null) return
        try {
            open()
        } catch (e: Throwable) {
            return fail(e)
        }
        goOn()
        settleReading()
        settleRoom()
    }

    private fun open() {
        val made = party.engine()
        if (made == null) hello = ClientHelloReader() else begin(made)
    }

    private fun startFailed(cause: Throwable) {
        isBusy = false
        if (state == State.ENDED) releaseEngine() else fail(cause)
    }

    override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    private fun begin(made: SSLEngine) {
        engine = made
        made.beginHandshake()
        step(made.handshakeStatus)
    }

    private fun tooSlow() {
        deadline = null
        if (state == State.HANDSHAKE && failure == null) fail(party.tooSlow(remoteAddress))
    }

    // Records that come.

    override fun receiveLimit(): Int = when {
        looksForTheEnd -> MOST_AHEAD
        !takesRecords -> 0
        state == State.HANDSHAKE -> MOST_READ
        else -> minOf(handler.receiveLimit().toLong() + TlsRecord.HEADER, MOST_READ.toLong()).toInt()
    }

    override fun expectsBytes(): Boolean = when (state) {
        State.HANDSHAKE -> !isBusy
        State.OPEN -> input.record != null || handler.expectsBytes()
        else -> false
    }

    private val takesRecords: Boolean
        get() = failure == null && !isBusy && !isInputEnded && !isInputEndPending &&
            (state == State.HANDSHAKE || (state == State.OPEN && isReading))

    /** While somebody chooses, maybe for long, a client that goes away is to be noticed. */
    private val looksForTheEnd: Boolean
        get() = choosing != null && failure == null && (held?.remaining() ?: 0) < MOST_AHEAD

    override fun received(view: ByteBuffer) {
        if (held == null && !isTaking) take(view) else hold(view)
    }

    /** Looks at [data], as far as it is wanted; the rest is held. */
    private fun take(data: ByteBuffer) {
        val plain = buffers.takePlain()
        isTaking = true
        try {
            takeRecords(data, plain)
            deliver(plain)
        } catch (e: Throwable) {
            deliver(plain) // what was good comes before the end
            fail(e)
        } finally {
            isTaking = false
            buffers.givePlain(plain)
        }
        if (data.hasRemaining()) hold(data)
        if (isInputEndPending && isReading && held == null) endInput()
        settleReading()
    }

    private fun takeRecords(data: ByteBuffer, plain: TlsBuffers.Plain) {
        while (takesRecords) {
            if (state == State.OPEN) {
                val limit = handler.receiveLimit()
                if (limit <= 0) return
                val bytes = plain.bytes
                if (bytes.position() > 0 && (bytes.position() >= limit || bytes.remaining() < engine!!.session.applicationBufferSize)) {
                    deliver(plain)
                    continue
                }
            }
            if (!input.fill(data, session)) return
            if (engine == null) readHello() else decrypt(plain)
        }
    }

    /** Lends what was decrypted to the handler. */
    private fun deliver(plain: TlsBuffers.Plain) {
        if (plain.bytes.position() == 0) return
        if (state == State.OPEN && failure == null) handler.received(plain.lend()) else plain.bytes.clear()
    }

    private fun decrypt(plain: TlsBuffers.Plain) {
        val whole = input.record ?: return
        whole.flip()
        while (whole.hasRemaining() && !isBusy && !isInputEndPending) {
            val result = engine!!.unwrap(whole, plain.bytes)
            when (result.status!!) {
                SSLEngineResult.Status.BUFFER_OVERFLOW -> {
                    check(plain.bytes.position() > 0) { "the engine has no room for a record" }
                    deliver(plain)
                    if (failure != null) break
                }
                SSLEngineResult.Status.BUFFER_UNDERFLOW ->
                    throw TlsViolationException("${party.peer(remoteAddress)} has sent a record that is not whole.", null)
                SSLEngineResult.Status.CLOSED -> {
                    if (session == null) throw party.endedInHandshake(remoteAddress, null, ClosedBy.PEER)
                    isInputEndPending = true
                    step(result.handshakeStatus)
                }
                SSLEngineResult.Status.OK -> step(result.handshakeStatus)
            }
        }
        if (isInputEndPending) input.release() else input.keepRest()
    }

    private fun hold(data: ByteBuffer) {
        if (state == State.FINISHING || state == State.PARTING || state == State.ENDED || failure != null || isInputEndPending) return
        val before = held
        val all = ByteBuffer.allocate((before?.remaining() ?: 0) + data.remaining())
        before?.let(all::put)
        all.put(data)
        held = all.flip()
    }

    /** Goes on with what is held; in a turn of its own. */
    private fun goOn() {
        if (isTaking || !(takesRecords || isInputEndPending)) return
        val data = held ?: EMPTY
        held = null
        take(data)
        // The end came while more was held.
        if (isCut && held == null) inputEnded()
    }

    private fun endInput() {
        isInputEndPending = false
        if (isInputEnded || state != State.OPEN || failure != null) return
        isInputEnded = true
        handler.inputEnded()
    }

    override fun reading(on: Boolean) {
        isReading = on
        if (on && (held != null || isInputEndPending)) loop.runSoon(::goOn)
        settleReading()
    }

    private fun settleReading() {
        val wanted = looksForTheEnd || (takesRecords && held == null)
        if (wanted == isLowerReading || isCut || state == State.ENDED || state == State.PARTING) return
        isLowerReading = wanted
        lower.reading(wanted)
    }

    override fun inputEnded() {
        isCut = true
        if (choosing != null) return fail(party.endedInHandshake(remoteAddress, null, ClosedBy.PEER))
        if (isTaking || held != null || isInputEnded || isInputEndPending || failure != null) return
        when (state) {
            State.HANDSHAKE -> fail(party.endedInHandshake(remoteAddress, null, ClosedBy.PEER))
            State.OPEN -> fail(TlsTruncatedException())
            else -> Unit
        }
    }

    // The handshake.

    /** Does what the engine asks for, up to where it wants to read. */
    private fun step(wanted: HandshakeStatus) {
        var status = wanted
        while (true) {
            when (status) {
                HandshakeStatus.NEED_WRAP -> status = wrapOwn() ?: return
                HandshakeStatus.NEED_TASK -> return runTasks()
                HandshakeStatus.FINISHED -> {
                    finished()
                    status = engine!!.handshakeStatus
                }
                HandshakeStatus.NOT_HANDSHAKING -> return if (session == null) finished() else Unit
                else -> return
            }
        }
    }

    /** Sends what the engine itself has to say; null when it is closed, otherwise what it wants next. */
    private fun wrapOwn(): HandshakeStatus? {
        val out = buffers.takeOutput()
        try {
            while (true) {
                val result = engine!!.wrap(EMPTY, out)
                val isAtEnd = result.bytesProduced() == 0 && result.handshakeStatus == HandshakeStatus.NEED_WRAP
                val next = if (isAtEnd) null else result.handshakeStatus
                if (next != HandshakeStatus.NEED_WRAP || out.remaining() < engine!!.session.packetBufferSize) {
                    push(out.flip())
                    if (output.size > MOST_OWN) throw IOException("the other side makes this one answer, and reads nothing")
                    return next
                }
            }
        } finally {
            buffers.giveOutput(out)
        }
    }

    private fun runTasks() {
        isBusy = true
        settleReading()
        val tasks = engine!!
        try {
            loop.workers.execute { runTasksOf(tasks) }
        } catch (e: Throwable) { // the loop has ended
            isBusy = false
            throw e
        }
    }

    /** On a thread of the workers. */
    private fun runTasksOf(tasks: SSLEngine) {
        var error: Throwable? = null
        try {
            while (true) (tasks.delegatedTask ?: break).run()
        } catch (e: Throwable) { // the engine keeps what belongs to TLS, and throws it itself
            error = e
        }
        if (!loop.runSoon { tasksDone(error) }) party.released(tasks) // the loop has ended meanwhile, and left it to us
    }

    private fun tasksDone(error: Throwable?) {
        isBusy = false
        if (state == State.ENDED) return releaseEngine()
        if (isFinishDue) return finishBehind()
        if ((state != State.HANDSHAKE && state != State.OPEN) || failure != null) return
        try {
            if (error != null) throw error
            step(engine!!.handshakeStatus)
        } catch (e: Throwable) {
            return fail(e)
        }
        if (isOutputEndDue) endOutputNow()
        goOn()
        settleReading()
        settleRoom()
    }

    /** A record of the hello: when it is whole, asks which certificate is for it. */
    private fun readHello() {
        val reader = hello!!
        val read = reader.read(input.record!!.flip())
        input.release()
        if (read == null) return
        serverName = read.serverName
        val chosen = party.engineFor(read)
        isBusy = true
        choosing = chosen
        chosen.addCallbacks(
            { made -> loop.runSoon { chosen(made, reader) }.also { isTaken -> if (!isTaken) party.released(made) } },
            { failed -> loop.runSoon { notChosen(failed.value, read) } },
        )
    }

    private fun chosen(made: SSLEngine, reader: ClientHelloReader) {
        choosing = null
        hello = null
        if (state != State.HANDSHAKE || failure != null) return release(made)
        isBusy = false
        try {
            begin(made)
        } catch (e: Throwable) {
            return fail(e)
        }
        val records = reader.records()
        val behind = held
        held = null
        take(records)
        if (behind != null) received(behind)
        settleReading()
    }

    private fun notChosen(error: Throwable, read: ClientHello) {
        choosing = null
        if (state != State.HANDSHAKE || failure != null) return
        isBusy = false
        fail(party.noneFor(read, error, remoteAddress))
    }

    private fun finished() {
        if (session != null) return
        endDeadline()
        val made = party.sessionOf(engine!!, serverName)
        session = made
        if (state != State.HANDSHAKE) return
        state = State.OPEN
        listener.established(made)
        settleRoom()
        if (isOutputEndDue) loop.runSoon(::endOutputNow)
    }

    private fun endOutputNow() {
        if (state != State.OPEN || failure != null) return
        try {
            endOutput()
        } catch (e: Throwable) {
            handler.broken(e)
        }
    }

    private fun endDeadline() {
        deadline?.let { if (it.isActive) it.cancel() }
        deadline = null
    }

    // Records that go.

    override fun send(data: ByteBuffer): Int {
        val start = data.position()
        send({ data.hasRemaining() }) { open, out -> open.wrap(data, out) }
        return data.position() - start
    }

    /** Several share a record. */
    override fun send(data: Array<ByteBuffer>): Long {
        val size = data.sumOf { it.remaining().toLong() }
        send({ data.any { it.hasRemaining() } }) { open, out -> open.wrap(data, out) }
        return size - data.sumOf { it.remaining().toLong() }
    }

    private inline fun send(hasRemaining: () -> Boolean, wrap: (SSLEngine, ByteBuffer) -> SSLEngineResult) {
        val open = engine
        if (open == null || state != State.OPEN || isBusy || isOutputEnded || !output.isEmpty) return
        if (isOwed && !isLowerOwed) owedBelow(true)
        val out = buffers.takeOutput()
        try {
            val most = open.session.packetBufferSize
            while (hasRemaining() && output.isEmpty) {
                out.clear()
                do {
                    val result = wrap(open, out)
                    if (result.status == SSLEngineResult.Status.CLOSED) throw IOException(ENDED_BOTH)
                    if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) break
                } while (hasRemaining() && out.remaining() >= most)
                if (out.position() == 0) break
                push(out.flip())
            }
        } finally {
            buffers.giveOutput(out)
        }
    }

    private fun push(records: ByteBuffer) {
        if (output.push(records)) settleRoom()
    }

    override fun outputReady() {
        try {
            val waited = !output.isEmpty
            val isDone = output.flush()
            if (waited) outputMoved()
            if (!isDone) return
        } catch (e: Throwable) {
            return broken(e)
        }
        when (state) {
            State.FINISHING -> if (!isFinishDue) finishBehind()
            State.PARTING -> part()
            State.OPEN -> if (asksForRoom && failure == null) handler.outputReady()
            else -> Unit
        }
        settleRoom()
    }

    override fun notifyWhenWritable(on: Boolean) {
        asksForRoom = on
        settleRoom()
    }

    private fun settleRoom() {
        if (state == State.ENDED) return
        output.ask(asksForRoom && state == State.OPEN && !isBusy && failure == null)
    }

    // Ending.

    override fun endOutput() {
        if (isOutputEnded) return
        // An end in the middle of the handshake would be that of the handshake, and an engine in other hands says nothing.
        if (state == State.HANDSHAKE || isBusy) {
            isOutputEndDue = true
            return
        }
        if (isInputEnded) trySayingGoodbye() else sayGoodbye()
        output.end()
    }

    /** Sends the close alert, unless the engine is in other hands in the handshake: then there was no data that could be cut short. */
    private fun sayGoodbye() {
        val open = engine ?: return
        if (isOutputEnded || isBusy) return
        isOutputEnded = true
        goodbyeOf(open)
    }

    override fun finish(): Boolean {
        endDeadline()
        isFinishDue = isBusy && state == State.OPEN
        state = State.FINISHING
        settleReading()
        if (!isFinishDue && saidAll()) return finishLower()
        settleRoom()
        return false
    }

    /** The engine is back, or what it has written is out: now it can say goodbye. */
    private fun finishBehind() {
        isFinishDue = false
        val isAllSaid =
            try {
                saidAll()
            } catch (e: Throwable) { // nobody else would end it
                return broken(e)
            }
        if (isAllSaid) finishLowerLater() else settleRoom()
    }

    /** Says goodbye once all before it is out, so that the channel below can tell one from the other; whether there is nothing left to say. */
    private fun saidAll(): Boolean {
        if (output.isEmpty) trySayingGoodbye()
        return output.isEmpty
    }

    /** The other side may be gone: it has said goodbye itself, or need not wait for ours. */
    private fun trySayingGoodbye() {
        try {
            if (output.isEmpty) owedBelow(false)
            sayGoodbye()
        } catch (e: IOException) { // the other side is gone, and has all that was for it
            log.debug("{peer} was told no goodbye of TLS", LogKeys.PEER, remoteAddress, e)
        }
    }

    private fun finishLower(): Boolean {
        val isDone =
            try {
                lower.finish()
            } catch (e: Throwable) {
                ended()
                throw e
            }
        if (isDone) ended()
        return isDone
    }

    private fun finishLowerLater() {
        val error =
            try {
                if (!finishLower()) return
                null
            } catch (e: Throwable) {
                e
            }
        handler.finished(error)
    }

    override fun outputMoved() {
        handler.outputMoved()
    }

    override fun finished(cause: Throwable?) {
        val isAwaited = state == State.FINISHING
        ended()
        if (isAwaited) handler.finished(cause)
    }

    override fun close() = end { lower.close() }

    override fun abort() = end { lower.abort() }

    override fun cut() = end { lower.cut() }

    override fun owed(isOwed: Boolean) {
        this.isOwed = isOwed
        if (!isOwed && output.isEmpty) owedBelow(false)
    }

    private fun owedBelow(isOwed: Boolean) {
        isLowerOwed = isOwed
        lower.owed(isOwed)
    }

    override val isHeldBack: Boolean get() = lower.isHeldBack

    private inline fun end(below: () -> Unit) {
        val hasAlert = failure?.by == ClosedBy.US || failure is TlsViolationException || failure is NotTlsException
        if (hasAlert && state != State.ENDED && state != State.PARTING && state != State.FINISHING) return part()
        ended()
        below()
    }

    /** The other side is to read why: a channel that is closed at once might take the alert with it. */
    private fun part() {
        try {
            if (state != State.PARTING) {
                state = State.PARTING
                endDeadline()
                if (isLowerReading) lower.reading(false)
                deadline = loop.callLater(PARTING, TimeUnit.SECONDS, ::partNow)
                settleRoom()
            }
            if (output.isEmpty && lower.finish()) ended()
        } catch (e: Throwable) { // nobody else would end it
            ended()
            closeLower()
            if (e !is IOException) throw e
        }
    }

    private fun partNow() {
        ended()
        try {
            lower.abort()
        } catch (_: IOException) {
            // It is gone all the same.
        }
    }

    private fun ended() {
        val wasNew = session == null && failure == null
        state = State.ENDED
        if (wasNew) {
            val reason = party.givenUp(remoteAddress)
            failure = reason
            if (!loop.runSoon { listener.failed(reason) }) listener.failed(reason)
        }
        endDeadline()
        choosing?.let { if (!it.called) it.cancel() }
        choosing = null
        input.release()
        held = null
        output.release()
        if (!isBusy) releaseEngine()
    }

    private fun releaseEngine() {
        val made = engine ?: return
        engine = null
        release(made)
    }

    private fun release(made: SSLEngine) = loop.guarded({ "giving an engine of TLS back" }) { party.released(made) }

    /** TLS has failed with [cause]: tells the other side by an alert, if it can, and the handler. */
    private fun fail(cause: Throwable) {
        if (failure != null || (state != State.HANDSHAKE && state != State.OPEN)) return
        if (cause === output.failure) return broken(cause)
        val reason = party.explain(cause, remoteAddress, session == null)
        val wasOpen = session != null
        failure = reason
        endDeadline()
        try {
            sendAlert(reason)
        } catch (_: Exception) {
            // There is nobody to tell.
        }
        settleReading()
        settleRoom()
        if (!wasOpen) listener.failed(reason)
        handler.broken(reason)
    }

    private fun sendAlert(reason: TlsException) {
        val open = engine
        when {
            isBusy || reason is TlsAlertException || reason is TlsHandshakeEndedException || reason is TlsTruncatedException -> return
            open == null -> push(
                TlsRecord.alert(if (reason is TlsNameUnknownException) TlsAlert.UNRECOGNIZED_NAME else TlsAlert.DECODE_ERROR),
            )
            // An engine that has failed has its alert ready. A close alert ends a handshake too, but to an open connection it is an end in order.
            session == null || open.isInboundDone || hasBroken(open) -> goodbyeOf(open)
        }
    }

    /** Makes [open] fail, as it does when the other side breaks a rule that only we have seen. */
    private fun hasBroken(open: SSLEngine): Boolean = try {
        open.unwrap(TlsRecord.wrong(), ByteBuffer.allocate(open.session.applicationBufferSize))
        false
    } catch (_: SSLException) {
        true
    }

    private fun goodbyeOf(open: SSLEngine) {
        open.closeOutbound()
        while (!open.isOutboundDone) if (wrapOwn() != HandshakeStatus.NEED_WRAP) break
    }

    override fun broken(cause: Throwable) {
        when (state) {
            State.HANDSHAKE -> fail(party.endedInHandshake(remoteAddress, cause, breakerOf(cause)))
            State.OPEN -> when {
                failure != null -> Unit
                // A connection below has ended in order, but TLS has not: somebody on the way may have done it.
                isOrderlyEnd(cause) && !isInputEnded && !isInputEndPending -> fail(TlsTruncatedException())
                else -> handler.broken(cause)
            }
            State.FINISHING -> {
                ended()
                closeLower()
                handler.finished(cause)
            }
            State.PARTING -> partNow()
            State.ENDED -> Unit
        }
    }

    private fun isOrderlyEnd(cause: Throwable) = cause is ConnectionDone && cause.by == ClosedBy.PEER

    private fun closeLower() {
        try {
            lower.close()
        } catch (_: IOException) {
            // It is gone all the same.
        }
    }

    override fun loopEnding() {
        if (state != State.ENDED && state != State.PARTING) handler.loopEnding()
    }

    override val owesPeer: Boolean get() = !output.isEmpty || handler.owesPeer

    override fun loopEnded() {
        when (state) {
            State.ENDED -> Unit
            State.PARTING -> partNow()
            else -> handler.loopEnded()
        }
    }

    override fun toString(): String = "TlsChannel($lower, ${session ?: state.name.lowercase()})"

    private companion object {
        val log = Logger(TlsChannel::class.java)
        val EMPTY: ByteBuffer = ByteBuffer.allocate(0)
        const val MOST_READ = 64 * 1024
        const val MOST_AHEAD = 16 * 1024
        const val MOST_OWN = 1024 * 1024L
        const val PARTING = 5L // seconds
        const val ENDED_BOTH = "the other side has ended TLS 1.2, which has no half-close: what was not sent by then is lost"
    }
}
