// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testsupport

import io.kotest.core.test.Enabled
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path
import kotlin.io.path.deleteExisting
import kotlin.io.path.div
import kotlin.io.path.writeLines

/** Programs of real Twisted, where it is installed. They are in [folder], as seen from the module whose tests run. */
class RealTwisted(folder: String) {
    private val scripts = Path(folder)

    /** The output of the program [script] for [arguments]. */
    fun output(script: String, vararg arguments: String): String = run(listOf("${scripts / script}", *arguments))

    /** The lines that the program [script] prints when it reads [lines]. */
    fun filtered(script: String, lines: List<String>, vararg arguments: String): List<String> {
        val input = Files.createTempFile("torsion-", ".txt")
        try {
            input.writeLines(lines)
            val process =
                ProcessBuilder(PYTHON, "${scripts / script}", *arguments)
                    .redirectErrorStream(true)
                    .redirectInput(input.toFile())
                    .start()
            return process.inputReader().readLines().also { check(process.waitFor(SOON, TimeUnit.SECONDS)) { "$script does not end" } }
        } finally {
            input.deleteExisting()
        }
    }

    /** Runs [block] with the ports of the server [script], by name; the server ends with it. */
    fun <T> withServer(script: String, vararg arguments: String, block: (Map<String, Int>) -> T): T {
        val process =
            ProcessBuilder(PYTHON, "${scripts / script}", *arguments).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val line = process.inputReader().readLine() ?: error("$script ended before it printed its ports")
            return block(PORT.findAll(line).associate { it.groupValues[1] to it.groupValues[2].toInt() })
        } finally {
            process.outputStream.close() // its sign to end
            if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly()
        }
    }

    companion object {
        const val PYTHON = "/usr/bin/python3"
        private const val SOON = 40L
        private val PORT = Regex(""""(\w+)": (\d+)""")

        /** Enabled where Twisted is; elsewhere the reason is told. */
        val isHere: Enabled by lazy {
            val answer = runCatching { run(listOf("-c", "import twisted; print(twisted.__version__)")) }.getOrElse { "${it.message}" }
            if (answer.trim().matches(Regex("""\d+\.\d+\.\d+.*"""))) {
                Enabled.enabled
            } else {
                Enabled.disabled("Twisted is not installed for $PYTHON (on Debian: apt install python3-twisted): $answer")
            }
        }

        private fun run(arguments: List<String>): String {
            val process = ProcessBuilder(listOf(PYTHON) + arguments).redirectErrorStream(true).start()
            try {
                process.outputStream.close()
                val output = process.inputReader().readText()
                check(process.waitFor(SOON, TimeUnit.SECONDS)) { "$arguments does not end" }
                return output
            } finally {
                process.destroyForcibly()
            }
        }
    }
}
