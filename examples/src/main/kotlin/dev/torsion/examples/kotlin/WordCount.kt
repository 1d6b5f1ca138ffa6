// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessEnd
import dev.torsion.process.ProcessProtocol
import dev.torsion.process.spawnProcess
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react

/** Has another program count words: its standard input, output and end are callbacks. */
class WordCount(private val out: Output) : ProcessProtocol() {
    val ended = Deferred<Unit>()

    override fun connectionMade() {
        transport.write("one two three".toByteArray())
        transport.closeStdin()
    }

    override fun outReceived(data: ByteArray) = out.println("${String(data).trim()} words")

    override fun processEnded(reason: ProcessEnd) {
        out.println("exit code ${reason.exitCode}")
        ended.callback(Unit)
    }
}

/** Runs it to its end. */
suspend fun countWords(reactor: Reactor, out: Output) {
    val counting = WordCount(out)
    reactor.spawnProcess(counting, ProcessCommand.of("wc", "-w"))
    counting.ended.await()
}

fun main() {
    val reactor = Reactor.create()
    react(reactor) { countWords(reactor, Output.CONSOLE) }
}
