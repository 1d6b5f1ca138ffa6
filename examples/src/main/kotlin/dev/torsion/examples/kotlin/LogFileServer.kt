// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineReceiver
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.stopOnShutdown
import java.io.BufferedWriter
import java.nio.file.Path
import java.nio.file.StandardOpenOption.APPEND
import java.nio.file.StandardOpenOption.CREATE
import kotlin.io.path.bufferedWriter
import kotlin.time.Duration.Companion.seconds

/** Writes each line that it gets to the factory's file. */
class LoggingProtocol(private val log: BufferedWriter) : LineReceiver(LineFraming.anyNewline()) {
    override fun lineReceived(line: ByteArray) {
        log.appendLine(line.decodeToString())
    }
}

/** Opens the file when its first port opens, and closes it after the last: once, however many ports and connections there are. */
class LogFileFactory(private val file: Path, private val out: Output) : Factory() {
    private lateinit var log: BufferedWriter

    override fun startFactory() {
        log = file.bufferedWriter(options = arrayOf(CREATE, APPEND))
        out.println("opened the log file")
    }

    override fun stopFactory() {
        log.close()
        out.println("closed the log file")
    }

    override fun buildProtocol(address: Address): Protocol = LoggingProtocol(log)
}

fun main() {
    val reactor = Reactor.create()
    val factory = LogFileFactory(Path.of("lines.log"), Output.CONSOLE)
    reactor.listenTcp(8007, factory)
    reactor.listenTcp(8008, factory)
    reactor.stopOnShutdown(5.seconds) // so that Ctrl-C closes the file too
    reactor.run()
}
