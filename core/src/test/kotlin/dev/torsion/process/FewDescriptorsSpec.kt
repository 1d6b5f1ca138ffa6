// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.nio.HasUnixShell
import dev.torsion.nio.archives
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import io.kotest.core.annotation.EnabledIf
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.io.path.createTempDirectory
import kotlin.system.exitProcess

/** The program that [FewDescriptorsSpec] spawns: starts more processes than it has file descriptors for, and says what becomes of them. */
internal object FewDescriptorsProgram {
    private val reactor = Reactor.create()

    @JvmStatic
    fun main(arguments: Array<String>) {
        reactor.start()
        whole(cats(1)) // the first use loads classes from files
        val all = cats(60)
        all.forEach { CompletableFuture.anyOf(it.started, it.ended).get(20, TimeUnit.SECONDS) }
        println("refused: ${all.count { it.ended.isDone && it.ended.join() is ProcessNotStarted }}")
        println("done: ${whole(all)}")
        println("again: ${whole(cats(1))}")
        println("reactor: ${reactor.state}")
        exitProcess(0)
    }

    private fun cats(count: Int) = List(count) {
        val protocol = Noting()
        reactor.callFromThread { reactor.spawnProcess(protocol, ProcessCommand.of("cat")) }
        protocol
    }

    /** Ends those that have started; how many have ended in order. */
    private fun whole(all: List<Noting>): Int {
        all.forEach { one -> one.started.thenAccept { reactor.callFromThread { it.transport.closeStdin() } } }
        return all.count { it.ended.get(20, TimeUnit.SECONDS) is ProcessDone }
    }
}

@EnabledIf(HasUnixShell::class)
class FewDescriptorsSpec :
    StringSpec({
        "without file descriptors left, processes are refused, those that run are whole, and later ones start" {
            val folder = createTempDirectory("few-descriptors").toFile()
            val java = File(System.getProperty("java.home"), "bin/java").path
            val command = "ulimit -n 100; exec \"$java\" -XX:-MaxFDLimit -cp \"${archives(
                folder,
            )}\" ${FewDescriptorsProgram::class.java.name}"
            val process = ProcessBuilder("/bin/sh", "-c", command).redirectError(ProcessBuilder.Redirect.DISCARD).start()
            try {
                val told = process.inputReader().readLines().associate { it.substringBefore(": ") to it.substringAfter(": ") }
                process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                val refused = told.getValue("refused").toInt()
                refused shouldBeGreaterThan 0
                told["done"] shouldBe "${60 - refused}"
                told["again"] shouldBe "1"
                told["reactor"] shouldBe "RUNNING"
            } finally {
                process.destroyForcibly()
                folder.deleteRecursively()
            }
        }
    })
