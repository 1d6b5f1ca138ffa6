// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.await
import dev.torsion.examples.Input
import dev.torsion.examples.Output
import dev.torsion.framing.LineCodec
import dev.torsion.framing.connect
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** Asks each line of [input] and prints the answer. */
suspend fun askLines(reactor: Reactor, endpoint: String, input: Input, out: Output) {
    val connection = reactor.connect(endpoint, LineCodec())
    out.println("connected")
    while (true) {
        val question = input.readLine().await() ?: break
        connection.send(question)
        out.println("the server answers: ${connection.receive()}")
    }
    connection.close()
}

fun main() {
    exitProcess(react { reactor -> askLines(reactor, "tcp:localhost:8000", Input.console(reactor), Output.CONSOLE) })
}
