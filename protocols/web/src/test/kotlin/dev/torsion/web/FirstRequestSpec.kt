// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.reactor.Reactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.File
import java.lang.management.ManagementFactory
import java.net.Socket
import java.util.concurrent.Callable
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import kotlin.system.exitProcess

/** The program that [FirstRequestSpec] spawns: answers the first request of its JVM, and says what that has cost the loop and others. */
internal object FirstRequestProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create()
        reactor.start()
        val port = reactor.blockingCallFromThread(
            Callable { dev.torsion.defer.succeed(reactor.listenTcp(0, Site(reactor) { Response.text("hello") }, "127.0.0.1").port()) },
        )
        FirstRequest.await()
        val workers = ManagementFactory.getThreadMXBean().run {
            getThreadInfo(allThreadIds).filter { it != null && "worker" in it.threadName }.sumOf { getThreadCpuTime(it.threadId) }
        }
        val before = loopTime(reactor)
        val answer = Socket("127.0.0.1", port).use {
            it.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".toByteArray())
            it.getInputStream().readAllBytes().decodeToString()
        }
        println("answer: ${answer.lineSequence().first()}")
        println("loop: ${loopTime(reactor) - before}")
        println("workers: $workers")
        exitProcess(0)
    }

    private fun loopTime(reactor: Reactor): Long =
        reactor.blockingCallFromThread(Callable { dev.torsion.defer.succeed(ManagementFactory.getThreadMXBean().currentThreadCpuTime) })
}

class FirstRequestSpec :
    StringSpec({
        "what the first request needs is loaded by a worker while the port opens, which takes longer than the loop does for the request" {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val classPath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
            val process = ProcessBuilder(java, "-cp", classPath, FirstRequestProgram::class.java.name)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
            try {
                val told = process.inputStream.bufferedReader().readLines().associate {
                    it.substringBefore(": ") to it.substringAfter(": ")
                }
                process.waitFor(30, TimeUnit.SECONDS) shouldBe true
                told["answer"] shouldBe "HTTP/1.1 200 OK"
                told.getValue("loop").toLong() shouldBeGreaterThan 0
                told.getValue("loop").toLong() shouldBeLessThan told.getValue("workers").toLong()
            } finally {
                process.destroyForcibly()
            }
        }

        "a reactor that has no thread for it opens its port all the same" {
            FirstRequest.beginOn(Executor { throw RejectedExecutionException("none") })
            FirstRequest.await()
        }
    })
