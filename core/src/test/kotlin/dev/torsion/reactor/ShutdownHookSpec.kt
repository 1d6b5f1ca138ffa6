// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.io.File
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds

/** The program that [ShutdownHookSpec] spawns: says what happens to it. */
internal object ShutdownProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create()
        if (arguments[0] == "stuck") {
            reactor.stopOnShutdown(Duration.ofMillis(200))
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                println("stuck")
                Deferred<Unit>()
            }
        } else {
            reactor.stopOnShutdown(Duration.ofSeconds(DEADLINE_SECONDS))
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                println("before, on the reactor's thread: ${reactor.isInReactorThread}")
                reactor.deferLater(20.milliseconds) { println("what before waited for") }
            }
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { println("after") }
        }
        reactor.callWhenRunning { println("running") }
        reactor.run()
    }
}

class ShutdownHookSpec :
    StringSpec({
        val all = listOf("before, on the reactor's thread: true", "what before waited for", "after")

        /** What a spawned program prints after it was [ended]. */
        fun spawned(
            argument: String,
            ended: (Process) -> Unit,
        ): List<String> {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val classPath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
            // A shell may have started these tests with interrupts ignored, which a JVM would inherit.
            val heeded = if (File("/usr/bin/env").exists() &&
                File("/proc/self").exists()
            ) {
                listOf("env", "--default-signal=INT")
            } else {
                listOf()
            }
            val command = heeded + listOf(java, "-cp", classPath, ShutdownProgram::class.java.name, argument)
            val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            try {
                val output = process.inputStream.bufferedReader()
                output.readLine() shouldBe "running"
                ended(process)
                process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                return output.readLines()
            } finally {
                process.destroyForcibly()
            }
        }

        fun interrupt(process: Process) {
            ProcessBuilder("kill", "-INT", process.pid().toString()).start().waitFor() shouldBe 0
        }

        "Ctrl-C runs the shutdown triggers and waits for their Deferreds" {
            spawned("orderly", ::interrupt) shouldContainExactly all
        }

        "so does a termination signal" {
            spawned("orderly") { it.toHandle().destroy() } shouldContainExactly all
        }

        "a trigger that never ends holds the JVM up for no longer than the timeout" {
            spawned("stuck", ::interrupt) shouldContainExactly listOf("stuck")
        }

        "the hook is gone when the reactor has ended by itself" {
            val reactor = Reactor.create()
            val hook = reactor.addShutdownHook(Duration.ofSeconds(1))
            reactor.callWhenRunning(reactor::stop)
            reactor.run()
            Runtime.getRuntime().removeShutdownHook(hook) shouldBe false
        }

        "a negative timeout is refused" {
            shouldThrow<IllegalArgumentException> { Reactor.create().stopOnShutdown(Duration.ofMillis(-1)) }
        }
    })
