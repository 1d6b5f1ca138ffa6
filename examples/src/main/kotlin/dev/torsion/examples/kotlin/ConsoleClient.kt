// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.framing.LineCodec
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineOnlyReceiver
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.connect
import dev.torsion.net.CloseReason
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.process.StandardIO
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** Standard input and output: each line that is typed goes to the server. After the last one the answers still come. */
class Console(private val server: MessageConnection<String>) :
    LineOnlyReceiver(LineFraming("\n".toByteArray())),
    HalfCloseableProtocol {
    val ended = Deferred<CloseReason>()

    override fun lineReceived(line: ByteArray) = server.write(line.decodeToString())

    override fun readConnectionLost() = server.closeWrite()

    override fun writeConnectionLost() = Unit

    override fun connectionLost(reason: CloseReason) = ended.callback(reason)
}

/** Talks until the server has answered the last line, or is gone. */
suspend fun talkToConsole(reactor: Reactor, endpoint: String) {
    val server = reactor.connect(endpoint, LineCodec())
    val console = Console(server)
    StandardIO.open(reactor, console)
    for (answer in server.incoming) console.sendLine("the server answers: $answer")
    console.transport.loseConnection()
    console.ended.await()
}

fun main(args: Array<String>) {
    exitProcess(react { reactor -> talkToConsole(reactor, args[0]) })
}
