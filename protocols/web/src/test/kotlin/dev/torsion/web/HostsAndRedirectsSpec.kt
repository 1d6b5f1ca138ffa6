// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith

/** Which host a request is for, and where answers may lead. */
class HostsAndRedirectsSpec :
    FunSpec({
        fun ask(handler: suspend (Request) -> Response, request: String): String {
            var answer = ""
            scene(handler = handler) { answer = connect().ask(request) }
            return answer
        }

        fun request(host: String, target: String = "/") = "GET $target HTTP/1.1\r\nHost: $host\r\n\r\n"

        fun named(name: String): suspend (Request) -> Response = { Response.text(name) }

        test("a host finds its handler: a name before a pattern, a longer pattern before a shorter one") {
            val hosts = VirtualHosts.builder().host("www.example", named("www")).host("*.example", named("any"))
                .host("*.api.example", named("api")).host("[::1]", named("six")).host(
                    "X.Example",
                    Router {
                        get("/") { Response.text("x") }
                    },
                ).build()
            mapOf(
                "www.example" to "www",
                "WWW.Example:8080" to "www",
                "www.example." to "www",
                "a.example" to "any",
                "a.b.example" to "any",
                "a.api.example" to "api",
                "api.example" to "any",
                "x.example" to "x",
                "[::1]:80" to "six",
            ).forEach { (host, answer) ->
                withClue(host) { ask(hosts.suspending(), request(host)).substringAfter("\r\n\r\n") shouldBe answer }
            }
            for (other in listOf("example", "evil", "www.example.evil", "127.0.0.1", "")) {
                withClue(other) { ask(hosts.suspending(), request(other)) shouldStartWith "HTTP/1.1 421 " }
            }
            ask(hosts.suspending(), "GET / HTTP/1.0\r\n\r\n") shouldStartWith "HTTP/1.1 421 "
            ask(hosts.suspending(), "GET http://www.example/ HTTP/1.1\r\nHost: www.example\r\n\r\n") shouldContain "\r\n\r\nwww"
            val open = VirtualHosts.builder().host("a", named("a")).otherwise(named("other")).build()
            ask(open.suspending(), request("b")) shouldContain "\r\n\r\nother"
            ask(open.suspending(), "GET / HTTP/1.0\r\n\r\n") shouldContain "\r\n\r\nother"
            for (wrong in listOf("", "*", "*.", "a:80", "a.", "a/b", "*.*.a", "a b", "a*")) {
                withClue(wrong) { shouldThrow<IllegalArgumentException> { VirtualHosts.builder().host(wrong, named("x")) } }
            }
            shouldThrow<IllegalArgumentException> { VirtualHosts.builder().host("a", named("x")).host("A", named("y")) }
            shouldThrow<IllegalArgumentException> { VirtualHosts.builder().host("*.a", named("x")).host("*.a", named("y")) }
        }

        test("a place that a client names is one of this site, or of a host that was named") {
            for (place in listOf(
                "/",
                "/a?b=//c",
                "/a%5cb",
                "https://shop.example/a",
                "HTTPS://Shop.Example",
                "http://shop.example?x",
                "https://shop.example:8443/",
            )) {
                withClue(place) { Redirects.within(place, "shop.example", "shop.example:8443").headers["Location"] shouldBe place }
            }
            for (place in listOf(
                "", "a", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil", " /a",
                "https://evil.example",
                "https:evil.example", "https:/evil.example", "https:///evil.example", "https://shop.example@evil.example",
                "https://shop.example:81/",
                "https://shop.example.evil.example", "https://evil.example#shop.example", "https://evil.example\\@shop.example",
                "javascript:alert(1)",
                "data:text/html,x", "ftp://shop.example/", "https://shop.example\\.evil.example", "///evil.example", "/\u00e4", "https://",
            )) {
                withClue(place) {
                    shouldThrow<ResponseException> { Redirects.within(place, "shop.example", "shop.example:8443") }.status shouldBe 400
                }
            }
        }

        test("requests without TLS go to https, of hosts that are named and of no other") {
            val handler = listOf(Redirects.toHttps("Shop.example")).around(named("secret"))
            val answer = ask(handler, request("shop.example:8080", "/a?b=c"))
            answer shouldStartWith "HTTP/1.1 308 "
            answer shouldContain "\r\nLocation: https://shop.example/a?b=c\r\n"
            ask(handler, "OPTIONS * HTTP/1.1\r\nHost: shop.example\r\n\r\n") shouldContain "\r\nLocation: https://shop.example/\r\n"
            ask(handler, request("evil.example")) shouldStartWith "HTTP/1.1 421 "
            ask(handler, "GET / HTTP/1.0\r\n\r\n") shouldStartWith "HTTP/1.1 421 "
            for (wrong in listOf("a:80", "", "a/b")) shouldThrow<IllegalArgumentException> { Redirects.toHttps(wrong) }
            shouldThrow<IllegalArgumentException> { Redirects.toHttps() }
        }

        test("a slash at the end comes or goes, and no path becomes the name of a host") {
            fun location(filter: RequestFilter, path: String) = ask(listOf(filter).around(named("here")), request("a", path)).lines()
                .firstOrNull { it.startsWith("Location: ") }?.substringAfter(": ")
            location(Redirects.toSlash(), "/a?b") shouldBe "/a/?b"
            location(Redirects.toSlash(), "/a/") shouldBe null
            location(Redirects.toSlash(), "//evil.example") shouldBe null
            location(Redirects.withoutSlash(), "/a/?b") shouldBe "/a?b"
            location(Redirects.withoutSlash(), "/a//") shouldBe "/a"
            location(Redirects.withoutSlash(), "/") shouldBe null
            location(Redirects.withoutSlash(), "//") shouldBe "/"
            location(Redirects.withoutSlash(), "//evil.example/") shouldBe null
            ask(listOf(Redirects.toSlash()).around(named("here")), post("/a", "")) shouldContain "\r\n\r\nhere"
        }
    })
