// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.log.safeMessage
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.reactor.Reactor
import dev.torsion.web.BodySink
import dev.torsion.web.HttpException
import dev.torsion.web.HttpTimeoutException
import dev.torsion.web.Request
import dev.torsion.web.RequestHandler
import dev.torsion.web.Response
import dev.torsion.web.ResponseException
import dev.torsion.web.client.Agent
import dev.torsion.web.client.AgentBusyException
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.ClientResponse
import dev.torsion.web.client.EventReading
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.Location
import dev.torsion.web.client.QueueTimeoutException
import dev.torsion.web.client.RequestBody
import dev.torsion.web.client.fetch
import dev.torsion.web.isCause
import java.net.URI
import java.time.Duration
import java.util.concurrent.CompletionStage

/**
 * Answers with what another server answers; Twisted's `ReverseProxyResource`.
 *
 * ```java
 * Site site = Site.of(reactor, ReverseProxy.of(reactor, "http://127.0.0.1:8081/"));
 * ```
 *
 * The path below the place where it is mounted, and the query, go behind the path of the target. Bodies go through as they come, in both directions,
 * and wait for whoever is slower. A client that goes away ends the request to the server; an answer that is cut is cut for the client as well.
 * `Expect: 100-continue` is passed on.
 *
 * Answers on the way (1xx) go to the client as they come, except for 100, and so do the fields behind a body, in both directions, that may stand there
 * (RFC 9110 6.5.1).
 *
 * `Location` and `Content-Location` that name the server itself become paths of the proxy: [withRewrittenLocations].
 *
 * Fields that are for one connection only are not passed on, nor are those that `Connection` names (RFC 9110 7.6.1). So a protocol is never
 * upgraded: a request that wants to is answered as if it did not (RFC 9110 7.8), except for WebSocket, which has no such answer.
 *
 * The server gets `Via`, and in `Forwarded`, `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Real-IP` who the client is. All fields
 * that begin with `X-Forwarded`, and others that say where a request is from (`True-Client-IP`, `X-Original-URL`), go away, also with `_` in place of `-`.
 * A [proxy that is trusted][dev.torsion.web.HttpServerOptions.trustedProxies] may send `Forwarded` or `X-Forwarded-For`, whichever is its kind. An agent
 * around that of the proxy adds others.
 *
 * | what has happened | the answer |
 * |---|---|
 * | the server cannot be reached, or breaks a rule of HTTP | 502 |
 * | too many requests wait for a connection to it | 503 |
 * | it does not connect or answer in time | 504 |
 * | a path with `.` or `..`, with a `;` behind it or without, or one that no URL can have | 400 |
 * | TRACE; OPTIONS of `*`; WebSocket | 405; 501; 501 |
 * | OPTIONS with `Max-Forwards: 0` | 204, of the proxy itself; a larger number goes on with one less |
 *
 * Thread: any.
 */
