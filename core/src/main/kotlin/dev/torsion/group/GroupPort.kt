// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.newDeferred
import dev.torsion.loop.LoopState
import dev.torsion.net.Address
import dev.torsion.net.DrainReport
import dev.torsion.net.ListeningPort
import dev.torsion.net.portNumber
import dev.torsion.reactor.whenCrashed
import java.time.Duration
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
    public fun stopListening(): CompletableFuture<Void?> = stopping { acceptor.allClosed }

    /**
     * [stopListening], and ends the connections that the port has accepted, each as [ListeningPort.drain] does. The future completes with
     * a report when the port is free, all factories have stopped, and no connection is left.
     *
     * @throws IllegalArgumentException when [timeout] is negative
     */
    @JvmOverloads
    public fun drain(timeout: Duration = DrainReport.DEFAULT_TIMEOUT): CompletableFuture<DrainReport> {
        require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
        return stopping { acceptor.allClosed.thenCompose { acceptor.drainAll(timeout) } }
    }

    /** [stopListening] with another end: [whenStopped] is called when all has been asked to stop. */
    private fun <T> stopping(whenStopped: () -> CompletableFuture<T>): CompletableFuture<T> {
        val freed = CompletableFuture<Unit>()
        // Nobody accepts then any more, nor frees the port before the reactor runs again.
        val crashed = Runnable {
            acceptor.closeShares()
            freed.complete(Unit)
        }
        val watch = loop.home.whenCrashed(crashed)
        val isRefused = !loop.home.runSoon { port.stopListening().addCallbacks(freed::complete) { freed.completeExceptionally(it.value) } }
        if (isRefused) freed.complete(Unit) // the reactor has closed it when it ended
        if (loop.home.state == LoopState.CRASHED) crashed.run()
        val result = loop.newDeferred<T> {}
        val future = result.toCompletableFuture(loop)
        val stopped = whenStopped()
        CompletableFuture.allOf(freed, stopped).whenComplete { _, _ ->
            watch.close()
            loop.finish {
                val error = freed.handle { _, e -> e }.join() ?: stopped.handle { _, e -> e }.join()
                if (error == null) result.callback(stopped.join()) else result.errback(error)
            }
        }
        return future
    }

    override fun toString(): String = "GroupPort($address, ${if (isListening) "listening" else "closed"})"
}
