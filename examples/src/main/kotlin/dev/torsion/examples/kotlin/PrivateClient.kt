// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.framing.connect
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.encodeToJsonElement
import kotlin.system.exitProcess

/** The message of the client. */
@Serializable
class Company(val company: String)

/** Sends one message of the private protocol and prints the answer. */
suspend fun sendPrivate(reactor: Reactor, endpoint: String, out: Output) {
    val connection = reactor.connect(endpoint, privateMessages)
    connection.send(privateMessage(1100, Json.encodeToJsonElement(Company("oldboyedu"))))
    val (header, body) = connection.receive()
    out.println("the server answers: header $header, body $body")
    connection.close()
}

fun main() {
    exitProcess(react { reactor -> sendPrivate(reactor, "tcp:localhost:8000", Output.CONSOLE) })
}
