// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.AbstractReactor
import dev.torsion.reactor.ReactorOptions
import java.io.IOException
import java.nio.channels.CancelledKeyException
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.function.Consumer

/** The reactor on a `java.nio` selector, which is epoll, kqueue or wepoll underneath; see [dev.torsion.reactor.Reactor.create]. */
internal class NioReactor(
    options: ReactorOptions,
) : AbstractReactor(options) {
    private val selector: Selector = Selector.open()
    val readBuffer = ReadBuffer()
    val stage = WriteStage()
    val chunks = ChunkPool()
    val readsPerTurn get() = options.readsPerTurn
    val acceptsPerTurn get() = options.acceptsPerTurn
    private val unsettled = ArrayDeque<NioTransport>()
    private val afterSelect = ArrayDeque<Runnable>()

    /** Attempts to connect that may have no channel yet. */
    val attempts: MutableSet<Selectable> = LinkedHashSet()
    private val onReady = Consumer(::keyReady)

    override fun nanoTime(): Long = System.nanoTime()

    override fun poll(timeoutNanos: Long) {
        when {
            timeoutNanos == 0L -> selector.selectNow(onReady)
            timeoutNanos == Long.MAX_VALUE -> selector.select(onReady)
            // Rounded up: a loop that wakes up a moment early would spin until its timer is due.
            else -> selector.select(onReady, TimeUnit.NANOSECONDS.toMillis(timeoutNanos + NANOS_UP))
        }
        pollReturned()
        while (afterSelect.isNotEmpty()) guarded("closing a channel", afterSelect.removeFirst()::run)
        batchEnded()
    }

    private fun keyReady(key: SelectionKey) {
        pollReturned()
        val selectable = key.attachment() as Selectable
        val operations =
            try {
                key.readyOps()
            } catch (_: CancelledKeyException) {
                return // closed by a callback earlier in this turn
            }
        guarded("an event of $selectable") { selectable.ready(operations) }
        if (stage.owner != null || unsettled.isNotEmpty()) batchEnded()
    }

    override fun wakeUp() {
        selector.wakeup()
    }

    public override fun batchEnded() {
        stage.flush()
        while (unsettled.isNotEmpty()) {
            val transport = unsettled.removeFirst()
            guarded("closing $transport") { transport.settle() }
            stage.flush()
        }
    }

    /** [transport] has something to settle once the running callbacks have returned: its end, or a half of it. */
    fun settleLater(transport: NioTransport) {
        unsettled.addLast(transport)
        if (!isInReactorThread) runSoon { batchEnded() }
    }

    /** Runs [action] once the operating system has really closed the channels that were closed before this call. */
    fun afterSelect(action: Runnable) {
        if (isInReactorThread) {
            afterSelect.addLast(action)
            runSoon { } // so that the next select does not wait
        } else {
            selector.selectNow()
            action.run()
        }
    }

    fun register(
        channel: SelectableChannel,
        operations: Int,
        selectable: Selectable,
    ): SelectionKey = channel.register(selector, operations, selectable)

    /** Reports what a callback of the user threw. */
    fun reportError(
        context: String,
        error: Throwable,
    ) = report(context, error)

    val resolver get() = options.resolver

    /** How many channels are registered: ports, attempts, connections and those that linger. */
    val channelCount: Int get() = selector.keys().size

    override fun listenTcp(
        port: Int,
        factory: Factory,
        networkInterface: String,
        backlog: Int,
        options: TcpOptions,
    ): ListeningPort {
        checkThread("listenTcp")
        require(port in 0..0xffff) { "a port is a number from 0 to 65535, but $port was given" }
        require(backlog > 0) { "a backlog must be positive, but $backlog was given" }
        return NioPort.open(this, factory, port, networkInterface, backlog, options)
    }

    override fun connectTcp(
        host: String,
        port: Int,
        factory: ClientFactory,
        timeout: Duration,
        bindAddress: String?,
        options: TcpOptions,
    ): Connector {
        checkThread("connectTcp")
        require(host.isNotBlank()) { "connectTcp needs a host" }
        require(port in 1..0xffff) { "a port to connect to is a number from 1 to 65535, but $port was given" }
        require(!timeout.isNegative && !timeout.isZero) { "a timeout must be positive, but $timeout was given" }
        return NioConnector(this, host, port, factory, timeout, bindAddress, options).also { it.connect() }
    }

    override fun disconnectAll() {
        batchEnded()
        (selector.keys().map { it.attachment() as Selectable } + attempts).distinct().forEach { guarded("stopping $it", it::reactorStopped) }
        batchEnded()
    }

    override fun release() {
        try {
            selector.close()
        } catch (e: IOException) {
            report("closing the selector", e)
        }
    }

    private companion object {
        const val NANOS_UP = 999_999L
    }
}
