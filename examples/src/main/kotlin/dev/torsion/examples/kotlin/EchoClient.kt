// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Input
import dev.torsion.examples.Output
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor

/** Sends a line, waits for its echo, and sends the next; closes at an empty line or the end. */
class EchoClient(private val input: Input, private val out: Output) : Protocol() {
    override fun connectionMade() = sendNext()

    override fun dataReceived(data: ByteArray) {
        out.println("the server says: ${data.decodeToString()}")
        sendNext()
    }

    private fun sendNext() {
        input.readLine().addCallback { line ->
            if (line.isNullOrEmpty()) transport.loseConnection() else transport.write(line.encodeToByteArray())
        }
    }
}

/** Hears how the connection goes, and tells [ended] when it is over. */
class EchoClientFactory(private val input: Input, private val out: Output, private val ended: () -> Unit) : ClientFactory() {
    override fun buildProtocol(address: Address) = EchoClient(input, out)

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        out.println(reason.message!!)
        ended()
    }

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
        out.println(reason.message!!)
        ended()
    }
}

fun main() {
    val reactor = Reactor.create()
    reactor.connectTcp("localhost", 10003, EchoClientFactory(Input.console(reactor), Output.CONSOLE) { reactor.stop() })
    reactor.run()
}
