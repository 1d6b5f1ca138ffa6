// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.framing.LineCodec
import dev.torsion.java.Codecs
import dev.torsion.java.Torsion
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit

private const val DEADLINE_SECONDS = 30L

/** The console client in a JVM of its own, in a shell: `PROGRAM` of [script] stands for it. */
private fun shell(script: String, main: String, endpoint: String): Process {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val program = "$java -cp '${System.getProperty("java.class.path")}' $main $endpoint"
    return ProcessBuilder("sh", "-c", script.replace("PROGRAM", program)).redirectError(ProcessBuilder.Redirect.INHERIT).start()
}

private fun Process.finish(): String {
    val printed = inputReader().readText()
    check(waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) { "it has not ended, and has printed: $printed" }
    exitValue() shouldBe 0
    return printed
}

private fun answers(vararg lines: String) = lines.joinToString("") { "the server answers: $it\n" }

/** The console client of the guide, in both languages, with each kind of standard input. */
class ConsoleClientSpec :
    StringSpec({
        for (main in listOf("dev.torsion.examples.java.ConsoleClient", "dev.torsion.examples.kotlin.ConsoleClientKt")) {
            val language = main.split('.')[3]

            "$language: lines that are typed are answered one by one, and the end of the input ends it" {
                Torsion.start().use { torsion ->
                    val console = shell("exec PROGRAM", main, torsion.shouting())
                    val typing = console.outputWriter()
                    val printed = console.inputReader()
                    for (line in listOf("one", "two")) {
                        typing.write("$line\n")
                        typing.flush()
                        printed.readLine() shouldBe "the server answers: ${line.uppercase()}"
                    }
                    typing.close()
                    printed.readLine() shouldBe null
                    console.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                    console.exitValue() shouldBe 0
                }
            }

            "$language: a pipe, a file, and no input at all" {
                val file = Files.createTempFile("torsion", ".txt")
                Files.writeString(file, "from\na file\n")
                Torsion.start().use { torsion ->
                    val endpoint = torsion.shouting()
                    shell("printf 'a\\nb\\n' | PROGRAM", main, endpoint).finish() shouldBe answers("A", "B")
                    shell("PROGRAM < $file", main, endpoint).finish() shouldBe answers("FROM", "A FILE")
                    shell("PROGRAM < /dev/null", main, endpoint).finish() shouldBe ""
                    shell("PROGRAM <&-", main, endpoint).finish() shouldBe ""
                    val output = Files.createTempFile("torsion", ".out")
                    shell("PROGRAM < $file > $output", main, endpoint).finish() shouldBe ""
                    Files.readString(output) shouldBe answers("FROM", "A FILE")
                    Files.delete(output)
                }
                Files.delete(file)
            }

            "$language: a server that goes ends it, although nobody has typed anything" {
                Torsion.start().use { torsion ->
                    val server = torsion.serve("tcp:0:interface=127.0.0.1", Codecs.line()) { it.close() }.join()
                    val console = shell("exec PROGRAM", main, "tcp:127.0.0.1:${server.port()}")
                    console.finish() shouldBe ""
                }
            }
        }
    })

private fun Torsion.shouting(): String {
    val server = serve("tcp:0:interface=127.0.0.1", LineCodec()) { connection ->
        connection.onMessage { connection.send(it.uppercase()) }
    }.join()
    return "tcp:127.0.0.1:${server.port()}"
}
