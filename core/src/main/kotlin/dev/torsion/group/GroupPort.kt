// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.newDeferred
import dev.torsion.loop.LoopState
import dev.torsion.net.Address
import dev.torsion.net.ListeningPort
import dev.torsion.net.portNumber
import java.util.concurrent.CompletableFuture

/**
 * A port that shares its connections among the reactors of a [ReactorGroup]. One reactor has a [ListeningPort].
 *
 * Thread: all methods may be called on any thread.
 */
public class GroupPort internal constructor(
    private val loop: GroupLoop,
    private val port: ListeningPort,
    private val acceptor: GroupAcceptor,
) {
    private val address = port.host()

    /** The address it listens on, with the real port number where 0 was asked for. */
    public fun host(): Address = address

    /**
     * The port number of [host].
     *
     * @throws IllegalStateException when it listens on something that has no number
     */
    public fun port(): Int = address.portNumber()

    /** True until [stopListening], or the end of the reactor that accepts. */
    public val isListening: Boolean get() = acceptor.isOpen

    /**
     * Accepts no more connections. Existing connections live on, also those on their way to their reactor. The future completes when the
     * port is free again and all factories have stopped. Calling it again after that gives a future that is complete. A reactor
     * that has crashed is waited for with neither.
     */
    public fun stopListening(): CompletableFuture<Void?> {
        val freed = CompletableFuture<Unit>()
        val isRefused = !loop.home.runSoon { port.stopListening().addCallbacks(freed::complete) { freed.completeExceptionally(it.value) } }
        if (isRefused) freed.complete(Unit) // the reactor has closed it when it ended
        if (loop.home.state == LoopState.CRASHED) {
            // Nobody accepts any more, nor frees the port before the reactor runs again.
            acceptor.closed()
            freed.complete(Unit)
        }
        val result = loop.newDeferred<Void?> {}
        val future = result.toCompletableFuture(loop)
        CompletableFuture.allOf(freed, acceptor.allClosed).whenComplete { _, _ ->
            loop.finish {
                val error = freed.handle { _, e -> e }.join()
                if (error == null) result.callback(null) else result.errback(error)
            }
        }
        return future
    }

    override fun toString(): String = "GroupPort($address, ${if (isListening) "listening" else "closed"})"
}
