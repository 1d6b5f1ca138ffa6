// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.DelayedCall
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.MessagePart
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.reflect.KProperty

/** The connections of one route, and the calls that wait for one of them. */
internal class PooledHost(val route: Route) {
    /** Those that nobody uses, the one that was used last at the end. */
    val idle = ArrayDeque<ClientConnection>()

    val waiting = LinkedHashSet<QueuedCall>()

    /** How many connections there are, idle, in use and in the making. */
    var count = 0
}

/** A [call] that waits for a connection of [host]. */
internal class QueuedCall(val call: Call, val host: PooledHost) {
    var clock: DelayedCall? = null
}

/**
 * The connections of an agent. A connection has a place, of its host and in all, from the first step of making it to its end. A call gets, in
 * this order: the idle one that was used last; a new one where there is a place, for which an idle one of another host gives up its own; or a
 * place in the queue. The queue of a host is served in its order, by connections that become free and by places that do.
 *
 * All that happens to a connection is told to the pool before it is told to any call. So the pool is right whatever a call does next.
 *
 * Thread: the reactor's.
 */
internal class AgentPool(private val agent: HttpAgent) {
    private val options = agent.options
    private val hosts = HashMap<Route, PooledHost>()
    private val attempts = LinkedHashSet<Attempt>()
    private val idle = LinkedHashSet<ClientConnection>() // of all hosts, the one that has been idle for longest first
    private val starving = LinkedHashSet<PooledHost>() // with calls in their queues that wait for a place among all

    /** How many connections there are, idle, in use and in the making. */
    var count: Int by Published()
        private set

    /** How many calls are in the queues. */
    var waitingCount: Int by Published()
        private set

    /** How many of the connections nobody uses. */
    var idleCount: Int by Published()
        private set

    var isClosed = false
        private set

    private var isServing = false

    fun acquire(call: Call) {
        if (isClosed) return call.failed(AgentClosedException())
        val host = hosts.getOrPut(call.route) { PooledHost(call.route) }
        if (!call.wantsNew) takeIdle(host)?.let { return call.got(it) }
        when {
            host.count < options.maxConnectionsPerHost && hasPlace() -> connect(host, call)
            waitingCount >= options.maxWaiting -> {
                tidy(host)
                call.failed(AgentBusyException(options.maxWaiting))
            }
            else -> enqueue(host, call)
        }
    }

    private fun takeIdle(host: PooledHost): ClientConnection? {
        while (true) {
            val last = host.idle.removeLastOrNull() ?: return null
            idle.remove(last)
            idleCount = idle.size
            if (last.isUsable) return last
            last.close()
        }
    }

    /** Whether there is a place among all, or one can be made. */
    private fun hasPlace(): Boolean {
        if (count < options.maxConnections) return true
        idle.firstOrNull()?.close()
        return count < options.maxConnections
    }

    private fun enqueue(host: PooledHost, call: Call) {
        val queued = QueuedCall(call, host)
        host.waiting.add(queued)
        waitingCount++
        call.waitsIn { dequeue(queued) }
        queued.clock = agent.reactor().callLater(options.queueTimeout.toWait, TimeUnit.NANOSECONDS) {
            queued.clock = null
            dequeue(queued)
            call.failed(QueueTimeoutException(options.queueTimeout))
        }
        if (host.count >= options.maxConnectionsPerHost) {
            // One that wants a new connection may be the only one to wait beside idle ones.
            host.idle.firstOrNull()?.close()
        } else {
            starving.add(host)
        }
    }

    private fun dequeue(queued: QueuedCall) {
        if (!queued.host.waiting.remove(queued)) return
        waitingCount--
        queued.clock?.cancel()
        queued.clock = null
        if (queued.host.waiting.isEmpty()) starving.remove(queued.host)
        tidy(queued.host)
    }

    private fun next(host: PooledHost): Call? = host.waiting.firstOrNull()?.let {
        dequeue(it)
        it.call
    }

    private fun connect(host: PooledHost, call: Call) {
        hosts[host.route] = host
        host.count++
        count++
        val attempt = Attempt(agent, call)
        attempts.add(attempt)
        call.waitsIn {
            attempts.remove(attempt)
            attempt.cancel()
            freed(host)
        }
        attempt.begin({ connection ->
            attempts.remove(attempt)
            if (connection.isUsable) {
                connection.place = host
                call.got(connection)
            } else { // it has ended, or is about to, before its endpoint gave it
                if (connection.isConnected) connection.abort(null)
                unmade(host, call, IncompleteMessageException(GONE, null, MessagePart.START))
            }
        }) { error ->
            attempts.remove(attempt)
            unmade(host, call, error)
        }
    }

    private fun unmade(host: PooledHost, call: Call, error: Throwable) {
        call.left()
        freed(host)
        call.failed(error)
    }

    /** The [connection] has done what it was asked for, and can do more. */
    fun release(connection: ClientConnection) {
        val host = connection.place
        if (host == null || isClosed || !connection.isUsable) return connection.close()
        val call = next(host)
        if (call != null) return call.got(connection)
        val seconds = connection.keptSeconds
        val time = if (seconds == Long.MAX_VALUE) options.idleTimeout else minOf(options.idleTimeout, kept(seconds))
        if (time.isZero) return connection.close()
        host.idle.addLast(connection)
        idle.add(connection)
        idleCount = idle.size
        connection.timer.set(time)
        serveStarving()
    }

    /** The [connection] can be used no more: its place is free. */
    fun gone(connection: ClientConnection) {
        val host = connection.place ?: return
        connection.place = null
        if (idle.remove(connection)) host.idle.remove(connection)
        idleCount = idle.size
        freed(host)
    }

    /** A place of [host] is free, and so one among all. */
    private fun freed(host: PooledHost) {
        host.count--
        count--
        if (host.waiting.isNotEmpty()) starving.add(host)
        tidy(host)
        serveStarving()
    }

    /** A call that fails at once frees its place again, and the same loop serves the next: any number may fail so. */
    private fun serveStarving() {
        if (isServing) return
        isServing = true
        try {
            while (!isClosed && starving.isNotEmpty() && hasPlace()) serveNext()
        } finally {
            isServing = false
        }
    }

    private fun serveNext() {
        val host = starving.firstOrNull() ?: return
        starving.remove(host)
        if (host.count >= options.maxConnectionsPerHost) return
        val call = next(host) ?: return
        if (host.waiting.isNotEmpty() && host.count + 1 < options.maxConnectionsPerHost) starving.add(host)
        connect(host, call)
    }

    private fun tidy(host: PooledHost) {
        if (host.count == 0 && host.waiting.isEmpty()) hosts.remove(host.route, host)
    }

    fun closeIdle(): Unit = idle.toList().forEach { it.close() }

    fun close() {
        if (isClosed) return
        isClosed = true
        val calls = hosts.values.flatMap { host -> host.waiting.map { it.call } } + attempts.map { it.call }
        closeIdle()
        calls.forEach { it.close() }
    }

    /** A number of the reactor's thread that others may read, at the price of a plain field. */
    private class Published {
        private val number = AtomicInteger()

        operator fun getValue(pool: AgentPool, property: KProperty<*>): Int = number.getAcquire()

        operator fun setValue(pool: AgentPool, property: KProperty<*>, value: Int) = number.setRelease(value)
    }

    private companion object {
        const val GONE = "The connection ended before the request was sent."

        /** A second less than the server says: it counts from when it has sent its answer. */
        fun kept(seconds: Long): Duration = Duration.ofSeconds(maxOf(0, minOf(seconds, LONGEST) - 1))

        const val LONGEST = 1_000_000L
    }
}
