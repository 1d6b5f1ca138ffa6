// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.net.CloseReason
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.ListeningPort

/**
 * A server and a client with callbacks, as in Twisted's first tutorials: the client asks, gets an echo and then some bulk, which comes by a
 * producer of each kind; it half-closes, connects a second time, and the program stops.
 */
internal class CallbackProgram(private val run: SweepRun) {
    private val reactor = run.reactor
    private lateinit var port: ListeningPort
    private var connected = 0

    fun begin() {
        port = reactor.listenTcp(0, SweptFactory(run, "server") { Server() }, "127.0.0.1")
        val factory =
            SweptClientFactory(run, "client", { Client() }) { connector ->
                if (connected == 1) connector.connect() else end()
            }
        reactor.connectTcp("server.test", port.port(), factory)
    }

    private fun end() {
        run.track("stopListening", port.stopListening()).addBoth { run.stop() }
    }

    private inner class Server : SweptHalfCloseable(run, "server") {
        private var isAnswering = false

        override fun received(data: ByteArray) {
            if (isAnswering) return
            isAnswering = true
            transport.write(data)
            SweptProducer(run, "push", transport, isStreaming = true, pieces = 5) {
                SweptProducer(run, "pull", transport, isStreaming = false, pieces = 2) { transport.write(LAST) }.begin()
            }.begin()
        }
    }

    private inner class Client : SweptProtocol(run, "client") {
        override fun made() {
            connected++
            transport.write("hello".toByteArray())
        }

        override fun received(data: ByteArray) {
            if (data.last() != LAST.last()) return
            if (connected == 1) (transport as HalfCloseableTransport).loseWriteConnection() else transport.loseConnection()
        }

        override fun lost(reason: CloseReason) {
            if (run.reactor.isRunning) transport.write("nobody hears this".toByteArray())
        }
    }

    private companion object {
        val LAST = "!".toByteArray()
    }
}
