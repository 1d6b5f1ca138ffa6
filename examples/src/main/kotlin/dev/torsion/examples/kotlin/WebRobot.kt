// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.examples.Output
import dev.torsion.examples.Robot
import dev.torsion.framing.LineCodec
import dev.torsion.framing.serve
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.RequestBody
import dev.torsion.web.client.json
import dev.torsion.web.client.readBody
import kotlinx.coroutines.awaitCancellation
import kotlinx.serialization.json.Json
import kotlin.system.exitProcess

/** Asks the web service at [url] for each answer, with Deferreds. The loop never waits. */
class WebRobot(private val http: HttpClient, private val url: String) : Robot {
    override fun ask(question: String): Deferred<String> = http.post(url).body(RequestBody.json(RobotQuestion(question))).request()
        .addAsyncCallback { readBody(it) }
        .addCallback { Json.decodeFromString<RobotAnswer>(String(it)).text }
}

/** Answers each line with what the web service at [url] says, in coroutines. */
fun serveWebAnswers(reactor: Reactor, endpoint: String, http: HttpClient, url: String, out: Output): Deferred<ListeningPort> =
    reactor.serve(endpoint, LineCodec()) { connection ->
        for (question in connection.incoming) {
            out.println("the client asks: $question")
            val answer = http.post(url).body(RequestBody.json(RobotQuestion(question))).raiseForStatus().json<RobotAnswer>()
            connection.send(answer.text)
        }
    }

fun main() {
    val code = react { reactor ->
        val services = reactor.listenTcp(0, webServices(reactor), "127.0.0.1")
        serveWebAnswers(reactor, "tcp:8000", HttpClient(reactor), "http://127.0.0.1:${services.port()}/robot", Output.CONSOLE)
        awaitCancellation()
    }
    exitProcess(code)
}
