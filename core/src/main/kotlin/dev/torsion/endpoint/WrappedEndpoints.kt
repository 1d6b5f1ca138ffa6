// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import kotlinx.coroutines.launch

/** [endpoint] with [wrapper] around what is listened with. */
internal class WrappedServerEndpoint(private val endpoint: ServerEndpoint, private val wrapper: FactoryWrapper) : ServerEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> {
        val outer =
            try {
                wrapper.wrap(factory)
            } catch (e: Throwable) { // a wrapper is anybody's code
                return fail(e)
            }
        return endpoint.listen(outer)
    }

    override fun toString() = "$endpoint, wrapped"
}

/** [endpoint] with [wrapper] around what is connected. */
internal class WrappedClientEndpoint(private val endpoint: ClientEndpoint, private val wrapper: FactoryWrapper) : ClientEndpoint {
    override fun connect(factory: Factory): Deferred<Protocol> {
        val inner = InnerFactory(factory, toString())
        val outer =
            try {
                wrapper.wrap(inner)
            } catch (e: Throwable) { // a wrapper is anybody's code
                return fail(e)
            }
        return endpoint.connect(outer).addAsyncCallback { inner.whenConnected(it) }.onUndelivered(::abort)
    }

    override fun toString() = "$endpoint, wrapped"
}

/** Aborts the connection of a [protocol] that nobody has taken; on any thread. */
internal fun abort(protocol: Protocol) {
    val transport = protocol.transport
    transport.scope.launch { transport.abortConnection() }
}

/** The factory inside of a wrapper's, which knows whose connection was made first: there is one. */
private class InnerFactory(private val factory: Factory, private val destination: String) : Factory() {
    private var made: Protocol? = null // and connected
    private var waiting: Deferred<Protocol>? = null

    init {
        isNoisy = false
    }

    override fun startFactory() = factory.startQuietly()

    override fun stopFactory() = factory.stopQuietly()

    override fun logPrefix() = factory.safeLogPrefix()

    override fun buildProtocol(address: Address): Protocol? = factory.buildProtocol(address)?.also { it.whenMade { connected(it) } }

    private fun connected(protocol: Protocol) {
        if (made != null) return
        made = protocol
        waiting?.let { if (!it.called) it.callback(protocol) }
    }

    /** The protocol, once it is connected by way of [outer], which is. */
    fun whenConnected(outer: Protocol): Deferred<Protocol> {
        made?.let { return succeed(it) }
        if (!outer.isConnected) return fail(ended(null))
        val result =
            Deferred<Protocol> {
                outer.transport.abortConnection()
                it.errback(ConnectingCancelledException(destination))
            }
        waiting = result
        outer.whenEnded { reason -> if (!result.called) result.errback(ended(reason)) }
        return result
    }

    private fun ended(cause: Throwable?) =
        CannotConnectException("Connection to $destination ended before its protocol was connected.", destination, cause)
}
