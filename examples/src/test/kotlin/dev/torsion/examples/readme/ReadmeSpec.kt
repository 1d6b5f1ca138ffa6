// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.readme

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.net.Socket
import java.util.concurrent.TimeUnit

private const val DEADLINE_SECONDS = 30L

/** The code in the README is code that compiles, and it does what the README says. */
class ReadmeSpec :
    StringSpec({
        val root = generateSequence(File("").absoluteFile) { it.parentFile }.first { File(it, "README.md").exists() }
        val sources =
            File(root, "examples/src/main")
                .walk()
                .filter { it.extension == "java" || it.extension == "kt" }
                .map { lines(it.readText()) }
                .toList()

        "each piece of Java and Kotlin in the README stands in a program of the examples" {
            val blocks = Regex(
                "```(java|kotlin)\n(.*?)```",
                RegexOption.DOT_MATCHES_ALL,
            ).findAll(File(root, "README.md").readText()).toList()
            blocks.size shouldBeGreaterThan 2
            for (block in blocks) {
                // A blank line separates pieces between which the README leaves something out.
                for (piece in block.groupValues[2].split("\n\n").map(::lines)) {
                    withClue(piece.joinToString("\n")) {
                        sources.any { source -> source.windowed(piece.size).any { it == piece } } shouldBe true
                    }
                }
            }
        }

        listOf(
            Triple("ShoutingServer", "dev.torsion.examples.readme.ShoutingServer", "HELLO"),
            Triple("EchoServer", "dev.torsion.examples.readme.EchoServer", "hello"),
            Triple("KotlinServer", "dev.torsion.examples.readme.KotlinServerKt", "HELLO"),
        ).forEach { (name, main, answer) ->
            "$name runs and answers \"$answer\"" {
                val java = File(System.getProperty("java.home"), "bin/java").path
                val command = listOf(java, "-cp", System.getProperty("java.class.path"), main, "tcp:0:interface=127.0.0.1")
                val server = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
                try {
                    val announced = server.inputReader().readLine()
                    announced shouldStartWith "listening on 127.0.0.1:"
                    Socket("127.0.0.1", announced.substringAfterLast(':').toInt()).use { socket ->
                        socket.soTimeout = (DEADLINE_SECONDS * 1000).toInt()
                        socket.getOutputStream().write("hello\r\n".toByteArray())
                        socket.getInputStream().bufferedReader().readLine() shouldBe answer
                    }
                } finally {
                    server.destroy()
                    server.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)
                }
            }
        }
    })

private fun lines(text: String) = text.lines().map { it.trim() }.filter { it.isNotEmpty() }
