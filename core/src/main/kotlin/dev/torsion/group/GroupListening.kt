// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.defer.newDeferred
import dev.torsion.log.safeString
import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.nio.NioEngine
import dev.torsion.nio.PortShare
import dev.torsion.nio.SharedFactory
import dev.torsion.reactor.Reactor
import java.util.concurrent.CompletableFuture

/** Opens a port with the factory that it is given; on the reactor's thread. */
internal typealias OpenPort = (Reactor, Factory) -> Deferred<ListeningPort>

/** Opens a port of a group: first the share of each reactor, on its own thread, then the port. */
internal class GroupListening(
    private val loop: GroupLoop,
    private val members: List<Reactor>,
    private val factories: GroupFactory,
    private val open: OpenPort,
) {
    private val result = loop.newDeferred<GroupPort> {}.onUndelivered { it.stopListening() }
    private val future = result.toCompletableFuture(loop)

    fun begin(): CompletableFuture<GroupPort> {
        // One that has crashed might not run again; one that has ended takes no call.
        val shares = members.filter { it.state != LoopState.CRASHED }.mapNotNull(::openShare)
        CompletableFuture.allOf(*shares.toTypedArray()).whenComplete { _, _ -> loop.finish { sharesOpened(shares) } }
        return future
    }

    /** Has no value when [reactor] has ended meanwhile; null when it has ended before. */
    private fun openShare(reactor: Reactor): CompletableFuture<PortShare?>? {
        val opened = CompletableFuture<PortShare?>()
        val isOpening =
            reactor.runSoon {
                try {
                    opened.complete(
                        if (reactor.state.takesConnections) PortShare(reactor.capability(NioEngine::class.java)!!, factories.factoryFor(reactor)).also { it.open() } else null,
                    )
                } catch (e: Throwable) { // from the user's factory, it may be anything
                    opened.completeExceptionally(e)
                }
            }
        return if (isOpening) opened else null
    }

    private fun sharesOpened(opened: List<CompletableFuture<PortShare?>>) {
        val failures = opened.mapNotNull { it.handle { _, error -> error }.join() }
        val shares = opened.filter { !it.isCompletedExceptionally }.mapNotNull { it.join() }
        val error = failures.reduceOrNull { first, other -> first.apply { if (other !== first) addSuppressed(other) } } ?: problem(shares)
        when {
            error != null -> failed(error, shares)
            future.isDone -> shares.forEach { it.closeSoon() } // cancelled on the way
            else -> openPort(shares)
        }
    }

    private fun problem(shares: List<PortShare>): Throwable? {
        val isHomeReady = loop.inLoop && loop.home.state.takesConnections && shares.firstOrNull()?.reactor === loop.home.capability(NioEngine::class.java)
        return when {
            !isHomeReady -> ReactorNotRunningException("The reactor that was to accept connections has stopped.")
            shares.distinctBy { System.identityHashCode(it.factory) }.size < shares.size ->
                IllegalArgumentException("A factory belongs to one reactor, but ${safeString(factories)} gave the same one to several.")
            else -> null
        }
    }

    private fun openPort(shares: List<PortShare>) {
        val shared = SharedFactory(shares)
        maybeAsyncDeferred { open(loop.home, shared) }.addCallbacks(
            { port ->
                result.callback(GroupPort(loop, port, shared))
            },
            { failure -> failed(failure.value, shares) },
        )
    }

    private fun failed(
        error: Throwable,
        shares: List<PortShare>,
    ) {
        shares.forEach { it.closeSoon() }
        result.errback(error)
    }
}
