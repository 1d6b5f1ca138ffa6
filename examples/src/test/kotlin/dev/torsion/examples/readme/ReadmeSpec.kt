// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.readme

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.TimeUnit

private const val DEADLINE_SECONDS = 30L

/** The programs of the README do what it says; that they are those of the README is for SnippetsSpec. */
class ReadmeSpec :
    StringSpec({
        listOf(
            Triple("ShoutingServer", "dev.torsion.examples.readme.ShoutingServer", "HELLO"),
            Triple("EchoServer", "dev.torsion.examples.readme.EchoServer", "hello"),
            Triple("KotlinServer", "dev.torsion.examples.readme.KotlinServerKt", "HELLO"),
        ).forEach { (name, main, answer) ->
            "$name runs and answers \"$answer\"" {
                val server = program(main, "tcp:0:interface=127.0.0.1").redirectError(ProcessBuilder.Redirect.INHERIT).start()
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

            "$name without an argument says in one line what it wants, and ends with exit code 2" {
                val server = program(main).redirectErrorStream(true).start()
                try {
                    server.inputReader().readLines().single() shouldContain "usage: $name ENDPOINT"
                    server.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                    server.exitValue() shouldBe 2
                } finally {
                    server.destroy()
                }
            }

            "$name says in one line that its port is taken, or its endpoint is wrong, and ends with exit code 1" {
                ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { taken ->
                    mapOf(
                        "tcp:${taken.localPort}:interface=127.0.0.1" to "Cannot listen on 127.0.0.1:${taken.localPort}",
                        "tpc:8007" to "Bad endpoint \"tpc:8007\"",
                    ).forEach { (endpoint, reason) ->
                        val server = program(main, endpoint).redirectErrorStream(true).start()
                        try {
                            val lines = server.inputReader().readLines()
                            lines.single() shouldContain "The program cannot start: $reason"
                            server.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                            server.exitValue() shouldBe 1
                        } finally {
                            server.destroy()
                        }
                    }
                }
            }
        }
    })

private fun program(main: String, vararg arguments: String): ProcessBuilder {
    val java = File(System.getProperty("java.home"), "bin/java").path
    return ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), main, *arguments)
}
