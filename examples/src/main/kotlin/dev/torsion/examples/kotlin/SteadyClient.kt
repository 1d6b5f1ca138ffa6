// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.examples.Input
import dev.torsion.examples.Output
import dev.torsion.framing.LineFraming
import dev.torsion.framing.LineReceiver
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.service.ClientService
import dev.torsion.service.RetryPolicy
import java.time.Duration
import kotlin.system.exitProcess

/** Asks each line of [input], whatever becomes of the server meanwhile. */
suspend fun askSteadily(reactor: Reactor, endpoint: String, input: Input, out: Output) {
    // Soon, so that nobody who looks on has to wait; the default grows from 2 s to a minute.
    val soon = RetryPolicy { Duration.ofMillis(50) }
    val server = ClientService(clientFromString(reactor, endpoint), Factory { LineQuestions(out) }, reactor, soon)
    server.startService()
    while (true) {
        val question = input.readLine().await() ?: break
        out.println("$question -> ${server.ask(question)}")
    }
    server.stopService().await()
}

/** A question whose connection is lost before the answer comes is asked again on the next one. */
private suspend fun ClientService.ask(question: String): String {
    while (true) {
        val connection = whenConnected().await() as LineQuestions
        try {
            return connection.ask(question).await()
        } catch (_: CloseReason) {
            continue
        }
    }
}

/** One connection; its answers come in the order of the questions. */
private class LineQuestions(private val out: Output) : LineReceiver(LineFraming.anyNewline()) {
    private val asked = ArrayDeque<Deferred<String>>()

    fun ask(question: String): Deferred<String> {
        val answer = Deferred<String>()
        asked.add(answer)
        sendLine(question)
        return answer
    }

    override fun connectionMade() = out.println("connected")

    override fun lineReceived(line: ByteArray) = asked.removeFirst().callback(line.decodeToString())

    override fun connectionLost(reason: CloseReason) {
        out.println("disconnected")
        asked.forEach { it.errback(reason) }
    }
}

fun main() {
    exitProcess(react { reactor -> askSteadily(reactor, "tcp:localhost:8007", Input.console(reactor), Output.CONSOLE) })
}
