// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped
import dev.torsion.web.Headers
import dev.torsion.web.TrailerFields
import dev.torsion.web.isAuthority
import dev.torsion.web.isToken
import java.net.URI
import java.time.Duration
import java.util.Objects

/**
 * A request of a client. Immutable: each `with` method gives another one.
 *
 * ```java
 * ClientRequest request =
 *     ClientRequest.post("https://example.com/cats", RequestBody.text("Tom")).withHeader("Accept", "application/json");
 * ```
 *
 * The agent adds `Host`, `Content-Length` or `Transfer-Encoding`, and `Content-Type` where the body has one and the headers have none. A
 * field `TE: trailers` tells the server that the client reads fields behind the body (RFC 9110 10.1.4). Some servers send such fields only
 * then.
 *
 * Thread: any.
 *
 * @property method the method, such as `GET`
 * @property url the URL: `http` or `https`, with a host, without a user. Its fragment is not sent
 * @property headers the fields that were given
 * @property body the body, which is sent behind the head; null for none
 * @property timeout how long all of it may take, to the last byte of the answer; null for that of the options
 * @property readTimeout how long each next byte of the answer may take; null for that of the options
 * @property expectContinue whether the body waits until the server says that it wants it (RFC 9110 10.1.1), a second at most; null for that
 *   of the options
 * @property interimListener hears of answers on the way to the last one; null for nobody
 * @property route what kind of request this is, for figures, such as `/users/{id}`; it is not sent. Null for no kind
 */
