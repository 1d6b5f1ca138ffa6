// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.testkit.runReactorTest
import dev.torsion.web.Conditional
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import dev.torsion.web.client.HttpClient
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

/** The Kotlin of docs/guide/web.md about requests with conditions. */
class WebConditionsSpec :
    StringSpec({
        "who has the page is not sent it" {
            runReactorTest {
                val tag = "\"1\""
                var rendered = 0
                fun render(): Response = Response.text("page").also { rendered++ }
                val router = Router {
                    get("/page") { request ->
                        Conditional.answer(request, tag, null) ?: render().withHeader("ETag", tag)
                    }
                }
                val port = listenTcp(0, Site(this, router), "127.0.0.1")
                HttpClient(this).use { http ->
                    val page = http.get("http://127.0.0.1:${port.port()}/page")
                    page.readText() shouldBe "page"
                    page.header("If-None-Match", tag).fetch().use { it.status shouldBe 304 }
                    rendered shouldBe 1
                }
                port.stopListening()
            }
        }
    })
