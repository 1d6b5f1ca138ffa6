// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.clock.callLater
import dev.torsion.defer.await
import dev.torsion.examples.Input
import dev.torsion.examples.Output
import dev.torsion.examples.kotlin.askSteadily
import dev.torsion.framing.ConnectionFactory
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.java.Torsion
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import kotlin.time.Duration.Companion.milliseconds
import dev.torsion.examples.java.SteadyClient as JavaSteadyClient

/** Stops that last longer than a connection. */
internal fun serviceStops(): List<Stop> = listOf(
    stop(
        "SteadyClient",
        "A client that survives its server's restart",
        "The server goes away instead of answering. The client connects again when it is back, and asks again.",
        "Java futures" plays { reactor, out ->
            val server = RestartingServer(reactor, out.of("server"))
            reactor.done(JavaSteadyClient.run(Torsion.on(reactor), server.endpoint, questions(), out.of("client")))
            server.stop()
        },
        "Kotlin suspend" plays { reactor, out ->
            val server = RestartingServer(reactor, out.of("server"))
            askSteadily(reactor, server.endpoint, questions(), out.of("client"))
            server.stop()
        },
    ),
)

private fun questions() = Input.of("hello", "torsion")

/** Answers in upper case, but its second question makes it go away for a moment, with all its connections. */
private class RestartingServer(private val reactor: Reactor, private val out: Output) {
    private val connections = ArrayList<MessageConnection<String>>()
    private var questions = 0
    private val factory =
        ConnectionFactory(reactor, LineCodec()) { connection ->
            connections.add(connection)
            connection.onMessage { line -> if (++questions == 2) goAway() else connection.write(line.uppercase()) }
        }
    private var port: ListeningPort = reactor.listenTcp(0, factory, "127.0.0.1")

    val endpoint get() = "tcp:${port.host()}"

    private fun goAway() {
        out.println("away")
        connections.forEach { it.abort() }
        val number = port.port()
        port.stopListening()
        reactor.callLater(100.milliseconds) {
            port = reactor.listenTcp(number, factory, "127.0.0.1")
            out.println("back")
        }
    }

    suspend fun stop() {
        port.stopListening().await()
    }
}
