// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.reactor.Reactor

/** Says hello to a server, and what comes back; or that nobody is there. */
class UdpClient(private val host: String, private val port: Int, private val out: Output, private val ended: () -> Unit) :
    DatagramProtocol() {
    override fun startProtocol() {
        transport.connect(host, port)
        transport.write("hello".encodeToByteArray())
    }

    override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
        out.println("received ${data.decodeToString()} from ${sender.host}")
        ended()
    }

    override fun connectionRefused() {
        out.println("No one listening")
        ended()
    }
}

fun main() {
    val reactor = Reactor.create()
    reactor.listenUdp(0, UdpClient("127.0.0.1", 10004, Output.CONSOLE, reactor::stop))
    reactor.run()
}
