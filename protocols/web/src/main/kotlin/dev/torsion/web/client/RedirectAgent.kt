// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.escaped
import dev.torsion.reactor.Reactor
import dev.torsion.web.Headers
import dev.torsion.web.HttpException
import java.net.URI

/**
 * Follows redirects; Twisted's `BrowserLikeRedirectAgent`. The answers on the way are the [ClientResponse.history] of the last one.
 *
 * | Status | The next request |
 * |---|---|
 * | 303 | GET without a body; HEAD stays HEAD |
 * | 301, 302 | POST becomes GET without a body, as in browsers; other methods stay |
 * | 307, 308 | the same method and body; a body that can be sent only once ends it |
 *
 * Credentials are for one origin. From the first request on that goes to another scheme, host or port, `Authorization` and `Cookie` are
 * left out. A `Host` of the request's own is sent with the first request only. A redirect from https to http is not followed, unless the
 * options allow that.
 *
 * A redirect that is not followed fails with a [RedirectException]. The body of an answer on the way is read and dropped, so that its
 * connection is used again; a large one is not waited for.
 *
 * Thread: the reactor's. Cancelling cancels the request of that moment.
 */
public class RedirectAgent
@JvmOverloads
constructor(
    private val agent: Agent,
    private val options: RedirectOptions = RedirectOptions.DEFAULT,
) : Agent {
    override fun reactor(): Reactor = agent.reactor()

    override fun request(request: ClientRequest): Deferred<ClientResponse> = inlineCallbacks {
        follow(request)
    }.onUndelivered { it.close() }

    private suspend fun follow(first: ClientRequest): ClientResponse {
        val history = ArrayList<ClientResponse>()
        var request = first
        while (true) {
            val response = agent.request(request).await()
            val next =
                try {
                    next(request, response, history)
                } catch (e: Throwable) {
                    response.close()
                    throw e
                }
            if (next == null) return if (history.isEmpty()) response else response.withHistory(history)
            Discarding.discard(agent, response, options.maxDiscardedBytes)
            history.add(response)
            request = next
        }
    }

    /** Null when [response] is the last. */
    private fun next(request: ClientRequest, response: ClientResponse, history: List<ClientResponse>): ClientRequest? {
        if (response.status !in REDIRECTS) return null
        val location = response.headers["Location"] ?: return null
        fun end(why: String, cause: Throwable? = null): Nothing =
            throw RedirectException("The redirect of ${shown(request.url)} is not followed: $why.", response, history.toList(), cause)
        if (response.headers.all("Location").distinct().size > 1) end("it leads to several places")
        val url =
            try {
                Location.resolve(request.url, location)
            } catch (e: IllegalArgumentException) {
                end("\"${escaped(location.substringBefore('?'), SHOWN)}\" is none, as ${e.message}", e)
            }
        val from = request.origin
        val to = Origin.of(url)
        if (from.isSecure && !to.isSecure && !options.isDowngradeAllowed) end("it leads from https to http")
        val isLoop = isSame(url, request.url) || history.any { isSame(url, it.request.url) }
        if (history.size >= options.maxRedirects) {
            val way = if (isLoop) "they go round" else "at most ${options.maxRedirects} are allowed"
            end("it is redirect number ${history.size + 1}, and $way")
        }
        val status = response.status
        val becomesGet = (status == SEE_OTHER && request.method != "HEAD") || (status in LIKE_BROWSERS && request.method == "POST")
        if (!becomesGet && request.body?.isReplayable == false) end("its body can be sent only once")
        var headers = request.headers.without("Host")
        if (from != to) headers = CREDENTIALS.fold(headers, Headers::without)
        if (!becomesGet) return request.withUrl(url).withHeaders(headers)
        return request.withMethod("GET").withUrl(url).withBody(null).withHeaders(OF_BODY.fold(headers, Headers::without))
    }

    private fun isSame(one: URI, other: URI) =
        Origin.of(one) == Origin.of(other) && one.rawPath == other.rawPath && one.rawQuery == other.rawQuery

    override fun toString(): String = "RedirectAgent($agent)"

    private companion object {
        const val SEE_OTHER = 303
        const val SHOWN = 200
        val LIKE_BROWSERS = setOf(301, 302)
        val REDIRECTS = setOf(301, 302, 303, 307, 308)
        val CREDENTIALS = listOf("Authorization", "Cookie")
        val OF_BODY = listOf(
            "Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-Disposition",
            "Content-Range", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Trailer",
        )
    }
}

/**
 * How redirects are followed. Immutable.
 *
 * @property maxRedirects how many in a row; 10
 * @property maxDiscardedBytes how much of the body of an answer on the way is read, so that its connection is used again; 64 KiB. A larger
 *   one costs its connection
 * @property isDowngradeAllowed whether redirects may lead from https to http; no
 */
public class RedirectOptions private constructor(
    public val maxRedirects: Int,
    public val maxDiscardedBytes: Long,
    public val isDowngradeAllowed: Boolean,
) {
    init {
        require(maxRedirects >= 0) { "maxRedirects must not be negative, but is $maxRedirects" }
        require(maxDiscardedBytes >= 0) { "maxDiscardedBytes must not be negative, but is $maxDiscardedBytes" }
    }

    /** These options with another [maxRedirects]. */
    public fun withMaxRedirects(most: Int): RedirectOptions = RedirectOptions(most, maxDiscardedBytes, isDowngradeAllowed)

    /** These options with another [maxDiscardedBytes]. */
    public fun withMaxDiscardedBytes(most: Long): RedirectOptions = RedirectOptions(maxRedirects, most, isDowngradeAllowed)

    /** These options with another [isDowngradeAllowed]. */
    public fun withDowngrade(isAllowed: Boolean): RedirectOptions = RedirectOptions(maxRedirects, maxDiscardedBytes, isAllowed)

    override fun toString(): String = "RedirectOptions(at most $maxRedirects, downgrade $isDowngradeAllowed)"

    public companion object {
        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: RedirectOptions = RedirectOptions(10, 64L * 1024, false)
    }
}

/**
 * A redirect that is not followed: there are too many, its place is no URL of HTTP, it leads from https to http, or it needs a body that
 * can be sent only once.
 *
 * @property response the answer with that redirect; its body is closed
 * @property history the answers before it
 */
public class RedirectException internal constructor(
    message: String,
    public val response: ClientResponse,
    public val history: List<ClientResponse>,
    cause: Throwable?,
) : HttpException(message, cause)
