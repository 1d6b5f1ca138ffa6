// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing.sweep

import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredList
import dev.torsion.defer.await
import dev.torsion.framing.ConnectionOptions
import dev.torsion.framing.Int32Codec
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.connect
import dev.torsion.framing.listen
import dev.torsion.framing.openConnection
import dev.torsion.framing.serve
import dev.torsion.testkit.sweep.SweepRun
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.launch
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/** A server of lines in coroutines and one of strings in callbacks, and a client of each: one talks in turns, one sends several requests. */
internal class MessagesProgram(private val run: SweepRun) {
    private val reactor = run.reactor

    fun begin() {
        reactor.callWhenRunning { run.track("main", reactor.scope.launch { main() }) }
    }

    private suspend fun main() {
        try {
            val lines = run.track("serve", reactor.serve("tcp:8007", LineCodec()) { run.heardIn { served(it) } }).await()
            val strings = run.track(
                "listen",
                reactor.listen("tcp:8008", Int32Codec(), OPTIONS) {
                    run.call("connected") { connected(it) }
                },
            ).await()
            val talking = run.track("talk", reactor.scope.launch { run.heardIn { talk() } })
            val asking = ask().addErrback { run.heard(it.value) }
            talking.join()
            asking.await()
            run.track("stopListening", lines.stopListening()).await()
            run.track("stopListening", strings.stopListening()).await()
        } finally {
            run.stop()
        }
    }

    private suspend fun served(connection: MessageConnection<String>) {
        run.begun("handler")
        run.made("lines", connection.transport)
        try {
            for (line in connection.incoming) {
                run.callInCoroutine("line") { }
                connection.send(line.uppercase())
            }
        } finally {
            run.gone(connection.transport)
            run.ended("handler")
        }
    }

    private fun connected(connection: MessageConnection<ByteArray>) {
        run.made("strings", connection.transport)
        run.track("closed strings", connection.whenClosed()).addBoth { run.gone(connection.transport) }
        connection.onMessage { message ->
            run.call("onMessage") {
                connection.write(message)
                if (message.size == 2) pause() else null
            }
        }
    }

    private fun pause() = run.track("handling", run.planning { reactor.deferLater(50.milliseconds) { } }, endsWithReactor = false)

    private suspend fun talk() {
        val connection = reactor.connect("tcp:server.test:8007", LineCodec())
        run.made("talker", connection.transport)
        try {
            connection.send("hello")
            connection.receive()
            run.callInCoroutine("received") { }
            connection.send("bye")
            connection.closeWrite()
            while (connection.receiveOrNull() != null) run.callInCoroutine("received") { }
        } finally {
            run.gone(connection.transport)
            connection.close()
        }
        run.track("closed talker", connection.whenClosed()).await()
    }

    private fun ask(): Deferred<Unit> =
        run.track("openConnection", reactor.openConnection("tcp:server.test:8008", Int32Codec(), OPTIONS)).addAsyncCallback { asked(it) }

    private fun asked(connection: MessageConnection<ByteArray>): Deferred<Unit> {
        run.made("asker", connection.transport)
        val closed = run.track("closed asker", connection.whenClosed())
        val answers = (1..3).map { run.track("request", connection.request(ByteArray(it))).addCallback { run.call("answer") { } } }
        answers.forEach { answer -> answer.addErrback { run.heard(it.value) } }
        DeferredList(answers).addBoth { connection.close() }
        return closed.addCallback { run.gone(connection.transport) }
    }

    private companion object {
        val OPTIONS = ConnectionOptions(idleTimeout = Duration.ofSeconds(20))
    }
}

/** The launcher of a coroutine hears of its end. */
private suspend fun SweepRun.heardIn(block: suspend () -> Unit) {
    try {
        block()
    } catch (e: CancellationException) {
        heard(e)
        throw e
    }
}
