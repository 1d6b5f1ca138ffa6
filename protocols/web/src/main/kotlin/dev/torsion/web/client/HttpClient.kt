// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.reactor.Reactor
import dev.torsion.web.Headers
import dev.torsion.web.ValueWriter
import java.net.URI
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * A client of HTTP for programs, in the manner of Python's treq. It follows redirects, takes codings off, and gives answers as text, JSON,
 * files or events.
 *
 * ```kotlin
 * val http = HttpClient(reactor)
 * val cat = http.get("https://example.com/cats").query("name", "Tom").raiseForStatus().json<Cat>()
 * ```
 * ```java
 * HttpClient http = HttpClient.of(reactor);
 * String text = http.get("https://example.com/").text().join();
 * ```
 *
 * Immutable: each `with` method gives another client, over the same connections. It keeps no cookies until [withCookies] gives it a jar.
 *
 * Thread: any, also for its calls, except for [HttpCall.request].
 */
public class HttpClient private constructor(
    private val agent: Agent,
    private val owned: AutoCloseable?,
    @get:JvmSynthetic internal val settings: Settings,
) : AutoCloseable {
    /** How calls are made. */
    internal data class Settings(
        val base: URI? = null,
        val headers: Headers = Headers.EMPTY,
        val timeout: Duration? = null,
        val jar: CookieJar? = null,
        val authentications: List<Pair<String, Authentication>> = emptyList(),
        val redirects: RedirectOptions? = RedirectOptions.DEFAULT,
        val decoding: DecodingLimits? = DecodingLimits.DEFAULT,
        val json: JsonMapper? = null,
        val raises: Boolean = false,
    )

    /** All layers but that of redirects. */
    private val layers: Agent = settings.run {
        var layered = agent
        if (decoding != null) layered = ContentDecoderAgent(layered, decoding)
        if (jar != null) layered = CookieAgent(layered, jar)
        for ((url, authentication) in authentications) layered = AuthenticatingAgent(layered, authentication, url)
        layered
    }

    /** The agent for a call; an [authentication] of the call is for the server of [url] only. */
    @JvmSynthetic
    internal fun agent(authentication: Authentication?, url: URI): Agent {
        val authenticated = if (authentication == null) layers else AuthenticatingAgent(layers, authentication, url.toString())
        return settings.redirects?.let { RedirectAgent(authenticated, it) } ?: authenticated
    }

    /** The reactor that it belongs to. */
    public fun reactor(): Reactor = agent.reactor()

    /** This client, whose URLs begin at [url]: `users/7` below `https://example.com/v1/`. It refuses URLs of other servers. */
    public fun withBaseUrl(url: String): HttpClient = with(settings.copy(base = Location.parse(url).also(Origin::of)))

    /**
     * This client, with a field in each request that has none of [name].
     *
     * @throws IllegalArgumentException for `Authorization` and `Cookie`, which would go to any server: see [withAuthentication] and [withCookies]
     */
    public fun withHeader(name: String, value: String): HttpClient {
        require(SECRET.none { it.equals(name, ignoreCase = true) }) { "$name is for one server: use withAuthentication or withCookies" }
        return with(settings.copy(headers = settings.headers.with(name, value)))
    }

    /** This client, with another time for all of a call; null for any time. See [HttpCall.timeout]. */
    public fun withTimeout(timeout: Duration?): HttpClient = with(settings.copy(timeout = timeout))

    /** This client, which keeps its cookies in [jar]; null for none. The reactor's thread uses the jar from then on. */
    public fun withCookies(jar: CookieJar?): HttpClient = with(settings.copy(jar = jar))

    /** This client, which shows [authentication] to the server of [url], and to nobody else. */
    public fun withAuthentication(url: String, authentication: Authentication): HttpClient {
        val server = Location.parse(url).also(Origin::of)
        return with(settings.copy(authentications = settings.authentications + ("$server" to authentication)))
    }

    /** This client with other options for redirects; null for none followed. */
    public fun withRedirects(redirects: RedirectOptions?): HttpClient = with(settings.copy(redirects = redirects))

    /** This client with other limits of bodies whose codings are taken off; null for bodies as they come. */
    public fun withDecoding(decoding: DecodingLimits?): HttpClient = with(settings.copy(decoding = decoding))

    /** This client, with [mapper] for [HttpCall.json] and [HttpCall.jsonBody]. */
    public fun withJson(mapper: JsonMapper): HttpClient = with(settings.copy(json = mapper))

    /** [withJson] with two functions: `withJson(mapper::writeValueAsString, mapper::readValue)` for Jackson. */
    public fun withJson(writer: ValueWriter<Any>, reader: JsonTypeReader): HttpClient = withJson(JsonMapper.of(writer, reader))

    /** This client, whose calls fail for each status from 400 on, see [HttpCall.raiseForStatus]. */
    public fun raisingForStatus(): HttpClient = with(settings.copy(raises = true))

    private fun with(settings: Settings) = HttpClient(agent, owned, settings)

    /** A call of GET. @throws IllegalArgumentException when [url] is none */
    public fun get(url: String): HttpCall = call("GET", url)

    /** A call of HEAD. @throws IllegalArgumentException when [url] is none */
    public fun head(url: String): HttpCall = call("HEAD", url)

    /** A call of POST. @throws IllegalArgumentException when [url] is none */
    public fun post(url: String): HttpCall = call("POST", url)

    /** A call of PUT. @throws IllegalArgumentException when [url] is none */
    public fun put(url: String): HttpCall = call("PUT", url)

    /** A call of PATCH. @throws IllegalArgumentException when [url] is none */
    public fun patch(url: String): HttpCall = call("PATCH", url)

    /** A call of DELETE. @throws IllegalArgumentException when [url] is none */
    public fun delete(url: String): HttpCall = call("DELETE", url)

    /** A call of OPTIONS. @throws IllegalArgumentException when [url] is none */
    public fun options(url: String): HttpCall = call("OPTIONS", url)

    /** A call of any method. @throws IllegalArgumentException when [method] or [url] is none */
    public fun call(method: String, url: String): HttpCall {
        val parsed = Location.parse(url)
        val base = settings.base ?: return HttpCall(this, ClientRequest.of(method, parsed))
        val whole = Location.resolve(base, parsed)
        require(Origin.of(whole) == Origin.of(base)) { "this client asks ${Origin.of(base)} only, and not ${Origin.of(whole)}" }
        return HttpCall(this, ClientRequest.of(method, whole))
    }

    /** Writes the body of [response] to the file at [path], as [HttpCall.saveTo] does, and closes the response. */
    public fun saveTo(response: ClientResponse, path: Path): CompletableFuture<Path> = reactor().futureOnLoop { saving(response, path) }

    /** [saveTo] for coroutines. */
    @JvmSynthetic
    public suspend fun readTo(response: ClientResponse, path: Path): Path = reactor().awaitOnLoop { saving(response, path) }

    private fun saving(response: ClientResponse, path: Path) = inlineCallbacks {
        response.use { Download(reactor(), path).save { each -> while (true) each(response.body.next().await() ?: break) } }
    }

    /** Closes the agent that this client, or the one that it was made of, has made for itself. Another agent stays open. */
    override fun close() {
        owned?.close()
    }

    override fun toString(): String = "HttpClient($agent${settings.base?.let { ", ${shown(it)}" }.orEmpty()})"

    public companion object {
        private val SECRET = listOf("Authorization", "Cookie", "Proxy-Authorization")

        /** A client with connections of its own. Close it in the end. */
        @JvmSynthetic
        public operator fun invoke(reactor: Reactor, options: HttpClientOptions = HttpClientOptions.DEFAULT): HttpClient =
            of(reactor, options)

        /** A client with connections of its own. Close it in the end. */
        @JvmStatic
        @JvmOverloads
        public fun of(reactor: Reactor, options: HttpClientOptions = HttpClientOptions.DEFAULT): HttpClient =
            HttpAgent(reactor, options).let { HttpClient(it, it, Settings()) }

        /** A client over [agent]. Closing the client does not close the agent. */
        @JvmStatic
        public fun of(agent: Agent): HttpClient = HttpClient(agent, null, Settings())
    }
}
