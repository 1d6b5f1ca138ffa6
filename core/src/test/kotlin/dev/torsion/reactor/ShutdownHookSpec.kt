// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import dev.torsion.log.LogPublisher
import dev.torsion.name.BlockingHostResolver
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.slf4j.event.Level
import java.io.BufferedReader
import java.io.File
import java.io.IOException
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds

/** The program that [ShutdownHookSpec] spawns: says what happens to it. */
internal object ShutdownProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val mode = arguments[0]
        val options =
            when (mode) {
                "unread" -> ReactorOptions(drainTimeout = Duration.ofDays(1))
                "unread-blocks-after" -> ReactorOptions(drainTimeout = Duration.ofMillis(100))
                "opted-out" -> ReactorOptions(shutdownTimeout = Duration.ZERO)
                "exits-on-resolver", "waits-for-resolver" -> ReactorOptions(resolver = BlockingHostResolver { exitProcess(3) })
                else -> ReactorOptions()
            }
        val reactor = Reactor.create(options)
        when (mode) {
            // A quarter of it is left for the end of the stop, which a machine with other work to do needs.
            "unread", "unread-waits", "unread-blocks", "unread-blocks-after", "unread-blocks-in-callback", "stuck" ->
                reactor.stopOnShutdown(Duration.ofSeconds(4))
            "stuck-for-long", "own", "unread-second", "exits-on-pool", "exits-on-resolver", "exits-while-stopping",
            "waits-for-pool", "waits-for-begun", "waits-for-executor", "waits-for-resolver",
            -> reactor.stopOnShutdown(
                Duration.ofSeconds(DEADLINE_SECONDS * 10),
            )
        }
        val own = Executors.newSingleThreadExecutor()
        var begun: Deferred<*>? = null
        reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
            when (mode) {
                "waits-for-pool" -> reactor.deferToThread { exitProcess(3) }
                "waits-for-begun" -> begun
                "waits-for-executor" -> reactor.deferToThreadPool(own) { exitProcess(3) }
                "waits-for-resolver" -> reactor.lookUp("somewhere.test")
                else -> null
            }
        }
        reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
            if (mode.startsWith("stuck") || mode == "unread-waits" || mode == "unread-second") {
                println("stuck")
                Deferred<Unit>()
            } else if (mode == "unread-blocks") {
                block()
            } else {
                println("before, on the reactor's thread: ${reactor.isInReactorThread}")
                if (mode == "exits-while-stopping") exitProcess(4)
                reactor.deferLater(20.milliseconds) { println("what before waited for") }
            }
        }
        reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { println("after") }
        if (mode == "unread-blocks-after") reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { block() }
        if (mode.startsWith("unread-")) LogPublisher.global().addObserver { if (it.level == Level.WARN) println(it.message) }
        reactor.callWhenRunning {
            println("running")
            when (mode) {
                "unread-exits" -> println(
                    reactor.listenTcp(
                        0,
                        Factory {
                            Unread { reactor.callLater(0, SECONDS) { exitProcess(3) } }
                        },
                    ).port(),
                )
                "unread-blocks-in-callback" -> println(
                    reactor.listenTcp(
                        0,
                        Factory {
                            Unread { reactor.callLater(0, SECONDS, ::block) }
                        },
                    ).port(),
                )
                "exits" -> exitProcess(3)
                "exits-on-pool" -> reactor.callInThread { exitProcess(3) }
                "waits-for-begun" -> begun = reactor.deferToThread { exitProcess(3) }
                "waits-for-pool", "waits-for-executor", "waits-for-resolver" -> reactor.stop()
                "exits-on-resolver" -> reactor.lookUp("somewhere.test")
                else -> if (mode.startsWith("unread")) println(reactor.listenTcp(0, Factory { Unread() }).port())
            }
        }
        reactor.run()
    }

    private fun block() {
        println("blocks")
        CountDownLatch(1).await()
    }
}

/** Writes more than the operating system takes for a peer that does not read. */
private class Unread(private val written: () -> Unit = {}) : Protocol() {
    override fun connectionMade() {
        transport.write(ByteArray(12 * 1024 * 1024))
        written()
    }
}

