// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.client.Agent
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.HttpClientOptions
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.time.Duration
import java.util.concurrent.TimeUnit

/** Requests of servers and clients as meters: exact by the virtual clock, and never more of them than the program has kinds. */
class HttpMetricsSpec :
    FunSpec({
        test("a server: number, time, bytes and what is active, by the pattern of the route") {
            val registry = SimpleMeterRegistry()
            MemoryReactor().use { reactor ->
                val users = Router { get("/{id:int}") { Response.text("user") } }
                val router = Router {
                    get("/slow") {
                        delay(250)
                        Response.text("slow")
                    }
                    get("/waits") { awaitCancellation() }
                    get("/fails") { error("broken") }
                    post("/echo") { Response.bytes(it.body.readBytes(), "a/b") }
                    get("/moved") { Response.redirect("/slow") }
                    get("/") { Response.text("root") }
                    mount("/api/users", users)
                    mount("/files", suspendHandler)
                    mount("/", Router { get("/last/{rest...}") { Response.text("rest") } })
                }
                val metrics = HttpServerMetrics(registry, Tags.of("app", "orders"))
                val site = Site(reactor, router, HttpServerOptions.DEFAULT.withListener(metrics))
                val base = "http://127.0.0.1:${reactor.listenTcp(0, site, "127.0.0.1").port()}"
                Agent(reactor).use { agent ->
                    val http = HttpClient.of(agent).withRedirects(null)
                    val found = listOf("/slow", "/slow", "/", "/api/users/7", "/api/users/8", "/files/a", "/last/a/b", "/moved")
                    for (path in found + listOf("/api/users/x", "/none")) {
                        reactor.await(http.get(base + path).send()).close()
                    }
                    reactor.await(http.post("$base/echo").body("12345").bytes())
                    reactor.await(http.call("BREW", "$base/slow").send()).close()
                    reactor.await(http.get("$base/fails").send()).close()
                    val waiting = http.get("$base/waits").send()
                    reactor.flush()
                    registry.get("http.server.requests.active").tag("app", "orders").gauge().value() shouldBe 1.0
                    waiting.cancel(true)
                    reactor.flush()
                    registry.get("http.server.requests.active").gauge().value() shouldBe 0.0
                }
                val timers = registry.find("http.server.requests").timers().map { "${tags(it)} ${it.count()}" }
                timers shouldContainExactlyInAnyOrder listOf(
                    "GET /slow 200 SUCCESS none 2", "GET / 200 SUCCESS none 1", "GET /api/users/{id:int} 200 SUCCESS none 2",
                    "GET /api/users/** 404 CLIENT_ERROR none 1", "GET /files/** 200 SUCCESS none 1",
                    "GET /last/{rest...} 200 SUCCESS none 1", "GET /** 404 CLIENT_ERROR none 1",
                    "GET /moved 302 REDIRECTION none 1", "POST /echo 200 SUCCESS none 1",
                    "OTHER NOT_FOUND 405 CLIENT_ERROR none 1", "GET /fails 500 SERVER_ERROR IllegalStateException 1",
                    "GET /waits CLIENT_GONE UNKNOWN ConnectionLost 1",
                )
                registry.get("http.server.requests").tag("uri", "/slow").timer().run {
                    totalTime(TimeUnit.MILLISECONDS) shouldBe 500.0
                    max(TimeUnit.MILLISECONDS) shouldBe 250.0
                }
                registry.get("http.server.request.size").tag("uri", "/echo").summary().totalAmount() shouldBe 5.0
                registry.get("http.server.response.size").tag("uri", "/slow").summary().totalAmount() shouldBe 8.0
                metrics.close()
                registry.meters.shouldBeEmpty()
            }
        }

        test("no client makes meters: neither by paths nor by methods nor by what breaks a rule") {
            val registry = SimpleMeterRegistry()
            MemoryReactor().use { reactor ->
                val site = Site(reactor, HttpServerOptions.DEFAULT.withListener(HttpServerMetrics(registry))) { Response.error(404) }
                val base = "http://127.0.0.1:${reactor.listenTcp(0, site, "127.0.0.1").port()}"
                Agent(reactor).use { agent ->
                    repeat(200) { reactor.await(agent.send("M$it", "$base/$it")).close() }
                }
            }
            registry.find("http.server.requests").timers().map { "${tags(it)} ${it.count()}" } shouldContainExactlyInAnyOrder
                listOf("OTHER NOT_FOUND 404 CLIENT_ERROR none 200")
        }

        test("a client: number, time, bytes, errors and what is active; by the route and the host that the program names") {
            val registry = SimpleMeterRegistry()
            MemoryReactor().use { reactor ->
                val site = Site(reactor) { request ->
                    if (request.target == "/waits") awaitCancellation()
                    delay(100)
                    Response.bytes(request.body.readBytes(), "a/b")
                }
                val port = reactor.listenTcp(0, site, "127.0.0.1").port()
                val metrics = HttpClientMetrics(registry)
                Agent(reactor, HttpClientOptions.DEFAULT.withListener(metrics)).use { agent ->
                    HttpPoolMetrics(agent, "orders").bindTo(registry)
                    val http = HttpClient.of(agent).withBaseUrl("http://127.0.0.1:$port")
                    repeat(2) { reactor.await(http.put("/users/$it").route("/users/{id}").body("abc").bytes()) }
                    reactor.await(http.get("/").bytes())
                    val waiting = List(9) { http.get("/waits").send() }
                    reactor.flush()
                    fun pool(name: String, vararg tags: String) = registry.get(name).tags("agent", "orders", *tags).gauge().value()
                    registry.get("http.client.requests.active").gauge().value() shouldBe 9.0
                    pool("http.client.connections", "state", "used") shouldBe 8.0
                    pool("http.client.connections", "state", "idle") shouldBe 0.0
                    pool("http.client.connections.max") shouldBe 256.0
                    pool("http.client.requests.waiting") shouldBe 1.0
                    waiting.forEach { it.cancel(true) }
                    reactor.flush()
                    val refused = agent.send("GET", "http://127.0.0.1:1/")
                    reactor.flush()
                    refused.isCompletedExceptionally shouldBe true
                    registry.get("http.client.requests.active").gauge().value() shouldBe 0.0
                    pool("http.client.connections", "state", "used") shouldBe 0.0
                    pool("http.client.requests.waiting") shouldBe 0.0
                }
                registry.find("http.client.requests").timers().map { "${tags(it)} ${it.count()}" } shouldContainExactlyInAnyOrder listOf(
                    "PUT /users/{id} 200 SUCCESS none 127.0.0.1 2",
                    "GET none 200 SUCCESS none 127.0.0.1 1",
                    "GET none IO_ERROR UNKNOWN none 127.0.0.1 9",
                    "GET none IO_ERROR UNKNOWN ConnectionRefusedException 127.0.0.1 1",
                )
                registry.get("http.client.requests").tag("method", "PUT").timer().totalTime(TimeUnit.MILLISECONDS) shouldBe 200.0
                for (meter in listOf("request", "response")) {
                    registry.get("http.client.$meter.size").tag("uri", "/users/{id}").summary().totalAmount() shouldBe 6.0
                }
                metrics.close()
            }
        }

        test("meters that are made while they are closed are closed too") {
            val registry = SimpleMeterRegistry()
            val meters = HttpMeters(registry, "http.server", Tags.empty())
            val closing = Thread(meters::close)
            registry.config().onMeterAdded {
                if (closing.state == Thread.State.NEW) closing.start()
                val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
                while (closing.state != Thread.State.BLOCKED && closing.isAlive && System.nanoTime() < deadline) Thread.onSpinWait()
            }
            meters.begun()
            meters.ended(HttpKind("GET", "/", 200, null, "none"), Duration.ofMillis(1), 0, 0)
            closing.join(20_000)
            registry.meters.shouldBeEmpty()
        }

        test("a crawler, and routes that are no patterns, have a limited number of meters") {
            val registry = SimpleMeterRegistry()
            MemoryReactor().use { reactor ->
                Agent(reactor, HttpClientOptions.DEFAULT.withListener(HttpClientMetrics(registry))).use { agent ->
                    repeat(500) {
                        val request = ClientRequest.get("http://127.0.${it / 250}.${it % 250}:1/").withRoute("/users/$it")
                        agent.send(request).exceptionally { null }
                        reactor.runFor(Duration.ofSeconds(1))
                    }
                }
            }
            val timers = registry.find("http.client.requests").timers()
            timers.sumOf { it.count() } shouldBe 500
            timers.size shouldBeLessThan 103
        }
    })

private val suspendHandler: suspend (dev.torsion.web.Request) -> Response = { Response.text("file") }

private fun tags(meter: Meter): String =
    listOf("method", "uri", "status", "outcome", "exception", "client.name").mapNotNull { meter.id.getTag(it) }.joinToString(" ")
