// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.defer.succeed
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.nio.NioEngine
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import java.net.InetAddress
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** How long a test waits for something that should happen at once. */
internal const val DEADLINE_SECONDS = 20L

/** How many channels this reactor's selector has. */
internal val Reactor.channels: Int get() = capability(NioEngine::class.java)!!.channelCount

/** Runs [test] with a started reactor, and insists that it stops. */
internal fun <T> withReactor(options: ReactorOptions = ReactorOptions(), test: (Reactor) -> T): T {
    val reactor = Reactor.create(options)
    reactor.start()
    try {
        return test(reactor)
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS))) { "the reactor did not stop" }
    }
}

/** Runs [call] on the reactor's thread and waits for it. */
internal fun <T> Reactor.onLoop(call: () -> T): T = blockingCallFromThread { succeed(call()) }

internal fun <T> CompletableFuture<T>.getOrFail(): T = get(DEADLINE_SECONDS, TimeUnit.SECONDS)

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
internal fun Reactor.listen(build: () -> Protocol): ListeningPort = onLoop { listenTcp(0, Factory { build() }, "127.0.0.1") }

/** A blocking socket to this port: the peer that knows nothing of us. */
internal fun ListeningPort.connect(): Socket =
    Socket(InetAddress.getLoopbackAddress(), port()).apply { soTimeout = (DEADLINE_SECONDS * 1000).toInt() }
