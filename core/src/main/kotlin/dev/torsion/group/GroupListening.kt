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
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.whenCrashed
import dev.torsion.reactor.whenEnded
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList

/** Listens on a reactor with the factory that it is given; on the reactor's thread. */
internal typealias OpenPort = (Reactor, Factory) -> Deferred<ListeningPort>

/** Opens a port of a group: first the share of each reactor, on its own thread, then the port, with an acceptor for all shares. */
internal class GroupListening(
    private val loop: GroupLoop,
    private val members: List<Reactor>,
    private val factories: GroupFactory,
    private val open: OpenPort,
) {
    private val used = CopyOnWriteArrayList<Factory>()
    private val waiting = CopyOnWriteArrayList<Runnable>() // gives up what an endpoint has not opened yet; on any thread
    private val result = loop.newDeferred<GroupPort> { waiting.forEach(Runnable::run) }.onUndelivered { it.stopListening() }
    private val future = result.toCompletableFuture(loop)

    fun begin(): CompletableFuture<GroupPort> {
        // One that has crashed might not run again; one that has ended takes no call.
        val opening = members.filter { it.state != LoopState.CRASHED }.mapNotNull(::openShare)
        CompletableFuture.allOf(*opening.toTypedArray()).whenComplete { _, _ -> loop.finish { sharesOpened(opening) } }
        return future
    }

    /** Has no value when [reactor] has ended or crashed meanwhile: the others can do without. Null when it has ended before. */
    private fun openShare(reactor: Reactor): CompletableFuture<WantedPort?>? {
        val opened = CompletableFuture<WantedPort?>()
        var pending: Deferred<*>? = null // the reactor's
        val gone = Runnable {
            opened.complete(null)
            pending?.cancel()
        }
        val watch = reactor.whenCrashed(gone)
        opened.whenComplete { _, _ -> watch.close() }
        val isOpening =
            reactor.runSoon {
                if (opened.isDone || future.isDone || !reactor.state.takesConnections) {
                    opened.complete(null)
                } else {
                    val view = MemberView(reactor)
                    val listening = maybeAsyncDeferred { open(view, factories.factoryFor(reactor).also(used::add)) }
                    if (!listening.called || listening.isPaused) {
                        waiting.add { reactor.onLoop(listening::cancel) }
                        pending = listening
                        reactor.whenEnded(gone)
                        if (future.isDone) listening.cancel() // cancelled while it was asked: perhaps nobody saw it among those that wait
                    }
                    listening.addCallbacks(
                        {
                            opened.complete(
                                checkNotNull(view.wanted) {
                                    "a group needs an endpoint that listens on TCP or on a UNIX socket"
                                },
                            )
                        },
                        { failure -> failed(view, failure.value, opened) },
                    ).addErrback { opened.completeExceptionally(it.value) }
                }
            }
        if (reactor.state == LoopState.CRASHED) opened.complete(null)
        return if (isOpening) opened else null
    }

    private fun failed(view: MemberView, error: Throwable, opened: CompletableFuture<WantedPort?>) {
        view.wanted?.share?.close()
        opened.completeExceptionally(error)
    }

    private fun sharesOpened(opening: List<CompletableFuture<WantedPort?>>) {
        val failures = opening.mapNotNull { it.handle { _, error -> error }.join() }
        val wanted = opening.filter { !it.isCompletedExceptionally }.mapNotNull { it.join() }
        val error = failures.reduceOrNull { first, other -> first.apply { if (other !== first) addSuppressed(other) } } ?: problem(wanted)
        when {
            future.isDone -> wanted.forEach { it.share.closeSoon() } // cancelled on the way
            error != null -> failed(error, wanted)
            else -> openPort(wanted)
        }
    }

    private fun problem(wanted: List<WantedPort>): Throwable? {
        val isHomeReady = loop.inLoop && loop.home.state.takesConnections && wanted.firstOrNull()?.share?.reactor === loop.home
        return when {
            !isHomeReady -> ReactorNotRunningException("The reactor that was to accept connections has stopped.")
            used.distinctBy(System::identityHashCode).size < used.size ->
                IllegalArgumentException("A factory belongs to one reactor, but ${safeString(factories)} gave the same one to several.")
            else -> null
        }
    }

    private fun openPort(wanted: List<WantedPort>) {
        val acceptor = GroupAcceptor(wanted.map { it.share })
        try {
            result.callback(GroupPort(loop, wanted.first().open(acceptor), acceptor))
        } catch (e: Throwable) {
            failed(e, wanted)
        }
    }

    private fun failed(error: Throwable, wanted: List<WantedPort>) {
        wanted.forEach { it.share.closeSoon() }
        result.errback(error)
    }
}
