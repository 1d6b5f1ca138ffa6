// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.testkit.runTest
import dev.torsion.web.HttpTimeoutException
import dev.torsion.web.Response
import dev.torsion.web.client.Agent
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.fetch
import dev.torsion.web.testkit.MockResponse
import dev.torsion.web.testkit.MockWebServer
import dev.torsion.web.testkit.StubAgent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.time.Duration

/** The Kotlin of docs/guide/testing.md about HTTP. */
class WebTestingSpec :
    StringSpec({
        val torsion = extension(TorsionSpecExtension())

        "a site is asked without sockets" {
            val reactor = torsion.reactor
            val client = StubAgent(reactor) { request -> Response.text("hello ${request.query("name")}") }
            val greeting = reactor.runTest { client.fetch("GET", "http://greetings.test/?name=you").use { it.body.readText() } }
            greeting shouldBe "hello you"
            client.close()
        }

        "a server that never answers meets the client's time-out" {
            val reactor = torsion.reactor
            MockWebServer.on(reactor).use { server ->
                val agent = Agent(reactor, HttpClientOptions.DEFAULT.withResponseTimeout(Duration.ofSeconds(5)))
                server.enqueue(MockResponse.none())
                reactor.runTest { shouldThrow<HttpTimeoutException> { agent.fetch("POST", server.url("/slow")) } }
                reactor.clock.elapsed() shouldBe Duration.ofSeconds(5)
                agent.close()
            }
        }
    })
