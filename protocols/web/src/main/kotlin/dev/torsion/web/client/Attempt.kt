// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.fail
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.wrapClientTls
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.Factory
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsException
import dev.torsion.tls.startTls
import java.util.concurrent.TimeUnit

/** Makes a connection for [call]: TCP, a tunnel, TLS, within one time. Tells of its end once, unless it is cancelled. */
internal class Attempt(private val agent: HttpAgent, val call: Call) {
    private val reactor = agent.reactor()
    private val options = agent.options
    private val origin = call.request.origin
    private var connecting: Deferred<*>? = null
    private var clock: DelayedCall? = null
    private var isOver = false

    fun begin(connected: (ClientConnection) -> Unit, failed: (Throwable) -> Unit) {
        val time = options.connecting.timeout
        clock = reactor.callLater(time.toWait, TimeUnit.NANOSECONDS) {
            clock = null
            cancel()
            failed(ConnectTimeoutException(destination(), time))
        }
        val result =
            try {
                connect()
            } catch (e: Throwable) { // an endpoint is anybody's code
                return if (end()) failed(told(e)) else Unit
            }
        connecting = result
        if (isOver) result.cancel() // the one who gave the endpoint has cancelled the request
        result.addCallbacks({ connection -> if (end()) connected(connection) else connection.abort(null) }) {
            if (end()) failed(told(it.value))
        }
    }

    /** An agent ends with its reactor, whichever of them is the first. */
    private fun told(error: Throwable) = if (error is ReactorNotRunningException) AgentClosedException(error) else error

    private fun connect(): Deferred<ClientConnection> {
        val factory = Factory { ClientConnection(agent) }
        val endpoint = endpoint()
        if (isOver) return fail(DeferredCancelledException()) // nothing is opened for a request that was cancelled meanwhile
        val made = endpoint.connect(factory).addCallback { it as ClientConnection }.onUndelivered { it.abort(null) }
        return if (call.route is Route.Tunnelled) made.addAsyncCallback(::secured) else made
    }

    private fun endpoint(): ClientEndpoint = when (call.route) {
        is Route.Direct -> direct()
        is Route.Proxied, is Route.Tunnelled -> proxied(options.proxy!!)
    }

    private fun proxied(proxy: HttpProxy): ClientEndpoint =
        if (proxy.isSecure) secure(proxy.host, proxy.port, agent.proxyTls) else tcp(proxy.host, proxy.port)

    private fun direct(): ClientEndpoint {
        val own = options.endpoints?.endpointForUri(call.request.url)
        return when {
            own != null -> if (origin.isSecure) wrapClientTls(agent.tls, own, origin.host) else own
            origin.isSecure -> secure(origin.host, origin.port, agent.tls)
            else -> tcp(origin.host, origin.port)
        }
    }

    private fun secure(host: String, port: Int, tls: TlsClientOptions) =
        TlsClientEndpoint(reactor, host, port, tls).withConnecting(options.connecting).withOptions(options.tcp)

    private fun tcp(host: String, port: Int) = HostnameEndpoint(reactor, host, port, options.connecting).withOptions(options.tcp)

    /** TLS with the server, through the proxy at the other end of [connection]. */
    private fun secured(connection: ClientConnection): Deferred<ClientConnection> = Tunnel(connection, origin, options.proxy!!).begin()
        .addAsyncCallback { connection.transport.startTls(agent.tls, origin.host) }
        .addCallback { connection }
        .addErrback {
            connection.abort(it.value)
            throw (it.value as? TlsException)?.let { e -> TlsConnectException(origin.hostAndPort, e) } ?: it.value
        }
        .onUndelivered { it.abort(null) }

    private fun destination() = if (call.route is Route.Direct) origin.hostAndPort else "${call.route}"

    private fun end(): Boolean {
        if (isOver) return false
        isOver = true
        clock?.cancel()
        clock = null
        return true
    }

    fun cancel() {
        if (end()) connecting?.cancel()
    }
}
