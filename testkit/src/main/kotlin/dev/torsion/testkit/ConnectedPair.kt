// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions

/**
 * Two protocols connected in memory, with the test in charge of when bytes move; Twisted's `IOPump`. Made by [connectedPair], in Java
 * by [ConnectedPair.connect].
 *
 * @property server the protocol on the accepting side
 * @property client the protocol on the connecting side
 * @property reactor the reactor of both, whose time passes only when told to
 */
public class ConnectedPair<S : Protocol, C : Protocol> internal constructor(
    @get:JvmName("server") public val server: S,
    @get:JvmName("client") public val client: C,
    @get:JvmName("reactor") public val reactor: MemoryReactor,
) : AutoCloseable {
    /** Moves bytes once: bytes that were written before arrive, one chunk in each direction. */
    public fun pump(): Unit = reactor.turn()

    /** Moves bytes until both sides are quiet. No time passes. */
    public fun flush(): Unit = reactor.flush()

    /** Stops the reactor, and so ends the connection. */
    override fun close(): Unit = reactor.close()

    override fun toString(): String = "ConnectedPair(server: $server, client: $client)"

    public companion object {
        /** [connectedPair] for Java. */
        @JvmStatic
        @JvmOverloads
        public fun <S : Protocol, C : Protocol> connect(
            server: S,
            client: C,
            chunking: Chunking = Chunking.whole(),
            window: Int = 64 * 1024,
        ): ConnectedPair<S, C> = connectedPair(server, client, chunking, window)

        /** The same with limits for both sides. */
        @JvmStatic
        public fun <S : Protocol, C : Protocol> connect(
            server: S,
            client: C,
            chunking: Chunking,
            options: TcpOptions,
        ): ConnectedPair<S, C> = connectedPair(server, client, chunking, options = options)
    }
}

/**
 * Connects [server] and [client] in memory and tells both that their connection is made; Twisted's `connectedServerAndClient`.
 *
 * ```kotlin
 * val pair = connectedPair(Echo(), Greeter(), chunking = Chunking.byteByByte())
 * pair.flush()
 * ```
 *
 * Bytes that they write in `connectionMade` are on their way when this returns.
 *
 * @param chunking in which pieces bytes arrive
 * @param window how many bytes may be on the way in each direction
 * @param options limits for both sides
 */
@JvmSynthetic
public fun <S : Protocol, C : Protocol> connectedPair(
    server: S,
    client: C,
    chunking: Chunking = Chunking.whole(),
    window: Int = 64 * 1024,
    options: TcpOptions = TcpOptions.DEFAULT,
): ConnectedPair<S, C> {
    val reactor = MemoryReactor()
    reactor.network.chunking = chunking
    reactor.network.window = window
    val factory = Factory { server }.apply { isNoisy = false }
    val port = reactor.listenTcp(0, factory, options = options)
    val clients = ClientFactory { client }.apply { isNoisy = false }
    reactor.connectTcp("127.0.0.1", port.port(), clients, options = options)
    repeat(TURNS_TO_CONNECT) { if (!server.isConnected || !client.isConnected) reactor.turn() }
    check(server.isConnected && client.isConnected) { "connectionMade of $server or $client has ended the connection" }
    port.stopListening()
    return ConnectedPair(server, client, reactor)
}

private const val TURNS_TO_CONNECT = 5
