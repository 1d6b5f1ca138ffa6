// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.defer.DeferredCoroutine
import dev.torsion.defer.watch
import dev.torsion.loop.ReactorNotRunningException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.job
import kotlinx.coroutines.withContext
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext

/**
 * Coroutines on a reactor's thread that end together: when the scope is [closed][close], or when the reactor stops. A failed one is
 * reported once and harms no other. [reactorScope] makes one.
 *
 * ```kotlin
 * class Feed(reactor: Reactor) : AutoCloseable {
 *     private val scope = reactor.reactorScope()
 *     fun follow(source: Source) = scope.launch { for (item in source) show(item) }
 *     override fun close() = scope.close()
 * }
 * ```
 *
 * Thread: any. Close it in the end, since the reactor keeps an open one.
 */
public class ReactorScope internal constructor(parent: CoroutineScope, handler: CoroutineContext = EmptyCoroutineContext) :
    CoroutineScope,
    AutoCloseable {
    override val coroutineContext: CoroutineContext = parent.coroutineContext + SupervisorJob(parent.coroutineContext.job) + handler

    /** Cancels all coroutines of the scope; it takes no more. They end on the reactor's thread. Closing it again does nothing. */
    override fun close(): Unit = cancel("the scope of this coroutine was closed")

    override fun toString(): String = "ReactorScope(${coroutineContext.job})"
}

/**
 * A scope of its own for some of this reactor's coroutines; [Reactor.scope] is for all of them. A failed coroutine is reported to
 * [ReactorOptions.errorListener], and the others go on. Thread: any.
 */
public fun Reactor.reactorScope(): ReactorScope = ReactorScope(scope)

/**
 * Runs [block] on this reactor's thread, from any coroutine, and waits for it and for all coroutines that it has launched. It is a
 * `coroutineScope` on the reactor's thread.
 *
 * ```kotlin
 * val both = reactor.reactorScope {
 *     val one = async { fetch(first) }
 *     val two = async { fetch(second) }
 *     one.await() + two.await()
 * }
 * ```
 *
 * The first failure of a coroutine cancels the others and is thrown here, and reported nowhere else. With a `supervisorScope` inside, the
 * others go on, and their failures are reported as in [Reactor.scope]. The caller goes on with its own dispatcher.
 *
 * **Cancellation.** Cancelling the caller cancels the block and its coroutines, and so does the reactor when it stops.
 *
 * @throws ReactorNotRunningException when the reactor has stopped before the block was done. The block waits for a reactor that does not
 *   run yet
 */
@JvmSynthetic
public suspend fun <T> Reactor.reactorScope(block: suspend CoroutineScope.() -> T): T {
    val life = scope.coroutineContext.job
    val handler =
        DeferredCoroutine.handlerOf(currentCoroutineContext()) ?: scope.coroutineContext[CoroutineExceptionHandler] ?: EmptyCoroutineContext
    try {
        return withContext(dispatcher + handler) {
            val own = coroutineContext.job
            val end = watch(life) { own.cancel("the reactor has stopped") }
            own.invokeOnCompletion { end.close() }
            block()
        }
    } catch (e: CancellationException) {
        if (life.isActive) throw e
        currentCoroutineContext().ensureActive()
        throw ReactorNotRunningException("The reactor has stopped before the coroutine was done.").apply { initCause(e) }
    }
}
