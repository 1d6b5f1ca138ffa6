// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Transport
import kotlinx.coroutines.flow.Flow
import java.time.Duration
import java.util.function.Function
import java.util.function.Predicate

/**
 * A connection that carries messages: the suspend voice of a protocol.
 *
 * ```kotlin
 * reactor.serve("tcp:8007", LineCodec()) { connection ->
 *     for (line in connection.incoming) connection.send(line.uppercase())
 * }
 * ```
 *
 * **Thread.** It lives on the reactor's thread. Another thread gets a [WrongThreadException][dev.torsion.net.WrongThreadException].
 * Coroutines of the connection's [Transport.scope] are on that thread by themselves.
 *
 * **Receiving.** Messages are received in one way at a time: [receive] and its kin, [request], or [onMessage]. A few messages wait until
 * they are taken ([ConnectionOptions.inboundLimit]). Then the transport is paused, which slows the peer down.
 *
 * **The end.** All messages before the end are received before it. There are three ends:
 * - The peer has ended its side: [receiveOrNull] gives null.
 * - The peer broke the rules, or ended inside a message: a [ProtocolViolationException][dev.torsion.net.ProtocolViolationException].
 * - The connection broke: its [CloseReason].
 *
 * After the first two, a [serve] handler can still write, within [ConnectionOptions.answerTimeout]; see there. Its connection is closed
 * when the handler returns, and ended with the violation when the handler lets that through. Any other connection ends as soon as it sees
 * the end: it is closed after the peer's end, and ended with a violation after one. It sees the end when receiving comes to it, or at once
 * when no message waits. After our own [close] or [abort] nothing more is received, not even earlier messages.
 *
 * A connection that ends with a violation first sends all that was written, such as the answers to the messages before it. Then it closes
 * with a [ConnectionAborted][dev.torsion.net.ConnectionAborted]; its cause is the violation. When nothing was written it closes at once.
 */
public interface MessageConnection<T : Any> {
    /** The address of the other end. */
    public fun peer(): Address

    /** The address of this end. */
    public fun host(): Address

    /** The transport below. Do not pause or close it directly, since the connection would not know. */
    public val transport: Transport

    /** Why the connection is gone; null while it is not. */
    public val closeReason: CloseReason?

    /**
     * Fires with the [closeReason] once the connection is gone. Each call gives another Deferred.
     *
     * Messages that nobody receives do not hold it up, unless a [serve] handler is to close the connection. The connection is closed when
     * the peer has ended its side, nobody receives, and nobody is busy with a message. Nobody is busy if the last message was received
     * before this call, or if another `receive` has followed it. Waiting messages can still be received then, but not answered.
     */
    public fun whenClosed(): Deferred<CloseReason>

    /**
     * Waits for the next message.
     *
     * Cancelling it while it waits loses no message: a message is either returned here or stays for the next call.
     *
     * @throws dev.torsion.net.ConnectionDone when there are no more messages
     * @throws dev.torsion.net.ProtocolViolationException when the peer broke the rules, or ended inside a message
     * @throws CloseReason when the connection is gone otherwise
     * @throws IllegalStateException when another coroutine is receiving, or messages go to [onMessage] or requests
     */
    public suspend fun receive(): T

    /** [receive], but null when there are no more messages. */
    public suspend fun receiveOrNull(): T?

    /**
     * The messages, up to the end: for a `for` loop, and as a flow. Each loop and each collector goes on where the one before has
     * stopped. Errors and cancellation are as in [receive].
     */
    public val incoming: Incoming<T>

    /**
     * Sends [message], and waits while more bytes than the transport's high-water mark are to be sent. It returns once the transport has
     * taken the message, not when the peer has it. Cancelling it while it waits does not take the message back.
     *
     * @throws EncodeException when the codec cannot carry it
     * @throws CloseReason when the connection is closing or gone, or after [closeWrite]
     */
    public suspend fun send(message: T)

    /**
     * Sends [message] without waiting, for callbacks. Mind [isWritable] and [whenWritable]: when the peer does not read, the connection
     * is aborted at the transport's write limit. On a connection that is closing or gone it does nothing, like [Transport.write].
     *
     * @throws EncodeException when the codec cannot carry it
     */
    public fun write(message: T)

    /** False while more bytes than the high-water mark are to be sent, and when nothing can be sent any more. */
    public val isWritable: Boolean

    /** Fires when [isWritable]; see [Transport.whenWritable]. */
    public fun whenWritable(): Deferred<Unit>

