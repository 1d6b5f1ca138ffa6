// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.group.echo
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.InetAddress
import java.net.Socket
import java.time.Duration
import java.util.concurrent.TimeUnit

/** Takes all of a small heap for a moment, several times, while its server has traffic; prints what becomes of that. */
internal object HungryProgram {
    private val taken = arrayOfNulls<ByteArray>(4000)

    @JvmStatic
    fun main(arguments: Array<String>) {
        try {
            run()
        } finally {
            Runtime.getRuntime().halt(0) // whatever it has printed by then is what it was
        }
    }

    private fun run() {
        val reactor = Reactor.create(ReactorOptions(errorListener = { _, _ -> }))
        val echo =
            Factory {
                object : Protocol() {
                    override fun dataReceived(data: ByteArray) = transport.write(data)
                }
            }
        val port = reactor.listenTcp(0, echo, "127.0.0.1").port()
        reactor.start()
        println("answers ${answers(port)}") // once, while there is memory for the classes
        repeat(ROUNDS) {
            val clients = Array(CLIENTS) { Socket(InetAddress.getLoopbackAddress(), port) }
            takeAll(clients)
            clients.forEach { it.close() }
            println("answers ${answers(port)}")
        }
        println("ends ${reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS))}")
    }

    private fun answers(port: Int): Boolean = Socket(InetAddress.getLoopbackAddress(), port).use {
        it.soTimeout = TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS).toInt()
        it.getOutputStream().write(7)
        it.getInputStream().read() == 7
    }

    /** Nothing is left for the loop, for as long as it takes to send much. */
    private fun takeAll(clients: Array<Socket>) {
        val end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(HUNGRY_MILLIS)
        var size = 1 shl 18
        var count = 0
        while (System.nanoTime() < end) {
            try {
                val piece = ByteArray(size)
                if (count < taken.size) taken[count++] = piece
            } catch (_: OutOfMemoryError) {
                if (size > SMALLEST) size /= 2
            }
            for (client in clients.indices) send(clients[client])
        }
        taken.fill(null)
    }

    private fun send(client: Socket) {
        try {
            client.getOutputStream().write(LINE)
        } catch (_: Throwable) {
            // The server has lost this one, or there was no memory here.
        }
    }

    private const val ROUNDS = 3
    private const val CLIENTS = 20
    private const val HUNGRY_MILLIS = 300L
    private const val SMALLEST = 32
    private val LINE = "hello".toByteArray()
}

class MemoryShortageSpec :
    StringSpec({
        "a loop that finds no memory at all for a while goes on afterwards, and can be stopped" {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val program =
                ProcessBuilder(
                    listOf(
                        java,
                        "-Xmx20m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        HungryProgram::class.java.name,
                    ),
                ).redirectError(ProcessBuilder.Redirect.DISCARD).start()
            try {
                program.waitFor(DEADLINE_SECONDS * 2, TimeUnit.SECONDS) shouldBe true
                val lines = program.inputReader().readLines()
                lines.filter { it.startsWith("answers") || it.startsWith("ends") } shouldBe List(4) { "answers true" } + "ends true"
            } finally {
                program.destroyForcibly()
            }
        }
    })
