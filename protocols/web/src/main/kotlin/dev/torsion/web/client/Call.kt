// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.web.HttpException
import dev.torsion.web.telling
import java.util.concurrent.TimeUnit

/**
 * One request, from the moment that it is given to the end of its answer. It waits for a connection (in the queue, or while one is made), and then
 * has a [ClientExchange]. It may go back to wait once.
 */
internal class Call(private val agent: HttpAgent, val request: ClientRequest) {
    /** A place that it waits in; each can be left at once. */
    fun interface Stage {
        fun leave()
    }

    val route: Route = Route.of(request.origin, agent.options.proxy)

    /** The proxy that is asked in its own form, if there is one. */
    val plainProxy: HttpProxy? get() = agent.options.proxy.takeIf { route is Route.Proxied }

    /** Whether its body waits for leave. */
    var expectsLeave = request.expectContinue ?: agent.options.expectContinue

    /** Whether a connection that was idle is none for it: the last one was gone. */
    var wantsNew = false
        private set

    private val result = Deferred<ClientResponse> { cancelled() }.onUndelivered { it.close() }
    private var stage: Stage? = null
    private var exchange: ClientExchange? = null
    private var clock: DelayedCall? = null
    private var firstError: Throwable? = null // why it was sent a second time
    private val listener = agent.options.listener

    /** All that a listener may know of it. */
    val record: ClientRequestRecord? = listener?.let { ClientRequestRecord(request, agent.reactor()) }

    fun begin(): Deferred<ClientResponse> {
        if (record != null) telling { listener?.begun(record) }
        val time = request.timeout ?: agent.options.requestTimeout
        if (time != null) {
            clock = agent.reactor().callLater(time.toWait, TimeUnit.NANOSECONDS) { stop(RequestTimeoutException(time)) }
        }
        agent.pool.acquire(this)
        return result
    }

    /** It waits in [stage] from now on. */
    fun waitsIn(stage: Stage) {
        this.stage = stage
    }

    /** It waits in no stage any more, and hears soon of what comes. */
    fun left() {
        stage = null
    }

    /** The agent is closed, and it has no connection. */
    fun close() {
        leave()
        failed(AgentClosedException())
    }

    /** The [connection] is for this request. */
    fun got(connection: ClientConnection) {
        stage = null
        val exchange = ClientExchange(connection, this)
        record?.again()
        this.exchange = exchange // before its body is written by anybody's code, which may cancel it
        try {
            exchange.begin()
        } catch (e: Throwable) {
            exchange.fail(e)
        }
    }

    /** Whether it may be sent again after [connection] was gone without a byte of an answer. */
    fun mayRepeat(connection: ClientConnection): Boolean = connection.isReused && !wantsNew && agent.options.retriesStale &&
        request.isRepeatable

    /** It waits for another connection. */
    fun again(error: Throwable? = null) {
        firstError = error
        exchange = null
        if (isDone) return
        wantsNew = true
        agent.pool.acquire(this)
    }

    private val isDone get() = result.called

    fun answered(response: ClientResponse) {
        if (isDone) response.close() else result.callback(response)
    }

    fun failed(error: Throwable) {
        stage = null
        stopClock()
        if (!isDone) {
            firstError?.let { if (it !== error) error.addSuppressed(it) }
            result.errback(error)
        }
        ended(isWhole = false, error)
    }

    /** Nothing more happens to it: all of the answer was read, or why not. Told last, since a listener may do anything. */
    fun ended(isWhole: Boolean, cause: Throwable?) {
        if (record?.end(isWhole, cause) == true) telling { listener?.ended(record) }
    }

    /** The exchange is over, and no other one follows. */
    fun over() = stopClock()

    private fun stopClock() {
        clock?.cancel()
        clock = null
    }

    private fun cancelled() {
        stopClock()
        leave()
        ended(isWhole = false, null)
    }

    private fun stop(error: HttpException) {
        clock = null
        val current = exchange
        if (current != null) return current.fail(error)
        leave()
        failed(error)
    }

    private fun leave() {
        stage?.also { stage = null }?.leave()
        exchange?.abandon()
    }
}
