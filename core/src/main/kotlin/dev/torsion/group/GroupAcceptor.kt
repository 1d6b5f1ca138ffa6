// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.net.DrainReport
import dev.torsion.spi.Acceptor
import dev.torsion.spi.StreamChannel
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * Gives the connections of one port to the reactors of a group, in turn. The port's reactor has the first of the [shares].
 *
 * Thread: that reactor's, unless said otherwise.
 */
internal class GroupAcceptor(private val shares: List<PortShare>) : Acceptor {
    private var next = 0

    /** True until the port is closed. On any thread. */
    @Volatile
    var isOpen = true
        private set

    /** Complete once all shares were closed. On any thread. */
    val allClosed: CompletableFuture<Void?> = CompletableFuture.allOf(*shares.map { it.closed }.toTypedArray())

    override val logName get() = shares.first().acceptor.logName

    override val isNoisy = shares.first().acceptor.isNoisy

    override fun accepted(channel: StreamChannel) {
        if (!isOpen) return channel.close() // its reactor had crashed, and runs again
        repeat(shares.size) {
            val share = shares[next]
            next = (next + 1) % shares.size
            if (share.offer(channel)) return
        }
        channel.close() // none is left: this one is ending too
    }

    /** On any thread. See [Acceptor.drain]. */
    fun drainAll(timeout: Duration): CompletableFuture<DrainReport> {
        val drains = shares.map { it.drain(timeout) }
        return CompletableFuture.allOf(*drains.toTypedArray()).thenApply { drains.map { it.join() }.reduce(DrainReport::plus) }
    }

    override fun closed(): Unit = closeShares()

    /** Closes all shares, each behind the connections that are on their way to it. On any thread. */
    fun closeShares() {
        isOpen = false
        shares.forEach { it.closeSoon() }
    }
}
