// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.TriggerHandle
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions

/**
 * Sends requests over HTTP/1.1, on connections of its own; Twisted's `Agent` with its `HTTPConnectionPool`.
 *
 * ```kotlin
 * HttpAgent.of(reactor).use { agent -> agent.fetch("GET", "https://example.com/").use { println(it.status) } }
 * ```
 *
 * **The pool.** A connection stays open after an answer, and carries the next request for the same server. There are at most
 * [HttpClientOptions.maxConnectionsPerHost] for each server, and [HttpClientOptions.maxConnections] in all. A request that finds no free
 * connection waits in a queue. The queue has a limit, and the wait has a time-out. A connection is used for one request at a time, and ends
 * when anything about it is in doubt.
 *
 * **A second try.** A server may end an idle connection in the moment in which a request is sent on it. Such a request is sent again, once,
 * on a new connection; but only when its method is idempotent, its body can be sent twice, and no byte of an answer has come. Nothing else
 * is ever sent twice.
 *
 * **Errors**
 *
 * | what has happened | fails with |
 * |---|---|
 * | refused, no address, no time for connecting, TLS | core's own `ConnectionRefusedException`, `DnsLookupException`, `ConnectTimeoutException`, `TlsConnectException`, all of them a `CannotConnectException` |
 * | no time left | [QueueTimeoutException], [ResponseTimeoutException], [ReadTimeoutException], [RequestTimeoutException], for writing `HttpTimeoutException` |
 * | the server has ended the connection | [IncompleteMessageException][dev.torsion.web.IncompleteMessageException], which says how far the answer was |
 * | the answer breaks a rule, or its head a limit | [HttpViolationException][dev.torsion.web.HttpViolationException], with the rule |
 * | the proxy makes no tunnel | [ProxyRefusedException] |
 * | too many wait, the agent is closed | [AgentBusyException], [AgentClosedException] |
 *
 * A status such as 404 or 500 is an answer, and no error.
 *
 * **Its end.** [close] it, or let it end with its reactor: requests that wait fail, and idle connections are closed. Answers that have
 * begun come to their end.
 *
 * Thread: any, except for [request].
 *
 * @property options limits, time-outs and ways
 */
public class HttpAgent internal constructor(private val reactor: Reactor, public val options: HttpClientOptions) :
    Agent,
    AutoCloseable {
    @get:JvmSynthetic
    internal val tls: TlsClientOptions by lazy { (options.tls ?: Tls.client()).withApplicationProtocols(HTTP_1_1) }

    /** Of connections to a proxy that carry TLS themselves. */
    @get:JvmSynthetic
    internal val proxyTls: TlsClientOptions by lazy { options.proxy?.tls?.withApplicationProtocols(HTTP_1_1) ?: tls }

    @get:JvmSynthetic
    internal val pool: AgentPool = AgentPool(this)
    private var trigger: TriggerHandle? = null

    override fun request(request: ClientRequest): Deferred<ClientResponse> {
        reactor.checkThread("request")
        if (trigger == null && !pool.isClosed) closeWithReactor()
        return Call(this, request).begin()
    }

    override fun reactor(): Reactor = reactor

    private fun closeWithReactor() {
        try {
            trigger =
                reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) {
                    trigger = null
                    pool.close()
                    null
                }
        } catch (_: ReactorNotRunningException) {
            pool.close()
        }
    }

    /** How many connections and requests there are now, for figures. Thread: any. */
    public fun pool(): HttpPoolState = HttpPoolState(pool.count, pool.idleCount, pool.waitingCount)

    /** Closes the connections that nobody uses. Those that are used may be kept later. Thread: any; soon, when it is not the reactor's. */
    public fun closeIdle(): Unit = onReactor(pool::closeIdle)

    /** Ends it, soon when this is another thread than the reactor's. Closing it again does nothing. */
    override fun close(): Unit = onReactor(::closeNow)

    private fun onReactor(action: () -> Unit) {
        if (reactor.isInReactorThread) return action()
        try {
            reactor.execute(action)
        } catch (_: ReactorNotRunningException) {
            // It has ended with its reactor.
        }
    }

    private fun closeNow() {
        trigger?.let(reactor::removeSystemEventTrigger)
        trigger = null
        pool.close()
    }

    override fun toString(): String = "HttpAgent(${pool.count} connections, ${pool.idleCount} idle, ${pool.waitingCount} requests wait)"

    public companion object {
        private const val HTTP_1_1 = "http/1.1"

        /** An agent of [reactor]. */
        @JvmStatic
        @JvmOverloads
        public fun of(reactor: Reactor, options: HttpClientOptions = HttpClientOptions.DEFAULT): HttpAgent = HttpAgent(reactor, options)
    }
}
