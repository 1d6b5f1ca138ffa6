// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.await
import dev.torsion.endpoint.serverFromString
import dev.torsion.examples.Input
import dev.torsion.examples.kotlin.LineAnswer
import dev.torsion.examples.kotlin.WebRobot
import dev.torsion.examples.kotlin.askLines
import dev.torsion.examples.kotlin.askPlace
import dev.torsion.examples.kotlin.askPlaceByCallbacks
import dev.torsion.examples.kotlin.serveWebAnswers
import dev.torsion.examples.kotlin.webServices
import dev.torsion.java.Torsion
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.web.client.HttpClient
import dev.torsion.examples.java.PlaceClient as JavaPlaceClient
import dev.torsion.examples.java.WebRobot as JavaWebRobot

private const val ANY_PORT = "tcp:0:interface=127.0.0.1"

/** Stops that ask web services, which are on this machine. */
internal fun webStops(): List<Stop> = listOf(
    stop(
        "PlaceClient",
        "Asking a web service",
        "Where an address is: the status, the fields, the JSON; a redirect; and three ways in which it can fail.",
        "Java futures" plays { reactor, out ->
            withServices(reactor) { base -> reactor.done(JavaPlaceClient.run(Torsion.on(reactor), base, nowhere(reactor), out)) }
        },
        "Kotlin suspend" plays { reactor, out ->
            withServices(reactor) { base -> askPlace(reactor, base, nowhere(reactor), out) }
        },
        "Kotlin callbacks" plays { reactor, out ->
            withServices(reactor) { base -> askPlaceByCallbacks(reactor, base, nowhere(reactor), out).await() }
        },
    ),
    stop(
        "WebRobot",
        "A robot that asks a web service",
        "Each question of a client is asked of a service, by HTTP and JSON. The server goes on meanwhile.",
        "Java server (futures)" plays { reactor, out ->
            withRobot(reactor) { http, url ->
                val server = reactor.done(JavaWebRobot.serve(Torsion.on(reactor), ANY_PORT, http, url, out.of("server")))
                askLines(reactor, "tcp:127.0.0.1:${server.port()}", questions(), out.of("client"))
                reactor.done(server.stop())
            }
        },
        "Kotlin server (suspend)" plays { reactor, out ->
            withRobot(reactor) { http, url ->
                val port = serveWebAnswers(reactor, ANY_PORT, http, url, out.of("server")).await()
                askLines(reactor, "tcp:127.0.0.1:${port.port()}", questions(), out.of("client"))
                port.stopListening().await()
            }
        },
        "Kotlin server (callbacks)" plays { reactor, out ->
            withRobot(reactor) { http, url ->
                val robot = WebRobot(http, url)
                val port = serverFromString(reactor, ANY_PORT).listen(Factory { LineAnswer(robot, out.of("server")) }).await()
                askLines(reactor, "tcp:127.0.0.1:${port.port()}", questions(), out.of("client"))
                port.stopListening().await()
            }
        },
    ),
)

private fun questions() = Input.of("Who are you?", "What is a reactor?")

private suspend fun withServices(reactor: Reactor, client: suspend (String) -> Unit) {
    val port = reactor.listenTcp(0, webServices(reactor), "127.0.0.1")
    client("http://127.0.0.1:${port.port()}")
    port.stopListening().await()
}

private suspend fun withRobot(reactor: Reactor, server: suspend (HttpClient, String) -> Unit) = withServices(reactor) { base ->
    HttpClient(reactor).use { server(it, "$base/robot") }
}

/** The URL of a port that was there. */
private suspend fun nowhere(reactor: Reactor): String {
    val port = reactor.listenTcp(0, Factory { object : Protocol() {} }, "127.0.0.1")
    port.stopListening().await()
    return "http://127.0.0.1:${port.port()}/"
}
