// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.File
import java.lang.management.ManagementFactory
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.system.exitProcess

/** The program that [FirstUseSpec] spawns: uses something for the first time, and says what that has cost the loop and other threads. */
internal object FirstUseProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create()
        reactor.start()
        val before = loopTime(reactor)
        when (arguments.single()) {
            "tls" -> handshake(reactor)
            "failure" -> reactor.callFromThread { throw IllegalStateException("the first") }
        }
        println("loop: ${loopTime(reactor) - before}")
        println("workers: ${timeOf("worker")}")
        exitProcess(0)
    }

    private fun loopTime(reactor: Reactor) = reactor.onLoop { ManagementFactory.getThreadMXBean().currentThreadCpuTime }

    private fun timeOf(name: String): Long {
        val threads = ManagementFactory.getThreadMXBean()
        return threads.getThreadInfo(threads.allThreadIds).filter {
            it != null && name in it.threadName
        }.sumOf { threads.getThreadCpuTime(it.threadId) }
    }

    private fun handshake(reactor: Reactor) {
        val done = CompletableFuture<Unit>()
        val identity = Tls.selfSigned("localhost")
        reactor.onLoop {
            val port = reactor.listenTcp(0, Tls.server(identity).wrap(Factory { object : Protocol() {} }), "127.0.0.1")
            val client = object : Protocol() {
                override fun connectionMade() {
                    done.complete(Unit)
                }

                override fun connectionLost(reason: CloseReason) {
                    done.completeExceptionally(reason)
                }
            }
            val tls = Tls.client().withTrust(TlsTrust.of(identity))
            reactor.connectTcp("127.0.0.1", port.port(), tls.wrap(ClientFactory { client }, "localhost"))
        }
        done.getOrFail()
    }
}

/** The first use of something costs more than later ones: the loop does not pay for it. */
class FirstUseSpec :
    StringSpec({
        fun spawned(what: String, vararg options: String): List<String> {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val classPath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
            val command = listOf(java, *options, "-cp", classPath, FirstUseProgram::class.java.name, what)
            val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start()
            try {
                val lines = process.inputStream.bufferedReader().readLines()
                process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                return lines
            } finally {
                process.destroyForcibly()
            }
        }

        fun List<String>.time(of: String) = first { it.startsWith("$of: ") }.substringAfter(": ").toLong()

        "the first handshake of a program is prepared by a worker, which takes longer than all that the loop does for it" {
            val lines = spawned("tls")
            lines.time("loop") shouldBeGreaterThan 0
            lines.time("loop") shouldBeLessThan lines.time("workers") / 2
        }

        "the first failure of a callback does not start the flight recorder" {
            val lines = spawned("failure", "-Xlog:class+load")
            lines.count { "dev.torsion.health.JfrLoopEvents " in it } shouldBe 1 // so that the log has it
            lines.filter { "jdk.jfr.internal.MetadataRepository " in it } shouldBe emptyList()
        }
    })
