// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.clock.Clock
import dev.torsion.clock.addTimeout
import dev.torsion.defer.DeferredList
import dev.torsion.examples.Output
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineOnlyReceiver
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import kotlin.time.Duration.Companion.seconds

/** One client of the chat: its words go to all others. The line `close` closes its connection. */
class Spreader(private val room: ChatFactory) : LineOnlyReceiver(LineFraming.anyNewline()) {
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
        val others = room.clients.filter { it !== this }
        others.forEach { it.sendLine(line) }
        waitFor(others.filter { !it.transport.isWritable })
    }

    /** A client that says more than the others read is not heard until they have read it: so nobody can fill the memory. */
    private fun waitFor(behind: List<Spreader>) {
        if (behind.isEmpty()) return
        pauseProducing()
        DeferredList(behind.map { it.caughtUp() }).addCallback { resumeProducing() }
    }

    /** One that does not read at all is let go. */
    private fun caughtUp() = transport.whenWritable().addTimeout(10.seconds, room.clock).addErrback { transport.abortConnection() }
}

/** The room: who is in it. All on the reactor's thread, so it needs no lock. */
class ChatFactory(val clock: Clock, val out: Output) : Factory() {
    val clients = LinkedHashSet<Spreader>()

    override fun buildProtocol(address: Address) = Spreader(this)
}

fun main() {
    val reactor = Reactor.create()
    reactor.listenTcp(8007, ChatFactory(reactor, Output.CONSOLE))
    reactor.run()
}
