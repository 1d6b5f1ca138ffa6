// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor

/** Says what it hears, and sends it back. */
class EchoServer(private val out: Output) : Protocol() {
    override fun connectionMade() {
        val client = transport.peer() as InternetAddress
        out.println("a client connected from ${client.host}")
    }

    override fun dataReceived(data: ByteArray) {
        out.println("the client says: ${data.decodeToString()}")
        transport.write(data)
    }
}

fun main() {
    val reactor = Reactor.create()
    reactor.listenTcp(10003, Factory { EchoServer(Output.CONSOLE) })
    println("the server runs, waiting for connections")
    reactor.run()
}