public class ReverseProxy private constructor(private val agent: Agent, private val target: URI, private val settings: Settings) :
    RequestHandler {
    private data class Settings(val passesHost: Boolean = false, val hasLocations: Boolean = true, val hasCookies: Boolean = false)

    private val base = target.rawPath.orEmpty().removeSuffix("/")
    private val place = "${target.scheme}://${target.rawAuthority}"

    init {
        require(target.rawQuery == null && target.rawFragment == null) { "a target has neither a query nor a fragment: $target" }
        ClientRequest.of("GET", target) // which checks it
    }

    /** This proxy, which passes the `Host` of the client on. Otherwise it is that of the target, and a server finds the client's in `X-Forwarded-Host`. */
    public fun withClientHost(): ReverseProxy = ReverseProxy(agent, target, settings.copy(passesHost = true))

    /**
     * This proxy, which changes `Location` and `Content-Location` of answers that name the server itself, or not. They are changed unless
     * told otherwise: a client may be unable to reach the server, and should not know its name.
     *
     * `http://127.0.0.1:8081/app/login` of a server at `http://127.0.0.1:8081/app` becomes `/api/login` where the proxy is mounted at
     * `/api`, and so does `/app/login`. A path that is below `/api` already stays: the server knows where it is mounted. A place with
     * another scheme, host or port, one with a user, one outside of the path of the target, and one that begins with no slash stay as they
     * are.
     */
    public fun withRewrittenLocations(isRewritten: Boolean): ReverseProxy =
        ReverseProxy(agent, target, settings.copy(hasLocations = isRewritten))

    /**
     * This proxy, which changes cookies that the server sets, or not. They are not changed unless told so. `Domain` goes away where it is
     * the server's: then the cookie is for the host that the client knows. `Path` below that of the target becomes one below the place
     * where the proxy is mounted.
     */
    public fun withRewrittenCookies(isRewritten: Boolean): ReverseProxy =
        ReverseProxy(agent, target, settings.copy(hasCookies = isRewritten))

    override fun handle(request: Request): CompletionStage<Response> = request.life.future { answer(request) }

    private suspend fun answer(request: Request): Response {
        if (request.method == "TRACE") return Response.error(405).withHeader("Allow", METHODS)
        if (isLastHop(request)) return Response.of(204).withHeader("Allow", METHODS)
        if (request.target == "*") return Response.error(501)
        if (isForWebSocket(request)) throw ResponseException(501, "WebSocket is not passed on.")
        val asked = try {
            request(request) ?: return Response.error(400)
        } catch (_: IllegalArgumentException) { // it is no URL, or has more of a field than it may
            return Response.error(400)
        }
        val response = try {
            agent.fetch(asked)
        } catch (e: Exception) {
            if (e !is HttpException && e !is CannotConnectException) throw e
            if (isOfClient(e, request)) throw e
            log.warn(
                FAILED,
                "target" to place,
                "method" to request.method,
                "path" to path(request),
                "reason" to escaped(safeMessage(e) ?: "$e"),
            )
            return Response.error(statusOf(e))
        }
        request.life.onEnd(response::close) // whatever becomes of the answer
        return answer(request, response)
    }

    /** Null when the path leads elsewhere. */
    private fun request(request: Request): ClientRequest? {
        val names = request.pathSegments
        if (names.map { it.substringBefore(';') }.any { it == "." || it == ".." }) return null // servers of servlets drop what is behind
        // In the end it could be a way out of the base.
        if (base.isNotEmpty() && names.any { name -> name.any { it == '/' || it == '\\' } }) return null
        val path = request.rawPath.removePrefix("/").split('/').drop(request.mountSegments.size).joinToString("/")
        val url = URI.create("$place$base/$path${request.rawQuery?.let { "?$it" }.orEmpty()}")
        val asked = ClientRequest.of(
            request.method,
            url,
        ).withHeaders(PassedFields.toServer(request, settings.passesHost)).withBody(body(request)).asPartOfAnswer()
            .withInterimListener { status, fields -> request.sendInterim(status, PassedFields.toClient(fields, hasTrailers = false)) }
        return if ("Expect" in request.headers) asked.withExpectContinue(true) else asked
    }

    /** Whether `Max-Forwards` says that nobody behind us is meant (RFC 9110 7.6.2). */
    private fun isLastHop(request: Request) =
        request.method == "OPTIONS" && request.headers["Max-Forwards"].orEmpty().let { it.isNotEmpty() && it.all { digit -> digit == '0' } }

    private fun body(request: Request): RequestBody? {
        val length = request.headers["Content-Length"]?.toLong() ?: if ("Transfer-Encoding" in request.headers) -1 else return null
        return RequestBody.stream(null, length) { sink ->
            while (true) sink.write(request.body.read() ?: break)
            sink.setTrailers(PassedFields.trailers(request.trailers, request.headers))
        }
    }

    /** RFC 6455 4.1. The answer of a server that sees no `Upgrade` would tell nobody what is wrong. */
    private fun isForWebSocket(request: Request) = request.isHttp11 && request.headers.hasToken("Connection", "upgrade") &&
        request.headers.tokens("Upgrade").any { it.substringBefore('/') == "websocket" }

    private fun answer(request: Request, response: ClientResponse): Response {
        val length = response.headers["Content-Length"]?.toLong() ?: -1
        val passed = PassedFields.toClient(response.headers, hasTrailers = length < 0 && request.isHttp11)
        val fields = Places(target, base, request, settings.passesHost).moved(passed, settings.hasLocations, settings.hasCookies)
        val hasNoBody = response.status == 204 || response.status == 205 || response.status == 304
        if (hasNoBody) return Response.of(response.status).withHeaders(fields)
        val write: suspend (BodySink) -> Unit = { sink ->
            while (true) sink.write(response.body.read() ?: break)
            sink.setTrailers(PassedFields.trailers(response.trailers, response.headers))
        }
        val goesOn = length < 0 && EventReading.isOfEvents(response.headers["Content-Type"]) // nobody would wait for its end
        val stream = if (goesOn) Response.ongoing(EventReading.EVENTS, write) else Response.stream("a/b", length, write)
        return stream.withStatus(response.status).withHeaders(fields)
    }

    /** Whether it is the body of [request] that has failed: its own site knows the answer. */
    private fun isOfClient(error: Throwable, request: Request): Boolean {
        return isCause(request.body.fault ?: return false, of = error)
    }

    private fun statusOf(error: Exception) = when (error) {
        is ConnectTimeoutException -> 504
        is QueueTimeoutException, is AgentBusyException -> 503
        is HttpTimeoutException -> 504
        else -> 502
    }

    private fun path(request: Request) = escaped(request.rawPath)

    override fun toString(): String = "ReverseProxy($place$base)"

    public companion object {
        private const val METHODS = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
        private const val FAILED = "{target} has not answered {method} {path}: {reason}"
        private val log = Logger(ReverseProxy::class.java)

        /**
         * A proxy for the server at [url], such as `http://127.0.0.1:8081/` or `https://example.com/app`, with an agent of its own. That gives a server
         * 10 s to connect and 30 s to answer, and 256 connections. It ends with [reactor].
         *
         * @throws IllegalArgumentException when [url] is none
         */
        @JvmStatic
        public fun of(reactor: Reactor, url: String): ReverseProxy {
            val options = HttpClientOptions.DEFAULT.withConnectTimeout(Duration.ofSeconds(10)).withResponseTimeout(Duration.ofSeconds(30))
                .withQueueTimeout(Duration.ofSeconds(10)).withMaxConnectionsPerHost(256).withUserAgent(null)
            return of(Agent.of(reactor, options), url)
        }

        /**
         * A proxy that asks by [agent], whose limits and times hold. Those should be shorter than
         * [handlerTimeout][dev.torsion.web.HttpServerOptions.handlerTimeout]: otherwise the answer is 503 in place of 504.
         *
         * @throws IllegalArgumentException when [url] is none
         */
        @JvmStatic
        public fun of(agent: Agent, url: String): ReverseProxy = ReverseProxy(agent, Location.exact(url), Settings())
    }
}
