// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.Request
import dev.torsion.web.Response
import dev.torsion.web.Site
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

/** A client and its servers on a network in memory. */
internal class HttpScene(options: HttpClientOptions, handler: suspend (Request) -> Response) : AutoCloseable {
    val reactor = MemoryReactor()
    val seen = ArrayList<Request>()
    val agent = HttpAgent(reactor, options)
    val http = HttpClient.of(agent)

    /** The URL of another server, of another origin. */
    fun server(handler: suspend (Request) -> Response): String {
        val site = Site(reactor) { request ->
            seen.add(request)
            handler(request)
        }
        return "http://127.0.0.1:${reactor.listenTcp(0, site, "127.0.0.1").port()}"
    }

    val base = server(handler)

    /** The result of what runs on the virtual clock, or what it fails with. */
    fun <T> CompletableFuture<T>.now(seconds: Long = 0): T {
        reactor.flush()
        if (seconds > 0) reactor.runFor(Duration.ofSeconds(seconds))
        try {
            return get(0, TimeUnit.SECONDS)
        } catch (e: ExecutionException) {
            throw e.cause!!
        }
    }

    fun paths() = seen.map { "${it.method} ${it.target}" }

    override fun close() {
        agent.close()
        reactor.flush()
        reactor.close()
    }
}

internal fun httpScene(
    options: HttpClientOptions = HttpClientOptions.DEFAULT,
    handler: suspend (Request) -> Response = { Response.text("${it.method} ${it.target}") },
    test: HttpScene.() -> Unit,
): Unit = HttpScene(options, handler).use(test)
