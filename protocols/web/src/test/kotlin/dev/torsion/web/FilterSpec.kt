// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletableFuture.completedFuture
import java.util.concurrent.CompletionException

/** Work around handlers, in both voices, and answers that are thrown. */
class FilterSpec :
    FunSpec({
        fun ask(site: (MemoryReactor) -> Site, request: String = get("/")): String = MemoryReactor().use { reactor ->
            val client = Raws.connect(reactor, site(reactor))
            client.send(request)
            reactor.flush()
            client.got()
        }

        fun naming(name: String, to: ArrayList<String>) = requestFilter { request, next ->
            to.add("$name asks")
            next(request).also { to.add("$name has ${it.status}") }
        }

        test("the first filter sees the request first and the answer last: of the site, the router and the route, in both voices") {
            val seen = ArrayList<String>()
            val ofJava = RequestFilter { request, next ->
                seen.add("java asks")
                next.handle(request).thenApply { answer -> answer.also { seen.add("java has ${it.status}") } }
            }
            val router = Router {
                with(naming("router", seen))
                with(ofJava)
                get("/", naming("route", seen).around { Response.of(204).also { seen.add("handler") } })
            }
            ask({ Site(it, router).with(naming("one", seen)).with(naming("two", seen)) }) shouldStartWith "HTTP/1.1 204 "
            val order = listOf("one", "two", "router", "java", "route")
            seen shouldContainExactly order.map { "$it asks" } + "handler" + order.reversed().map { "$it has 204" }
            seen.clear()
            ask({ Site.of(it, ofJava.around(RequestHandler { completedFuture(Response.of(202)) })) }) shouldStartWith "HTTP/1.1 202 "
            seen shouldContainExactly listOf("java asks", "java has 202")
        }

        test("the filters of a router are around its 404 and 405 too") {
            val router = Router {
                with { request, next -> next(request).withHeader("X-Seen", "yes") }
                get("/a") { Response.of(204) }
            }
            ask({ Site(it, router) }, get("/none")) shouldContain "\r\nX-Seen: yes\r\n"
            ask({ Site(it, router) }, post("/a", "")) shouldContain "\r\nX-Seen: yes\r\n"
        }

        test("a handler without filters is itself: nothing is put around it") {
            val handler: suspend (Request) -> Response = { Response.of(204) }
            emptyList<RequestFilter>().around(handler) shouldBeSameInstanceAs handler
            SuspendHandler(handler).suspending() shouldBeSameInstanceAs handler
        }

        test("a filter gives something to the handler, by a key, and answers without it") {
            val user = RequestKey<String>("user")
            val site = { reactor: MemoryReactor ->
                Site(reactor) { Response.text("hello ${it[user]}") }
                    .with { request, next -> request.query("user")?.let { next(request.with(user, it)) } ?: Response.error(401) }
            }
            ask(site, get("/?user=joe")).substringAfter("\r\n\r\n") shouldBe "hello joe"
            ask(site) shouldStartWith "HTTP/1.1 401 "
        }

        test("an answer that is thrown is the answer, and is seen by the filters as one; it is not reported") {
            CapturedLogs.start().use { logs ->
                val filtered = ask({
                    Site(it) {
                        throw ResponseException(404, "no such user")
                    }.with { request, next -> next(request).withHeader("X-Seen", "yes") }
                })
                filtered shouldStartWith "HTTP/1.1 404 "
                filtered shouldContain "\r\nX-Seen: yes\r\n"
                filtered.substringAfter("\r\n\r\n") shouldBe "no such user\n"
                ask({ Site(it) { throw ResponseException(403) } }) shouldStartWith "HTTP/1.1 403 "
                ask({ Site(it) { throw ResponseException(Response.redirect("/b")) } }) shouldContain "\r\nLocation: /b\r\n"
                val ofJava = { reactor: MemoryReactor ->
                    Site.of(reactor, RequestHandler { CompletableFuture.failedFuture(CompletionException(ResponseException(409))) })
                        .with(RequestFilter { request, next -> next.handle(request).thenApply { it.withHeader("X-Seen", "yes") } })
                }
                ask(ofJava) shouldContain "\r\nX-Seen: yes\r\n"
                logs.unexpectedErrors() shouldHaveSize 0
            }
        }

        test("a failure comes through a filter as it is, is answered with 500 and reported once") {
            for (filter in listOf(
                requestFilter { request, next -> next(request) },
                RequestFilter { request, next -> next.handle(request).thenApply { it.withStatus(202) } },
            )) {
                CapturedLogs.start().use { logs ->
                    ask({ Site(it) { error("secret") }.with(filter) }) shouldStartWith "HTTP/1.1 500 "
                    logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
                }
            }
        }

        test("what a filter of Java has begun is cancelled with the client, with the time, and when the filter has its own answer") {
            for (end in listOf("client", "time", "answer")) {
                var ended = ""
                val answer = CompletableFuture<Response>()
                MemoryReactor().use { reactor ->
                    val site = Site(reactor) {
                        try {
                            awaitCancellation()
                        } finally {
                            ended = end
                        }
                    }.with(
                        RequestFilter { request, next ->
                            val inner = next.handle(request).thenApply { it }
                            if (end == "answer") answer else inner
                        },
                    )
                    val client = Raws.connect(reactor, site)
                    client.send(get("/"))
                    reactor.flush()
                    ended shouldBe ""
                    when (end) {
                        "client" -> client.transport.abortConnection()
                        "time" -> reactor.runFor(java.time.Duration.ofSeconds(61))
                        else -> answer.complete(Response.of(204))
                    }
                    reactor.flush()
                    ended shouldBe end
                }
            }
        }

        test("a handler behind a filter of Java stays on the thread of the reactor, also when it waits") {
            var thread: Thread? = null
            MemoryReactor().use { reactor ->
                val site = Site(reactor) {
                    delay(1000)
                    thread = Thread.currentThread()
                    Response.of(204)
                }.with(RequestFilter { request, next -> next.handle(request) })
                val client = Raws.connect(reactor, site)
                client.send(get("/"))
                reactor.flush()
                reactor.runFor(java.time.Duration.ofSeconds(2))
                client.got() shouldStartWith "HTTP/1.1 204 "
                thread shouldBe Thread.currentThread()
            }
        }

        test("a site has error pages of its own, also for what is no request; answers that handlers have made stay as they are") {
            val pages = ErrorPages { status -> if (status == 410) null else Response.bytes("<b>$status</b>".toByteArray(), "text/html") }
            val router = Router {
                get("/") { Response.text("own").withStatus(404) }
                get("/gone") { Response.error(410) }
                get("/fails") { error("secret") }
            }
            CapturedLogs.start().use { logs ->
                val site = { reactor: MemoryReactor -> Site(reactor, router).withErrorPages(pages) }
                val wrong = ask(site, post("/", ""))
                wrong shouldContain "\r\nContent-Type: text/html\r\n"
                wrong shouldContain "\r\nAllow: GET, HEAD, OPTIONS\r\n"
                wrong.substringAfter("\r\n\r\n") shouldBe "<b>405</b>"
                ask(site, get("/")).substringAfter("\r\n\r\n") shouldBe "own"
                ask(site, get("/gone")).substringAfter("\r\n\r\n") shouldBe "410 Gone\n"
                ask(site, get("/fails")).substringAfter("\r\n\r\n") shouldBe "<b>500</b>"
                ask(site, "GET / HTTP/9.9\r\n\r\n") shouldContain "<b>505</b>"
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
                val failing = { reactor: MemoryReactor -> Site(reactor, router).withErrorPages { error("no page") } }
                val short = ask(failing, get("/none"))
                short.substringAfter("\r\n\r\n") shouldBe "404 Not Found\n"
                short shouldNotContain "no page"
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            }
        }
    })
