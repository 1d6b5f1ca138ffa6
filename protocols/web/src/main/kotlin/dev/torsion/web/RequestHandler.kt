// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.future.await
import java.util.concurrent.CompletionStage

/**
 * Answers requests. The same object answers those of all connections. A [Router] is one, and so is a [Resource] with all that is below
 * it.
 */
public fun interface RequestHandler {
    /**
     * The answer to [request], perhaps later. A stage that fails with a [ResponseException] has its answer; any other failure is answered
     * with 500, and reported. When the client goes away, or the time of [HttpServerOptions.handlerTimeout] is over, a stage that is a
     * future is cancelled.
     *
     * Thread: the reactor's; it must not block.
     */
    public fun handle(request: Request): CompletionStage<Response>
}

/** A handler that is a suspend function. */
internal class SuspendHandler(val handler: suspend (Request) -> Response) : RequestHandler {
    override fun handle(request: Request): CompletionStage<Response> = request.life.future { handler(request) }
}

/** The handler as a suspend function: no future stands between one coroutine and the next. */
internal fun RequestHandler.suspending(): suspend (Request) -> Response = when (this) {
    is SuspendHandler -> handler
    is Router -> handler
    is Resource -> ::find
    is VirtualHosts -> ::answer
    else -> { request -> requireAnswer(requireAnswer(handle(request), "handler").await(), "handler") }
}

/** The answer that code of Java has [given]. A null is an error that says whose it is. */
internal fun <T : Any> requireAnswer(given: T?, from: String): T = given ?: throw NullPointerException("The $from has given no answer.")
