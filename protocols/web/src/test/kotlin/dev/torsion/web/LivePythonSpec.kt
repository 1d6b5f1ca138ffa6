// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.web.Live.serving
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.future.await
import java.net.URLDecoder
import java.net.URLEncoder
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** Clients of Python: http.client and urllib, treq, and a spider of Scrapy that crawls a site. */
class LivePythonSpec :
    FunSpec({
        fun cookie(request: Request) = request.headers["Cookie"]?.substringAfter("name=")?.let { URLDecoder.decode(it, Charsets.UTF_8) }

        fun Router.Builder.logins() {
            post("/login") { request ->
                val name = URLEncoder.encode(request.readForm()["name"]!!, Charsets.UTF_8)
                Response.redirect("/welcome", 303).withHeader("Set-Cookie", "name=$name; Path=/; HttpOnly")
            }
            get("/welcome") { Response.bytes(welcome(cookie(it)).toByteArray(), HTML) }
        }

        val router = Router {
            get("/hello") { Response.text("hello") }
            post("/echo") { request -> Response.bytes(request.body.readBytes(), "application/octet-stream") }
            get("/stream") { Response.stream("text/plain") { sink -> repeat(1000) { sink.write("line $it\n") } } }
            get("/json") { request ->
                Response.bytes(request.queryAll("q").joinToString("\",\"", "[\"", "\"]").toByteArray(), "application/json")
            }
            post("/parts") { request ->
                val form = request.readForm()
                val file = form.file("one")!!
                Response.text("${form["field"]} ${file.fileName} ${file.readBytes().size}")
            }
            logins()
        }

        test("http.client and urllib").config(enabledOrReasonIf = { Tool.python }) {
            serving(router) { base ->
                Tool.python("standard_clients.py", base) shouldBe
                    """[["get", 200, 11, "hello"], ["head", 200, "5", 0], ["length", 200, 100000], ["chunks", 200, 100000], """ +
                    """["stream", 200, "chunked", 8890], ["delete", 405, "POST, OPTIONS"], ["options", 204, "POST, OPTIONS", 0], """ +
                    """["last", 200, true, "hello"], ["connections", 1], """ +
                    """["form, redirect and cookie", 200, "/welcome", "${welcome("J\\u00fcrgen & co")}"], """ +
                    """["cookies", [["name", "/"]]], ["error", 404, "Not Found", "404 Not Found\n"]]"""
            }
        }

        test("treq").config(enabledOrReasonIf = { Tool.treq }) {
            serving(router) { base ->
                Tool.python("treq_client.py", base) shouldBe
                    """[["json", 200, ["a b", "\u00fc"]], ["form", 200, "name=J%C3%BCrgen&n=1"], """ +
                    """["post of json", 200, {"deep": [1, {"a": null}]}], ["redirect and cookie", 200, 1, "${welcome("treq")}"], """ +
                    """["multipart", 200, "value a.txt 50000"], ["stream", 200, 8890], ["many at once", true]]"""
            }
        }

        test("a spider of Scrapy: each page once, robots.txt, redirects, a form, a cookie, what is missing").config(
            enabledOrReasonIf = { Tool.scrapy },
        ) {
            val asked = ConcurrentHashMap<String, AtomicInteger>()
            fun page(title: String, links: List<String>, more: String = ""): Response =
                Response.bytes(page(title, links.joinToString("") { "<a href=\"$it\">$it</a>" } + more).toByteArray(), HTML)
            val site = Router {
                get("/robots.txt") { Response.text("User-agent: *\nDisallow: /private\n") }
                get("/") {
                    page(
                        "root",
                        (1..PAGES).map { "/old/$it" } + listOf("/private/1", "/private/2", "/none", "pages/1?a=b&amp;c", "#top"),
                        "<form action=/login method=post><input name=name></form>",
                    )
                }
                get("/old/{n}") { Response.redirect("/pages/${it.parameter("n")}", 301) }
                get("/pages/{n}") { request ->
                    val n = request.parameter("n")
                    page("page $n", listOf("${n.toInt() % PAGES + 1}", "../", "/pages/$n"))
                }
                get("/private/{n}") { Response.error(500) }
                logins()
            }
            val counted = Router {
                on("GET", "/{path...}") { request ->
                    asked.computeIfAbsent(request.target) { AtomicInteger() }.incrementAndGet()
                    site.handle(request).await()
                }
                on("POST", "/{path...}") { site.handle(it).await() }
            }
            serving(counted) { base ->
                val pages = (1..PAGES).map { "/pages/$it" to "page $it" } + ("/pages/1?a=b&c" to "page 1") + List(2) { "/" to "root" } +
                    ("/welcome" to "welcome") + ("/none" to null)
                Tool.python("scrapy_spider.py", base) shouldBe
                    pages.map { (path, title) ->
                        "[\"$path\", ${title?.let { "\"$it\"" }}]"
                    }.sorted().joinToString(", ", "{\"pages\": [", "], ") +
                    """"greetings": ["hello spider"], "statuses": {"200": ${pages.size - 1}, "404": 1}, "forbidden": 2, """ +
                    """"redirects": $PAGES, "retries": 0, "reason": "finished"}"""
                asked.filter { it.value.get() != 1 }.keys shouldBe setOf("/") // Scrapy does not remember where it began
                asked.keys.filter { it.startsWith("/private") } shouldBe emptyList()
            }
        }
    }) {
    private companion object {
        const val PAGES = 60
        const val HTML = "text/html; charset=utf-8"

        fun welcome(name: String?) = page("welcome", "<p class=greeting>hello $name</p>")

        fun page(title: String, body: String) = "<!doctype html><html><head><title>$title</title></head><body>$body</body></html>"
    }
}
