// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.Factory
import dev.torsion.net.TcpOptions
import java.nio.channels.SocketChannel
import java.util.concurrent.CompletableFuture

/**
 * Stands for the factories of a group at the port that accepts for all of them, whose reactor has the first of the [shares].
 *
 * Thread: that reactor's, unless said otherwise.
 */
internal class SharedFactory(
    private val shares: List<PortShare>,
) : Factory() {
    private var turn = 0

    /** True until the port is closed. On any thread. */
    @Volatile
    var isOpen = true
        private set

    /** Complete once all factories were stopped. On any thread. */
    val closed: CompletableFuture<Void?> = CompletableFuture.allOf(*shares.map { it.closed }.toTypedArray())

    init {
        isNoisy = shares.first().factory.isNoisy
    }

    /** Gives [accepted] to the next reactor that takes it. */
    fun share(
        accepted: SocketChannel,
        options: TcpOptions,
    ) {
        repeat(shares.size) {
            val share = shares[turn]
            turn = (turn + 1) % shares.size
            if (share.offer(accepted, options)) return
        }
        accepted.close() // none is left: this one is ending too
    }

    override fun stopFactory() = close()

    /** Stops all factories, each behind the connections that are on their way to it. On any thread. */
    fun close() {
        isOpen = false
        shares.forEach { it.closeSoon() }
    }

    override fun logPrefix(): String = shares.first().factory.safeLogPrefix()
}
