// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.nio.NioEngine
import dev.torsion.stream.FactoryAcceptor
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel

/**
 * Accepts connections on [channel], which somebody else has bound, such as `System.inheritedChannel()`; Twisted's `adoptStreamPort`. It may be of
 * TCP or of a UNIX socket. The channel is the reactor's from now on, and closed with the port. The port cannot be opened again.
 *
 * Thread: the reactor's.
 *
 * @throws UnsupportedOperationException when this reactor has no selector of `java.nio`
 * @throws IllegalArgumentException when it is not bound, or not of this reactor's provider; then it stays the caller's
 * @throws dev.torsion.net.CannotListenException when it is closed, or was adopted before
 * @throws dev.torsion.loop.ReactorNotRunningException when the reactor is ending, or has ended
 */
@JvmOverloads
public fun Reactor.adoptStreamPort(
    channel: ServerSocketChannel,
    factory: Factory,
    options: TcpOptions = TcpOptions.DEFAULT,
): ListeningPort {
    val engine = adopting("adoptStreamPort")
    return engine.adoptPort(channel, options, FactoryAcceptor(engine, factory, options.stream))
}

/**
 * Makes [channel], which somebody else has connected, a connection of a protocol that [factory] builds; Twisted's `adoptStreamConnection`. It may
 * be of TCP or of a UNIX socket. The channel is the reactor's from now on. A `buildProtocol` that throws, or gives null, closes it; the first is
 * reported.
 *
 * Thread: the reactor's.
 *
 * @throws UnsupportedOperationException when this reactor has no selector of `java.nio`
 * @throws IllegalArgumentException when it is not connected, was adopted before, or is not of this reactor's provider; then it
 *   stays as it is
 * @throws java.io.IOException when it is closed
 * @throws dev.torsion.loop.ReactorNotRunningException when the reactor is ending, or has ended
 */
@JvmOverloads
public fun Reactor.adoptStreamConnection(channel: SocketChannel, factory: Factory, options: TcpOptions = TcpOptions.DEFAULT) {
    val engine = adopting("adoptStreamConnection")
    FactoryAcceptor(engine, factory, options.stream).accepted(engine.adoptConnection(channel, options))
}

private fun Reactor.adopting(operation: String): NioEngine {
    val engine = capability(NioEngine::class.java) ?: throw UnsupportedOperationException("$this has no selector of java.nio")
    engine.checkThread(operation)
    engine.checkTakesNew()
    return engine
}
