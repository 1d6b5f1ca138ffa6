// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.CloseReason
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.onLoop
import java.net.InetAddress
import java.net.Socket
import java.util.concurrent.CompletableFuture
import dev.torsion.net.Factory as TorsionFactory

/** A protocol made of what a test wants it to do. */
internal class Scripted(private val made: Scripted.() -> Unit = {}, private val received: Scripted.(ByteArray) -> Unit = {}) : Protocol() {
    val lost = CompletableFuture<CloseReason>()
    val connection = CompletableFuture<Scripted>()

    override fun connectionMade() {
        made()
        connection.complete(this)
    }

    override fun dataReceived(data: ByteArray) = received(data)

    override fun connectionLost(reason: CloseReason) {
        check(lost.complete(reason)) { "connectionLost was called twice" }
    }
}

/** Listens on a free loopback port; each connection gets what [build] makes. */
internal fun Reactor.listen(options: TcpOptions = TcpOptions.DEFAULT, build: () -> Protocol): ListeningPort =
    onLoop { listenTcp(0, TorsionFactory { build() }, "127.0.0.1", 500, options) }

/** A blocking socket to this port: the peer that knows nothing of us. */
internal fun ListeningPort.connect(): Socket =
    Socket(InetAddress.getLoopbackAddress(), port()).apply { soTimeout = (DEADLINE_SECONDS * 1000).toInt() }
