// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Agents")

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.futureOnLoop
import dev.torsion.reactor.Reactor
import dev.torsion.web.Headers
import dev.torsion.web.HttpBody
import dev.torsion.web.client.HttpClientOptions.Companion.DEFAULT
import java.util.concurrent.CompletableFuture

/**
 * Sends requests; Twisted's `IAgent`. [HttpAgent] talks to servers. Other agents stand around an agent, and change requests or answers.
 *
 * ```kotlin
 * Agent(reactor).fetch("GET", "http://example.com/").use { response -> println(response.body.readText()) }
 * ```
 * ```java
 * Agent.of(reactor).send("GET", "http://example.com/")
 *     .thenCompose(response -> response.body().bytes())
 *     .thenAccept(body -> System.out.println(body.length));
 * ```
 *
 * The answer is there with its head, and its body is still coming. Read the body to its end, or [close][ClientResponse.close] the response:
 * until then it has a connection.
 *
 * **Cancelling** the Deferred, the future or the coroutine ends the request at any moment, and its connection with it. A response that
 * comes in that very moment is closed.
 */
public interface Agent {
    /**
     * Sends [request]. Fires with the head of the answer, of whatever status.
     *
     * Fails with a [CannotConnectException][dev.torsion.net.CannotConnectException] where there is no connection: refused, TLS, no address, no
     * time; and with an [HttpException][dev.torsion.web.HttpException] for all that happens on one or before: see `HttpAgent`.
     *
     * Thread: the reactor's.
     */
    public fun request(request: ClientRequest): Deferred<ClientResponse>

    /** The reactor that this agent belongs to. On any thread. */
    public fun reactor(): Reactor

    /** [request] without a body; Twisted's `request`. @throws IllegalArgumentException when the method or the URL is none */
    public fun request(method: String, url: String): Deferred<ClientResponse> = request(ClientRequest.of(method, url))

    /** [request] with fields and a body; Twisted's `request`. @throws IllegalArgumentException when one of them is none of HTTP */
    public fun request(method: String, url: String, headers: Headers, body: RequestBody?): Deferred<ClientResponse> =
        request(ClientRequest.of(method, url).withHeaders(headers).withBody(body))

    /** [request] as a future. On any thread. */
    public fun send(request: ClientRequest): CompletableFuture<ClientResponse> = reactor().futureOnLoop { request(request) }

    /** [send] without a body. @throws IllegalArgumentException when the method or the URL is none */
    public fun send(method: String, url: String): CompletableFuture<ClientResponse> = send(ClientRequest.of(method, url))

    public companion object {
        /** An agent with a pool of its own. Close it in the end. On any thread. */
        @JvmSynthetic
        public operator fun invoke(reactor: Reactor, options: HttpClientOptions = DEFAULT): HttpAgent = HttpAgent(reactor, options)

        /** An agent with a pool of its own. Close it in the end. On any thread. */
        @JvmStatic
        public fun of(reactor: Reactor): HttpAgent = HttpAgent(reactor, DEFAULT)

        /** The same with other [options]. */
        @JvmStatic
        public fun of(reactor: Reactor, options: HttpClientOptions): HttpAgent = HttpAgent(reactor, options)
    }
}

/** [Agent.request] for coroutines, on any dispatcher. */
@JvmSynthetic
public suspend fun Agent.fetch(request: ClientRequest): ClientResponse = reactor().awaitOnLoop { request(request) }

/** [fetch] of a [url]. @throws IllegalArgumentException when a part of the request is none of HTTP */
@JvmSynthetic
public suspend fun Agent.fetch(method: String, url: String, headers: Headers = Headers.EMPTY, body: RequestBody? = null): ClientResponse =
    fetch(ClientRequest.of(method, url).withHeaders(headers).withBody(body))

/**
 * The whole body of [response]; Twisted's `readBody`. Fails with a [BodyTooLargeException][dev.torsion.web.BodyTooLargeException] when that has more
 * than [limit] bytes. When it fails or is cancelled, the response is closed.
 *
 * Thread: the reactor's.
 */
@JvmOverloads
public fun readBody(response: ClientResponse, limit: Long = HttpBody.DEFAULT_LIMIT): Deferred<ByteArray> =
    response.body.all(limit).addErrback {
        response.close()
        throw it.value
    }
