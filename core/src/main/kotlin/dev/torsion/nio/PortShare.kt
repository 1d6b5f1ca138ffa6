// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.loop.guarded
import dev.torsion.net.Factory
import dev.torsion.net.TcpOptions
import java.nio.channels.SocketChannel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger

/** What one [reactor] of a group has of a port: a [factory] of its own, and the connections that the port's reactor hands over. */
internal class PortShare(
    val reactor: NioEngine,
    val factory: Factory,
) {
    private val onTheirWay = AtomicInteger()

    @Volatile
    private var isOpen = false

    /** Complete once the factory was stopped. */
    val closed = CompletableFuture<Unit>()

    /** Starts the factory; on the reactor's thread, as is [close]. */
    fun open() {
        factory.doStart()
        isOpen = true
        reactor.shares.add(this)
    }

    /**
     * Hands [accepted] over to the reactor's thread; on any thread. False when it is to be given to somebody else: the reactor has ended or
     * crashed, or has not come to see those that it was given before.
     */
    fun offer(
        accepted: SocketChannel,
        options: TcpOptions,
    ): Boolean {
        if (!isOpen || !reactor.takesConnections) return false
        if (reactor.isInReactorThread) {
            reactor.connected(accepted, factory, options)
            return true
        }
        if (onTheirWay.incrementAndGet() <= MOST_ON_THEIR_WAY && reactor.runSoon { take(accepted, options) }) return true
        onTheirWay.decrementAndGet()
        return false
    }

    private fun take(
        accepted: SocketChannel,
        options: TcpOptions,
    ) {
        onTheirWay.decrementAndGet()
        if (isOpen) reactor.connected(accepted, factory, options) else accepted.close()
    }

    /** [close] behind all that is on its way; on any thread. A reactor that has crashed is not waited for. */
    fun closeSoon() {
        if (reactor.isInReactorThread) close() else reactor.runSoon(::close) // when that is refused, the reactor has closed it
        if (!reactor.takesConnections) closed.complete(Unit)
    }

    fun close() {
        if (!isOpen) return
        isOpen = false
        reactor.shares.remove(this)
        reactor.guarded({ "stopFactory of ${factory.safeLogPrefix()}" }) { factory.doStop() }
        closed.complete(Unit)
    }

    companion object {
        /** More than a burst that is shared leaves to a reactor in one turn; what comes after them goes to those who are quicker. */
        const val MOST_ON_THEIR_WAY = 256
    }
}
