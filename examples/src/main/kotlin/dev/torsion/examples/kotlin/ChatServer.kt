// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineOnlyReceiver
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor

/** One client of the chat: what it says goes to all others. The line `close` closes its connection. */
class Spreader(
    private val room: ChatFactory,
) : LineOnlyReceiver(LineFraming.anyNewline()) {
    override fun connectionMade() {
        room.clients.add(this)
        sendLine("Welcome to the Spread Site, you are client number ${room.clients.size}!")
        room.out.println("new connection: ${room.clients.size}")
    }

    override fun connectionLost(reason: CloseReason) {
        room.clients.remove(this)
        room.out.println("lost connection: ${room.clients.size}")
    }

    override fun lineReceived(line: ByteArray) {
        if (line.decodeToString() == "close") {
            transport.loseConnection()
            return
        }
        room.out.println(line.decodeToString())
        for (client in room.clients) if (client !== this) client.hear(line)
    }

    /** A client that does not read what the others say is let go, so that it cannot fill the memory. */
    private fun hear(line: ByteArray) {
        if (transport.isWritable) sendLine(line) else transport.abortConnection()
    }
}

/** The room: who is in it. All on the reactor's thread, so it needs no lock. */
class ChatFactory(
    val out: Output,
) : Factory() {
    val clients = LinkedHashSet<Spreader>()

    override fun buildProtocol(address: Address) = Spreader(this)
}

fun main() {
    val reactor = Reactor.create()
    reactor.listenTcp(8007, ChatFactory(Output.CONSOLE))
    reactor.run()
}
