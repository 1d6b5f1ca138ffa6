// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.future.await
import java.time.Instant
import java.util.Objects
import java.util.concurrent.CompletionStage

/** Answers requests. The same object answers those of all connections. */
public fun interface RequestHandler {
    /**
     * The answer to [request], perhaps later. A stage that fails is answered with 500, and reported. When the client goes away, or the time of
     * [HttpServerOptions.handlerTimeout] is over, a stage that is a future is cancelled.
     *
     * Thread: the reactor's; it must not block.
     */
    public fun handle(request: Request): CompletionStage<Response>
}

internal fun RequestHandler.suspending(): suspend (Request) -> Response = { request ->
    Objects.requireNonNull(handle(request).await(), "The handler has given no answer.")
}

/**
 * A server of HTTP/1.1: the factory for an endpoint of any kind; Twisted's `Site`.
 *
 * ```kotlin
 * val site = Site(reactor) { request -> Response.text("hello, ${request.query("name")}") }
 * serverFromString(reactor, "tcp:8080").listen(site).await()
 * ```
 * ```java
 * Site site = Site.of(reactor, request -> completedFuture(Response.text("hello")));
 * torsion.listen("tcp:8080", site);
 * ```
 *
 * The requests of a connection are handled one after the other, so their answers have their order. Requests that a client sends ahead wait:
 * some in memory, the rest with the client. A handler runs on the reactor's thread. It is cancelled when its client goes away.
 *
 * When the port stops listening, each answer is the last one of its connection. A stop that drains the port
 * ([dev.torsion.net.ListeningPort.drain], or the end of the reactor) lets the answers in flight end, and closes connections that wait for a
 * request.
 *
 * A handler that fails is answered with 500 and no word of the error; the log has it. A request that breaks a rule of HTTP or a limit gets
 * its status, and the end of the connection.
 *
 * @property options limits and time-outs
 */
public class Site private constructor(
    @get:JvmSynthetic internal val clock: Clock,
    public val options: HttpServerOptions,
    @get:JvmSynthetic internal val handler: suspend (Request) -> Response,
) : Factory() {
    private var dateSecond = Long.MIN_VALUE
    private var date = ""

    /** Whether no port listens for this site any more: then each answer is the last of its connection. */
    @get:JvmSynthetic
    internal var isEnding: Boolean = false
        private set

    override fun startFactory() {
        isEnding = false
    }

    override fun stopFactory() {
        isEnding = true
    }

    override fun buildProtocol(address: Address): Protocol = ServerConnection(this).also { it.factory = this }

    /** The value of `Date` (RFC 9110 6.6.1). */
    @JvmSynthetic
    internal fun date(): String {
        val now = System.currentTimeMillis() / MILLIS
        if (now != dateSecond) {
            dateSecond = now
            date = HttpDate.format(Instant.ofEpochSecond(now))
        }
        return date
    }

    public companion object {
        private const val MILLIS = 1000

        /** A site with a handler that is a suspend function. */
        @JvmSynthetic
        public operator fun invoke(
            reactor: Reactor,
            options: HttpServerOptions = HttpServerOptions.DEFAULT,
            handler: suspend (Request) -> Response,
        ): Site = Site(reactor, options, handler)

        /** A site that finds the handler of each request by its path and method: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(reactor: Reactor, router: Router, options: HttpServerOptions = HttpServerOptions.DEFAULT): Site =
            of(reactor, router, options)

        /** A site with a handler of Java. */
        @JvmStatic
        @JvmOverloads
        public fun of(reactor: Reactor, handler: RequestHandler, options: HttpServerOptions = HttpServerOptions.DEFAULT): Site =
            Site(reactor, options, handler.suspending())

        /** A site whose resources are a tree below [root]. */
        @JvmStatic
        @JvmOverloads
        public fun of(reactor: Reactor, root: Resource, options: HttpServerOptions = HttpServerOptions.DEFAULT): Site =
            Site(reactor, options, root::find)

        /** A site that finds the handler of each request by its path and method. */
        @JvmStatic
        @JvmOverloads
        public fun of(reactor: Reactor, router: Router, options: HttpServerOptions = HttpServerOptions.DEFAULT): Site =
            Site(reactor, options, router::handle)
    }
}