public class ClientRequest private constructor(
    @get:JvmName("method") public val method: String,
    @get:JvmName("url") public val url: URI,
    @get:JvmName("headers") public val headers: Headers,
    @get:JvmName("body") public val body: RequestBody?,
    @get:JvmName("timeout") public val timeout: Duration?,
    @get:JvmName("readTimeout") public val readTimeout: Duration?,
    @get:JvmName("expectContinue") public val expectContinue: Boolean?,
    @get:JvmName("interimListener") public val interimListener: InterimListener?,
    @get:JvmName("route") public val route: String?,
    private val isPartOfAnswer: Boolean = false,
) {
    /** Whether a stop of the reactor waits for its answer, as for an answer that is written: it is one for somebody else. */
    @get:JvmSynthetic
    internal val holdsStop: Boolean get() = isPartOfAnswer

    @get:JvmSynthetic
    internal val origin: Origin = Origin.of(url)

    @get:JvmSynthetic
    internal val target: String

    init {
        require(isToken(method)) { "\"${escaped(method, SHOWN)}\" is no method" }
        require(method != "CONNECT") { "CONNECT is for agents, which send it to proxies by themselves" }
        for (name in OURS) require(name !in headers) { "the agent sets $name by itself" }
        require(headers.all("Host").size <= 1) { "there is more than one Host" }
        require("Host" !in headers || isAuthority(headers["Host"]!!)) { "the Host is none" }
        require("TE" !in headers || headers.tokens("TE") == listOf("trailers")) { "TE may only say trailers" }
        require(headers.tokens("Trailer").all(TrailerFields::isAllowed)) { "Trailer has a name that may not stand behind a body" }
        require("Connection" !in headers || headers.tokens("Connection") == listOf("close")) { "Connection may only say close" }
        target = Origin.target(method, url)
        for (time in listOfNotNull(timeout, readTimeout)) {
            require(!time.isNegative && !time.isZero) { "a time-out must be positive, but is $time" }
        }
    }

    /** Whether it does the same when it is sent twice (RFC 9110 9.2.2), and can be. */
    @get:JvmSynthetic
    internal val isRepeatable: Boolean get() = method in IDEMPOTENT && body?.isReplayable != false

    /** This request with another [method]. */
    public fun withMethod(method: String): ClientRequest = copy(method = method)

    /** This request for another [url]. */
    public fun withUrl(url: URI): ClientRequest = copy(url = url)

    /** This request with other [headers]. */
    public fun withHeaders(headers: Headers): ClientRequest = copy(headers = headers)

    /** This request with one field of [name] in place of all that there are. */
    public fun withHeader(name: String, value: String): ClientRequest = copy(headers = headers.with(name, value))

    /** This request with another [body]; null for none. */
    public fun withBody(body: RequestBody?): ClientRequest = copy(body = body)

    /** This request with a [timeout] for all of it; null for that of the options. */
    public fun withTimeout(timeout: Duration?): ClientRequest = copy(timeout = timeout)

    /** This request with a [readTimeout]; null for that of the options. */
    public fun withReadTimeout(timeout: Duration?): ClientRequest = copy(readTimeout = timeout)

    /** This request, whose body waits for leave or not. */
    public fun withExpectContinue(expectContinue: Boolean): ClientRequest = copy(expectContinue = expectContinue)

    /** This request, whose answers on the way to the last one are told to [listener]; null for nobody. */
    public fun withInterimListener(listener: InterimListener?): ClientRequest = copy(interimListener = listener)

    /**
     * This request as one of the kind [route], such as `/users/{id}`, for a [ClientRequestListener]: figures must not have a kind for each URL. Null
     * for no kind.
     */
    public fun withRoute(route: String?): ClientRequest = copy(route = route)

    private fun copy(
        method: String = this.method,
        url: URI = this.url,
        headers: Headers = this.headers,
        body: RequestBody? = this.body,
        timeout: Duration? = this.timeout,
        readTimeout: Duration? = this.readTimeout,
        expectContinue: Boolean? = this.expectContinue,
        interimListener: InterimListener? = this.interimListener,
        route: String? = this.route,
        isPartOfAnswer: Boolean = this.isPartOfAnswer,
    ) = ClientRequest(method, url, headers, body, timeout, readTimeout, expectContinue, interimListener, route, isPartOfAnswer)

    /** This request as one whose answer goes on to somebody else. */
    @JvmSynthetic
    internal fun asPartOfAnswer(): ClientRequest = copy(isPartOfAnswer = true)

    /** The request in a sentence, without the query, which may have secrets. */
    @get:JvmSynthetic
    internal val shown: String get() = "$method $origin${escaped(url.rawPath.orEmpty(), SHOWN)}"

    /** Without the query, which may have secrets. */
    override fun toString(): String = "ClientRequest($shown)"

    public companion object {
        private const val SHOWN = 200
        private val IDEMPOTENT = setOf("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
        private val OURS = listOf("Content-Length", "Transfer-Encoding", "Upgrade", "Expect", "Proxy-Authorization")

        /** A request without a body. @throws IllegalArgumentException when the method or the URL is none */
        @JvmStatic
        public fun of(method: String, url: URI): ClientRequest =
            ClientRequest(method, Objects.requireNonNull(url), Headers.EMPTY, null, null, null, null, null, null)

        /**
         * The same for a [url] as text. Letters of all languages are escaped. A space, or another character that no URL has, is refused;
         * [HttpClient] escapes those too.
         */
        @JvmStatic
        public fun of(method: String, url: String): ClientRequest = of(method, Location.exact(url))

        /** `GET` [url]. */
        @JvmStatic
        public fun get(url: String): ClientRequest = of("GET", url)

        /** `HEAD` [url]. */
        @JvmStatic
        public fun head(url: String): ClientRequest = of("HEAD", url)

        /** `DELETE` [url]. */
        @JvmStatic
        public fun delete(url: String): ClientRequest = of("DELETE", url)

        /** `POST` [body] to [url]. */
        @JvmStatic
        public fun post(url: String, body: RequestBody): ClientRequest = of("POST", url).withBody(body)

        /** `PUT` [body] to [url]. */
        @JvmStatic
        public fun put(url: String, body: RequestBody): ClientRequest = of("PUT", url).withBody(body)

        /** `PATCH` [url] with [body]. */
        @JvmStatic
        public fun patch(url: String, body: RequestBody): ClientRequest = of("PATCH", url).withBody(body)
    }
}

/** Hears of the answers of 102 to 199 that come before the one that a request gets (RFC 9110 15.2), such as 103 with links to load early (RFC 8297). */
public fun interface InterimListener {
    /**
     * An answer with [status] and [headers] has come, and another one will. It is not called for 100, nor once the request has failed or was cancelled. When
     * it throws, the request fails with that.
     *
     * Thread: the reactor's.
     */
    public fun interim(status: Int, headers: Headers)
}
