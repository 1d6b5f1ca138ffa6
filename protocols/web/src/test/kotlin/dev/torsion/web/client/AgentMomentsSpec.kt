// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.ListeningPort
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.LeakWatch
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.listenTls
import dev.torsion.web.HttpBody
import dev.torsion.web.Response
import dev.torsion.web.Site
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.time.Duration

/** A request that is cancelled at every moment: in the queue, while it connects, in TLS, while it is written, before the answer and in its body. */
class AgentMomentsSpec :
    FunSpec({
        val voices = listOf<(World, ClientRequest) -> Voice>(::OfDeferred, ::OfFuture, ::OfCoroutine)

        fun sweep(
            options: HttpClientOptions,
            isSecure: Boolean = false,
            proxy: Boolean? = null, // whether it is spoken to over TLS
            busy: Int = 0,
            request: (World) -> ClientRequest,
        ) {
            for (voice in voices) {
                var moment = 0
                while (true) {
                    val isThere = withClue({ "cancelled after $moment turns" }) {
                        moment(moment, options, isSecure, proxy, busy) { voice(it, request(it)) }
                    }
                    if (isThere) break
                    moment += if (moment < 60) 1 else 7
                }
                moment shouldBeGreaterThan 5
            }
        }

        test("a plain request") { sweep(HttpClientOptions.DEFAULT) { ClientRequest.get(it.url("/stream")) } }

        test("a large body") {
            sweep(HttpClientOptions.DEFAULT) { world -> ClientRequest.post(world.url("/echo"), RequestBody.bytes(ByteArray(200_000))) }
        }

        test("a body that is written a little at a time, and waits for leave") {
            sweep(HttpClientOptions.DEFAULT.withExpectContinue(true)) { world ->
                ClientRequest.post(
                    world.url("/echo"),
                    RequestBody.stream(null) { sink ->
                        repeat(5) {
                            sink.write("some")
                            delay(1)
                        }
                    },
                )
            }
        }

        test("a place in the queue") {
            sweep(HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(1), busy = 2) { ClientRequest.get(it.url("/stream")) }
        }

        test("TLS") { sweep(TRUSTING, isSecure = true) { ClientRequest.get(it.url("/stream")) } }

        test("TLS through a proxy") { sweep(TRUSTING, isSecure = true, proxy = false) { ClientRequest.get(it.url("/stream")) } }

        test("TLS through a proxy that is spoken to over TLS") {
            sweep(TRUSTING, isSecure = true, proxy = true) { ClientRequest.get(it.url("/stream")) }
        }
    })

private val IDENTITY = Tls.selfSigned("localhost")
private val TRUSTING = HttpClientOptions.DEFAULT.withTls(Tls.client().withTrust(TlsTrust.of(IDENTITY)))

/** An agent and a server, on one reactor. */
private class World(val reactor: MemoryReactor, options: HttpClientOptions, private val isSecure: Boolean, isProxySecure: Boolean?) {
    private val site = Site(reactor) { request ->
        when (request.rawPath) {
            "/echo" -> Response.bytes(request.body.readBytes(), "a/b")
            "/stream" -> Response.stream("a/b") { sink ->
                repeat(5) {
                    sink.write("some")
                    delay(1)
                }
            }
            else -> Response.text("for ${request.target}")
        }
    }
    private val port: ListeningPort = if (isSecure) reactor.listenTls(0, site, Tls.server(IDENTITY)) else reactor.listenTcp(0, site)
    private val proxy = isProxySecure?.let { MemoryProxy(reactor, tls = Tls.server(IDENTITY).takeIf { _ -> it }) }
    private val way = proxy?.let { HttpProxy.of("${if (isProxySecure == true) "https" else "http"}://localhost:${it.port.port()}") }
    val agent = HttpAgent.of(reactor, options.withProxy(way))

    fun url(path: String) = "${if (isSecure) "https" else "http"}://localhost:${port.port()}$path"

    fun end() {
        agent.close()
        port.stopListening()
        proxy?.port?.stopListening()
        // A response that was let go has a second for the rest of it.
        reactor.runUntil({ agent.pool.count == 0 && reactor.network.connections == 0 }, Duration.ofSeconds(2))
        agent.pool.waitingCount shouldBe 0
    }
}

/** One request, in one of the three voices, from its beginning to the end of its body. */
private abstract class Voice {
    var isDone = false
    var error: Throwable? = null

    fun done() {
        isDone = true
    }

    fun failed(reason: Throwable) {
        error = reason
        isDone = true
    }

    abstract fun cancel()
}

private class OfDeferred(world: World, request: ClientRequest) : Voice() {
    private var response: ClientResponse? = null
    private val deferred = world.agent.request(request)

    init {
        deferred.addAsyncCallback {
            response = it
            readBody(it, HttpBody.DEFAULT_LIMIT)
        }.addCallbacks({ done() }) { failed(it.value) }
    }

    override fun cancel() = deferred.cancel()
}

private class OfFuture(world: World, request: ClientRequest) : Voice() {
    private val future = world.agent.send(request)
    private var response: ClientResponse? = null

    init {
        future.whenComplete { value, e ->
            if (e != null) return@whenComplete failed(e)
            response = value
            value.body.bytes().whenComplete { _, bodyError -> if (bodyError != null) failed(bodyError) else done() }
        }
    }

    override fun cancel() {
        if (!future.cancel(false)) response?.close()
    }
}

private class OfCoroutine(world: World, request: ClientRequest) : Voice() {
    private val job = world.reactor.scope.launch { world.agent.fetch(request).use { it.body.readBytes() } }

    init {
        job.invokeOnCompletion { if (it == null) done() else failed(it) }
    }

    override fun cancel() = job.cancel(null)
}

/** Cancels after so many turns. True when it was done by then. */
private fun moment(turns: Int, options: HttpClientOptions, isSecure: Boolean, proxy: Boolean?, busy: Int, ask: (World) -> Voice): Boolean {
    val watch = LeakWatch.begin()
    try {
        val reactor = watch.reactor
        reactor.network.chunking = Chunking.random(turns.toLong(), if (isSecure) 700 else 60)
        val world = World(reactor, options, isSecure, proxy)
        reactor.turn()
        val others = List(busy) { Asked(world.agent.request(ClientRequest.get(world.url("/other$it")))) }
        val voice = ask(world)
        repeat(turns) { if (!voice.isDone) reactor.step(it) }
        if (voice.isDone) {
            voice.error shouldBe null
            world.end()
            watch.end()
            return true
        }
        voice.cancel()
        reactor.flush()
        voice.isDone shouldBe true
        val next = Asked(world.agent.request(ClientRequest.get(world.url("/next"))))
        reactor.runUntil({ next.text != null })
        next.text shouldBe "for /next"
        others.forEachIndexed { i, other ->
            reactor.runUntil({ other.text != null })
            other.text shouldBe "for /other$i"
        }
        world.end()
        watch.end()
        return false
    } finally {
        watch.close()
    }
}

/** One turn; now and then a millisecond, for those that wait for one. */
private fun MemoryReactor.step(number: Int) = if (number % 10 == 9) advance(Duration.ofMillis(1)) else turn()
