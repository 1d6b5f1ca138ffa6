// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessEnd
import dev.torsion.process.ProcessProtocol
import java.io.ByteArrayOutputStream

/** Logs each line that a process writes; the `LoggingProtocol` of Twisted's `procmon`. Longer lines are logged in pieces. */
internal class LoggedProcess(private val command: ProcessCommand) : ProcessProtocol() {
    private val output = Lines { log.info("{process}: {line}", "process" to command.name, "line" to it) }
    private val errors = Lines { log.warn("{process}: {line}", "process" to command.name, "line" to it) }

    override fun outReceived(data: ByteArray) = output.add(data)

    override fun errReceived(data: ByteArray) = errors.add(data)

    override fun processEnded(reason: ProcessEnd) {
        output.end()
        errors.end()
    }

    private class Lines(private val tell: (String) -> Unit) {
        private val line = ByteArrayOutputStream()

        fun add(data: ByteArray) = data.forEach {
            if (it == '\n'.code.toByte()) tellLine() else line.write(it.toInt())
            if (line.size() >= LONGEST) tellLine()
        }

        fun end() {
            if (line.size() > 0) tellLine()
        }

        private fun tellLine() {
            val text = line.toString(Charsets.UTF_8).removeSuffix("\r")
            line.reset()
            tell(escaped(text, LONGEST))
        }
    }

    private companion object {
        const val LONGEST = 1024
        val log = Logger(ProcessService::class.java)
    }
}
