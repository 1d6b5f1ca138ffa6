// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.examples.Robot
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineReceiver
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor

/** Answers each line with a line, when the robot has thought about it. */
class LineAnswer(private val robot: Robot, private val out: Output) : LineReceiver(LineFraming.anyNewline()) {
    override fun lineReceived(line: ByteArray) {
        val question = line.decodeToString()
        out.println("the client asks: $question")
        pauseProducing() // one question at a time: the answers keep their order, and a hasty client has to wait
        robot
            .ask(question)
            .addCallback { answer -> sendLine(answer) }
            .addErrback { failure -> transport.abortConnection(failure.value) }
            .addBoth { resumeProducing() }
    }
}

fun main() {
    val reactor = Reactor.create()
    val robot = Robot(reactor)
    reactor.listenTcp(8000, Factory { LineAnswer(robot, Output.CONSOLE) })
    reactor.run()
}
