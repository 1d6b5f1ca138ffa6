// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Connections")

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.serverFromString
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ListeningPort
import dev.torsion.net.ProtocolViolationException
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/**
 * Listens at [endpoint], such as `tcp:8007`, and runs [handler] as a coroutine for each connection.
 *
 * ```kotlin
 * reactor.serve("tcp:8007", LineCodec()) { connection ->
 *     for (line in connection.incoming) connection.send(line.uppercase())
 * }
 * ```
 *
 * When the handler returns, or `receive` has told it of the end, the connection is closed once everything is sent. A peer that sends a bad
 * message after good ones gets the answers to the good ones: when the handler lets the [ProtocolViolationException] through, they are
 * sent, and then the connection ends with it as the cause.
 *
 * **The peer's end.** The peer has ended its side, or has broken the rules, and no message is left to receive. Then the handler ends too.
 * The moment is when the end comes, or when the handler takes the last message if that is later.
 * - A handler that waits for a message is told: its loop ends, or `receive` throws. It may go on, and send a last answer.
 * - A handler that is at work on the last message may finish it. So a peer that sends its messages, ends its side and waits gets all its
 *   answers.
 * - A handler whose output is still going out may go on.
 * - Any other handler is cancelled at once, as one that only waits in `delay`. Its output is sent, and the connection is closed when it
 *   ends.
 *
 * The first three have [ConnectionOptions.answerTimeout] between two messages that they send. A handler that sends nothing for so long is
 * cancelled, and the connection is aborted with an [AnswerTimeoutException]: the peer sees a reset, so that it does not take what it has
 * for the whole answer. A handler with other work to do, such as to store what it got, launches it in a scope of its own, or has
 * [ConnectionOptions.halfClose].
 *
 * When the handler fails otherwise, the connection is aborted with the failure as the cause. The failure is reported too, unless it is the
 * end of a connection. A cancellation or a time-out of something else that the handler lets through is such a failure. When the connection
 * is gone, the handler is cancelled.
 *
 * Thread: the reactor's, or before it runs the thread that sets it up. The Deferred fails like [ServerEndpoint.listen].
 *
 * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
 */
@JvmSynthetic
public fun <T : Any> Reactor.serve(
    endpoint: String,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: suspend (MessageConnection<T>) -> Unit,
): Deferred<ListeningPort> = serve(serverFromString(this, endpoint, options.transport), codec, options.withoutTransport(), handler)

/** The same for an endpoint that is no string. [ConnectionOptions.transport] is refused: the endpoint has its own, by its `withOptions`. */
@JvmSynthetic
public fun <T : Any> Reactor.serve(
    endpoint: ServerEndpoint,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: suspend (MessageConnection<T>) -> Unit,
): Deferred<ListeningPort> =
    endpoint.listen(ConnectionFactory(this, codec, options, isServed = true) { connection -> connection.runHandler(handler) })

/** Runs [handler] as a coroutine of this connection. */
internal fun <T : Any> MessageConnection<T>.runHandler(handler: suspend (MessageConnection<T>) -> Unit) {
    (this as CodecConnection<T>).handledBy(
        transport.scope.launch(start = CoroutineStart.UNDISPATCHED) { handle(this@runHandler, handler) },
    )
}

private suspend fun <T : Any> handle(connection: MessageConnection<T>, handler: suspend (MessageConnection<T>) -> Unit) {
    try {
        handler(connection)
        connection.close()
    } catch (_: ConnectionDone) {
        connection.close()
    } catch (e: CancellationException) {
        // Either this coroutine was cancelled, as when the connection is gone; or what the handler waited for was, which is its failure.
        if (currentCoroutineContext().isActive) {
            connection.transport.failed(e)
        } else if ((connection as CodecConnection).hasEndedHandler()) {
            throw e
        }
        connection.abort(e)
        throw e
    } catch (e: ProtocolViolationException) {
        (connection as CodecConnection).endFor(e)
    } catch (e: CloseReason) {
        connection.abort(e)
    }
}

/**
 * Connects to [endpoint], such as `tcp:example.com:8007`.
 *
 * ```kotlin
 * val connection = reactor.connect("tcp:127.0.0.1:8007", LineCodec())
 * connection.send("hello")
 * val answer = connection.receive()
 * connection.close()
 * ```
 *
 * Cancelling it gives the attempt up. Thread: the reactor's, for instance in `reactor.scope`.
 *
 * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
 * @throws dev.torsion.net.CannotConnectException when there is no connection; the subclass says why
 */
public suspend fun <T : Any> Reactor.connect(
    endpoint: String,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
): MessageConnection<T> = connect(clientFromString(this, endpoint, options.transport), codec, options.withoutTransport())

/** The same for an endpoint that is no string. [ConnectionOptions.transport] is refused: the endpoint has its own, by its `withOptions`. */
public suspend fun <T : Any> Reactor.connect(
    endpoint: ClientEndpoint,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
): MessageConnection<T> = openConnection(endpoint, codec, options).await()

/** [connect] for callbacks and for Java. Cancelling the Deferred gives the attempt up. */
@JvmOverloads
public fun <T : Any> Reactor.openConnection(
    endpoint: String,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
): Deferred<MessageConnection<T>> = openConnection(clientFromString(this, endpoint, options.transport), codec, options.withoutTransport())

/** The same for an endpoint that is no string. [ConnectionOptions.transport] is refused: the endpoint has its own, by its `withOptions`. */
@JvmOverloads
public fun <T : Any> Reactor.openConnection(
    endpoint: ClientEndpoint,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
): Deferred<MessageConnection<T>> {
    lateinit var made: MessageConnection<T>
    val factory = ConnectionFactory(this, codec, options) { made = it }
    factory.isNoisy = false // it serves this one connection
    return endpoint.connect(factory).addCallback { made }.onUndelivered { unwanted ->
        if (isInReactorThread) unwanted.abort() else executeIfRunning { unwanted.abort() }
    }
}

private fun Reactor.executeIfRunning(task: Runnable) {
    try {
        callFromThread(task)
    } catch (_: ReactorNotRunningException) {
        // Its connections have ended with it.
    }
}

/** Listens at [endpoint] and tells [handler] of each connection; [serve] for callbacks and for Java. Fails as [ServerEndpoint.listen]. */
@JvmOverloads
public fun <T : Any> Reactor.listen(
    endpoint: String,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: MessageConnectionHandler<T>,
): Deferred<ListeningPort> = listen(serverFromString(this, endpoint, options.transport), codec, options.withoutTransport(), handler)

/** The same for an endpoint that is no string. [ConnectionOptions.transport] is refused: the endpoint has its own, by its `withOptions`. */
@JvmOverloads
public fun <T : Any> Reactor.listen(
    endpoint: ServerEndpoint,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: MessageConnectionHandler<T>,
): Deferred<ListeningPort> = endpoint.listen(ConnectionFactory(this, codec, options, handler))
