// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.reactorScope
import io.kotest.core.test.Enabled
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeLines
import kotlin.time.Duration.Companion.seconds

/** Programs of real Twisted, where it is installed. */
internal object RealTwisted {
    const val PYTHON = "/usr/bin/python3"
    private const val SCRIPTS = "src/test/python/"

    /** Enabled where Twisted is; elsewhere the reason is told. */
    val isHere: Enabled by lazy {
        val answer = runCatching { run(listOf("-c", "import twisted; print(twisted.__version__)")) }.getOrElse { "${it.message}" }
        if (answer.trim().matches(Regex("""\d+\.\d+\.\d+.*"""))) {
            Enabled.enabled
        } else {
            Enabled.disabled("Twisted is not installed for $PYTHON (on Debian: apt install python3-twisted): $answer")
        }
    }

    /** What the program [script] prints for [arguments]. */
    fun output(script: String, vararg arguments: String): String = run(listOf(SCRIPTS + script, *arguments))

    /** The lines that the program [script] prints when it reads [lines]. */
    fun filtered(script: String, lines: List<String>, vararg arguments: String): List<String> {
        val input = kotlin.io.path.createTempFile("amp", ".txt")
        try {
            input.writeLines(lines)
            val process = ProcessBuilder(
                PYTHON,
                SCRIPTS + script,
                *arguments,
            ).redirectErrorStream(true).redirectInput(input.toFile()).start()
            return process.inputReader().readLines().also { check(process.waitFor(40, TimeUnit.SECONDS)) { "$script does not end" } }
        } finally {
            input.deleteExisting()
        }
    }

    /** Runs [block] with the ports of the server [script], by name; the server ends with it. */
    fun <T> withServer(script: String, block: (Map<String, Int>) -> T): T {
        val process = ProcessBuilder(PYTHON, SCRIPTS + script).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val line = process.inputReader().readLine() ?: error("$script ended before it printed its ports")
            return block(Regex(""""(\w+)": (\d+)""").findAll(line).associate { it.groupValues[1] to it.groupValues[2].toInt() })
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
            check(process.waitFor(40, TimeUnit.SECONDS)) { "$arguments does not end" }
            return output
        } finally {
            process.destroyForcibly()
        }
    }
}

/** Runs [block] as a coroutine on a reactor with real sockets, and fails when a callback has failed or it takes too long. */
internal fun <T> withRealReactor(block: suspend Reactor.(CoroutineScope) -> T): T {
    val errors = CopyOnWriteArrayList<Throwable>()
    val reactor = Reactor.create(ReactorOptions("amp-test", errorListener = { _, error -> errors.add(error) }))
    reactor.start()
    try {
        val result = runBlocking { withTimeout(60.seconds) { reactor.reactorScope { reactor.block(this) } } }
        errors.firstOrNull()?.let { throw AssertionError("a callback has failed", it) }
        return result
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(10))) { "$reactor does not stop" }
    }
}
