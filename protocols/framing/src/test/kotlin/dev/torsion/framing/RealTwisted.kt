// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.core.test.Enabled
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** Programs of real Twisted, where it is installed. */
object RealTwisted {
    private const val PYTHON = "/usr/bin/python3"

    /** Enabled where Twisted is; elsewhere the reason is told. */
    val isHere: Enabled by lazy {
        val answer =
            runCatching { run(listOf("-c", "import twisted; print(twisted.__version__)")) }.getOrElse { "${it.message}" }
        if (answer.trim().matches(Regex("""\d+\.\d+\.\d+.*"""))) {
            Enabled.enabled
        } else {
            Enabled.disabled("Twisted is not installed for $PYTHON (on Debian: apt install python3-twisted): $answer")
        }
    }

    /** What the program [script] prints for [arguments]. */
    fun output(script: String, vararg arguments: String): String = withScript(script) { run(listOf("$it", *arguments)) }

    /** Runs [block] with the ports of the server [script], by name; the server ends with it. */
    fun <T> withServer(script: String, vararg arguments: String, block: (Map<String, Int>) -> T): T = withScript(script) { path ->
        val process = ProcessBuilder(PYTHON, "$path", *arguments).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val line = process.inputReader().readLine() ?: error("$script ended before it printed its ports")
            val ports = Regex(""""(\w+)": (\d+)""").findAll(line).associate { it.groupValues[1] to it.groupValues[2].toInt() }
            block(ports)
        } finally {
            process.outputStream.close() // its sign to end
            if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly()
        }
    }

    private fun run(arguments: List<String>): String {
        val process = ProcessBuilder(listOf(PYTHON) + arguments).redirectErrorStream(true).start()
        try {
            process.outputStream.close()
            val output = process.inputReader().readText()
            check(process.waitFor(30, TimeUnit.SECONDS)) { "$arguments does not end" }
            return output
        } finally {
            process.destroyForcibly()
        }
    }

    private fun <T> withScript(script: String, block: (Path) -> T): T {
        val path = Files.createTempFile("torsion-", ".py")
        try {
            Files.write(path, RealTwisted::class.java.getResource(script)!!.readBytes())
            return block(path)
        } finally {
            Files.delete(path)
        }
    }
}
