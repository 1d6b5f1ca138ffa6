// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.testkit.runReactorTest
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.client.Agent
import dev.torsion.web.client.ContentDecoderAgent
import dev.torsion.web.client.CookieAgent
import dev.torsion.web.client.CookieJar
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.HttpStatusException
import dev.torsion.web.client.Multipart
import dev.torsion.web.client.RedirectAgent
import dev.torsion.web.client.RequestBody
import dev.torsion.web.client.RequestTimeoutException
import dev.torsion.web.client.json
import dev.torsion.web.client.readBody
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.awaitCancellation
import kotlinx.serialization.Serializable
import java.time.Duration

@Serializable
data class Cat(val name: String, val lives: Int)

/** The Kotlin of docs/guide/web-client.md. */
class WebClientSpec :
    StringSpec({
        val router = Router {
            get("/cats/tom") { Response.bytes("""{"name": "Tom", "lives": 9}""".toByteArray(), "application/json") }
            get("/never") { awaitCancellation() }
            post("/echo") { Response.bytes(it.body.readBytes(), "application/json") }
        }

        "text, JSON, forms, and what goes wrong" {
            runReactorTest {
                val reactor = this
                val port = reactor.listenTcp(0, Site(reactor, router), "127.0.0.1")
                val base = "http://127.0.0.1:${port.port()}"
                val http = HttpClient(reactor)
                val text = http.get("$base/cats/tom").readText()
                text shouldContain "Tom"

                val api = http.withBaseUrl(base).raisingForStatus()
                val cat = api.get("/cats/tom").query("detail", "all").json<Cat>()
                val same = api.post("/echo").body(RequestBody.json(cat)).json<Cat>()
                same shouldBe cat

                try {
                    api.get("/cats/garfield").readText()
                } catch (e: HttpStatusException) {
                    println("${e.status}: ${e.bodyStart}")
                }
                shouldThrow<RequestTimeoutException> { http.get("$base/never").timeout(Duration.ofSeconds(5)).readText() }

                val form = Multipart.of("title", "Tom").file("picture", "tom.png", RequestBody.bytes(byteArrayOf(1, 2, 3), "image/png"))
                http.post("$base/echo").multipart(form).readText() shouldContain "tom.png"

                http.get("$base/cats/tom").fetch().use { response ->
                    println("${response.status}, ${response.headers["Content-Type"]}")
                    while (true) {
                        val piece = response.body.read() ?: break
                        println("${piece.size} bytes more")
                    }
                }
                http.close()
                port.stopListening().await()
            }
        }

        "agents around agents, with Deferreds" {
            runReactorTest {
                val reactor = this
                val port = reactor.listenTcp(0, Site(reactor, router), "127.0.0.1")
                val url = "http://127.0.0.1:${port.port()}/cats/tom"
                Agent(reactor).use { connections ->
                    val agent = RedirectAgent(CookieAgent(ContentDecoderAgent(connections), CookieJar()))
                    val text: Deferred<String> = agent.request("GET", url).addAsyncCallback { readBody(it) }.addCallback { String(it) }
                    text.await() shouldContain "Tom"
                }
                port.stopListening().await()
            }
        }
    })
