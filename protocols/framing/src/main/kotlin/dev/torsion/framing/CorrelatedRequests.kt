// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Correlation")
@file:OptIn(TorsionSpi::class)

package dev.torsion.framing

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.fail
import dev.torsion.net.ClosePhase
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spi.TorsionSpi

/** Finds the key of the request that a message answers, such as the id in it. */
public fun interface MessageKey<in T : Any, out K : Any> {
    /** The key, or null for a message that answers no request. An exception aborts the connection, and is reported. */
    @Throws(Exception::class)
    public fun keyOf(message: T): K?
}

/**
 * Requests whose answers name them, by an id in the messages, and may come in any order. From now on all messages of this connection go to
 * the result, which is their [handler][MessageConnection.onMessage].
 *
 * ```kotlin
 * val prices = connection.requestsBy { (it as? Answer)?.id }
 * prices.onPush { news -> println(news) }
 * val answer = prices.ask(id, Question(id, "EUR"))
 * ```
 *
 * Thread: the reactor's.
 *
 * @throws IllegalStateException when messages go to a handler, a coroutine or a request already
 */
@JvmOverloads
public fun <K : Any, T : Any> MessageConnection<T>.requestsBy(
    options: CorrelationOptions = CorrelationOptions.DEFAULT,
    keyOf: MessageKey<T, K>,
): CorrelatedRequests<K, T> = CorrelatedRequests(this as CodecConnection<T>, options, keyOf)

/**
 * The requests of a connection whose answers name them; from [requestsBy].
 *
 * A request fails
 * - with [DeferredTimeoutException][dev.torsion.clock.DeferredTimeoutException] when [CorrelationOptions.timeout] is up;
 * - with the reason when the connection ends: with the [CloseReason], or the [ProtocolViolationException] of the peer. All that wait fail at
 *   once;
 * - with [EncodeException] when the message cannot be sent;
 * - with [IllegalStateException] when [CorrelationOptions.requestLimit] requests wait, or the key is one that an answer may still come for.
 *
 * Cancelling a request frees its place. An answer that nobody waits for is dropped: one that comes too late, or twice, or was never asked
 * for. Messages without a key go to [onPush].
 *
 * Thread: the reactor's.
 */
public class CorrelatedRequests<K : Any, T : Any> internal constructor(
    private val connection: CodecConnection<T>,
    options: CorrelationOptions,
    keyOf: MessageKey<T, K>,
) {
    private val correlator = Correlator(connection.clock, options, connection.codec.content, keyOf, ::failed)

    init {
        connection.handleWith(correlator::received, correlator.pushes)
        connection.whenClosed().addCallback { correlator.ended(told(it)) }
    }

    /** How many requests wait for their answers. */
    public val size: Int get() = correlator.size

    /** Sends [message] and gives its answer: the message with this [key]. It does not wait before it sends, like [MessageConnection.write]. */
    public fun request(key: K, message: T): Deferred<T> {
        connection.checkThread("request")
        connection.closeReason?.let { return fail(told(it)) }
        if (connection.isSendingOver) return fail(ConnectionDone(ClosedBy.US, ClosePhase.CLOSING))
        return correlator.request(key) { connection.write(message) }
    }

    /** [request], for coroutines. Cancelling it cancels the request. */
    public suspend fun ask(key: K, message: T): T = request(key, message).await()

    /**
     * Gives messages that answer no request to [handler], one at a time: as [MessageConnection.onMessage] does, what it returns is waited for,
     * and what it fails with is reported and aborts the connection. Answers do not wait for it, so it may make requests itself.
     *
     * Messages that come before there is a handler wait for it, [CorrelationOptions.pushLimit] at most. More are dropped, with a warning for
     * the first.
     *
     * @throws IllegalStateException when there is a handler already
     */
    public fun onPush(handler: Callback<T, *>) {
        connection.checkThread("onPush")
        correlator.onPush { message -> connection.deferredOf(handler.call(message)) }
    }

    private fun failed(error: Throwable) {
        connection.transport.failed(error)
        connection.abort(error)
    }

    /** The reason for those who wait: that the peer broke the rules says more than that the connection was aborted for it. */
    private fun told(reason: CloseReason): Throwable =
        if (reason is ConnectionAborted) reason.cause as? ProtocolViolationException ?: reason else reason

    override fun toString(): String = "CorrelatedRequests($connection, $size wait)"
}
