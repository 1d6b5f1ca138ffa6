// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsHostNameException
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.TlsUntrustedException
import dev.torsion.tls.listenTls
import dev.torsion.web.HttpViolationException
import dev.torsion.web.Raw
import dev.torsion.web.Response
import dev.torsion.web.Site
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** Proxies that are spoken to over TLS. */
class ProxyTlsSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())
        val ofProxy = Tls.selfSigned("localhost")
        val ofServer = Tls.selfSigned("localhost")
        val trustingServer = HttpClientOptions.DEFAULT.withTls(Tls.client().withTrust(TlsTrust.of(ofServer)))
        val trustingProxy = Tls.client().withTrust(TlsTrust.of(ofProxy))

        fun Reactor.serve() =
            listenTls(0, Site(this) { Response.text("${it.headers["Host"]} ${it.target}") }, Tls.server(ofServer), "127.0.0.1")

        fun proxy(port: Int, host: String = "localhost") = HttpProxy.of("https://$host:$port").withTls(trustingProxy)

        fun MemoryReactor.ask(options: HttpClientOptions, url: String, seconds: Long = 0): Pair<Asked, HttpAgent> {
            val agent = HttpAgent.of(this, options)
            val asked = Asked(agent.request(ClientRequest.get(url)))
            flush()
            if (seconds > 0) runFor(Duration.ofSeconds(seconds))
            asked.text
            agent.close()
            flush()
            agent.pool.count shouldBe 0
            return asked to agent
        }

        fun MemoryReactor.end() {
            ports.forEach { it.stopListening() }
            flush()
        }

        test("https goes through a tunnel inside of TLS, and the credentials of the proxy with it") {
            val reactor = torsion.reactor
            val port = reactor.serve().port()
            val proxy = MemoryProxy(reactor, tls = Tls.server(ofProxy))
            val options = trustingServer.withProxy(proxy(proxy.port.port()).withCredentials("me", "secret"))
            reactor.ask(options, "https://localhost:$port/a").first.text shouldBe "localhost:$port /a"
            proxy.heads.single() shouldContain "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"
            reactor.end()
        }

        test("http is asked for over TLS with the proxy, in the whole form") {
            val reactor = torsion.reactor
            val ends = ArrayList<Raw>()
            val port = reactor.listenTls(0, Factory { Raw().also(ends::add) }, Tls.server(ofProxy), "127.0.0.1")
            val agent = HttpAgent.of(reactor, HttpClientOptions.DEFAULT.withUserAgent(null).withProxy(proxy(port.port())))
            val asked = Asked(agent.request(ClientRequest.get("http://example.com/a")))
            reactor.flush()
            ends.single().got() shouldBe "GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\n\r\n"
            ends.single().send(ok("x"))
            reactor.flush()
            asked.text shouldBe "x"
            agent.close()
            reactor.end()
        }

        test("the name of the proxy is checked, and who has signed for it; the names of servers are, too") {
            val reactor = torsion.reactor
            val port = reactor.serve().port()
            val proxy = MemoryProxy(reactor, tls = Tls.server(ofProxy))
            val way = proxy.port.port()
            for (url in listOf("https://localhost:$port/", "http://localhost:$port/")) {
                withClue(url) {
                    val named = reactor.ask(trustingServer.withProxy(proxy(way, "127.0.0.1")), url).first.error
                    named.shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<TlsHostNameException>()
                    val untrusted = reactor.ask(trustingServer.withProxy(HttpProxy.of("https://localhost:$way")), url).first.error
                    untrusted.shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<TlsUntrustedException>()
                }
            }
            proxy.heads shouldHaveSize 0
            val other = reactor.ask(trustingServer.withProxy(proxy(way)), "https://127.0.0.1:$port/").first.error
            other.shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<TlsHostNameException>()
            // The one that is trusted for the proxy is not trusted for the server.
            val swapped = reactor.ask(HttpClientOptions.DEFAULT.withProxy(proxy(way)), "https://localhost:$port/").first.error
            swapped.shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<TlsUntrustedException>()
            reactor.end()
        }

        test("without options of its own the proxy is trusted as the servers are") {
            val reactor = torsion.reactor
            val port = reactor.serve().port()
            val proxy = MemoryProxy(reactor, tls = Tls.server(ofServer))
            val options = trustingServer.withProxy(HttpProxy.of("https://localhost:${proxy.port.port()}"))
            reactor.ask(options, "https://localhost:$port/a").first.text shouldBe "localhost:$port /a"
            reactor.end()
        }

        test("bytes behind the answer to CONNECT, and a handshake inside that does not end") {
            val reactor = torsion.reactor
            val port = reactor.serve().port()
            val evil = MemoryProxy(reactor, "HTTP/1.1 200 OK\r\n\r\nevil", Tls.server(ofProxy))
            val fault = reactor.ask(trustingServer.withProxy(proxy(evil.port.port())), "https://localhost:$port/").first.error
            fault.shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 9.3.6"
            val silent = reactor.listenTcp(0, Factory { Raw() }, "127.0.0.1").port()
            val slow = MemoryProxy(reactor, tls = Tls.server(ofProxy))
            val options = trustingServer.withProxy(proxy(slow.port.port())).withConnectTimeout(Duration.ofSeconds(5))
            val late = reactor.ask(options, "https://localhost:$silent/", seconds = 6).first.error
            late.shouldBeInstanceOf<ConnectTimeoutException>()
            val mute = reactor.ask(options.withProxy(proxy(silent)), "https://localhost:$port/", seconds = 6).first.error
            mute.shouldBeInstanceOf<ConnectTimeoutException>()
            reactor.end()
        }

        test("a connection that breaks in the handshake inside of the tunnel is none that was made, in order or not") {
            val reactor = torsion.reactor
            for (isOrderly in listOf(true, false)) {
                val ends = ArrayList<Raw>()
                val proxy = reactor.listenTcp(0, Factory { Raw().also(ends::add) }, "127.0.0.1").port()
                val agent = HttpAgent.of(reactor, trustingServer.withProxy(HttpProxy.of("http://localhost:$proxy")))
                val asked = Asked(agent.request(ClientRequest.get("https://localhost:9/")))
                reactor.flush()
                ends.single().got() shouldStartWith "CONNECT localhost:9 "
                ends.single().send("HTTP/1.1 200 OK\r\n\r\n")
                reactor.flush()
                ends.single().length shouldBeGreaterThan 0
                ends.single().transport.let { if (isOrderly) it.loseConnection() else it.abortConnection() }
                reactor.flush()
                withClue("in order: $isOrderly") {
                    asked.error.shouldBeInstanceOf<TlsConnectException>().destination shouldBe "localhost:9"
                }
                agent.close()
            }
            reactor.end()
        }

        test("on real sockets, to a real site") {
            val reactor = Reactor.create(ReactorOptions("proxy-tls-test"))
            reactor.start()
            fun <T> onLoop(make: () -> T): T {
                val made = CompletableFuture<T>()
                reactor.execute {
                    try {
                        made.complete(make())
                    } catch (e: Throwable) {
                        made.completeExceptionally(e)
                    }
                }
                return made.get(10, TimeUnit.SECONDS)
            }
            try {
                val big = "x".repeat(3_000_000)
                val site = Site(reactor) { request -> Response.text(request.body.readText().ifEmpty { big }) }
                val port = onLoop { reactor.listenTls(0, site, Tls.server(ofServer), "127.0.0.1").port() }
                val proxy = onLoop { MemoryProxy(reactor, tls = Tls.server(ofProxy)) }
                HttpAgent.of(reactor, trustingServer.withProxy(proxy(proxy.port.port()))).use { agent ->
                    runBlocking {
                        withTimeout(60.seconds) {
                            agent.fetch("GET", "https://localhost:$port/").use { it.body.readText() shouldBe big }
                            val echo = ClientRequest.post("https://localhost:$port/", RequestBody.text(big))
                            agent.fetch(echo).use { it.body.readText() shouldBe big }
                        }
                    }
                }
                proxy.heads shouldContainExactly listOf(
                    "CONNECT localhost:$port HTTP/1.1\r\nHost: localhost:$port\r\nUser-Agent: Torsion\r\n\r\n",
                )
                HttpAgent.of(reactor, trustingServer.withProxy(proxy(proxy.port.port(), "127.0.0.1"))).use { agent ->
                    runBlocking {
                        withTimeout(60.seconds) {
                            shouldThrow<TlsConnectException> { agent.fetch("GET", "https://localhost:$port/") }
                                .tls.shouldBeInstanceOf<TlsHostNameException>()
                        }
                    }
                }
            } finally {
                check(reactor.stopAndJoin(Duration.ofSeconds(10))) { "$reactor does not stop" }
            }
        }

        test("the URL of a proxy has a scheme of HTTP and a host, and nothing else") {
            val secure = HttpProxy.of("https://proxy.example")
            secure.isSecure shouldBe true
            secure.port shouldBe 443
            secure.toString() shouldStartWith "HttpProxy(https://proxy.example:443"
            val plain = HttpProxy.of("http://[::1]:3128/")
            plain.isSecure shouldBe false
            plain.toString() shouldBe "HttpProxy(::1:3128)"
            for (bad in listOf("proxy.example:3128", "socks5://a", "http://me:secret@a", "http://a/b", "http://a?b", "https://a:0")) {
                withClue(bad) { shouldThrow<IllegalArgumentException> { HttpProxy.of(bad) } }
            }
        }
    })
