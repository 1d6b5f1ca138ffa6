// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.util.concurrent.TimeUnit

/** The command in a JVM of its own, as a user has it. Closing it ends it, whatever it does. */
internal class CommandProcess(vararg args: String) : AutoCloseable {
    private val process: Process =
        ProcessBuilder(signalsAtDefault + line(*args))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start()

    private val output = process.inputStream.bufferedReader()

    /** The next line that it prints; null when it has ended. */
    fun readLine(): String? = output.readLine()

    /** Waits until it says that it listens, and gives the port. */
    fun port(name: String): Int {
        val line = readLine()!!
        line shouldStartWith "$name listening on 127.0.0.1:"
        return line.substringAfterLast(':').toInt()
    }

    /** Gives it [input], then the end of it; all that it prints, once it has ended well. */
    fun finish(input: String): String {
        process.outputStream.use { it.write(input.encodeToByteArray()) }
        val printed = output.readText()
        exitCode() shouldBe 0
        return printed
    }

    /** Sends it a [signal], such as `INT`. */
    fun signal(signal: String) {
        ProcessBuilder("sh", "-c", "kill -$signal ${process.pid()}").inheritIO().start().waitFor() shouldBe 0
    }

    /** Its exit code, once it has ended. */
    fun exitCode(): Int {
        check(process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) { "the command has not ended within $DEADLINE_SECONDS s" }
        return process.exitValue()
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    companion object {
        private const val MAIN = "dev.torsion.examples.cli.TorsionCommand"
        private const val DEADLINE_SECONDS = 30L
        private val java: String = File(System.getProperty("java.home"), "bin/java").path

        /** A build that runs in the background may ignore SIGINT, and its children with it: GNU's env sets that right. */
        private val signalsAtDefault: List<String> =
            listOf("env", "--default-signal=INT").takeIf {
                runCatching { ProcessBuilder(it + "true").start().waitFor() == 0 }.getOrDefault(false)
            } ?: emptyList()

        /** The line that starts the command. */
        fun line(vararg args: String): List<String> = listOf(java, "-cp", System.getProperty("java.class.path"), MAIN) + args
    }
}
