// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.loop.LoopState
import dev.torsion.loop.guarded
import dev.torsion.net.DrainReport
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.whenCrashed
import dev.torsion.reactor.whenEnded
import dev.torsion.spi.Acceptor
import dev.torsion.spi.StreamChannel
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.StreamNetwork
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger

/** The share of one [reactor] of a group in a port: an [acceptor] of its own, and the connections that the port's reactor hands over. */
internal class PortShare(val reactor: Reactor, private val network: StreamNetwork, val acceptor: Acceptor) : EndsWithLoop {
    private val onTheirWay = AtomicInteger()

    @Volatile
    private var isOpen = false

    /** Complete once the acceptor was closed. */
    val closed = CompletableFuture<Unit>()

    /** On the reactor's thread, as is [close]. */
    fun open() {
        acceptor.opened()
        isOpen = true
        network.streams.add(this)
    }

    /**
     * Hands [channel] over to the reactor's thread; on any thread. False when it is to be given to somebody else: the reactor has ended or
     * crashed, or has not come to see those that it was given before.
     */
    fun offer(channel: StreamChannel): Boolean {
        if (!isOpen || !reactor.state.takesConnections) return false
        if (reactor.isInReactorThread) {
            acceptor.accepted(channel)
            return true
        }
        if (onTheirWay.incrementAndGet() <= MOST_ON_THEIR_WAY && reactor.runSoon { take(channel) }) return true
        onTheirWay.decrementAndGet()
        return false
    }

    private fun take(channel: StreamChannel) {
        onTheirWay.decrementAndGet()
        if (!isOpen) return channel.close()
        val adopted =
            try {
                network.adopt(channel)
            } catch (e: Throwable) {
                channel.close()
                throw e
            }
        acceptor.accepted(adopted)
    }

    /** [close] behind all that is on its way; on any thread. A reactor that has crashed is not waited for. */
    fun closeSoon() {
        if (closed.isDone) return
        val watch = reactor.whenCrashed { closed.complete(Unit) }
        closed.whenComplete { _, _ -> watch.close() }
        if (reactor.isInReactorThread) close() else reactor.runSoon(::close) // when that is refused, the reactor has closed it
        if (!reactor.state.takesConnections) closed.complete(Unit)
    }

    /** Ends its connections; behind [closeSoon], on any thread. A reactor that has crashed or ended has none that could be waited for. */
    fun drain(timeout: Duration): CompletableFuture<DrainReport> {
        val drained = CompletableFuture<DrainReport>()
        val watch = reactor.whenCrashed { drained.complete(DrainReport.NONE) }
        drained.whenComplete { _, _ -> watch.close() }
        val isTaken =
            reactor.runSoon {
                maybeAsyncDeferred { acceptor.drain(timeout) }.addCallbacks(drained::complete) { drained.completeExceptionally(it.value) }
                reactor.whenEnded { drained.complete(DrainReport.NONE) } // its own drain had the last word
            }
        if (!isTaken || reactor.state == LoopState.CRASHED) drained.complete(DrainReport.NONE)
        return drained
    }

    fun close() {
        if (!isOpen) return
        isOpen = false
        network.streams.remove(this)
        reactor.guarded({ "stopFactory of ${acceptor.logName}" }) { acceptor.closed() }
        closed.complete(Unit)
    }

    override fun loopEnded() = close()

    override fun toString() = "the share of ${acceptor.logName}"

    companion object {
        /** More than a burst that is shared leaves to a reactor in one turn; connections that come after them go to quicker members. */
        const val MOST_ON_THEIR_WAY = 256
    }
}
