// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.testkit.CapturedLogs
import dev.torsion.web.Case
import dev.torsion.web.Headers
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Raw
import dev.torsion.web.RawScene
import dev.torsion.web.Request
import dev.torsion.web.RequestHandler
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.TrustedProxies
import dev.torsion.web.client.Agent
import dev.torsion.web.client.HttpAgent
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.get
import dev.torsion.web.post
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.time.Duration

/** A proxy between a client of bytes and a server, all in memory. */
class ReverseProxySpec :
    FunSpec({
        val shown: suspend (Request) -> Response = { request ->
            Response.text("${request.method} ${request.target} ${request.body.readText()}")
        }

        fun body(answer: String) = answer.substringAfter("\r\n\r\n")

        test("method, path, query and bodies go through, in both directions, and several on one connection") {
            proxied(shown) {
                val client = connect()
                body(client.ask(get("/a%20b/c?d=e&f"))) shouldBe "GET /a%20b/c?d=e&f "
                body(client.ask(post("/up", "body"))) shouldBe "POST /up body"
                val chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
                body(client.ask(chunked)) shouldBe "PUT / abcd"
                body(client.ask("BREW /?x HTTP/1.1\r\nHost: a\r\n\r\n")) shouldBe "BREW /?x "
                client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "Content-Length: 7\r\n"
                body(client.ask(get("http://a/whole?q".removePrefix("http://a")))) shouldBe "GET /whole?q "
                client.ask(get("/last", "Connection: close\r\n")) shouldContain "Connection: close\r\n"
                client.end shouldNotBe null
            }
        }

        test("statuses and fields come back, each field as often as it was there") {
            proxied({
                val fields = Headers.of("Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-A", "\u00e4", "Server", "back")
                when (it.target) {
                    "/204" -> Response.of(204).withHeaders(fields)
                    "/304" -> Response.of(304).withHeaders(fields)
                    else -> Response.text("x").withStatus(418).withHeaders(fields)
                }
            }) {
                for (status in listOf("204", "304", "418")) {
                    val answer = connect().ask(get("/$status"))
                    answer shouldStartWith "HTTP/1.1 $status"
                    for (field in listOf("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", "X-A: \u00e4\r\n", "Server: back\r\n")) {
                        answer shouldContain
                            field
                    }
                }
            }
        }

        val fields: suspend (Request) -> Response = { request ->
            val text = StringBuilder()
            request.headers.forEach { name, value -> text.append("$name: $value\n") }
            Response.text("$text")
        }

        test("fields of one connection are not passed on, nor are those that Connection names; the client cannot forge where it is from") {
            proxied(fields) {
                val answer = connect().ask(
                    get(
                        "/",
                        "Connection: X-Secret, keep-alive, X-Forwarded-For\r\nX-Secret: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n" +
                            "Upgrade: websocket\r\n" +
                            "Proxy-Authorization: a\r\nX-A: kept\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n" +
                            "X-Forwarded-Host: evil\r\n" +
                            "X-Real-IP: 6.6.6.6\r\nVia: 1.0 before\r\n",
                    ),
                )
                body(answer) shouldBe "Host: 127.0.0.1:${back.port()}\nX-A: kept\nVia: 1.0 before, 1.1 torsion\n" +
                    "Forwarded: for=127.0.0.1;host=a;proto=http\nX-Forwarded-For: 127.0.0.1\nX-Forwarded-Proto: http\n" +
                    "X-Forwarded-Host: a\nX-Real-IP: 127.0.0.1\n"
                val alike = connect().ask(
                    get("/", "X_Forwarded_For: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nX-Forwarded_Proto: https\r\nX_A: kept\r\n"),
                )
                body(alike).lines()[1] shouldBe "X_A: kept"
                for (gone in listOf("6.6.6.6", "https")) alike shouldNotContain gone
                val raw = "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\nX-B: 2\r\n"
                val passed = connect(saying("${raw}Content-Length: 1\r\n\r\na")).ask(get("/"))
                for (gone in listOf("Keep-Alive", "X-Mine", "Proxy-Authenticate")) passed shouldNotContain gone
                passed shouldContain "X-B: 2\r\n"
            }
        }

        test("what a trusted proxy says is passed on, with that proxy behind it; the Host of the client where that is wanted") {
            val trusting = HttpServerOptions.DEFAULT.withTrustedProxies(TrustedProxies.forwarded("127.0.0.1"))
            proxied(fields, options = trusting, make = { it.withClientHost() }) {
                val answer = connect().ask(get("/", "Forwarded: for=192.0.2.1;proto=https;host=\"b:8443\"\r\n"))
                body(answer) shouldContain
                    "Forwarded: for=192.0.2.1;proto=https;host=\"b:8443\", for=127.0.0.1;host=\"b:8443\";proto=https\n"
                body(answer) shouldContain "Host: b:8443\n"
                body(answer) shouldContain "X-Forwarded-Proto: https\n"
            }
        }

        test(
            "fields of the kind that a trusted proxy does not write are the client's, and go away; the server finds in both who the client is",
        ) {
            val forged = "6.6.6.6"
            val one = HttpServerOptions.DEFAULT.withTrustedProxies(TrustedProxies.forwarded("127.0.0.1"))
            proxied(fields, options = one) {
                val said = "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: $forged\r\nX-Real-IP: $forged\r\n"
                val answer = body(connect().ask(get("/", said)))
                answer shouldContain "\nForwarded: for=192.0.2.1, for=127.0.0.1;"
                answer shouldContain "\nX-Forwarded-For: 192.0.2.1, 127.0.0.1\n"
                answer shouldNotContain forged
            }
            val other = HttpServerOptions.DEFAULT.withTrustedProxies(TrustedProxies.xForwarded("127.0.0.1"))
            proxied(fields, options = other) {
                val said = "Forwarded: for=$forged\r\nX-Forwarded-For: 7.7.7.7, 2001:db8::1\r\nX-Real-IP: 192.0.2.9\r\n"
                val answer = body(connect().ask(get("/", said)))
                answer shouldContain "\nForwarded: for=\"[2001:db8::1]\", for=127.0.0.1;"
                answer shouldContain "\nX-Forwarded-For: 7.7.7.7, 2001:db8::1, 127.0.0.1\n"
                answer shouldContain "\nX-Real-IP: 2001:db8::1\n"
                for (gone in listOf(forged, "192.0.2.9")) answer shouldNotContain gone
            }
        }

        test("a base goes before the path, a mount is taken from it, and nothing leads out of the base") {
            proxied(shown, base = "/base/") {
                body(connect().ask(get("/x/y?q"))) shouldBe "GET /base/x/y?q "
                body(connect().ask(get("/"))) shouldBe "GET /base/ "
                for (path in listOf("/..", "/../x", "/a/%2e%2E/x", "/./x", "/a%2f..%2fx", "/a%5cx", "/..;/x", "/%2e.;a=b/x")) {
                    withClue(path) { connect().ask(get(path)) shouldStartWith "HTTP/1.1 400 " }
                }
            }
            proxied(shown) {
                for (path in listOf("/..", "/%2e%2e/x")) connect().ask(get(path)) shouldStartWith "HTTP/1.1 400 "
                body(connect().ask(get("/a%2fb"))) shouldBe "GET /a%2fb "
                connect().ask("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 405 "
                connect().ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 501 "
                Site(reactor, Router { mount("/api", proxy) }).let { site ->
                    body(connect(reactor.listenTcp(0, site, "127.0.0.1")).ask(get("/api/x%20y/?q"))) shouldBe "GET /x%20y/?q "
                }
            }
        }

        test("a server that is not there gives 502, one that breaks a rule too, and one that says nothing 504; the log says which") {
            CapturedLogs.start().use { logs ->
                proxied(shown) {
                    val gone = ReverseProxy.of(agent, "http://127.0.0.1:1/")
                    connect(gone).ask(get("/a?secret")) shouldStartWith "HTTP/1.1 502 "
                    logs.messages().last() shouldContain "http://127.0.0.1:1 has not answered GET /a: "
                    "${logs.messages()}" shouldNotContain "secret"
                    connect(saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")).ask(get("/")) shouldStartWith
                        "HTTP/1.1 502 "
                    connect(
                        saying("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
                    ).ask(get("/")) shouldStartWith
                        "HTTP/1.1 502 "
                    val silent = connect(saying(""))
                    silent.send(get("/"))
                    pass(29)
                    silent.got() shouldBe ""
                    pass(2)
                    silent.got() shouldStartWith "HTTP/1.1 504 "
                }
            }
        }

        test("an answer that is cut is cut for the client, also one that ends with its connection") {
            CapturedLogs.start().use { logs ->
                proxied(shown) {
                    for (beginning in listOf(
                        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                    )) {
                        val client = connect(saying(beginning, thenCloses = true))
                        client.ask(get("/"))
                        client.end.shouldBeInstanceOf<ConnectionLost>()
                    }
                    val whole = connect(saying("HTTP/1.1 200 OK\r\n\r\nabc", thenCloses = true))
                    whole.ask(get("/")) shouldEndWith "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                    whole.end shouldBe null
                    logs.flushLoggedErrors()
                }
            }
        }

        test("a client that goes away ends the request to the server, before its answer and inside of it") {
            var running = 0
            proxied({ request ->
                running++
                try {
                    if (request.target == "/answers") {
                        Response.stream("a/b") { sink ->
                            running++
                            try {
                                sink.write("beginning")
                                awaitCancellation()
                            } finally {
                                running--
                            }
                        }
                    } else {
                        awaitCancellation()
                    }
                } finally {
                    running--
                }
            }) {
                for (path in listOf("/waits", "/answers")) {
                    val client = connect()
                    client.ask(get(path))
                    running shouldBe 1
                    client.transport.abortConnection()
                    pass(5) // a little that is left of an answer is waited for
                    withClue(path) { running shouldBe 0 }
                }
                agent.toString() shouldContain "HttpAgent(0 connections"
            }
        }

        test("an answer that comes when its client has its 503 already is let go of") {
            val late = HttpServerOptions.DEFAULT.withHandlerTimeout(Duration.ofSeconds(5))
            CapturedLogs.start().use {
                proxied({
                    delay(10_000)
                    Response.bytes(ByteArray(1_000_000), "a/b")
                }, options = late) {
                    val client = connect()
                    client.send(get("/"))
                    pass(6)
                    client.got() shouldStartWith "HTTP/1.1 503 "
                    pass(20)
                    agent.toString() shouldContain "HttpAgent(0 connections"
                }
            }
        }

        test("a client that takes nothing holds up the server, and a server that takes nothing the client") {
            var made = 0
            proxied({ request ->
                if (request.method == "GET") {
                    Response.stream("a/b") { sink ->
                        while (made < 100_000_000) {
                            sink.write(ByteArray(10_000))
                            made += 10_000
                        }
                    }
                } else {
                    delay(20_000)
                    var count = 0
                    while (true) count += (request.body.read() ?: break).size
                    Response.text("$count")
                }
            }) {
                val client = connect()
                client.transport.pauseProducing()
                client.send(get("/"))
                pass(1)
                val before = made
                (before < 20_000_000) shouldBe true
                pass(20)
                made shouldBe before
                client.transport.abortConnection()
                val uploading = connect()
                uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n")
                repeat(9) { uploading.transport.write(ByteArray(1_000_000)) }
                pass(10)
                (uploading.transport.bufferedBytes > 1_000_000) shouldBe true
                pass(12)
                body(uploading.got()) shouldBe "9000000"
            }
        }

        test("a client that waits for leave gets it from the server, or its refusal") {
            proxied({ if (it.target == "/no") Response.error(403) else shown(it) }) {
                val client = connect()
                client.ask("POST /yes HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n") shouldBe
                    "HTTP/1.1 100 Continue\r\n\r\n"
                body(client.ask("body")) shouldBe "POST /yes body"
                val refused = connect()
                refused.ask("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n") shouldStartWith
                    "HTTP/1.1 403 "
                refused.end shouldNotBe null
            }
        }

        test("what the client does to its body is its own fault") {
            proxied(shown) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
                client.ask("ZZ\r\n") shouldStartWith "HTTP/1.1 400 "
                val late = connect()
                late.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
                pass(31)
                late.got() shouldStartWith "HTTP/1.1 408 "
            }
        }

        test("no desync: the server behind counts the requests that the proxy does, whatever the client sends") {
            for (case in Case.all("/dev/torsion/web/requests.txt")) {
                withClue(case.name) {
                    val counted = ArrayList<String>() // at the back
                    val passed = ArrayList<String>() // at the front
                    CapturedLogs.start().use { logs ->
                        proxied({ request ->
                            val body = request.body.readText()
                            counted.add("${request.method} ${request.target}")
                            Response.text(body)
                        }, around = { request, next ->
                            next(request).also { answer ->
                                if (answer.status ==
                                    200
                                ) {
                                    passed.add("${request.method} ${request.rawPath}${request.rawQuery?.let { "?$it" }.orEmpty()}")
                                }
                            }
                        }) {
                            val client = connect()
                            client.transport.write(case.bytes)
                            reactor.flush()
                            client.send(get("/next"))
                            pass(1)
                            counted shouldBe passed
                            Regex("HTTP/1\\.1 200 ").findAll(client.got()).count() shouldBe passed.size
                            if (case.verdict.first().isDigit()) counted shouldNotContain "GET /next"
                        }
                        logs.flushLoggedErrors()
                    }
                }
            }
        }

        test("a target is a URL with a host, and has no query") {
            proxied(shown) {
                for (url in listOf("", "/a", "ftp://a/", "http://a/?q", "http://a/#f", "http:///a")) {
                    withClue(url) { shouldThrow<IllegalArgumentException> { ReverseProxy.of(agent, url) } }
                }
                "$proxy" shouldContain "ReverseProxy(http://127.0.0.1:"
            }
        }
    })

/** A server, a proxy before it, and clients of bytes. */
internal class ProxyScene(
    behind: suspend (Request) -> Response,
    private val options: HttpServerOptions,
    base: String,
    make: (ReverseProxy) -> ReverseProxy,
    around: suspend (Request, suspend (Request) -> Response) -> Response,
) : RawScene() {
    val back: ListeningPort = reactor.listenTcp(0, Site(reactor, handler = behind), "127.0.0.1")
    val agent: HttpAgent = Agent(reactor, HttpClientOptions.DEFAULT.withUserAgent(null))
    val proxy: ReverseProxy = make(ReverseProxy.of(agent, "http://127.0.0.1:${back.port()}$base"))
    override val port: ListeningPort = reactor.listenTcp(0, Site.of(reactor, proxy, options).with(around), "127.0.0.1")

    /** A client of another handler. */
    fun connect(handler: RequestHandler): Raw = connect(reactor.listenTcp(0, Site.of(reactor, handler, options), "127.0.0.1"))

    /** A proxy for a server that answers the first bytes with [text]. */
    fun saying(text: String, thenCloses: Boolean = false): ReverseProxy {
        val port = reactor.listenTcp(0, Factory { Saying(text, thenCloses) }, "127.0.0.1")
        return ReverseProxy.of(reactor, "http://127.0.0.1:${port.port()}")
    }

    /** A client of a proxy for a server by hand, whose ends are put to [ends]. */
    fun byHand(ends: MutableList<Raw>): Raw {
        val port = reactor.listenTcp(0, Factory { Raw().also(ends::add) }, "127.0.0.1")
        return connect(ReverseProxy.of(agent, "http://127.0.0.1:${port.port()}"))
    }
}

internal fun proxied(
    behind: suspend (Request) -> Response,
    options: HttpServerOptions = HttpServerOptions.DEFAULT,
    base: String = "",
    make: (ReverseProxy) -> ReverseProxy = { it },
    around: suspend (Request, suspend (Request) -> Response) -> Response = { request, next -> next(request) },
    test: ProxyScene.() -> Unit,
): Unit = ProxyScene(behind, options, base, make, around).use(test)

private class Saying(private val text: String, private val thenCloses: Boolean) : Protocol() {
    override fun dataReceived(data: ByteArray) {
        transport.write(text.toByteArray())
        if (thenCloses) transport.loseConnection()
    }
}
