// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol

/** A place where a server can listen; Twisted's `IStreamServerEndpoint`. */
public interface ServerEndpoint {
    /**
     * Opens the port for [factory]. Fails with a [dev.torsion.net.CannotListenException] when the port is taken or not allowed.
     *
     * Thread: the reactor's.
     */
    public fun listen(factory: Factory): Deferred<ListeningPort>
}

/** A place that a client can connect to; Twisted's `IStreamClientEndpoint`. */
public interface ClientEndpoint {
    /**
     * Connects, and gives the protocol that [factory] built once it is connected.
     *
     * Fails with a [dev.torsion.net.ConnectException], whose subclass says why; with
     * [NoProtocolException][dev.torsion.net.NoProtocolException] when the factory built none. Cancelling the Deferred ends the attempt, and
     * it fails with [ConnectingCancelledException][dev.torsion.net.ConnectingCancelledException].
     *
     * Thread: the reactor's.
     */
    public fun connect(factory: Factory): Deferred<Protocol>
}

/**
 * Connects [protocol] itself to this endpoint; Twisted's `connectProtocol`. Each protocol object can be connected once.
 *
 * ```kotlin
 * val greeter = TCP4ClientEndpoint(reactor, "example.com", 7).connectProtocol(Greeter()).await()
 * ```
 */
public fun <P : Protocol> ClientEndpoint.connectProtocol(protocol: P): Deferred<P> = connect(Factory { protocol }).addCallback { protocol }
