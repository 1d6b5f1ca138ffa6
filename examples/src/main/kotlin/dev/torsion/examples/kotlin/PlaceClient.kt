// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.examples.Output
import dev.torsion.net.CannotConnectException
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.web.client.Agent
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.HttpStatusException
import dev.torsion.web.client.RedirectAgent
import dev.torsion.web.client.RequestTimeoutException
import dev.torsion.web.client.json
import dev.torsion.web.client.readBody
import kotlinx.serialization.json.Json
import java.time.Duration
import kotlin.system.exitProcess

private const val ADDRESS = "123.112.18.111"
private val PATIENCE = Duration.ofMillis(100)

/** Asks where an address is, in coroutines; and what happens when all does not go well. Nobody listens at [nowhere]. */
suspend fun askPlace(reactor: Reactor, base: String, nowhere: String, out: Output) {
    HttpClient(reactor).use { http ->
        http.get("$base/json/$ADDRESS").query("lang", "en").fetch().use { response ->
            out.println("${response.status}, ${response.headers["Content-Type"]}")
            out.println(described(Json.decodeFromString<Place>(response.body.readText())))
        }
        out.println("moved: " + described(http.get("$base/old/$ADDRESS").json<Place>()))
        try {
            http.get("$base/json/10.0.0.1").raiseForStatus().json<Place>()
        } catch (e: HttpStatusException) {
            out.println("unknown: ${e.status}, ${e.bodyStart}")
        }
        try {
            http.get("$base/never").timeout(PATIENCE).readText()
        } catch (e: RequestTimeoutException) {
            out.println("late: ${e.message}")
        }
        try {
            http.get(nowhere).readText()
        } catch (_: CannotConnectException) {
            out.println("nobody is there")
        }
    }
}

/** The same with Deferreds, as in Twisted: an agent, the head of its answer, and then the body. */
fun askPlaceByCallbacks(reactor: Reactor, base: String, nowhere: String, out: Output): Deferred<Unit> {
    val http = Agent(reactor)
    val agent = RedirectAgent(http)
    return agent.request("GET", "$base/json/$ADDRESS?lang=en")
        .addAsyncCallback { response ->
            out.println("${response.status}, ${response.headers["Content-Type"]}")
            readBody(response)
        }
        .addCallback { body -> out.println(described(Json.decodeFromString<Place>(String(body)))) }
        .addAsyncCallback { agent.request("GET", "$base/old/$ADDRESS").addAsyncCallback { readBody(it) } }
        .addCallback { body -> out.println("moved: " + described(Json.decodeFromString<Place>(String(body)))) }
        .addAsyncCallback { agent.request("GET", "$base/json/10.0.0.1") }
        .addAsyncCallback { response -> readBody(response).addCallback { out.println("unknown: ${response.status}, ${String(it)}") } }
        .addAsyncCallback { agent.request(ClientRequest.get("$base/never").withTimeout(PATIENCE)) }
        .addCallbacks({ it.close() }) { failure ->
            failure.trap(RequestTimeoutException::class.java)
            out.println("late: ${failure.errorMessage}")
        }
        .addAsyncCallback { agent.request("GET", nowhere) }
        .addCallbacks({ it.close() }) { failure ->
            failure.trap(CannotConnectException::class.java)
            out.println("nobody is there")
        }
        .addBoth { outcome -> outcome.also { http.close() }.get() }
}

private fun described(place: Place) = "country: ${place.country}, region: ${place.regionName}, city: ${place.city}"

fun main() {
    exitProcess(react { reactor -> askPlace(reactor, "http://ip-api.com", "http://localhost:1/", Output.CONSOLE) })
}
