// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.examples.Input
import dev.torsion.examples.Output
import dev.torsion.framing.Int32StringReceiver
import dev.torsion.net.CloseReason
import dev.torsion.reactor.Reactor

/** Asks each line of [input] and prints the answer. The answers come to `stringReceived`: `dataReceived` would see half strings. */
class Int32Question(private val input: Input, private val out: Output, private val ended: () -> Unit) : Int32StringReceiver() {
    override fun connectionMade() {
        out.println("connected")
        sendNext()
    }

    override fun stringReceived(string: ByteArray) {
        out.println("the server answers: ${string.decodeToString()}")
        sendNext()
    }

    override fun connectionLost(reason: CloseReason) = ended()

    private fun sendNext() {
        input.readLine().addCallback { line ->
            if (line == null) transport.loseConnection() else sendString(line.encodeToByteArray())
        }
    }
}

fun main() {
    val reactor = Reactor.create()
    val client = Int32Question(Input.console(reactor), Output.CONSOLE) { reactor.stop() }
    TCP4ClientEndpoint(reactor, "localhost", 8000).connectProtocol(client).addErrback { failure ->
        println(failure.value.message)
        client.also { reactor.callWhenRunning { reactor.stop() } }
    }
    reactor.run()
}
