// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Transport
import kotlinx.coroutines.flow.Flow

/**
 * A connection that carries messages: the suspend voice of a protocol.
 *
 * ```kotlin
 * reactor.serve("tcp:8007", LineCodec()) { connection ->
 *     for (line in connection.incoming) connection.send(line.uppercase())
 * }
 * ```
 *
 * **Thread.** It lives on the reactor's thread; another thread gets a [WrongThreadException][dev.torsion.net.WrongThreadException].
 * Coroutines of the connection's [Transport.scope] are on that thread by themselves.
 *
 * **Receiving.** Messages are received in one way at a time: [receive] and its kin, [request], or [onMessage]. A few wait until they are
 * taken ([ConnectionOptions.inboundLimit]); then the transport is paused, which slows the peer down.
 *
 * **The end.** What came before the end is received before the end is seen. The end is then one of: the peer has ended its side
 * ([receiveOrNull] gives null); the peer broke the rules or ended inside a message (a
 * [ProtocolViolationException][dev.torsion.net.ProtocolViolationException]); the connection broke (its [CloseReason]).
 * After the first two the connection of a [serve] handler can still be written to: it is closed when the handler returns, and ended with
 * the violation when the handler lets that through. Any other connection ends when the end is seen: it is closed after the peer's end, and
 * ended with a violation after one. The end is seen when receiving comes to it, or at once when nothing waits to be received. After our own
 * [close] or [abort] nothing more is received, not even what had come before.
 *
 * A connection that ends with a violation sends what was written, such as the answers to the messages before it. Then it closes with a
 * [ConnectionAborted][dev.torsion.net.ConnectionAborted] whose cause is the violation. When nothing was written it closes at once.
 */
public interface Connection<T : Any> {
    /** The address of the other end. */
    public val peer: Address

    /** The address of this end. */
    public val host: Address

    /** What carries the messages. To pause or close it directly is to go behind the connection's back. */
    public val transport: Transport

    /** Why the connection is gone; null while it is not. */
    public val closeReason: CloseReason?

    /**
     * Fires with the [closeReason] once the connection is gone. Each call gives another Deferred.
     *
     * Messages that nobody asks for do not hold it up, unless a [serve] handler is to close the connection. The connection is closed when the
     * peer has ended its side, nobody receives, and nobody is busy with a message: the last one was received before this call, or another
     * `receive` has followed it. Messages that wait can still be received then, but not answered.
     */
    public fun whenClosed(): Deferred<CloseReason>

    /**
     * Waits for the next message.
     *
     * Cancelling it while it waits loses nothing: a message is either returned here or stays for the next call.
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
     * stopped. Errors and cancellation are those of [receive].
     */
    public val incoming: Incoming<T>

    /**
     * Sends [message], and waits when more is waiting to be sent than the transport's high-water mark. It returns once the transport
     * has taken the message, not when the peer has it. Cancelling it while it waits does not take the message back.
     *
     * @throws EncodeException when the codec cannot carry it
     * @throws CloseReason when the connection is closing or gone
     */
    public suspend fun send(message: T)

    /**
     * Sends [message] without waiting, for callbacks. Mind [isWritable] and [whenWritable]: when the peer does not read, the connection
     * is aborted at the transport's write limit. On a connection that is closing or gone it does nothing, as
     * [Transport.write].
     *
     * @throws EncodeException when the codec cannot carry it
     */
    public fun write(message: T)

    /** False while more is waiting to be sent than the high-water mark. */
    public val isWritable: Boolean

    /** Fires when [isWritable]; see [Transport.whenWritable]. */
    public fun whenWritable(): Deferred<Unit>

    /**
     * Sends [message] and gives the answer, which is the next message that no earlier request waits for. Requests may overlap, up to
     * [ConnectionOptions.requestLimit]; the answers are taken in order. Fails as [send] and [receive] do. Cancelling it drops the answer
     * when it comes.
     *
     * @throws IllegalStateException when there are too many requests, a coroutine is receiving, or messages go to [onMessage]
     */
    public fun request(message: T): Deferred<T>

    /**
     * Gives every message to [handler], those that wait included. When it returns a [Deferred], a stage, a future or a coroutine's job, the
     * next message waits until that has ended. When it throws, or what it returned fails or is cancelled, the error is reported and the
     * connection is aborted with it. When the peer breaks the rules, the messages before that are handled, what was written is sent, and the
     * connection ends with the violation. When the peer ends its side the connection is closed once all messages are handled.
     *
     * @throws IllegalStateException when there is a handler already, or a coroutine or a request is receiving
     */
    public fun onMessage(handler: Callback<T, *>)

    /** Sends what was written, then closes. Nothing more is received. Calling it again does nothing. */
    public fun close()

    /** Sends what was written, then ends our side, and goes on receiving. @throws UnsupportedOperationException when [transport] cannot */
    public fun closeWrite()

    /** Closes at once; what waits to be sent is dropped. [cause] becomes the cause of the [closeReason]. */
    public fun abort(cause: Throwable?)

    /** Closes at once; what waits to be sent is dropped. */
    public fun abort(): Unit = abort(null)
}

/** The messages of a [Connection]: a flow that can also be looped over. */
public class Incoming<T : Any> internal constructor(
    private val source: MessageIterator<T>,
    flow: Flow<T>,
) : Flow<T> by flow {
    /** For `for (message in connection.incoming)`. */
    public operator fun iterator(): MessageIterator<T> = source
}

/** The loop over [Connection.incoming]. */
public interface MessageIterator<T : Any> {
    /** Waits for a message, as [Connection.receiveOrNull]; false when there are no more. It takes none, so cancelling it loses none. */
    public suspend operator fun hasNext(): Boolean

    /** Takes the message that [hasNext] has seen. @throws NoSuchElementException when there is none */
    public operator fun next(): T
}
