// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.callLater
import dev.torsion.defer.Failure
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.connectUdp
import kotlin.time.Duration.Companion.seconds

/** A server in a group, and a client that asks it by its name three times. Both close their ports, and the program stops. */
internal class DatagramProgram(private val run: SweepRun) {
    private val reactor = run.reactor
    private lateinit var server: ListeningPort
    private var isEnding = false

    fun begin() {
        server = reactor.listenUdp(0, Server(), "127.0.0.1")
        run.track("connectUdp", reactor.connectUdp("server.test", server.port(), Client())).addBoth { if (it is Failure) end() }
        run.planned(reactor.callLater(1.seconds) { end() }) // datagrams may be lost
    }

    private fun end() {
        if (isEnding) return
        isEnding = true
        run.track("stopListening", server.stopListening()).addBoth { run.stop() }
    }

    /** A protocol all of whose callbacks are points, and have to come in pairs. */
    private abstract inner class Swept(private val name: String) : DatagramProtocol() {
        override fun startProtocol() {
            run.call("$name.startProtocol") { started() }
            run.begun("port of $name")
        }

        override fun datagramReceived(data: ByteArray, sender: InternetAddress) =
            run.call("$name.datagramReceived") { received(data, sender) }

        override fun connectionRefused() = run.call("$name.connectionRefused") { }

        override fun stopProtocol() {
            run.ended("port of $name")
            run.call("$name.stopProtocol") { transport.write("nobody hears this".toByteArray(), transport.peer() ?: transport.host()) }
        }

        protected abstract fun started()

        protected abstract fun received(data: ByteArray, sender: InternetAddress)
    }

    private inner class Server : Swept("server") {
        override fun started() = transport.multicast().joinGroup("239.1.2.3")

        override fun received(data: ByteArray, sender: InternetAddress) = transport.write(data, sender)
    }

    private inner class Client : Swept("client") {
        private var answers = 0

        override fun started() = transport.write("1".toByteArray())

        override fun received(data: ByteArray, sender: InternetAddress) {
            if (++answers < 3) return transport.write("again".toByteArray())
            run.track("client's stopListening", transport.stopListening()).addBoth { end() }
        }
    }
}
