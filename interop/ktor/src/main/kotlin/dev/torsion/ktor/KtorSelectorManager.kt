// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.nio.NioEngine
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.reactorScope
import io.ktor.network.selector.SelectInterest
import io.ktor.network.selector.Selectable
import io.ktor.network.selector.SelectorManager
import kotlinx.coroutines.cancel
import kotlinx.coroutines.suspendCancellableCoroutine
import java.nio.channels.CancelledKeyException
import java.nio.channels.ClosedChannelException
import java.nio.channels.ClosedSelectorException
import java.nio.channels.SelectionKey
import java.nio.channels.ServerSocketChannel
import java.nio.channels.spi.SelectorProvider
import java.util.IdentityHashMap
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import dev.torsion.nio.Selectable as ReactorSelectable

/**
 * ktor's sockets on this reactor's selector: they need no selector and no selecting thread of their own.
 *
 * ```kotlin
 * val selector = KtorSelectorManager(reactor)
 * reactor.scope.launch {
 *     val server = aSocket(selector).tcp().bind("127.0.0.1", 8007)
 *     while (true) serveClient(server.accept())
 * }
 * ```
 *
 * A coroutine that waits on the reactor's dispatcher goes on there; ktor itself still moves the bytes of its sockets on `Dispatchers.IO`.
 * For ktor code on the reactor's own connections, which hop nowhere, see [KtorProtocol].
 *
 * Thread: any. When the reactor stops, the sockets are closed and those who wait fail with [ClosedSelectorException].
 *
 * @throws IllegalArgumentException when [reactor] has no selector
 */
public class KtorSelectorManager(reactor: Reactor) : SelectorManager {
    private val loop = requireNotNull(reactor.capability(NioEngine::class.java)) { "$reactor has no java.nio selector to share" }
    private val registrations = IdentityHashMap<Selectable, Registration>()

    @Volatile
    private var isClosed = false

    override val provider: SelectorProvider get() = loop.provider

    override val coroutineContext: CoroutineContext = reactor.reactorScope().coroutineContext

    override suspend fun select(selectable: Selectable, interest: SelectInterest) {
        if (selectable.isClosed) throw ClosedChannelException()
        suspendCancellableCoroutine { continuation ->
            selectable.suspensions.addSuspension(interest, continuation)
            continuation.invokeOnCancellation { selectable.suspensions.removeSuspension(interest) }
            val isOnItsWay = onLoop { want(selectable, interest.flag) }
            if (!isOnItsWay) fail(selectable, ReactorNotRunningException())
        }
    }

    override fun notifyClosed(selectable: Selectable) {
        fail(selectable, ClosedChannelException())
        onLoop { registrations.remove(selectable)?.key?.cancel() }
    }

    /** Closes all sockets of this manager; the reactor goes on. */
    override fun close() {
        isClosed = true
        cancel("the selector manager is closed")
        onLoop { registrations.values.toList().forEach { it.end() } }
    }

    private fun onLoop(action: Runnable): Boolean {
        if (!loop.inLoop) return loop.runSoon(action)
        action.run()
        return true
    }

    private fun want(selectable: Selectable, operation: Int) {
        try {
            if (isClosed) throw ClosedSelectorException()
            val key = registrations.getOrPut(selectable) { Registration(selectable) }.key
            key.interestOps(key.interestOps() or operation)
        } catch (_: CancelledKeyException) {
            fail(selectable, ClosedChannelException())
        } catch (e: Exception) {
            fail(selectable, e)
        }
    }

    private fun fail(selectable: Selectable, cause: Exception) =
        selectable.suspensions.invokeForEachPresent { _ -> resumeWithException(cause) }

    override fun toString(): String = "KtorSelectorManager(${registrations.size} sockets, $loop)"

    /** One socket of ktor on the selector. */
    private inner class Registration(private val selectable: Selectable) : ReactorSelectable {
        val key: SelectionKey = loop.register(selectable.channel, 0, this)

        override fun ready(operations: Int) {
            try {
                key.interestOps(key.interestOps() and operations.inv()) // until somebody waits again
            } catch (_: CancelledKeyException) {
                return fail(selectable, ClosedChannelException())
            }
            selectable.suspensions.invokeForEachPresent(operations) { resume(Unit) }
        }

        /** A connection may have something to send. */
        override fun reactorStopping() {
            if (selectable.channel is ServerSocketChannel) end()
        }

        override fun reactorStopped() = end()

        fun end() {
            registrations.remove(selectable)
            key.cancel()
            fail(selectable, ClosedSelectorException())
            selectable.channel.close()
        }

        override fun toString() = "ktor's $selectable"
    }
}
