// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.loop.Loop
import dev.torsion.loop.escaped
import dev.torsion.loop.guarded
import dev.torsion.spi.Poller
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.LoopStreams
import java.io.IOException
import java.nio.channels.CancelledKeyException
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.spi.SelectorProvider
import java.util.concurrent.TimeUnit
import java.util.function.Consumer

/**
 * Waits on a `java.nio` selector, which is epoll, kqueue or wepoll underneath.
 *
 * It is the poller of a [NioEngine], which gives it its streams, and of no other engine. It is open for selectors and channels that are
 * not the platform's: another [provider] is all that a network in memory needs, and perhaps another way to [select].
 *
 * Thread: the loop's, except for [wakeUp].
 *
 * @property provider where the selector and the channels come from
 */
@TorsionSpi
public open class NioPoller(
    /** The loop that waits here. */
    protected val loop: Loop,
    public val provider: SelectorProvider = SelectorProvider.provider(),
) : Poller {
    init {
        if (provider === SelectorProvider.provider()) FirstUse.ofSockets()
    }

    private var ready = arrayOfNulls<SelectionKey>(FEW)
    private var readyCount = 0
    private val onReady = Consumer(::remember)
    private val registered = ArrayList<SelectionKey>() // a selector that somebody closes forgets its own; a few are of closed channels
    private val afterSelect = ArrayDeque<Runnable>()

    /** The bytes and the work that the channels' transports have left. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal lateinit var streams: LoopStreams

    /** The selector that this waits on. */
    protected val selector: Selector = provider.openSelector() // last of what takes memory: nobody would close it

    final override fun await(timeoutNanos: Long) {
        streams.turnBegan()
        forgetReady() // when the last wait has failed: the selector tells again what is ready
        forgetClosed()
        select(timeoutNanos, onReady)
    }

    /** Those that were closed may stay until they are many. */
    private fun forgetClosed() {
        val open = if (selector.isOpen) selector.keys().size else return
        if (registered.size > open + open / 8 + MOST_FORGOTTEN) registered.removeIf { !it.isValid }
    }

    /** Waits on the [selector] for at most [timeoutNanos], with the meaning of [await], and gives [ready] each key that is. */
    protected open fun select(timeoutNanos: Long, ready: Consumer<SelectionKey>) {
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
        if (Thread.interrupted()) {
            loop.reportError("the reactor's thread was interrupted, which does not end it", InterruptedException(INTERRUPTED))
        }
    }

    private fun remember(key: SelectionKey) {
        if (readyCount == ready.size) ready = ready.copyOf(2 * readyCount)
        ready[readyCount++] = key
    }

    private fun forgetReady() {
        if (readyCount == 0) return
        ready.fill(null, 0, readyCount)
        readyCount = 0
    }

    final override fun dispatch() {
        val count = readyCount
        val closed = afterSelect.size // what callbacks close from now on is closed by the next select
        for (i in 0 until count) {
            val key = ready[i]!!
            ready[i] = null
            keyReady(key)
        }
        readyCount = 0
        runAfterSelect(closed)
    }

    /** Throws nothing: an exception of a callback is no fault of the selector. */
    private fun keyReady(key: SelectionKey) {
        try {
            val selectable = key.attachment() as Selectable
            val operations =
                try {
                    key.readyOps() and key.interestOps() // an earlier callback of this turn may want no more of them
                } catch (_: CancelledKeyException) {
                    return // closed by a callback earlier in this turn
                }
            if (operations == 0) return
            loop.callbackBegins()
            loop.guarded({ "an event of $selectable" }) { selectable.ready(operations) }
            if (streams.hasWork) streams.batchEnded() // before the next event
        } catch (e: Throwable) {
            loop.escaped("handling an event failed", e)
        }
    }

    private fun runAfterSelect(count: Int) {
        repeat(count) { loop.guarded({ "closing a channel" }, afterSelect.removeFirst()::run) }
    }

    // The next select must not wait when something is to be done after it.
    final override val hasWork: Boolean get() = afterSelect.isNotEmpty()

    final override val canWait: Boolean get() = selector.isOpen

    override fun wakeUp() {
        selector.wakeup()
    }

    final override fun batchEnded(): Unit = streams.batchEnded()

    /** Runs [action] once the operating system has really closed the channels that were closed before this call. */
    @JvmSynthetic
    internal fun afterSelect(action: Runnable) {
        if (loop.inLoop) {
            afterSelect.addLast(action)
        } else {
            selector.selectNow()
            action.run()
        }
    }

    /** See [NioEngine.register]. */
    @JvmSynthetic
    internal fun register(channel: SelectableChannel, operations: Int, selectable: Selectable): SelectionKey {
        val isNew = channel.keyFor(selector) == null // an attempt's channel becomes a connection's
        return channel.register(selector, operations, selectable).also { if (isNew) registered.add(it) }
    }

    /** All channels' own. The keys may be looked at by any thread while they change. */
    @JvmSynthetic
    internal fun selectables(): List<Selectable> {
        val keys = if (selector.isOpen) selector.keys() else registered.filter { it.channel().isOpen }
        return keys.map { it.attachment() as Selectable }
    }

    @get:JvmSynthetic
    internal val registeredCount: Int get() = registered.size

    /** How many channels are registered, that [which] says. On any thread. */
    @JvmSynthetic
    internal inline fun count(which: (Any?) -> Boolean): Int = if (canWait) keys().count { which(it.attachment()) } else 0

    @JvmSynthetic
    internal fun keys(): Set<SelectionKey> = selector.keys()

    override fun close() {
        try {
            selector.close()
        } catch (e: IOException) {
            loop.reportError("closing the selector", e)
        }
        while (afterSelect.isNotEmpty()) runAfterSelect(afterSelect.size)
    }

    private companion object {
        const val FEW = 64
        const val MOST_FORGOTTEN = 16
        const val INTERRUPTED =
            "an interrupt does not end the loop: stop it with stopFromThread, which shutdownNow of an executor does not call"
    }
}
