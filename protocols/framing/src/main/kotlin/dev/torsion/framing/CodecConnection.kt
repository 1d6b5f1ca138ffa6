// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.defer.fail
import dev.torsion.defer.toDeferred
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.Transport
import dev.torsion.net.WrongThreadException
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.flow
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.function.Function
import java.util.function.Predicate
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * The engine of [MessageConnection]: decodes on demand from what its [FrameReader] keeps, and pauses the transport while the messages that
 * wait are many.
 *
 * A message leaves [inbox] only in [take], which does not suspend; that is what makes receiving safe to cancel.
 */
@OptIn(TorsionSpi::class)
internal class CodecConnection<T : Any>(
    override val transport: Transport,
    val codec: Codec<T>,
    private val options: ConnectionOptions,
    val clock: Clock,
    /** A server's coroutine handles it, and the connection is closed when that ends. */
    private val isServed: Boolean,
) : MessageConnection<T>,
    MessageIterator<T>,
    MessageSource,
    FrameConsumer,
    IdleSubject {
    private val thread = Thread.currentThread()
    private val reader = FrameReader(codec.framing.newDecoder(), this, codec.framing.frameLimit)
    private val readAhead = ReadAhead(codec.framing.frameLimit)
    private val sink = TransportSink(transport)
    private val inbox = Inbox<T>()
    private val receiver = Receiver(thread, transport, this)
    private val idle = options.idleLimits.takeUnless { it.isUnlimited }?.let { IdleWatch(clock, it, this) }
    private val deadline = options.frameTimeout?.let { FrameDeadline(clock, it, ::frameIsLate) }
    private var work: Job? = null // the server's coroutine
    private var lastAnswer: LastAnswer? = null // once there is nothing left to receive
    private var requests: ArrayDeque<Deferred<T>>? = null
    private var handler: Callback<T, *>? = null
    private var demand: MessageDemand? = null // the handler, if it is one

    private var aside: HandlerQueue<*>? = null // what the handler has put aside
    private var untaken = 0 // about how many bytes the messages came in that nobody has taken, or that the handler is busy with
    private var handled: Deferred<*>? = null // what the handler has given, until it has fired
    private var isCutOff = false // the handler was cancelled, so that it is not asked why it fails
    private var readingPaused = false
    private var inUse = false // the message that was received last, until the next is asked for
    private var peerHasEnded = false
    private var isWriteEnded = false // by our closeWrite
    private var closing = false // by our close or abort: nothing more is received
    private var endedBy: ClosedBy? = null // who ended the messages, once they have ended
    private var isEndTold = false // to somebody who waited for a message, or has asked for one since
    private var failure: Throwable? = null // what receiving ends with, when not with null
    private var heartbeats: ConnectionBeats<T>? = null
    private var closedWaiters: ArrayDeque<Deferred<CloseReason>>? = null

    override fun peer() = transport.peer()
    override fun host() = transport.host()
    override var closeReason: CloseReason? = null
        private set

    // Events of the transport, by way of the protocol.

    fun feed(data: ByteBuffer) {
        idle?.heard()
        val count = data.remaining()
        reader.feed(data)
        refuseAhead()
        readAhead.wasRead(count, outstanding, behind = handling || !inbox.isEmpty || !isMessageAwaited)
        if (!readingPaused && !closing && isBehind && !readsForTheEnd) {
            readingPaused = true
            transport.pauseProducing()
        }
        if (deadline != null) watchFrame()
    }

    /** Whether somebody takes the next message as soon as it comes. A coroutine that is busy does not. */
    private val isMessageAwaited: Boolean get() = handler != null || receiver.isWaiting || !requests.isNullOrEmpty()

    /** The bytes that have been read and that nobody has taken. */
    private val outstanding: Int get() = reader.keptBytes + if (handling || !inbox.isEmpty) untaken else 0

    /**
     * With no whole frame kept there is room for one more read, and reading is how the end of the connection is noticed. It may come inside
     * a frame.
     */
    private val isBehind: Boolean
        get() = when {
            reader.keptBytes > 0 && !isReady() -> !readAhead.hasRoom(outstanding) || reader.holdsFrame
            else -> !inbox.isEmpty && !readAhead.hasRoom(outstanding)
        }

    private val readsForTheEnd: Boolean get() = isEndAwaited && readAhead.hasRoom(outstanding)

    /** A violation of the rules is an end of the messages, also behind one that somebody is busy with, and is no reason to read no more. */
    private fun refuseAhead() {
        if (reader.keptBytes > 0 && !isReady()) reader.violationAhead?.let(::refused)
    }

    fun receiveLimit(): Int = readAhead.limit(outstanding, unfinished = isReady() && inbox.isEmpty)

    /** Within a frame, unless we are busy. */
    fun expectsBytes(): Boolean = reader.keptBytes > 0 && isReady()

    fun peerEnded() {
        peerHasEnded = true
        if (options.halfClose) idle?.willHearNoMore()
        reader.end()
        endUnread()
        endHandler()
    }

    /** While we are busy, or do not read, it is not the peer who is late. */
    private fun watchFrame() = if (reader.keptBytes > 0 && !readingPaused && isReady()) deadline!!.begun() else deadline!!.ended()

    private fun frameIsLate(timeout: Duration) {
        if (endedBy == null) refused(FrameTimeoutException(timeout, reader.keptBytes))
    }

    /** Messages that came in the clear and wait for somebody are received no more. */
    fun tlsBegins() {
        val rest = reader.takeRest()
        val isElsewhere = demand?.tlsBegins() == true || aside?.isEmpty == false
        if (rest.isNotEmpty() || !inbox.isEmpty || isElsewhere) plainBytes(maxOf(rest.size, untaken))
    }

    private fun plainBytes(count: Int) = abort(PlainBytesException(maxOf(count, 1)))

    fun lost(reason: CloseReason) {
        closeReason = reason
        idle?.stop()
        deadline?.stop()
        lastAnswer?.stop()
        heartbeats?.end()
        readAhead.settle(0)
        if (closing) failure = failure ?: reason.takeIf { it !is ConnectionDone } else reader.end()
        if (reader.isStopped && endedBy == null) brokenOff(reason)
        closedWaiters?.let { waiting ->
            closedWaiters = null
            waiting.forEach { if (!it.called) it.callback(reason) } // one may have cancelled another
        }
        receiver.forgetJob()
        cancelHandled()
    }

    /** The reader was stopped by an error on the way to those who receive: they are told of the end all the same. */
    private fun brokenOff(reason: CloseReason) {
        failure = reason
        receivingEnded(ClosedBy.US)
    }

    // Frames to messages.

    override fun isReady(): Boolean = !closing && failure == null && !handling && inbox.size < options.inboundLimit

    override fun frameReceived(frame: ByteBuffer) {
        deadline?.ended()
        val size = frame.remaining()
        val message =
            try {
                codec.content.decode(frame)
            } catch (e: Throwable) {
                return undecodable(e)
            }
        if (heartbeats != null && wasBeat(message)) return
        when {
            !requests.isNullOrEmpty() -> answer(message)
            handler != null -> {
                handle(message)
                if (handling) untaken = size
            }
            else -> {
                inbox.add(message)
                receiver.wake()
                // Nobody has taken it at once, so it must outlive this call. Only the newest message can be the same object.
                if (!inbox.isEmpty && inbox.newest === message) keepNewest(message, size)
            }
        }
    }

    private fun keepNewest(message: T, size: Int) {
        inbox.newest = codec.content.keep(message)
        untaken = size + if (inbox.size > 1) untaken else 0
    }

    private fun answer(message: T) {
        val kept = codec.content.keep(message)
        val answer = requests!!.removeFirst()
        if (isServed && !answer.called) inUse = true // the server's coroutine is at work on it, as on a message that it receives
        answer.callback(kept)
    }

    /** An exception of a content is the peer's doing, for it gave the bytes; but not that we have run out of memory or lack a class. */
    private fun undecodable(error: Throwable) = when (error) {
        is ProtocolViolationException -> refused(error)
        is Exception, is StackOverflowError -> refused(MalformedContentException.of(NOT_UNDERSTOOD, error))
        else -> failed(error)
    }

    override fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer) = refused(violation)

    private fun refused(violation: ProtocolViolationException) {
        reader.stop()
        failure = violation
        receivingEnded(ClosedBy.PEER)
    }

    override fun inputEnded(truncated: TruncatedFrameException?) {
        failure = closeReason.takeIf { it !is ConnectionDone } ?: truncated
        receivingEnded(ClosedBy.PEER)
    }

    /** After the messages in the inbox there will be no more. */
    private fun receivingEnded(by: ClosedBy) {
        if (endedBy != null) return
        endedBy = by
        deadline?.stop()
        isEndTold = receiver.isWaiting || !requests.isNullOrEmpty()
        requests?.let { waiting ->
            requests = null
            waiting.forEach { it.errback(endOfMessages()) }
        }
        receiver.wake()
        if ((!isServed || handler != null) && !handling && inbox.isEmpty) endHandled()
        endHandler()
    }

    /** The handler has had all messages: ends the connection when it has done with them too. */
    private fun endHandled() {
        if (closing) return
        val rest = aside?.unfinished ?: demand?.unfinished
        if (rest != null) return waitFor(rest)
        if (peerHasEnded && failure == null) {
            demand?.peerEnded()
            if (options.halfClose && demand?.endsUnseen == true) return
        }
        endSeen()
    }

    /** Nothing is left to be received, and no coroutine of the server will close the connection. */
    private fun endSeen() {
        if (closing) return
        failure?.let { endFor(it) } ?: close()
    }

    // The end of the handler, when nothing is left to receive.

    /** [job] is the server's coroutine. */
    fun handledBy(job: Job) {
        work = job
    }

    /** Whether it was by [endHandler] that the server's coroutine was cancelled; then the connection ends as if it had returned. */
    fun hasEndedHandler(): Boolean = (lastAnswer != null && !closing).also { if (it) endSeen() }

    private val isNothingLeft: Boolean
        get() = inbox.isEmpty && (endedBy != null || (peerHasEnded && handling && !reader.holdsFrame))

    /**
     * Ends the handler when nothing is left to receive; by the rule that [serve] tells. One that has nothing in hand is cancelled. One
     * that is at work on a message, has been told of the end, or whose output is still going out has its time for the last answer.
     */
    private fun endHandler() {
        if (lastAnswer != null || closing || closeReason != null || !isNothingLeft || (options.halfClose && peerHasEnded)) return
        val job = work
        if (job == null && !handling) return
        lastAnswer = LastAnswer(clock, options.answerTimeout, this, { demand?.holdsMessage == true }, ::answerIsLate)
        if (!handling && !inUse && !isEndTold && bufferedBytes == 0L) job?.cancel(CancellationException(NOTHING_LEFT))
    }

    private fun answerIsLate(error: AnswerTimeoutException) {
        if (demand?.isHandling == false) return endSeen() // nobody is at work, and nobody asks for more
        isCutOff = true
        abort(error)
    }

    /** The connection is gone, and not by our own will: so is the work on its last message. */
    private fun cancelHandled() {
        val pending = handled ?: return
        if ((closing && !isCutOff) || !inbox.isEmpty || reader.holdsFrame || demand?.isHandling == false) return
        isCutOff = true
        pending.cancel()
    }

    /**
     * When nobody asks for the messages that wait but somebody waits for the end: reads on, as far as there is room, to notice it; and
     * closes the connection when the peer has ended its side. They could wait for ever. They can still be received.
     */
    private fun endUnread() {
        if (closing || closeReason != null || !isEndAwaited) return
        if (peerHasEnded) {
            transport.loseConnection()
        } else if (readingPaused && readAhead.hasRoom(outstanding)) {
            readingPaused = false
            transport.resumeProducing()
        }
    }

    private val isEndAwaited: Boolean
        get() {
            if (handler != null) return demand?.isEndAwaited == true
            return !isServed && !inUse && !receiver.isWaiting && requests.isNullOrEmpty() && !closedWaiters.isNullOrEmpty()
        }

    /** By our own will nothing more is received, not even what has come already. */
    private fun stopReceiving(why: Throwable?) {
        closing = true
        reader.stop()
        inbox.clear()
        heartbeats?.end()
        if (endedBy == null) failure = why
        receivingEnded(ClosedBy.US)
        aside?.clear()
        demand?.receivingStopped()
    }

    private fun endOfMessages(): Throwable = failure ?: ConnectionDone(endedBy ?: ClosedBy.US)

    // Receiving.

    override suspend fun receive(): T = suspendCoroutineUninterceptedOrReturn { receiving(Wanted.MESSAGE, it) }

    override suspend fun receiveOrNull(): T? = suspendCoroutineUninterceptedOrReturn { receiving(Wanted.MESSAGE_OR_NULL, it) }

    override suspend fun hasNext(): Boolean = suspendCoroutineUninterceptedOrReturn { receiving(Wanted.WHETHER_THERE_IS_ONE, it) }

    private fun receiving(wanted: Wanted, continuation: Continuation<*>): Any? {
        checkThread("receive")
        check(handler == null && requests.isNullOrEmpty()) { "$this: messages go to ${if (handler != null) "onMessage" else "requests"}" }
        inUse = false
        return receiver.receive(wanted, continuation)
    }

    override val hasMessage: Boolean get() = !inbox.isEmpty

    override val hasOutcome: Boolean get() = !inbox.isEmpty || endedBy != null

    override fun outcome(wanted: Wanted): Any? {
        if (!inbox.isEmpty) return if (wanted == Wanted.WHETHER_THERE_IS_ONE) true else take()
        if (isServed) isEndTold = true else endSeen()
        failure?.let { throw it }
        return when (wanted) {
            Wanted.MESSAGE -> throw endOfMessages()
            Wanted.MESSAGE_OR_NULL -> null
            Wanted.WHETHER_THERE_IS_ONE -> false
        }
    }

    override fun next(): T {
        checkThread("next")
        return if (inbox.isEmpty) throw NoSuchElementException("hasNext() has not said that there is a message") else take()
    }

    private fun take(): T {
        val message = inbox.take()
        inUse = true
        if (inbox.isEmpty) {
            readOn()
            if (endedBy != null) endHandler()
        }
        return message
    }

    override val incoming: Incoming<T> get() = Incoming(this, flow { while (hasNext()) emit(take()) })

    /** There is room again: decodes what is kept, and when that is not enough reads more. */
    private fun readOn() {
        idle?.wasBusy()
        reader.resume()
        refuseAhead()
        readAhead.settle(outstanding)
        // With no whole frame kept it reads on, though the handler has a message in hand: so the end is noticed.
        if (readingPaused && !closing && (isReady() || !isBehind)) {
            readingPaused = false
            transport.resumeProducing()
        }
        if (deadline != null) watchFrame()
    }

    // Sending.

    override val isWritable get() = transport.isWritable

    override fun whenWritable(): Deferred<Unit> = transport.whenWritable()

    override fun write(message: T) {
        checkThread("write")
        wasSent()
        codec.encode(message, sink)
    }

    private fun wasSent() {
        idle?.sent()
        lastAnswer?.sent()
    }

    override suspend fun send(message: T) {
        checkThread("send")
        closedAlready()?.let { throw it }
        write(message)
        if (!transport.isWritable) transport.whenWritable().await()
    }

    /** Why nothing can be sent any more, or null. */
    private fun closedAlready(): CloseReason? =
        closeReason ?: if (closing || isWriteEnded) ConnectionDone(ClosedBy.US, ClosePhase.CLOSING) else null

    /** Whether the transport takes no message any more, or only as the last ones of a connection that is closing. */
    val isSendingOver: Boolean get() = closeReason != null || isWriteEnded || transport.isDisconnecting

    override fun request(message: T): Deferred<T> {
        checkThread("request")
        check(handler == null && !receiver.isWaiting) { "$this: messages go to ${if (handler != null) "onMessage" else "a receive()"}" }
        val waiting = requests ?: ArrayDeque<Deferred<T>>().also { requests = it }
        check(waiting.size < options.requestLimit) { "$this: ${options.requestLimit} requests are waiting already" }
        closedAlready()?.let { return fail(it) }
        val answer = Deferred<T>()
        write(message)
        inUse = false
        when {
            !inbox.isEmpty -> answer.callback(take().also { inUse = isServed })
            endedBy != null -> answer.errback(endOfMessages())
            else -> waiting.addLast(answer)
        }
        return answer
    }

    // Handling by callback.

    override fun onMessage(handler: Callback<T, *>) = handleWith(handler, null)

    /** The same for a handler that puts messages [aside]. */
    fun handleWith(handler: Callback<T, *>, aside: HandlerQueue<*>?) {
        checkThread("onMessage")
        check(this.handler == null) { "$this has a message handler already" }
        check(!receiver.isWaiting && requests.isNullOrEmpty()) { "$this: messages go to a receive() or a request" }
        this.handler = handler
        this.aside = aside // before the first message, which may be the last one
        demand = handler as? MessageDemand
        handleNext()
    }

    override fun onMessage(atOnce: Int, handler: Callback<T, *>) {
        val queue = HandlerQueue<T>(limit = 1, atOnce, ::failed)
        queue.handler = { deferredOf(handler.call(it)) }
        handleWith({ queue.add(codec.content.keep(it)) }, queue)
        whenClosed().addCallback(queue::ended)
    }

    private fun handle(message: T) {
        val result =
            try {
                handler!!.call(message)
            } catch (e: Throwable) {
                return failed(e)
            }
        if (result != null) deferredOf(result)?.let(::waitFor)
    }

    /** The end of the work behind the [result] of a handler; null when there is none to wait for. */
    fun deferredOf(result: Any?): Deferred<*>? = when (result) {
        null, Unit -> null
        is Deferred<*> -> result
        is CompletionStage<*> -> result.toDeferred(loop)
        is Job -> result.toDeferred(loop)
        else -> null
    }

    /** Where the end of what a handler waits for is told: the reactor, which a test's clock need not be. */
    private val loop: Executor get() = clock as? Executor ?: Executor(Runnable::run)

    private fun waitFor(result: Deferred<*>) {
        handled = result
        var inThisCall = true // then the caller goes on by itself, and the stack does not grow
        result.addBoth {
            handled = null
            idle?.wasBusy()
            if (it is Failure) {
                if (!isCutOff) failed(it.value)
            } else if (!inThisCall) {
                handleNext()
            }
        }
        inThisCall = false
        if (peerHasEnded) endHandler()
    }

    /** Whether the handler's Deferred has not fired yet. */
    private val handling: Boolean get() = handled != null

    private fun handleNext() {
        while (!handling && !inbox.isEmpty) handle(inbox.take())
        if (handling) return
        readOn()
        if (endedBy != null && !handling) endHandled()
    }

    /** The handler failed: this is reported and the connection aborted, as for any coroutine of the connection. */
    private fun failed(error: Throwable) {
        transport.failed(error)
        stopReceiving(aborted(error))
    }

    // Idle time.

    override val isBusy: Boolean
        get() = readingPaused || !inbox.isEmpty || (handling && demand?.isBusy != false) || aside?.isBusy == true ||
            demand?.isAtWork == true

    override val bufferedBytes: Long get() = transport.bufferedBytes

    override fun idle(error: IdleTimeoutException, isFlowing: Boolean) = if (isFlowing) endFor(error) else abort(error)

    // Ending.

    override fun close() {
        checkThread("close")
        if (closing) return
        transport.loseConnection()
        stopReceiving(null)
    }

    override fun abort(cause: Throwable?) {
        checkThread("abort")
        transport.abortConnection(cause) // first, as the one who is receiving may abort too, and the first cause counts
        stopReceiving(aborted(cause))
    }

    /** Sends what was written, such as answers to what came before the [cause], then ends with it. */
    fun endFor(cause: Throwable) {
        transport.loseConnection(cause)
        stopReceiving(aborted(cause))
    }

    private fun aborted(cause: Throwable?) = ConnectionAborted("This side aborted the connection.", cause)

    override fun closeWrite() {
        checkThread("closeWrite")
        val halves = transport as? HalfCloseableTransport ?: throw UnsupportedOperationException("$transport cannot end one side alone")
        halves.loseWriteConnection()
        isWriteEnded = true
        heartbeats?.end()
    }

    override fun whenClosed(): Deferred<CloseReason> {
        checkThread("whenClosed")
        val result = Deferred<CloseReason> { closedWaiters?.remove(it) }
        val reason = closeReason
        if (reason == null) {
            (closedWaiters ?: ArrayDeque<Deferred<CloseReason>>().also { closedWaiters = it }).addLast(result)
            if (!isServed) inUse = false // who waits for the end and receives nothing is done with the last message
            endUnread()
        } else {
            result.callback(reason)
        }
        return result
    }

    override fun every(interval: Duration, message: T): AutoCloseable {
        checkThread("every")
        return beats().every(interval, codec.encode(message))
    }

    override fun answerHeartbeats(isHeartbeat: Predicate<in T>, answer: Function<in T, out T?>) {
        checkThread("answerHeartbeats")
        beats().answering(isHeartbeat, answer)
    }

    private fun beats() = heartbeats ?: ConnectionBeats(this, idle).also { heartbeats = it }

    /** Whether [message] was a heartbeat, which nobody else gets; an exception of the program ends the connection, as one of a handler does. */
    private fun wasBeat(message: T): Boolean = try {
        heartbeats!!.takes(message)
    } catch (e: Throwable) {
        failed(e)
        true
    }

    fun checkThread(operation: String) {
        if (Thread.currentThread() !== thread) {
            throw WrongThreadException(
                "$operation was called on thread \"${Thread.currentThread().name}\", but $this belongs to the reactor's thread \"${thread.name}\".",
            )
        }
    }

    override fun toString(): String {
        val state =
            closeReason?.let { "gone: ${it.message}" } ?: if (closing) {
                "closing"
            } else if (endedBy != null) {
                "no more messages"
            } else {
                "open"
            }
        return "Connection(${host()} <-> ${peer()}, $state, ${inbox.size} messages waiting)"
    }

    private companion object {
        const val NOTHING_LEFT = "the peer has ended its side, and nothing is left to receive"
    }
}
