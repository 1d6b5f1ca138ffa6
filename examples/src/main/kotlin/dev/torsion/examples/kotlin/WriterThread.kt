// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineOnlyReceiver
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Protocol
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Reactor
import kotlin.concurrent.thread

/** Prints the lines that come. */
class LinePrinter(private val out: Output) : LineOnlyReceiver(LineFraming.anyNewline()) {
    override fun lineReceived(line: ByteArray) = out.println("received: ${line.decodeToString()}")
}

/** A client whose lines are sent by a second thread. [ended] hears when the connection is over, or did not come about. */
class WriterFactory(private val reactor: Reactor, private val out: Output, private val ended: () -> Unit) : ClientFactory() {
    override fun startedConnecting(connector: Connector) = out.println("connecting ...")

    override fun buildProtocol(address: Address) = LinePrinter(out)

    override fun clientConnectionMade(connector: Connector, protocol: Protocol) {
        thread(name = "writer") { writeLines(protocol as LinePrinter) }
    }

    /** On the writer's thread. */
    private fun writeLines(protocol: LinePrinter) {
        try {
            protocol.sendLine("from the wrong thread") // what the document does, and Twisted lets happen
        } catch (e: WrongThreadException) {
            reactor.callFromThread { out.println("refused: ${e.javaClass.simpleName}") }
        }
        for (number in 1..3) reactor.callFromThread { protocol.sendLine("hello number $number") }
        reactor.callFromThread { (protocol.transport as HalfCloseableTransport).loseWriteConnection() }
    }

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
    reactor.connectTcp("localhost", 8007, WriterFactory(reactor, Output.CONSOLE) { reactor.stop() })
    reactor.run()
}
