// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("GroupConnections")

package dev.torsion.framing

import dev.torsion.defer.park
import dev.torsion.endpoint.GroupEndpoint
import dev.torsion.endpoint.listen
import dev.torsion.group.GroupPort
import dev.torsion.group.ReactorGroup
import dev.torsion.spi.TorsionSpi
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.atomic.AtomicReference

/**
 * Listens at [endpoint], such as `tcp:8007`, for all reactors of this group. It runs [handler] as a coroutine for each connection, on the
 * thread of that connection's reactor. Otherwise it is like [Reactor.serve][serve].
 *
 * ```kotlin
 * group.serve("tcp:8007", LineCodec()) { connection ->
 *     for (line in connection.incoming) connection.send(line.uppercase())
 * }
 * ```
 *
 * [handler] runs on several threads at the same time, so its shared state must be fit for that. [ConnectionOptions.maxConnections] is for
 * all reactors together.
 *
 * Thread: any coroutine may call it; it returns once the port is open. Cancelling it closes the port. It fails as
 * [ReactorGroup.listenTcp].
 *
 * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
 */
@JvmSynthetic
public suspend fun <T : Any> ReactorGroup.serve(
    endpoint: String,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: suspend (MessageConnection<T>) -> Unit,
): GroupPort = serve(GroupEndpoint.fromString(endpoint, options.transport), codec, options.withoutTransport(), handler)

/** The same for an endpoint that is no string. [ConnectionOptions.transport] is refused: the endpoint has its own, by its `withOptions`. */
@JvmSynthetic
public suspend fun <T : Any> ReactorGroup.serve(
    endpoint: GroupEndpoint,
    codec: Codec<T>,
    options: ConnectionOptions = ConnectionOptions.DEFAULT,
    handler: suspend (MessageConnection<T>) -> Unit,
): GroupPort {
    val factories = ConnectionFactories(codec, options, isServed = true) { MessageConnectionHandler { it.runHandler(handler) } }
    return awaitPort { listen(endpoint, factories) }
}

/** The port; one that was opened in the very moment in which the coroutine was cancelled is closed. */
@OptIn(TorsionSpi::class)
private suspend fun awaitPort(listen: () -> CompletableFuture<GroupPort>): GroupPort {
    val opening = AtomicReference<CompletableFuture<GroupPort>>()
    return park(cancelled = { opening.get()?.cancel(false) }, undelivered = { it.stopListening() }) { parking ->
        val port = listen()
        opening.set(port)
        if (!parking.isWaiting) port.cancel(false)
        port.whenComplete { opened, error ->
            if (error == null) parking.resume(opened) else parking.fail((error as? CompletionException)?.cause ?: error)
        }
    }
}
