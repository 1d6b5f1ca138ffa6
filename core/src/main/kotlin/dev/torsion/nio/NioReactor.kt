// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.clock.TimerQueue
import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.net.Transport
import dev.torsion.reactor.AbstractReactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.escaped
import dev.torsion.reactor.guarded
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.LoopStreams
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.nio.channels.CancelledKeyException
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.spi.SelectorProvider
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.function.Consumer
import java.util.function.Supplier
import dev.torsion.reactor.reportFailure as reportAsReactor

/**
 * The reactor on a `java.nio` selector, which is epoll, kqueue or wepoll underneath; see [dev.torsion.reactor.Reactor.create].
 *
 * Open for reactors whose channels are not the platform's: another [provider] of selectors and channels is all that a network in
 * memory needs, and every rule of the transports stays the same.
 */
public open class NioReactor(
    options: ReactorOptions,
    /** Where the selector and the channels come from. */
    @property:TorsionSpi
    public val provider: SelectorProvider = SelectorProvider.provider(),
    timers: TimerQueue? = null,
) : AbstractReactor(options, timers),
    StreamLoop {
    init {
        if (provider === SelectorProvider.provider()) FirstUse.ofSockets()
    }

    internal val readBuffer = ReadBuffer()
    final override val streams: LoopStreams = LoopStreams(this)

    /** The selector that this reactor waits on. */
    protected val selector: Selector = provider.openSelector() // last of what takes memory: nobody would close it
    internal val readsPerTurn get() = options.readsPerTurn
    internal val acceptsPerTurn get() = options.acceptsPerTurn
    private val afterSelect = ArrayDeque<Runnable>()

    /** Attempts to connect; they may have any number of channels. */
    internal val attempts: MutableSet<NioAttempt> = LinkedHashSet()

    /** What this reactor has of the ports of its group. */
    internal val shares: MutableSet<PortShare> = LinkedHashSet()
    private val onReady = Consumer(::keyReady)

    override fun nanoTime(): Long = System.nanoTime()

    /** Waits on the [selector] for at most [timeoutNanos], with the meaning of [poll], and gives [ready] each key that is. */
    protected open fun select(
        timeoutNanos: Long,
        ready: Consumer<SelectionKey>,
    ) {
        if (timeoutNanos == 0L) {
            selector.selectNow(ready)
            return
        }
        // Rounded up: a loop that wakes up a moment early would spin until its timer is due.
        val millis = if (timeoutNanos == Long.MAX_VALUE) 0 else TimeUnit.NANOSECONDS.toMillis(timeoutNanos - 1) + 1
        if (selector.select(ready, millis) == 0) heedInterrupt()
    }

    /** For [select]: a selector does not wait on a thread that is interrupted, so that the loop would spin for ever. */
    protected fun heedInterrupt() {
        if (Thread.interrupted()) report("the reactor's thread was interrupted, which does not end it", InterruptedException(INTERRUPTED))
    }

    final override fun poll(timeoutNanos: Long) {
        streams.turnBegan()
        select(timeoutNanos, onReady)
        pollReturned()
        runAfterSelect()
        batchEnded()
    }

    private fun runAfterSelect() {
        while (afterSelect.isNotEmpty()) guarded({ "closing a channel" }, afterSelect.removeFirst()::run)
    }

    // The next select must not wait when something is to be done after it.
    override fun hasReadyWork(): Boolean = afterSelect.isNotEmpty() || super.hasReadyWork()

    /** Throws nothing: what comes out of [select] is the selector's fault. */
    private fun keyReady(key: SelectionKey) {
        try {
            pollReturned()
            val selectable = key.attachment() as Selectable
            val operations =
                try {
                    key.readyOps()
                } catch (_: CancelledKeyException) {
                    return // closed by a callback earlier in this turn
                }
            guarded({ "an event of $selectable" }) { selectable.ready(operations) }
            if (streams.hasWork) streams.batchEnded()
        } catch (e: Throwable) {
            escaped("handling an event failed", e)
        }
    }

    override fun wakeUp() {
        selector.wakeup()
    }

    override val canPoll: Boolean get() = selector.isOpen

    final override fun batchEnded(): Unit = streams.batchEnded()

    final override val loopName: String get() = name

    final override fun reportFailure(
        error: Throwable,
        connection: Transport?,
        what: Supplier<String>,
    ): Unit = reportAsReactor(error, connection, what)

    /** Runs [action] once the operating system has really closed the channels that were closed before this call. */
    internal fun afterSelect(action: Runnable) {
        if (isInReactorThread) {
            afterSelect.addLast(action)
        } else {
            selector.selectNow()
            action.run()
        }
    }

    /**
     * Puts [channel], which does not block, on the selector: [selectable] hears when it is ready for one of [operations], a set of
     * `SelectionKey` bits. The key takes other operations, and cancelling it ends this. Thread: the reactor's.
     *
     * @throws java.nio.channels.ClosedChannelException when the channel is closed
     * @throws dev.torsion.reactor.ReactorNotRunningException when the reactor is ending, or has ended
     */
    @TorsionSpi
    public fun register(
        channel: SelectableChannel,
        operations: Int,
        selectable: Selectable,
    ): SelectionKey {
        checkTakesNew()
        return channel.register(selector, operations, selectable)
    }

    // The keys may be looked at by any thread while they change.
    override val connectionCount: Int get() = if (selector.isOpen) selector.keys().count { it.attachment() is NioStream } else 0

    /** How many channels are registered: ports, attempts, connections and those that linger. */
    internal val channelCount: Int get() = selector.keys().size

    override fun listenTcp(
        port: Int,
        factory: Factory,
        networkInterface: String,
        backlog: Int,
        options: TcpOptions,
    ): ListeningPort {
        checkThread("listenTcp")
        checkTakesNew()
        require(port in 0..0xffff) { "a port is a number from 0 to 65535, but $port was given" }
        require(backlog > 0) { "a backlog must be positive, but $backlog was given" }
        return NioPort(this, factory, ListeningPlace(port, networkInterface, backlog), options).also { it.startListening() }
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
        checkTakesNew()
        return NioConnector(this, NioTarget(host, port, timeout, bindAddress, options), factory).also { it.connect() }
    }

    override fun disconnectAll() {
        batchEnded()
        attempts.toList().forEach { guarded({ "stopping $it" }, it::reactorStopped) }
        shares.toList().forEach { it.close() }
        channels().forEach { guarded({ "stopping $it" }, it::reactorStopped) }
        batchEnded()
    }

    private fun channels() = if (selector.isOpen) selector.keys().map { it.attachment() as Selectable } else emptyList()

    override fun release() {
        // What callbacks have begun since: there is nobody left to go on with it.
        (attempts.toList().map { it::reactorStopped } + channels().map { it::reactorStopped }).forEach { guarded({ "a late end" }, it) }
        try {
            selector.close()
        } catch (e: IOException) {
            report("closing the selector", e)
        }
        runAfterSelect()
    }

    private companion object {
        const val INTERRUPTED =
            "an interrupt does not end the loop: stop it with stopFromThread, which shutdownNow of an executor does not call"
    }
}
