// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.loop.guarded
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.DrainReport
import dev.torsion.net.DrainTimeoutException
import dev.torsion.net.ListeningPort
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * The end of the connections of one port: each sends what was written and closes; after [timeout] those that are left are reset.
 *
 * Thread: the loop's.
 */
internal class PortDrain(
    private val loop: StreamLoop,
    private val owner: String,
    connections: Collection<StreamTransport>,
    private val timeout: Duration,
    private val whenEnded: (PortDrain) -> Unit,
) {
    private val left = LinkedHashSet(connections)
    private val count = left.size
    private val cause = DrainTimeoutException(timeout)
    private var cutConnections = 0
    private var unsent = 0L
    private var deadline: DelayedCall? = null

    /** Fires when none is left. */
    val result = Deferred<DrainReport>()

    fun begin() {
        loop.streams.add(this)
        left.toList().forEach { loop.guarded({ "closing $it" }) { it.drain() } }
        if (left.isEmpty()) return ended()
        deadline = loop.callLater(timeout.saturatedNanos(), TimeUnit.NANOSECONDS, ::cut)
    }

    /** The time is up. */
    fun cut() {
        left.toList().forEach { loop.guarded({ "resetting $it" }) { it.abortConnection(cause) } }
    }

    /** [connection] has ended, which may be one of them. */
    fun connectionEnded(connection: StreamTransport, reason: CloseReason) {
        if (!left.remove(connection)) return
        if (reason is ConnectionAborted && reason.cause === cause) {
            cutConnections++
            unsent += reason.unsentBytes
        }
        if (left.isEmpty()) ended()
    }

    private fun ended() {
        whenEnded(this)
        deadline?.let { if (it.isActive) it.cancel() }
        loop.streams.remove(this)
        if (cutConnections > 0) warn()
        if (!result.called) result.callback(DrainReport(count, cutConnections, unsent))
    }

    private fun warn() {
        LOG.with(mapOf(LogKeys.REACTOR to loop.name, LogKeys.FACTORY to owner)).warn(
            "{factory}: connections that were reset with their work: {connections}, bytes that were not taken within {timeout}: {bytes}",
            "connections" to cutConnections,
            "bytes" to unsent,
            "timeout" to readable(timeout),
        )
    }

    override fun toString() = "the connections of $owner, ${left.size} of $count left"

    private companion object {
        val LOG = Logger(ListeningPort::class.java)
    }
}
