// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import io.kotest.core.test.Enabled
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.exists

/** Where Debian has the Python that has Twisted. */
internal const val PYTHON = "/usr/bin/python3"

/** Enabled where Twisted is; elsewhere the reason is told. */
internal val twisted: Enabled by lazy {
    val version = runCatching { output("", PYTHON, "-c", "import twisted; print(twisted.__version__)") }.getOrElse { "${it.message}" }
    if (version.first().isDigit()) {
        Enabled.enabled
    } else {
        Enabled.disabled("Twisted is not installed for $PYTHON (on Debian: apt install python3-twisted): $version")
    }
}

/** Enabled where [command] is. */
internal fun installed(command: String): Enabled {
    val isThere = System.getenv("PATH").split(':').any { Path.of(it, command).exists() }
    return if (isThere) Enabled.enabled else Enabled.disabled("$command is not installed (on Debian: socat, netcat-openbsd, curl)")
}

internal infix fun Enabled.and(other: Enabled) = if (isEnabled) other else this

/** The program of Twisted, in [folder]. */
internal fun script(folder: Path): Path = folder.resolve("peer.py").also {
    if (!it.exists()) Files.write(it, Scripted::class.java.getResource("twisted_peer.py")!!.readBytes())
}

/** The output of [command] for its [input], once it has ended. */
internal fun output(input: String, vararg command: String): String {
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    try {
        process.outputStream.use { it.write(input.toByteArray()) }
        val output = process.inputReader().readText()
        check(process.waitFor(20, TimeUnit.SECONDS)) { "${command.toList()} does not end" }
        return output
    } finally {
        process.destroyForcibly()
    }
}
