// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.Headers
import dev.torsion.web.Response
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import kotlinx.coroutines.awaitCancellation
import java.util.concurrent.CompletableFuture
import kotlin.random.Random

/** Redirects: RFC 9110 15.4, and whom credentials go to. */
class RedirectAgentSpec :
    FunSpec({
        test("a place that is none of HTTP is not told whole: its query may have secrets") {
            val hops = FakeAgent { Answer(302, "Location" to "cats:/back?code=secret") }
            val error = shouldThrow<RedirectException> { hops.run(RedirectAgent(hops), "http://a.example/") }
            error.message!! shouldContain "cats:/back"
            error.message!! shouldNotContain "secret"
            hops.open.isEmpty() shouldBe true
        }

        test("methods and bodies by the status") {
            for ((status, method, next) in listOf(
                Triple(301, "POST", "GET "), Triple(302, "POST", "GET "), Triple(303, "POST", "GET "), Triple(307, "POST", "POST body"),
                Triple(
                    308,
                    "POST",
                    "POST body",
                ),
                Triple(301, "PUT", "PUT body"), Triple(302, "DELETE", "DELETE body"), Triple(303, "PUT", "GET "),
                Triple(307, "PATCH", "PATCH body"),
            )) {
                withClue("$status $method") {
                    httpScene(handler = {
                        if (it.target == "/") Response.redirect("/next", status) else Response.text("${it.method} ${it.body.readText()}")
                    }) {
                        http.call(method, "$base/").body("body").text().now() shouldBe next
                        ("Content-Type" in seen.last().headers) shouldBe next.endsWith("body")
                    }
                }
            }
            httpScene(handler = { if (it.target == "/") Response.redirect("/next", 303) else Response.of(204) }) {
                http.head("$base/").send().now().status shouldBe 204
                paths() shouldContainExactly listOf("HEAD /", "HEAD /next")
            }
        }

        test("what is no redirect is the answer: 300, 304, no Location") {
            httpScene(handler = { Response.of(it.target.drop(1).toInt()) }) {
                for (status in listOf(300, 301, 304)) http.get("$base/$status").send().now().use { it.status shouldBe status }
            }
        }

        test("the way is the history of the answer, and the connection is used again") {
            httpScene(handler = {
                when (it.target) {
                    "/" -> Response.text("moved").withStatus(301).withHeader("Location", "a/")
                    "/a/" -> Response.redirect("../b?c=1#d", 302)
                    else -> Response.text("here")
                }
            }) {
                val response = http.get("$base/").send().now()
                response.history.map { "${it.status} ${it.request.url.path}" } shouldContainExactly listOf("301 /", "302 /a/")
                "${response.request.url}" shouldBe "$base/b?c=1#d"
                response.body.bytes().now().decodeToString() shouldBe "here"
                seen.map { it.peer }.distinct().size shouldBe 1
            }
        }

        test("credentials stay with their origin, also when the way leads back; fields of the program's own go on") {
            httpScene(handler = { if (it.target == "/") Response.redirect("/same") else Response.text("end") }) {
                val back = base
                val other = server { Response.redirect("$back/end") }
                val first = server { request -> if (request.target == "/") Response.redirect("/same") else Response.redirect("$other/") }
                val request = ClientRequest.get(
                    "$first/",
                ).withHeader("Authorization", "Bearer x").withHeader("Cookie", "a=1").withHeader("X-Own", "1")
                RedirectAgent(agent).send(request).now().close()
                seen.map { "Authorization" in it.headers } shouldContainExactly listOf(true, true, false, false)
                seen.map { "Cookie" in it.headers } shouldContainExactly listOf(true, true, false, false)
                seen.all { it.headers["X-Own"] == "1" } shouldBe true
                seen[2].headers["Host"] shouldBe other.removePrefix("http://")
            }
        }

        test("an explicit Host is for one request") {
            httpScene(handler = { if (it.target == "/") Response.redirect("/next") else Response.text(it.headers["Host"]!!) }) {
                http.get("$base/").header("Host", "front.example.com").text().now() shouldBe base.removePrefix("http://")
            }
        }

        test("ten at most; a circle is called one") {
            httpScene(handler = { Response.redirect("/${it.target.drop(1).ifEmpty { "0" }.toInt() + 1}") }) {
                val error = shouldThrow<RedirectException> { http.get("$base/0").text().now() }
                error.message shouldContain "at most 10"
                error.history.size shouldBe 10
                seen.size shouldBe 11
                http.withRedirects(RedirectOptions.DEFAULT.withMaxRedirects(0)).run {
                    shouldThrow<RedirectException> { get("$base/0").text().now() }
                }
                http.withRedirects(null).get("$base/0").send().now().use { it.status shouldBe 302 }
            }
            httpScene(handler = { Response.redirect(if (it.target == "/a") "/b" else "/a") }) {
                shouldThrow<RedirectException> { http.get("$base/a").text().now() }.message shouldContain "they go round"
            }
        }

        test("a redirect to itself that sets a cookie is followed") {
            httpScene(handler = {
                if (it.headers["Cookie"] == "seen=1") Response.text("in") else Response.redirect("/").withHeader("Set-Cookie", "seen=1")
            }) {
                http.withCookies(CookieJar()).get("$base/").text().now() shouldBe "in"
            }
        }

        test("places that are none, and several places") {
            for (place in listOf("ftp://a/", "http://", "http://u:p@a/", "data:text/plain,x")) {
                httpScene(handler = { Response.redirect(place) }) {
                    val error = shouldThrow<RedirectException> { http.get("$base/").text().now() }
                    error.response.status shouldBe 302
                }
            }
            httpScene(handler = {
                Response.of(302).withHeaders(Headers.of("Location", "/a", "Location", "/b"))
            }) {
                shouldThrow<RedirectException> { http.get("$base/").text().now() }.message shouldContain "several places"
            }
        }

        test("a body that can be sent only once is not sent again") {
            httpScene(handler = {
                it.body.readBytes()
                if (it.target == "/") Response.redirect("/b", 307) else Response.text("b")
            }) {
                val once = RequestBody.stream("a/b") { it.write("x") }
                shouldThrow<RedirectException> { http.post("$base/").body(once).text().now() }.message shouldContain "only once"
                http.post("$base/").body(once.asReplayable()).text().now() shouldBe "b"
            }
        }

        test("from https to http only where that is allowed") {
            val hops = FakeAgent { Answer(302, "Location" to "http://a.example/") }
            val error = shouldThrow<RedirectException> { hops.run(RedirectAgent(hops), "https://a.example/") }
            error.message shouldContain "from https to http"
            val allowed = FakeAgent { if (it.origin.isSecure) Answer(302, "Location" to "http://a.example/") else Answer(200) }
            val agent = RedirectAgent(allowed, RedirectOptions.DEFAULT.withDowngrade(true))
            allowed.run(agent, "https://a.example/", "Authorization" to "x").status shouldBe 200
            allowed.requests.map { "Authorization" in it.headers } shouldContainExactly listOf(true, false)
        }

        test(
            "whatever the way: nobody but the first origin gets credentials, and nobody behind another one; all responses but the last are closed",
        ) {
            val random = Random(11)
            val places = listOf("http://a.example", "http://a.example:81", "https://a.example", "http://b.example", "//A.EXAMPLE:80", "")
            repeat(500) {
                val hops = FakeAgent {
                    Answer(
                        listOf(301, 302, 303, 307, 308, 200).random(random),
                        "Location" to places.random(random) + "/x",
                    )
                }
                val agent = RedirectAgent(hops, RedirectOptions.DEFAULT.withDowngrade(true))
                try {
                    hops.run(agent, "http://a.example/", "Authorization" to "x", "Cookie" to "y").status shouldBe 200
                    hops.open.size shouldBe 1
                } catch (_: RedirectException) {
                    hops.open.size shouldBe 0
                }
                val own = hops.requests.first().origin
                val untilOther = hops.requests.takeWhile { it.origin == own }
                untilOther.all { "Authorization" in it.headers && "Cookie" in it.headers } shouldBe true
                hops.requests.drop(untilOther.size).none { "Authorization" in it.headers || "Cookie" in it.headers } shouldBe true
            }
        }

        test("a large body on the way costs its connection, and no time") {
            val never = CompletableFuture<Void?>()
            httpScene(handler = {
                if (it.target == "/") {
                    Response.streaming("a/b") { sink ->
                        sink.send(ByteArray(200_000)).thenCompose { never }
                    }.withStatus(302).withHeader("Location", "/b")
                } else {
                    Response.text("b")
                }
            }) {
                http.get("$base/").text().now() shouldBe "b"
            }
        }

        test("a body on the way that never ends is waited for a second") {
            httpScene(handler = {
                if (it.target == "/") {
                    Response.stream("a/b") { sink ->
                        sink.write("x")
                        awaitCancellation()
                    }.withStatus(302).withHeader("Location", "/b")
                } else {
                    Response.text("b")
                }
            }) {
                http.get("$base/").text().now(1) shouldBe "b"
            }
        }

        test("cancelling at each hop ends that request, and leaves no connection that is taken") {
            for (hop in 0..2) {
                httpScene(HttpClientOptions.DEFAULT.withMaxConnections(1), handler = {
                    when (it.target) {
                        "/$hop" -> awaitCancellation()
                        "/2", "/free" -> Response.text("end")
                        else -> Response.redirect("/${it.target.drop(1).toInt() + 1}")
                    }
                }) {
                    val call = http.get("$base/0").text()
                    reactor.flush()
                    call.cancel(true)
                    reactor.flush()
                    http.get("$base/free").text().now() shouldBe "end"
                }
            }
        }
    })
