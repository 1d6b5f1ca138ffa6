// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.Logger
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.CoroutineScope
import java.util.concurrent.CompletableFuture

/**
 * The place of one request, and its end: all views of it share them.
 *
 * @property scope that of the connection
 */
internal open class RequestLife(val reactor: Reactor, val scope: CoroutineScope) {
    val loop: ScopeExecutor = ScopeExecutor(scope)

    /** Where the request comes from, as trusted proxies say. */
    var origin: Origin? = null

    /** See [RequestIds]. */
    var id: String? = null

    /** For the listener; null when there is none. */
    var record: RequestRecord? = null

    /** See [Request.user]. */
    var user: String? = null
        set(value) {
            field = value
            record?.user = value
        }

    /** Whether the client speaks TLS, to us or to a proxy that we trust. */
    var isSecure: Boolean = false

    /** The fields behind the body, once that has ended. */
    @Volatile
    var trailers: Headers = Headers.EMPTY
        protected set

    /** Sends an answer on the way to the last one. On the loop. */
    open fun sendInterim(status: Int, headers: Headers): Unit = Unit

    /** The form that the body is, once somebody has asked for it. */
    var form: CompletableFuture<FormData>? = null

    /** Whether somebody listens to what becomes of the request. */
    open val isObserved: Boolean get() = false

    private var atEnd: ArrayList<Runnable>? = null
    private var hasEnded = false

    /** A router that is mounted at the pattern [mount] has found [pattern]: the whole path fits it, or its beginning when it [isOpen]. */
    open fun routed(mount: String, pattern: String, isOpen: Boolean) {}

    /**
     * Calls [action] when the request is over: its answer is written, or its client has gone, or the server has ended. At once when it is
     * over already. On the loop.
     */
    fun onEnd(action: Runnable) {
        if (hasEnded) return action.run()
        (atEnd ?: ArrayList<Runnable>(1).also { atEnd = it }).add(action)
    }

    /** For the connection: the request is over. */
    protected fun ended() {
        hasEnded = true
        val actions = atEnd ?: return
        atEnd = null
        for (action in actions) {
            try {
                action.run()
            } catch (e: Throwable) { // the connection goes on all the same
                log.failure("The end of a request could not be told to {listener}", e, "listener" to action.javaClass.name)
            }
        }
    }

    /** The result of [block], run in the place of the handlers; as a future, from any thread. Cancelling it cancels [block]. */
    fun <T> future(block: suspend () -> T): CompletableFuture<T> = loop.futureOnLoop { inlineCallbacks(scope.coroutineContext) { block() } }

    private companion object {
        val log = Logger(Site::class.java)
    }
}
