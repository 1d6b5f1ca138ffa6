// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.Reactor
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.StreamTransport
import io.ktor.network.sockets.Connection
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.connection
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.job
import kotlinx.coroutines.withContext

/**
 * Runs [protocol] over this connection of ktor, whatever that is made of, until it is lost; gives the reason.
 *
 * ```kotlin
 * val server = aSocket(selector).tcp().bind(port = 8007)
 * while (true) {
 *     val socket = server.accept()
 *     launch { socket.serve(Echo(), reactor) }
 * }
 * ```
 *
 * The protocol gets a [Transport][dev.torsion.net.Transport] whose bytes are pumped by coroutines on [reactor]'s thread, where all
 * its methods are called. Bytes on their way to ktor, up to 64 KiB, and bytes in ktor's own channel, up to 1 MiB, are no longer in
 * `bufferedBytes`. When a peer takes too long to read the last of it, the closing time counts from when ktor has it all. ktor cannot reset a connection: after `abortConnection` the peer sees its end.
 *
 * Thread: any. Cancellation: aborts the connection; `connectionLost` has been called when this function throws.
 *
 * @throws IllegalArgumentException when an address is no internet address
 */
public suspend fun Connection.serve(protocol: Protocol, reactor: Reactor, options: StreamOptions = StreamOptions.DEFAULT): CloseReason {
    var isTaken = false
    try {
        return withContext(reactor.dispatcher) {
            val loop = reactor.capability(StreamLoop::class.java)
            if (loop != null) return@withContext run(protocol, loop, options) { isTaken = true }
            FlushingLoop.use(reactor) { run(protocol, it, options) { isTaken = true } }
        }
    } catch (e: CancellationException) {
        if (!isTaken) socket.close() // cancelled on the way to the reactor's thread, or that has ended
        throw e
    }
}

private suspend fun Connection.run(protocol: Protocol, loop: StreamLoop, options: StreamOptions, taken: () -> Unit): CloseReason {
    val channel = KtorChannel(loop, this) // first: an address may be refused
    val lost = CompletableDeferred<CloseReason>(loop.scope.coroutineContext.job)
    val transport = StreamTransport.over(loop, channel, options) { lost.complete(it) }
    taken()
    transport.start(protocol)
    try {
        return lost.await()
    } catch (e: CancellationException) {
        transport.abortConnection(e)
        withContext(NonCancellable) { lost.join() }
        throw e
    }
}

/** [serve] on the [connection] of this socket, whose channels nobody may have opened. */
public suspend fun Socket.serve(protocol: Protocol, reactor: Reactor, options: StreamOptions = StreamOptions.DEFAULT): CloseReason =
    connection().serve(protocol, reactor, options)
