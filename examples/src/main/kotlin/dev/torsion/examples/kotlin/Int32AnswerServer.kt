// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output
import dev.torsion.examples.Robot
import dev.torsion.framing.Int32Codec
import dev.torsion.framing.serve
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor

/** Answers each string with a string, when the robot has thought about it: one coroutine for each connection. */
fun serveInt32Answers(reactor: Reactor, endpoint: String, out: Output): Deferred<ListeningPort> {
    val robot = Robot(reactor)
    return reactor.serve(endpoint, Int32Codec().text()) { connection ->
        for (question in connection.incoming) {
            out.println("the client asks: $question")
            connection.send(robot.ask(question).await())
        }
    }
}

fun main() {
    val reactor = Reactor.create()
    serveInt32Answers(reactor, "tcp:8000", Output.CONSOLE)
    reactor.run()
}
