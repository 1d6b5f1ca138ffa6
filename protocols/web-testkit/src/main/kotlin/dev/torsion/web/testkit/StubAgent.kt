// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.web.Headers
import dev.torsion.web.Request
import dev.torsion.web.RequestHandler
import dev.torsion.web.Response
import dev.torsion.web.Site
import dev.torsion.web.client.Agent
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.ClientResponse
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.RequestBody

/**
 * An agent whose servers are all one site, in memory; the `RequestTraversalAgent` of `treq.testing`. The site, its handlers and the client
 * are those of production: only the network and the clock are not.
 *
 * ```java
 * var client = StubAgent.of(reactor, router);
 * assertEquals("user 7", client.get("/users/7").text());
 * ```
 *
 * The site is asked for every URL, whatever its host and port: over TLS for `https`, with a certificate that is good for all hosts. A program that
 * takes an [Agent] takes this one. A test that wants the answer itself calls [ask], [get] or [post]: they let time pass until the whole
 * answer is there, for a minute of virtual time at most.
 *
 * Thread: the test's.
 */
public class StubAgent private constructor(private val reactor: MemoryReactor, site: Site, options: HttpClientOptions) :
    Agent,
    AutoCloseable {
    private val site = site.apply { isNoisy = false }
    private val port = reactor.listenTcp(0, site, HOST)
    private var tlsPort: ListeningPort? = null
    private val agent = Agent.of(
        reactor,
        options.withTls(Tls.client().withTrust(TlsTrust.of(IDENTITY.value)).withoutNameCheck())
            .withEndpoints { url -> TCP4ClientEndpoint(reactor, HOST, portFor(url.scheme)) },
    )

    override fun reactor(): Reactor = reactor

    override fun request(request: ClientRequest): Deferred<ClientResponse> = agent.request(request)

    private fun portFor(scheme: String): Int {
        val found = when {
            scheme.equals("http", ignoreCase = true) -> port
            else -> tlsPort ?: reactor.listenTcp(0, Tls.server(IDENTITY.value).wrap(site), HOST).also { tlsPort = it }
        }
        return (found.host() as InternetAddress).port
    }

    /** The whole answer to [request]. @throws AssertionError when there is none in time. An error of the request is thrown as it is */
    public fun ask(request: ClientRequest): StubAnswer {
        val response = reactor.await(send(request))
        return StubAnswer(response.status, response.headers, reactor.await(response.body.bytes()))
    }

    /** [ask] for a [method] and a [url], which may be a path. */
    public fun ask(method: String, url: String): StubAnswer = ask(ClientRequest.of(method, whole(url)))

    /** `GET` a [url], which may be a path. */
    public fun get(url: String): StubAnswer = ask("GET", url)

    /** `POST` [body] to a [url], which may be a path. */
    public fun post(url: String, body: RequestBody): StubAnswer = ask(ClientRequest.post(whole(url), body))

    private fun whole(url: String) = if (url.startsWith('/')) "http://localhost$url" else url

    /** Closes the connections and the port. */
    override fun close() {
        agent.close()
        port.stopListening()
        tlsPort?.stopListening()
    }

    override fun toString(): String = "StubAgent($port)"

    public companion object {
        private const val HOST = "127.0.0.1"
        private val IDENTITY = lazy { Tls.selfSigned("localhost") }

        /** An agent for a handler that is a suspend function. */
        @JvmSynthetic
        public operator fun invoke(reactor: MemoryReactor, handler: suspend (Request) -> Response): StubAgent =
            of(reactor, Site(reactor, handler = handler))

        /** An agent for a router, a tree of resources or any other handler: for Kotlin. */
        @JvmSynthetic
        public operator fun invoke(reactor: MemoryReactor, handler: RequestHandler): StubAgent = of(reactor, handler)

        /** An agent for [handler]: a router, a resource with all that is below it, or any other. */
        @JvmStatic
        public fun of(reactor: MemoryReactor, handler: RequestHandler): StubAgent = of(reactor, Site.of(reactor, handler))

        /** An agent for [site]. */
        @JvmStatic
        public fun of(reactor: MemoryReactor, site: Site): StubAgent = of(reactor, site, HttpClientOptions.DEFAULT)

        /** The same with other [options] of the client, except for its TLS and its endpoints. */
        @JvmStatic
        public fun of(reactor: MemoryReactor, site: Site, options: HttpClientOptions): StubAgent = StubAgent(reactor, site, options)
    }
}

/**
 * A whole answer; see [StubAgent.ask].
 *
 * @property status the status, such as 200
 * @property headers the fields of the head
 */
public class StubAnswer internal constructor(
    @get:JvmName("status") public val status: Int,
    @get:JvmName("headers") public val headers: Headers,
    private val bytes: ByteArray,
) {
    /** The body. The array is a copy. */
    public fun body(): ByteArray = bytes.copyOf()

    /** The body as text in UTF-8. */
    public fun text(): String = bytes.toString(Charsets.UTF_8)

    override fun toString(): String = "StubAnswer($status, $headers, ${bytes.size} bytes)"
}
