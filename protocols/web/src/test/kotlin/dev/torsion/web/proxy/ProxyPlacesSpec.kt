// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.web.Headers
import dev.torsion.web.Request
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.fetch
import dev.torsion.web.get
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.net.URI

/** Places of its own that a server names, as a client of the proxy sees it. */
class ProxyPlacesSpec :
    FunSpec({
        fun field(answer: String, name: String) = Regex("\r\n$name: (.*)\r\n").find(answer)?.groupValues?.get(1)

        /** The `Location` that the client gets, for a proxy at [mount] of a server at [base]. HOST is the server's. */
        fun moved(location: String, mount: String = "", base: String = "", make: (ReverseProxy) -> ReverseProxy = { it }): String? {
            var found: String? = null
            var host = ""
            proxied({ Response.of(302).withHeader("Location", location.replace("HOST", host)) }, base = base, make = make) {
                host = "127.0.0.1:${back.port()}"
                val site = Site(reactor, Router { mount(mount.ifEmpty { "/" }, proxy) })
                found = field(connect(reactor.listenTcp(0, site, "127.0.0.1")).ask(get("$mount/x")), "Location")?.replace(host, "HOST")
            }
            return found
        }

        test("a place of the server is one of the proxy, with its query and fragment") {
            val cases = listOf(
                // what the server says, where the proxy is mounted, the path of the server, what the client gets
                listOf("http://HOST/login?a=b#c", "", "", "/login?a=b#c"),
                listOf("HTTP://HOST/login", "", "", "/login"),
                listOf("http://HOST", "", "", "/"),
                listOf("http://HOST?q", "", "", "/?q"),
                listOf("//HOST/login", "", "", "/login"),
                listOf("/login", "", "", "/login"),
                listOf("http://HOST/login", "/api", "", "/api/login"),
                listOf("/login", "/api", "", "/api/login"),
                listOf("/", "/api", "", "/api/"),
                listOf("http://HOST/app/login", "/api", "/app", "/api/login"),
                listOf("/app/login", "/api", "/app", "/api/login"),
                listOf("/app/login", "", "/app", "/login"),
                listOf("http://HOST/app", "/api", "/app", "/api"),
                listOf("/app?q", "/api", "/app", "/api?q"),
                listOf("/app", "", "/app", "/"),
                listOf("http://HOST/a b/\u00e4", "", "", "/a b/\u00e4"),
            )
            for ((said, mount, base, wanted) in cases) withClue("$said at $mount for $base") { moved(said, mount, base) shouldBe wanted }
        }

        test("any other place stays as it is") {
            val cases = listOf(
                "http://other.example/x", "https://HOST/x", "http://HOST.example/x", "http://127.0.0.1/x", "http://127.0.0.1:1/x",
                "//other.example/x",
                "http://tom@HOST/x", "http://HOST@other.example/x", "http://HOST:1/x", "http://[::1]/x", "http://HOST\\@other.example/",
                "http://[bad/x",
                "http:///x", "http:/x", "mailto:a@b", "login", "../x", "?q", "#f", "", "/app/../x", "/app/%2E%2e/x", "http://HOST/app/./x",
                "/application", "http://HOST/other", "http://HOST/\t/other.example", "/\\other.example", "///x", "/api/x",
            )
            for (said in cases) withClue(said) { moved(said, "/api", "/app") shouldBe said }
            moved("/api/login", "/api") shouldBe "/api/login" // the server knows where it is mounted
            moved("http://HOST/x", "/api", make = { it.withRewrittenLocations(false) }) shouldBe "http://HOST/x"
        }

        test("none of them becomes a place of another host") {
            moved("http://HOST//evil.example/x") shouldBe "/.//evil.example/x"
            moved("http://HOST/\\evil.example/x") shouldBe "/./\\evil.example/x"
            moved("http://HOST/app//evil.example", base = "/app") shouldBe "/.//evil.example"
            moved("/app//evil.example", base = "/app") shouldBe "/.//evil.example"
            URI("http://proxy.example/").resolve(URI("/.//evil.example/x")).host shouldBe "proxy.example"
        }

        test("with the client's host, that one is the server's too; https in place of http is a place of its own") {
            val client = { it: ReverseProxy -> it.withClientHost() }
            moved("http://a/login", "/api", make = client) shouldBe "/api/login"
            moved("http://HOST/login", "/api", make = client) shouldBe "/api/login"
            moved("https://a/api/x", "/api", make = client) shouldBe "https://a/api/x" // a path would redirect for ever
            moved("http://a/login", "/api") shouldBe "http://a/login"
        }

        test("addresses of IPv6 and default ports are compared as what they are") {
            val answer: suspend (Request) -> Response = { Response.of(201) }
            proxied(answer) {
                fun places(target: String) = field(
                    "\r\n" + connect(
                        Site(reactor) { request ->
                            val said = Headers.of("Location", request.headers["X-Said"]!!)
                            val moved = Places(
                                URI(target),
                                "",
                                request,
                                passesHost = false,
                            ).moved(said, hasLocations = true, hasCookies = false)
                            Response.text("").withHeaders(moved)
                        }.let { site -> reactor.listenTcp(0, site, "127.0.0.1") },
                    ).ask(get("/", "X-Said: ${if ("::" in target) "http://[::1]:80/x" else "http://back.example:80/x"}\r\n")),
                    "Location",
                )
                places("http://[::1]/") shouldBe "/x"
                places("http://BACK.example/") shouldBe "/x"
                places("http://back.example:8080/") shouldBe "http://back.example:80/x"
                places("https://back.example/") shouldBe "http://back.example:80/x"
            }
        }

        test("Content-Location goes the same way, and other fields do not") {
            var host = ""
            proxied({
                val own = "http://$host/x"
                Response.text("a").withHeaders(Headers.of("Content-Location", own, "Link", "<$own>", "X-Location", own))
            }) {
                host = "127.0.0.1:${back.port()}"
                val answer = connect().ask(get("/"))
                field(answer, "Content-Location") shouldBe "/x"
                answer shouldContain "Link: <http://$host/x>\r\n"
                answer shouldContain "X-Location: http://$host/x\r\n"
            }
        }

        test("a client follows the redirects of a server through the proxy, and never meets the server itself") {
            val seen = ArrayList<String>()
            var host = ""
            proxied({ request ->
                seen.add(request.target)
                when (request.target) {
                    "/app/1" -> Response.redirect("http://$host/app/2")
                    "/app/2" -> Response.redirect("/app/3")
                    "/app/3" -> Response.redirect("4")
                    else -> Response.text("there")
                }
            }, base = "/app") {
                host = "127.0.0.1:${back.port()}"
                val site = Site(reactor, Router { mount("/api/v1", proxy) })
                val front = reactor.listenTcp(0, site, "127.0.0.1")
                val place = "http://127.0.0.1:${front.port()}"
                val asked = HttpClient.of(agent).get("$place/api/v1/1").send()
                reactor.flush()
                val answer = asked.join()
                answer.status shouldBe 200
                answer.request.url shouldBe URI("$place/api/v1/4")
                answer.close()
                reactor.flush()
                seen shouldBe listOf("/app/1", "/app/2", "/app/3", "/app/4")
            }
        }

        test("cookies stay as they are, unless the proxy is told otherwise") {
            val given = listOf(
                "a=1; Path=/app; Domain=127.0.0.1; Secure",
                "b=2; path=/app/x;HttpOnly",
                "c=3; Path=/other; Domain=other.example",
                "__Host-d=4; Path=/; Secure",
                "e=5",
                "f=6; Path=/app/; Domain=.127.0.0.1",
            )
            val moved = listOf(
                "a=1; Path=/api; Secure",
                "b=2; Path=/api/x;HttpOnly",
                "c=3; Path=/other; Domain=other.example",
                "__Host-d=4; Path=/; Secure",
                "e=5",
                "f=6; Path=/api",
            )
            for ((isRewritten, wanted) in listOf(false to given, true to moved)) {
                val fields = given.fold(Headers.EMPTY) { fields, cookie -> fields.plus("Set-Cookie", cookie) }
                proxied({ Response.text("x").withHeaders(fields) }, base = "/app", make = { it.withRewrittenCookies(isRewritten) }) {
                    val site = Site(reactor, Router { mount("/api", proxy) })
                    val answer = connect(reactor.listenTcp(0, site, "127.0.0.1")).ask(get("/api/x"))
                    Regex("Set-Cookie: (.*)\r\n").findAll(answer).map { it.groupValues[1] }.toList() shouldBe wanted
                }
            }
        }
    })