    /**
     * Sends [message] and gives the answer: the next message that is no answer to an earlier request. Requests may overlap, up to
     * [ConnectionOptions.requestLimit]. The answers are taken in order. It fails as [send] and [receive] do. Cancelling it drops the answer
     * when it comes.
     *
     * @throws IllegalStateException when there are too many requests, a coroutine is receiving, or messages go to [onMessage]
     */
    public fun request(message: T): Deferred<T>

    /**
     * Gives every message to [handler], also those that wait. When it returns a [Deferred], a stage, a future or a coroutine's job, the
     * next message waits until that has ended. When the handler throws, or its Deferred, stage or job fails or is cancelled, the error is
     * reported and the connection is aborted with it. When the peer breaks the rules, the messages before that are handled, all that was
     * written is sent, and the connection ends with the violation. When the peer ends its side, the connection is closed once all messages
     * are handled.
     *
     * @throws IllegalStateException when there is a handler already, or a coroutine or a request is receiving
     */
    public fun onMessage(handler: Callback<T, *>)

    /**
     * The same for a handler that works on up to [atOnce] messages at the same time: the next message waits only while so many Deferreds, stages
     * or jobs of it are pending. Messages begin in the order in which they have come, and may end in any. Each of them is waited for before
     * the connection is closed, as the peer has ended its side: see [serve] for the time that they have then.
     *
     * @throws IllegalArgumentException when [atOnce] is not positive
     * @throws IllegalStateException when there is a handler already, or a coroutine or a request is receiving
     */
    public fun onMessage(atOnce: Int, handler: Callback<T, *>)

    /**
     * Sends [message] after each [interval], until this side ends its output or the result is closed: heartbeats, by which the peer sees
     * that this side is alive. Give the peer a [ConnectionOptions.readIdleTimeout] of two or three intervals. While the peer does not
     * read, and output waits above the high-water mark, they are left out. They count as sent, also for [ConnectionOptions.idleTimeout].
     *
     * The message is encoded once, now. To close the result is for the reactor's thread, too, and may be done again.
     *
     * @throws EncodeException when the codec cannot carry it
     * @throws IllegalArgumentException when [interval] is not positive
     */
    public fun every(interval: Duration, message: T): AutoCloseable

    /**
     * The other side of the peer's heartbeats: each message that [isHeartbeat] goes to [answer], and to nobody else. Its result is sent at
     * once, apart from a handler's answers; null sends nothing, as for a pong. While the peer does not read, and output waits above the
     * high-water mark, answers are left out. Messages are looked at in the order in which they come, so a heartbeat waits behind messages
     * that a handler or nobody takes.
     *
     * ```kotlin
     * connection.answerHeartbeats({ it == "ping" || it == "pong" }) { if (it == "ping") "pong" else null }
     * ```
     *
     * An exception of either function aborts the connection, and is reported.
     *
     * @throws IllegalStateException when heartbeats are answered already
     */
    public fun answerHeartbeats(isHeartbeat: Predicate<in T>, answer: Function<in T, out T?>)

    /** Sends all that was written, then closes. Nothing more is received. Calling it again does nothing. */
    public fun close()

    /**
     * Sends all that was written, then ends our side, and goes on receiving. Nothing can be sent afterwards: [send] fails with
     * [ConnectionDone][dev.torsion.net.ConnectionDone], and [write] does nothing.
     *
     * @throws UnsupportedOperationException when [transport] cannot
     */
    public fun closeWrite()

    /** Closes at once, and drops unsent bytes. [cause] becomes the cause of the [closeReason]. */
    public fun abort(cause: Throwable?)

    /** Closes at once, and drops unsent bytes. */
    public fun abort(): Unit = abort(null)
}

/** The messages of a [MessageConnection]: a flow that can also be looped over. */
public class Incoming<T : Any> internal constructor(private val source: MessageIterator<T>, flow: Flow<T>) : Flow<T> by flow {
    /** For `for (message in connection.incoming)`. */
    public operator fun iterator(): MessageIterator<T> = source
}

/** The loop over [MessageConnection.incoming]. */
public interface MessageIterator<T : Any> {
    /** Waits for a message, as [MessageConnection.receiveOrNull]; false when there are no more. It takes none, so cancelling it loses none. */
    public suspend operator fun hasNext(): Boolean

    /** Takes the message that [hasNext] has seen. @throws NoSuchElementException when there is none */
    public operator fun next(): T
}
