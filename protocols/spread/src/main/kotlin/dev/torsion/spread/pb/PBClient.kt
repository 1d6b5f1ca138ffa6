// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("PBClients")

package dev.torsion.spread.pb

import dev.torsion.cred.Credentials
import dev.torsion.defer.Deferred
import dev.torsion.defer.LoopExecutor
import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.fail
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Reactor
import java.util.concurrent.CompletableFuture

/**
 * A connection to a server, ready for calls.
 *
 * ```java
 * try (var client = PBClient.connect(torsion.reactor(), "tcp:localhost:8800").join()) {
 *   System.out.println(client.root().call("add", 1, 2).join());
 * }
 * ```
 *
 * Thread: any, except for [open] and [loginDeferred].
 */
public class PBClient private constructor(private val factory: PBClientFactory, private val broker: Broker) : AutoCloseable {
    /** The root object of the server. */
    public fun root(): RemoteReference = broker.remoteForName("root")

    /** Whether the connection has ended. */
    public val isDisconnected: Boolean get() = broker.isDisconnected

    /**
     * Logs in as [PBClientFactory.login] does, and gives the avatar. One that nobody waits for any more is given back. Fails with a
     * [DeadReferenceException] when the connection has ended before.
     */
    @JvmOverloads
    public fun login(credentials: Credentials, mind: Any? = null): CompletableFuture<RemoteReference> =
        future(broker.loop) { loginDeferred(credentials, mind) }

    /** [login] as a Deferred, on the reactor's thread. */
    @JvmOverloads
    public fun loginDeferred(credentials: Credentials, mind: Any? = null): Deferred<RemoteReference> = if (broker.isDisconnected) {
        fail(DeadReferenceException("The connection has ended before the login.")) // the factory would wait for another
    } else {
        factory.login(credentials, mind)
    }

    /** [login] for coroutines, on any dispatcher. */
    @JvmSynthetic
    public suspend fun awaitLogin(credentials: Credentials, mind: Any? = null): RemoteReference =
        broker.loop.awaitOnLoop { loginDeferred(credentials, mind) }

    /** Runs [listener], on the reactor's thread, when the connection ends. */
    public fun onDisconnect(listener: Runnable) {
        broker.loop.execute { broker.notifyOnDisconnect(listener) }
    }

    /** Closes the connection once what was sent is on its way. Calls that wait for answers fail. */
    override fun close() {
        broker.loop.execute { if (broker.isConnected) broker.transport.loseConnection() }
    }

    override fun toString(): String = "PBClient(${if (broker.isDisconnected) "disconnected" else "connected"})"

    public companion object {
        /**
         * Connects to [endpoint], such as `tcp:localhost:8800`. On any thread. Fails with a
         * [CannotConnectException][dev.torsion.net.CannotConnectException], with the reason why the connection ended before it was ready,
         * and with an [EndpointSyntaxException][dev.torsion.endpoint.EndpointSyntaxException] when the string is not understood. A
         * connection that nobody waits for any more is aborted.
         */
        @JvmStatic
        @JvmOverloads
        public fun connect(reactor: Reactor, endpoint: String, options: PBOptions = PBOptions.DEFAULT): CompletableFuture<PBClient> =
            future(reactor) { open(clientFromString(reactor, endpoint), options) }

        /** [connect] as a Deferred, on the reactor's thread. Cancelling it ends the attempt. */
        @JvmStatic
        @JvmOverloads
        public fun open(endpoint: ClientEndpoint, options: PBOptions = PBOptions.DEFAULT): Deferred<PBClient> {
            val factory = PBClientFactory(options)
            return endpoint.connect(factory).addAsyncCallback { protocol -> ready(factory, protocol as Broker) }
        }

        private fun ready(factory: PBClientFactory, broker: Broker): Deferred<PBClient> = factory
            .rootOf(broker)
            .addCallbacks(
                { PBClient(factory, broker) },
                { failure ->
                    if (!broker.isDisconnected) broker.transport.abortConnection() // it was cancelled
                    failure.raise()
                },
            ).onUndelivered { it.abort() }

        private fun <T> future(loop: LoopExecutor, work: () -> Deferred<T>): CompletableFuture<T> {
            val start = Deferred<Any?>()
            val future = start.addAsyncCallback { work() }.toCompletableFuture(loop)
            val begin = Runnable { if (!future.isDone) start.callback(null) }
            try {
                if (loop.inLoop) begin.run() else loop.execute(begin)
            } catch (e: ReactorNotRunningException) {
                start.errback(e)
            }
            return future
        }
    }

    private fun abort() {
        if (!broker.isDisconnected) broker.transport.abortConnection()
    }
}

/** Connects to [endpoint] and gives the connection, ready for calls. On this reactor's thread; cancelling ends the attempt. */
@JvmSynthetic
public suspend fun Reactor.connectPB(endpoint: String, options: PBOptions = PBOptions.DEFAULT): PBClient =
    PBClient.open(clientFromString(this, endpoint), options).await()
