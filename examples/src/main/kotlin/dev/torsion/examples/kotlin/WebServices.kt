// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Robot
import dev.torsion.reactor.Reactor
import dev.torsion.web.Response
import dev.torsion.web.Router
import dev.torsion.web.Site
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlin.time.Duration.Companion.milliseconds

/** Where an address is, as the documents' service says it. */
@Serializable
data class Place(val country: String, val regionName: String, val city: String)

/** A question for the robot of the documents. */
@Serializable
data class RobotQuestion(val text: String)

/** Its answer. */
@Serializable
data class RobotAnswer(val text: String)

private val PLACES = mapOf("123.112.18.111" to Place("China", "Beijing", "Beijing"))

/** The documents' web services, which know little, on this machine: where an address is, and a robot. */
fun webServices(reactor: Reactor): Site {
    val router = Router {
        get("/json/{address}") { request ->
            PLACES[request.parameter("address")]?.let { json(Json.encodeToString(it)) } ?: Response.text("nobody is there").withStatus(404)
        }
        get("/old/{address}") { request -> Response.redirect("/json/${request.parameter("address")}", 301) }
        get("/never") { awaitCancellation() }
        post("/robot") { request ->
            val question = Json.decodeFromString<RobotQuestion>(request.body.readText())
            delay(20.milliseconds)
            json(Json.encodeToString(RobotAnswer(Robot.think(question.text))))
        }
    }
    return Site(reactor, router)
}

private fun json(text: String) = Response.bytes(text.toByteArray(), "application/json")
