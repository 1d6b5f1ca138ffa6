// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import dev.torsion.log.Logger
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import java.time.Instant

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
 * When a handler fails, the client gets 500 and no word of the error. The log has the error. A request that breaks a rule of HTTP or a
 * limit gets the status for that, and its connection ends.
 *
 * @property options limits and time-outs
 */
public class Site private constructor(
    @get:JvmSynthetic internal val reactor: Reactor,
    public val options: HttpServerOptions,
    private val bare: suspend (Request) -> Response,
    private val filters: List<RequestFilter>,
    private val errorPages: ErrorPages?,
) : Factory() {
    @get:JvmSynthetic
    internal val clock: Clock get() = reactor

    @get:JvmSynthetic
    internal val handler: suspend (Request) -> Response = filters.around(bare)
    private var dateSecond = Long.MIN_VALUE
    private var date = ""

    /** Whether no port listens for this site any more: then each answer is the last of its connection. */
    @get:JvmSynthetic
    internal var isEnding: Boolean = false
        private set

    /** Answers that go on until this site ends. */
    @get:JvmSynthetic
    internal val ongoing: OngoingAnswers = OngoingAnswers(reactor)

    /** The rule that says which clients may connect. */
    @get:JvmSynthetic
    internal val admission: Admission = Admission(options)

    override fun startFactory() {
        isEnding = false
        FirstRequest.beginOn(reactor.workers)
        ongoing.begin()
    }

    override fun stopFactory() {
        isEnding = true
        ongoing.end()
    }

    override fun buildProtocol(address: Address): Protocol? =
        if (admission.admits(address)) ServerConnection(this).also { it.factory = this } else null

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

    /**
     * This site with [filter] around its handler, inside of those that it has already. The first filter sees a request first. It is
     * another site, which knows nothing of the ports and connections of this one: call it before listening.
     */
    public fun with(filter: RequestFilter): Site = Site(reactor, options, bare, filters + filter, errorPages)

    /** [with] for Kotlin. */
    @JvmSynthetic
    public fun with(filter: suspend (request: Request, next: suspend (Request) -> Response) -> Response): Site = with(SuspendFilter(filter))

    /** This site with [pages] in place of its short error pages, as another site. */
    public fun withErrorPages(pages: ErrorPages): Site = Site(reactor, options, bare, filters, pages)

    /** [answer], or the page of this site in its place. */
    @JvmSynthetic
    internal fun paged(answer: Response): Response {
        val pages = errorPages ?: return answer
        if (!answer.isErrorPage) return answer
        return try {
            pages.page(answer.status)?.let(answer::withPage) ?: answer
        } catch (e: Throwable) { // there is an answer all the same
            log.failure("The error page of {status} has failed", e, "status" to answer.status)
            answer
        }
    }

    public companion object {
        private val log = Logger(Site::class.java)
        private const val MILLIS = 1000

        /** A site with a handler that is a suspend function. */
        @JvmSynthetic
        public operator fun invoke(
            reactor: Reactor,
            options: HttpServerOptions = HttpServerOptions.DEFAULT,
            handler: suspend (Request) -> Response,
        ): Site = Site(reactor, options, handler, emptyList(), null)

        /** A site with a router, a tree of resources or any other handler: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(
            reactor: Reactor,
            handler: RequestHandler,
            options: HttpServerOptions = HttpServerOptions.DEFAULT,
        ): Site = of(reactor, handler, options)

        /** A site with [handler]: a [Router], a [Resource] with all that is below it, or any other. */
        @JvmStatic
        @JvmOverloads
        public fun of(reactor: Reactor, handler: RequestHandler, options: HttpServerOptions = HttpServerOptions.DEFAULT): Site =
            Site(reactor, options, handler.suspending(), emptyList(), null)
    }
}

/**
 * Makes the error pages of a site, in place of short texts: for requests that break a rule, for handlers that fail, and for
 * [Response.error]. An answer that a handler has made by itself stays as it is.
 *
 * ```java
 * Site site = Site.of(reactor, router).withErrorPages(status -> Response.bytes(page(status), "text/html; charset=utf-8"));
 * ```
 *
 * Thread: the reactor's; it must not block.
 */
public fun interface ErrorPages {
    /** The page for [status], whose own status does not matter; null for the short one. A body that is a stream is not taken. */
    public fun page(status: Int): Response?
}
