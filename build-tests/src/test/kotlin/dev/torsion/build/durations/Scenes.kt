// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.java.Torsion
import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.VirtualClock
import io.kotest.matchers.shouldBe
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture

internal val halfACentury: Duration = Duration.ofDays(50 * 365)

internal fun onClock(use: (VirtualClock) -> Unit) = use(VirtualClock())

/** [never] must not have happened after half a century. */
internal fun onClockNever(use: (VirtualClock, never: Runnable) -> Unit) = onClock { clock ->
    var happened = 0
    use(clock) { happened++ }
    clock.advance(halfACentury)
    happened shouldBe 0
}

internal fun inMemory(use: (MemoryReactor) -> Unit) = MemoryReactor().use(use)

/** Connects to a server of its own by the endpoint that [make] gives. */
internal fun connecting(networkInterface: String = "127.0.0.1", make: (Reactor, String, Int) -> ClientEndpoint) = inMemory { reactor ->
    val port = reactor.listenTcp(0, Factory { object : Protocol() {} }, networkInterface)
    val protocol = reactor.await(make(reactor, networkInterface, port.port()).connect(Factory { object : Protocol() {} }))
    reactor.advance(halfACentury)
    protocol.isConnected shouldBe true
    protocol.transport.abortConnection()
    port.stopListening()
    reactor.flush()
}

/** Connects to a UNIX socket by what [connect] does. */
internal fun onUnixSocket(connect: (MemoryReactor, Path) -> Deferred<Protocol>) = inMemory { reactor ->
    val path = Path.of("/run/durations.sock")
    val port = reactor.listenUnix(path, Factory { object : Protocol() {} })
    val protocol = reactor.await(connect(reactor, path))
    reactor.advance(halfACentury)
    protocol.isConnected shouldBe true
    protocol.transport.abortConnection()
    port.stopListening()
    reactor.flush()
}

internal fun connectUnix(reactor: MemoryReactor, path: Path, timeout: Duration): Deferred<Protocol> {
    val connected = Deferred<Protocol>()
    val clients =
        object : ClientFactory({ object : Protocol() {} }) {
            override fun clientConnectionMade(connector: Connector, protocol: Protocol) = connected.callback(protocol)
        }
    reactor.connectUnix(path, clients, timeout)
    return connected
}

internal fun torsion(use: (Torsion) -> Any?) = inMemory { reactor ->
    val used = use(Torsion.on(reactor))
    reactor.advance(halfACentury)
    if (used is CompletableFuture<*>) used.isDone shouldBe false
}

internal fun never(): Nothing = throw AssertionError("this was not to happen")
