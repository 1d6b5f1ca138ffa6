// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.endpoint.UNIXClientEndpoint
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsHostNameException
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.TlsUntrustedException
import dev.torsion.tls.listenTls
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.Response
import dev.torsion.web.Site
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.file.Path
import java.time.Duration

/** The ways to a server: TLS, proxies, tunnels, endpoints of one's own. */
class AgentWaysSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())
        val identity = Tls.selfSigned("localhost")
        val trusting = HttpClientOptions.DEFAULT.withTls(Tls.client().withTrust(TlsTrust.of(identity)))

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) =
            inScene(torsion.reactor, options, test)

        /** A site with TLS, which says whom it was asked for. */
        fun ClientScene.secure(): Int =
            reactor.listenTls(0, Site(reactor) { Response.text("${it.headers["Host"]} ${it.target}") }, Tls.server(identity)).port()

        fun ClientScene.closePorts() = reactor.ports.forEach { it.stopListening() }

        test("https: the name of the server is checked, and so is who has signed for it") {
            scene(trusting) {
                val port = secure()
                val asked = ask(ClientRequest.get("https://localhost:$port/a"))
                asked.text shouldBe "localhost:$port /a"
                val other = ask(ClientRequest.get("https://127.0.0.1:$port/a"))
                other.error.shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<TlsHostNameException>()
                closePorts()
            }
            scene {
                val port = secure()
                val untrusted = ask(ClientRequest.get("https://localhost:$port/a"))
                untrusted.error.shouldBeInstanceOf<TlsConnectException>().tls.shouldBeInstanceOf<TlsUntrustedException>()
                agent.pool.count shouldBe 0
                closePorts()
            }
        }

        test("https: a handshake that does not end has the time for connecting") {
            scene(trusting.withConnectTimeout(Duration.ofSeconds(5))) {
                val asked = ask(ClientRequest.get("https://$host/"))
                pass(4_999)
                asked.error shouldBe null
                pass(2)
                asked.error.shouldBeInstanceOf<ConnectTimeoutException>()
                peers[0].end shouldNotBe null
            }
        }

        test("https and http of one host and port are different servers") {
            scene(trusting) {
                val plain = get()
                answer(ok("x"))
                plain.text shouldBe "x"
                val secure = ask(ClientRequest.get("https://$host/"))
                peers shouldHaveSize 2
                secure.deferred.cancel()
            }
        }

        test("a proxy is asked in the whole form, with its credentials; servers share its connections") {
            val scene = ClientScene(torsion.reactor)
            val proxy = HttpProxy.of("127.0.0.1", scene.port.port()).withCredentials("me", "secret").withDirect("127.0.0.1", ".example.org")
            val agent = HttpAgent.of(torsion.reactor, HttpClientOptions.DEFAULT.withProxy(proxy).withUserAgent(null))
            val first = Asked(agent.request(ClientRequest.get("http://example.com/a?b")))
            scene.reactor.flush()
            scene.peers.single().got() shouldBe
                "GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"
            scene.answer(ok("x"))
            first.text shouldBe "x"
            val second = Asked(agent.request(ClientRequest.get("http://other.example:8080").withHeader("Host", "third")))
            scene.reactor.flush()
            scene.peers.single().got() shouldStartWith "GET http://other.example:8080/ HTTP/1.1\r\nHost: other.example:8080\r\n"
            scene.answer(ok("y"))
            second.text shouldBe "y"
            val direct = Asked(agent.request(ClientRequest.get(scene.url("/d"))))
            scene.reactor.flush()
            scene.peers shouldHaveSize 2
            scene.peers[1].got() shouldBe "GET /d HTTP/1.1\r\nHost: ${scene.host}\r\n\r\n"
            scene.answer(ok())
            direct.status shouldBe 200
            agent.close()
            scene.end()
            proxy.toString() shouldBe "HttpProxy(127.0.0.1:${scene.port.port()})"
        }

        test("https goes through a tunnel, which has the name of the server and the credentials of the proxy, and is used again") {
            val scene = ClientScene(torsion.reactor)
            val port = scene.secure()
            val proxy = MemoryProxy(scene.reactor)
            val way = HttpProxy.of("127.0.0.1", proxy.port.port()).withCredentials("me", "secret")
            val agent = HttpAgent.of(scene.reactor, trusting.withProxy(way))
            repeat(2) {
                val asked = Asked(agent.request(ClientRequest.get("https://localhost:$port/a")))
                scene.reactor.flush()
                asked.text shouldBe "localhost:$port /a"
            }
            proxy.heads.single() shouldBe "CONNECT localhost:$port HTTP/1.1\r\nHost: localhost:$port\r\nUser-Agent: Torsion\r\n" +
                "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"
            agent.close()
            scene.end()
            scene.closePorts()
        }

        test("a tunnel that is not made: refused, with bytes in the clear behind it, cut, or to a server that is another") {
            fun error(answer: String, url: (Int) -> String = { "https://localhost:$it/" }): Throwable? {
                val scene = ClientScene(torsion.reactor)
                val port = scene.secure()
                val proxy = MemoryProxy(scene.reactor, answer)
                val agent = HttpAgent.of(scene.reactor, trusting.withProxy(HttpProxy.of("127.0.0.1", proxy.port.port())))
                val asked = Asked(agent.request(ClientRequest.get(url(port))))
                scene.reactor.flush()
                agent.pool.count shouldBe 0
                agent.close()
                scene.end()
                scene.closePorts()
                return asked.error
            }
            error(
                "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nhello",
            ).shouldBeInstanceOf<ProxyRefusedException>().status shouldBe
                407
            error("HTTP/1.1 403 \u009b1mbold\r\nContent-Length: 0\r\n\r\n")!!.message shouldBe
                "The proxy has made no tunnel, but answered with 403 \\x9b1mbold."
            error("HTTP/1.1 200 OK\r\n\r\nevil").shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 9.3.6"
            error("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40)).shouldBeInstanceOf<HttpViolationException>().rule shouldBe "RFC 9110 15.2"
            error("SSH-2.0\r\n").shouldBeInstanceOf<HttpViolationException>()
            error("HTTP/1.1 200 OK\r\n\r\n") { "https://127.0.0.1:$it/" }.shouldBeInstanceOf<TlsConnectException>()
        }

        test("a proxy that ends the connection, or is not there, makes no tunnel") {
            val scene = ClientScene(torsion.reactor)
            val agent = HttpAgent.of(scene.reactor, trusting.withProxy(HttpProxy.of("127.0.0.1", scene.port.port())))
            val cut = Asked(agent.request(ClientRequest.get("https://localhost/")))
            scene.reactor.flush()
            scene.peers.single().transport.loseConnection()
            scene.reactor.flush()
            cut.error.shouldBeInstanceOf<IncompleteMessageException>().message shouldContain "tunnel"
            agent.close()
            val nowhere = HttpAgent.of(scene.reactor, trusting.withProxy(HttpProxy.of("127.0.0.1", 1)))
            val refused = Asked(nowhere.request(ClientRequest.get("https://localhost/")))
            scene.reactor.flush()
            refused.error.shouldBeInstanceOf<ConnectionRefusedException>()
            nowhere.close()
            scene.end()
        }

        test("endpoints of one's own: a UNIX socket, with TLS over it; one that throws") {
            val reactor = torsion.reactor
            val path = Path.of("/run/web.sock")
            val plain = reactor.listenUnix(path, Site(reactor) { Response.text("${it.headers["Host"]} ${it.target}") })
            val agent = HttpAgent.of(reactor, HttpClientOptions.DEFAULT.withEndpoints { UNIXClientEndpoint(reactor, path) })
            val asked = Asked(agent.request(ClientRequest.get("http://docker/containers")))
            reactor.flush()
            asked.text shouldBe "docker /containers"
            agent.close()
            plain.stopListening()
            reactor.flush()

            val secure = reactor.listenUnix(path, Tls.server(identity).wrap(Site(reactor) { Response.text("secure") }))
            val over = HttpAgent.of(
                reactor,
                trusting.withEndpoints {
                    if (it.host ==
                        "localhost"
                    ) {
                        UNIXClientEndpoint(reactor, path)
                    } else {
                        error("no")
                    }
                },
            )
            val inside = Asked(over.request(ClientRequest.get("https://localhost/")))
            reactor.flush()
            inside.text shouldBe "secure"
            val none = Asked(over.request(ClientRequest.get("https://example.com/")))
            none.error!!.message shouldBe "no"
            over.pool.count shouldBe 1
            over.close()
            secure.stopListening()
            reactor.flush()
        }
    })
