// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Filters")

package dev.torsion.web

import kotlinx.coroutines.future.await
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * A filter around the handlers of a site ([Site.with]) or of a router ([Router.Builder.with]), or around one handler ([around]). It may
 * look at the request, answer it without the handler, give the handler another view of the request, and change the answer. The first filter
 * sees the request first, and the answer last.
 *
 * ```java
 * RequestFilter noStore = (request, next) ->
 *     next.handle(request).thenApply(answer -> answer.withHeader("Cache-Control", "no-store"));
 * Site site = Site.of(reactor, router).with(noStore);
 * ```
 * ```kotlin
 * val site = Site(reactor, router).with { request, next -> next(request).withHeader("Cache-Control", "no-store") }
 * ```
 *
 * When the handler fails with a [ResponseException], the filter gets the answer in it. Any other failure is handed on as it is. When the
 * answer of the filter is there, work is cancelled that the filter has begun and does not wait for.
 *
 * Thread: the reactor's; it must not block.
 */
public fun interface RequestFilter {
    /** The answer to [request], perhaps later, as a rule that of [next]. */
    public fun filter(request: Request, next: RequestHandler): CompletionStage<Response>

    /** [handler] with this filter around it: for one route. */
    public fun around(handler: RequestHandler): RequestHandler = SuspendHandler(suspending(handler.suspending()))

    /** [around] for Kotlin. */
    @JvmSynthetic
    public fun around(handler: suspend (Request) -> Response): suspend (Request) -> Response = suspending(handler)
}

/** A filter of a suspend function: for Kotlin. */
@JvmSynthetic
public fun requestFilter(filter: suspend (request: Request, next: suspend (Request) -> Response) -> Response): RequestFilter =
    SuspendFilter(filter)

internal class SuspendFilter(private val filter: suspend (Request, suspend (Request) -> Response) -> Response) : RequestFilter {
    override fun filter(request: Request, next: RequestHandler): CompletionStage<Response> =
        request.life.future { filter(request, next.suspending()) }

    fun suspending(next: suspend (Request) -> Response): suspend (Request) -> Response {
        val answering = answering(next)
        return { request -> filter(request, answering) }
    }
}

/** [next] with this filter around it. */
internal fun RequestFilter.suspending(next: suspend (Request) -> Response): suspend (Request) -> Response {
    if (this is SuspendFilter) return suspending(next)
    val answering = answering(next)
    return { request ->
        val begun = Begun(answering)
        try {
            requireAnswer(requireAnswer(filter(request, begun), "filter").await(), "filter")
        } finally {
            begun.cancel()
        }
    }
}

/** A handler whose filters are around it, the first one outermost; the handler itself when there are none. */
internal fun List<RequestFilter>.around(handler: suspend (Request) -> Response): suspend (Request) -> Response =
    foldRight(handler) { filter, next -> filter.suspending(next) }

private fun answering(next: suspend (Request) -> Response): suspend (Request) -> Response = { request ->
    try {
        next(request)
    } catch (e: ResponseException) {
        e.response
    }
}

/** The handler behind a filter of Java. A stage that a filter makes of its future does not hand a cancellation on. So we do. */
private class Begun(private val next: suspend (Request) -> Response) : RequestHandler {
    private val futures = ArrayList<CompletableFuture<Response>>(1)
    private var isOver = false

    override fun handle(request: Request): CompletionStage<Response> {
        val future = request.life.future { next(request) }
        val isLate = synchronized(futures) { isOver.also { if (!it) futures.add(future) } }
        if (isLate) future.cancel(false)
        return future
    }

    fun cancel() {
        synchronized(futures) { isOver = true }
        futures.forEach { it.cancel(false) }
    }
}
