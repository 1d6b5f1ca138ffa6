// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import io.kotest.core.test.Enabled
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

internal const val SECONDS = 20L

/** A file of the tests of TLS. */
internal fun file(name: String): Path = Path.of(TlsIdentitySpec::class.java.getResource(name)!!.toURI())

/** Enabled where [command] runs; elsewhere the reason is told. */
internal fun whereRuns(vararg command: String): Enabled = runCatching {
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    process.outputStream.close()
    val text = process.inputReader().readText()
    if (process.waitFor() == 0) Enabled.enabled else Enabled.disabled("${command.first()} does not run here: $text")
}.getOrElse { Enabled.disabled("${command.first()} is not installed: ${it.message}") }

/** Runs [use] with a process of [command], which has [seconds]. */
internal fun <T> running(vararg command: String, seconds: Long = SECONDS, use: (Process) -> T): T {
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    // An answer that does not come in time never comes: reading ends.
    val deadline = CompletableFuture.runAsync({ process.destroyForcibly() }, CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS))
    try {
        return use(process)
    } finally {
        deadline.cancel(false)
        process.outputStream.close()
        if (!process.waitFor(1, TimeUnit.SECONDS)) process.destroyForcibly()
    }
}

/** The first line of [process] that [fits]; an error with all others when it ends. */
internal fun lineOf(process: Process, fits: (String) -> Boolean): String {
    val seen = ArrayList<String>()
    while (true) {
        val line = process.inputReader().readLine() ?: error("it has ended, and said: ${seen.joinToString("\n")}")
        if (fits(line)) return line
        seen.add(line)
    }
}
