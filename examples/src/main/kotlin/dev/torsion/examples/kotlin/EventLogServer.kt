// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineReceiver
import dev.torsion.log.Logger
import dev.torsion.log.json.JsonLinesObserver
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.stopOnShutdown
import java.io.OutputStream
import java.nio.file.Path
import java.nio.file.StandardOpenOption.APPEND
import java.nio.file.StandardOpenOption.CREATE
import kotlin.io.path.outputStream
import kotlin.time.Duration.Companion.seconds

/** Adds up the numbers that one client sends. */
class Adder(private val log: Logger) : LineReceiver(LineFraming.anyNewline()) {
    private var sum = 0L

    override fun connectionMade() = log.info("client {client} has come")

    override fun lineReceived(line: ByteArray) {
        val text = line.decodeToString()
        try {
            val number = text.toLong()
            sum += number
            log.info("client {client} adds {number} and has {sum}", "number" to number, "sum" to sum)
        } catch (e: NumberFormatException) {
            log.failure("client {client} sends no number: {line}", e, "line" to text)
        }
    }

    override fun connectionLost(reason: CloseReason) {
        super.connectionLost(reason)
        log.info("client {client} has gone", "clean" to reason.isClean)
    }
}

/** Logs what its protocols do as events: one line of JSON for each. */
class EventLogFactory(private val path: Path) : Factory() {
    private lateinit var file: OutputStream
    private lateinit var log: Logger
    private var clients = 0

    override fun startFactory() {
        file = path.outputStream(CREATE, APPEND)
        log = Logger(EventLogFactory::class.java, JsonLinesObserver(file))
    }

    override fun stopFactory() = file.close()

    // Each event of a connection says whose it is.
    override fun buildProtocol(address: Address): Protocol = Adder(log.with("client", ++clients))
}

fun main() {
    val reactor = Reactor.create()
    reactor.listenTcp(8007, EventLogFactory(Path.of("events.jsonl")))
    reactor.stopOnShutdown(5.seconds) // so that Ctrl-C closes the file too
    reactor.run()
}
