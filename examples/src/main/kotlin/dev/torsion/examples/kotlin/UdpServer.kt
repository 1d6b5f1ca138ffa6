// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.reactor.Reactor
import java.net.InetSocketAddress
import java.nio.channels.DatagramChannel

/** Says what it hears, and answers with it. */
class UdpServer(private val out: Output) : DatagramProtocol() {
    override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
        val message = data.decodeToString()
        out.println("received $message from ${sender.host}")
        transport.write("the server's $message".encodeToByteArray(), sender)
    }
}

/** The tutorial's server has a socket of its own, which the reactor adopts. `reactor.listenUdp(10004, UdpServer(out))` does the same. */
fun main() {
    val reactor = Reactor.create()
    val socket = DatagramChannel.open().bind(InetSocketAddress("127.0.0.1", 10004))
    reactor.adoptDatagramPort(socket, UdpServer(Output.CONSOLE))
    reactor.run()
}
