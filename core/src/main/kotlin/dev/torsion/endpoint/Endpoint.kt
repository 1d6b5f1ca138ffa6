// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol

/**
 * Puts a factory around another one: TLS, the PROXY protocol, limits. The inner protocols see the connection through the outer ones. A
 * [WrappingFactory] is such a factory.
 */
public fun interface FactoryWrapper {
    /** The factory around [factory]. Thread: the reactor's, each time an endpoint listens or connects. */
    public fun wrap(factory: Factory): Factory
}

/** A place where a server can listen; Twisted's `IStreamServerEndpoint`. */
public interface ServerEndpoint {
    /**
     * Opens the port for [factory]. Fails with a [dev.torsion.net.CannotListenException] when the port is taken or not allowed.
     *
     * Thread: the reactor's.
     */
    public fun listen(factory: Factory): Deferred<ListeningPort>

    /**
     * This endpoint with [wrapper] between the connection and the protocols of the user's factory. Of several wrappers, the first one is
     * nearest to the connection: `endpoint.wrap(proxyProtocol).wrap(limits)`. In Twisted these are endpoints such as `wrapClientTLS` makes.
     */
    public fun wrap(wrapper: FactoryWrapper): ServerEndpoint = WrappedServerEndpoint(this, wrapper)
}

/** A place that a client can connect to; Twisted's `IStreamClientEndpoint`. */
public interface ClientEndpoint {
    /**
     * Connects. The Deferred gives the protocol that [factory] has built, once it is connected.
     *
     * Fails with a [dev.torsion.net.CannotConnectException]; its subclass says why. It is a
     * [NoProtocolException][dev.torsion.net.NoProtocolException] when the factory built none. Cancelling the Deferred ends the attempt, and
     * it fails with [ConnectingCancelledException][dev.torsion.net.ConnectingCancelledException].
     *
     * Thread: the reactor's.
     */
    public fun connect(factory: Factory): Deferred<Protocol>

    /**
     * This endpoint with [wrapper] around the protocol, as [ServerEndpoint.wrap]. [connect] still gives the protocol of its own factory,
     * once that protocol has its connection. A wrapper may connect it later, for example after a handshake. When the connection ends before
     * that, the Deferred fails with a [dev.torsion.net.CannotConnectException]; its cause is the reason.
     */
    public fun wrap(wrapper: FactoryWrapper): ClientEndpoint = WrappedClientEndpoint(this, wrapper)
}

/**
 * Connects [protocol] itself to this endpoint; Twisted's `connectProtocol`. Each protocol object can be connected once.
 *
 * ```kotlin
 * val greeter = TCP4ClientEndpoint(reactor, "example.com", 7).connectProtocol(Greeter()).await()
 * ```
 */
public fun <P : Protocol> ClientEndpoint.connectProtocol(protocol: P): Deferred<P> = connect(Factory { protocol }).addCallback { protocol }
