// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples

import dev.torsion.clock.callLater
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * Many bad-mannered clients against one line server: they connect, talk, leave lines half-written, and leave in every way there is.
 *
 * Run it by hand against a running server: `ClientStormKt 127.0.0.1 8007 10` for ten minutes; it prints what it did each ten seconds.
 */
internal class ClientStorm(
    private val reactor: Reactor,
    private val host: String,
    private val port: Int,
    private val clients: Int,
    seed: Long,
) {
    private val random = Random(seed)
    private var isOver = false
    private var open = 0

    /** The events of the storm so far. */
    var connected = 0
        private set
    var refused = 0
        private set
    var linesSent = 0
        private set
    var bytesReceived = 0L
        private set
    var aborted = 0
        private set
    var lost = 0
        private set

    /** Rages for [time], then lets the clients leave and calls [finished]. */
    fun rage(time: Duration, finished: () -> Unit) {
        repeat(clients) { connect() }
        reactor.callLater(time) {
            isOver = true
            waitForTheLast(finished)
        }
    }

    private fun waitForTheLast(finished: () -> Unit) {
        if (open == 0) finished() else reactor.callLater(10.milliseconds) { waitForTheLast(finished) }
    }

    private fun connect() {
        if (isOver) return
        open++
        reactor.connectTcp(host, port, Attempt())
    }

    private fun left() {
        open--
        reactor.callLater(random.nextInt(1, 20).milliseconds) { connect() }
    }

    private inner class Attempt : ClientFactory({ Client() }) {
        init {
            isNoisy = false
        }

        override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
            refused++
            left()
        }

        override fun clientConnectionLost(connector: Connector, reason: CloseReason) = left()
    }

    private inner class Client : Protocol() {
        private var linesLeft = random.nextInt(1, 30)

        override fun connectionMade() {
            connected++
            talk()
        }

        private fun talk() {
            if (!isConnected) return
            if (isOver || linesLeft-- == 0) return leave()
            repeat(random.nextInt(1, 4)) {
                linesSent++
                transport.write(("x".repeat(random.nextInt(0, 200)) + "\r\n").toByteArray())
            }
            // Sometimes only half a line, whose other half comes later, or never.
            if (random.nextInt(3) == 0) transport.write("half a l".toByteArray())
            reactor.callLater(random.nextInt(0, 10).milliseconds, ::talk)
        }

        private fun leave() {
            when (random.nextInt(4)) {
                0 -> {
                    aborted++
                    transport.abortConnection()
                }
                1 -> {
                    transport.write("cut in the mid".toByteArray())
                    transport.loseConnection()
                }
                2 -> transport.pauseProducing().also { reactor.callLater(20.milliseconds) { transport.abortConnection() } }
                else -> transport.loseConnection()
            }
        }

        override fun dataReceived(view: ByteBuffer) {
            bytesReceived += view.remaining()
        }

        override fun connectionLost(reason: CloseReason) {
            if (!reason.isClean) lost++
        }
    }

    override fun toString() =
        "connected $connected, refused $refused, sent $linesSent lines, received $bytesReceived bytes, aborted $aborted, ended unclean $lost"
}

/** Host, port and minutes. */
fun main(arguments: Array<String>) {
    val reactor = Reactor.create()
    val storm = ClientStorm(reactor, arguments[0], arguments[1].toInt(), clients = 50, seed = 1)

    fun report() {
        println(storm)
        reactor.callLater(10.seconds) { report() }
    }
    reactor.callWhenRunning {
        storm.rage(arguments[2].toInt().minutes) {
            println("over: $storm")
            reactor.stop()
        }
        report()
    }
    reactor.run()
}