class ShutdownHookSpec :
    StringSpec({
        val all = listOf("before, on the reactor's thread: true", "what before waited for", "after")

        /** The output of a spawned program after it was [ended]. */
        fun spawned(argument: String, exitCode: Int, ended: (Process, BufferedReader) -> Unit): List<String> {
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
                ended(process, output)
                process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                process.exitValue() shouldBe exitCode
                return output.readLines()
            } finally {
                process.destroyForcibly()
            }
        }

        fun interrupt(process: Process) {
            ProcessBuilder("kill", "-INT", process.pid().toString()).start().waitFor() shouldBe 0
        }

        "Ctrl-C during run runs the shutdown triggers and waits for their Deferreds" {
            spawned("orderly", INTERRUPTED) { process, _ -> interrupt(process) } shouldContainExactly all
        }

        "so does a termination signal" {
            spawned("orderly", TERMINATED) { process, _ -> process.toHandle().destroy() } shouldContainExactly all
        }

        "so does a reactor with a hook of the program's own" {
            spawned("own", INTERRUPTED) { process, _ -> interrupt(process) } shouldContainExactly all
        }

        "a trigger that never ends holds the JVM up for no longer than the timeout, and the others run" {
            spawned("stuck", INTERRUPTED) { process, _ -> interrupt(process) } shouldContainExactly listOf("stuck", "after")
        }

        /** The output of a program that was [ended] while a peer had not read all, and saw a reset then. */
        fun reset(
            mode: String,
            exitCode: Int = TERMINATED,
            ended: (Process, BufferedReader) -> Unit = { it, _ -> it.toHandle().destroy() },
        ): List<String> {
            var peer: Socket? = null
            val output = spawned(mode, exitCode) { process, output ->
                peer = Socket("127.0.0.1", output.readLine().toInt()).also { it.getInputStream().readNBytes(100).size shouldBe 100 }
                ended(process, output)
            }
            peer!!.use { shouldThrow<IOException> { it.getInputStream().readAllBytes() } }
            return output
        }

        "connections that would be cut by the JVM's end are reset before it" {
            reset("unread") shouldContainExactly all
        }

        "so they are while a trigger is waited for: the log names it, and the others run" {
            val output = reset("unread-waits")
            output.first() shouldBe "stuck"
            output.last() shouldBe "after"
            output[1] shouldContain "without what it has waited for: the trigger before shutdown that was added at ShutdownHookSpec.kt:"
            output[2] shouldContain "connections that were reset with their work: 1, bytes that were not taken: "
        }

        listOf("unread-blocks" to "before", "unread-blocks-after" to "after").forEach { (mode, phase) ->
            "so they are while a trigger blocks the loop, in the phase $phase" {
                val output = reset(mode)
                output.first { "has not ended" in it } shouldContain
                    "it waits for the trigger $phase shutdown that was added at ShutdownHookSpec.kt:"
            }
        }

        "so they are while a callback blocks the loop" {
            val output = reset("unread-blocks-in-callback")
            output.first() shouldBe "blocks"
            output.first { "has not ended" in it } shouldContain "it waits for a callback that does not return"
            output.last() shouldContain "1 connections are reset with the end of the JVM"
        }

        "so they are when a second signal ends the JVM at once" {
            reset("unread-second", INTERRUPTED) { process, output ->
                interrupt(process)
                output.readLine() shouldBe "stuck"
                interrupt(process)
            } shouldContainExactly emptyList()
        }

        "so they are when System.exit is called on the reactor's own thread" {
            reset("unread-exits", 3) { _, _ -> }.first() shouldContain "System.exit was called on the reactor's own thread"
        }

        "a second Ctrl-C ends the JVM at once" {
            spawned("stuck-for-long", INTERRUPTED) { process, output ->
                interrupt(process)
                output.readLine() shouldBe "stuck" // so the first has arrived
                interrupt(process)
            } shouldContainExactly emptyList()
        }

        "a termination signal after Ctrl-C does so too" {
            spawned("stuck-for-long", TERMINATED) { process, output ->
                interrupt(process)
                output.readLine() shouldBe "stuck"
                process.toHandle().destroy()
            } shouldContainExactly emptyList()
        }

        "a program that has opted out is ended at once" {
            spawned("opted-out", INTERRUPTED) { process, _ -> interrupt(process) } shouldContainExactly emptyList()
        }

        "System.exit on the reactor's thread, where no trigger can run, ends the JVM without waiting for one" {
            spawned("exits", 3) { _, _ -> } shouldContainExactly emptyList()
        }

        "System.exit on a thread of the pool, which the shutdown waits for, lets the triggers run, and is waited for no more" {
            spawned("exits-on-pool", 3) { _, _ -> } shouldContainExactly all
        }

        "so does System.exit on a thread that looks names up" {
            spawned("exits-on-resolver", 3) { _, _ -> } shouldContainExactly all
        }

        listOf("waits-for-pool", "waits-for-begun", "waits-for-executor", "waits-for-resolver").forEach { mode ->
            "a trigger whose Deferred waits for the thread that has called System.exit is not waited for: $mode" {
                spawned(mode, 3) { _, _ -> } shouldContainExactly all
            }
        }

        "System.exit in a shutdown trigger, while a signal has the JVM wait for it, ends the JVM without the others" {
            spawned("exits-while-stopping", INTERRUPTED) { process, _ -> interrupt(process) } shouldContainExactly all.take(1)
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
            shouldThrow<IllegalArgumentException> { ReactorOptions(shutdownTimeout = Duration.ofMillis(-1)) }
        }
    })

private const val INTERRUPTED = 130
private const val TERMINATED = 143
