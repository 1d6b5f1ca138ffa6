// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import jdk.jfr.consumer.RecordedEvent
import jdk.jfr.consumer.RecordingStream
import java.io.File
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** The program that [JfrLoopEventsSpec] runs without the flight recorder. */
internal object MinimalProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create(ReactorOptions(errorListener = { context, _ -> println(context) }))
        reactor.callWhenRunning {
            println("recorder: ${ModuleLayer.boot().findModule("jdk.jfr").isPresent}")
            reactor.callFromThread { error("a callback fails") }
            reactor.callFromThread(reactor::stop)
        }
        reactor.run()
    }
}

class JfrLoopEventsSpec :
    StringSpec({
        "health, a blocked loop with its stack, and a callback that has thrown are recorded" {
            val health = CompletableFuture<RecordedEvent>()
            val blocked = CompletableFuture<RecordedEvent>()
            val failed = CompletableFuture<RecordedEvent>()
            val options = ReactorOptions(threadName = "recorded", blockedThreshold = Duration.ofMillis(50))
            RecordingStream().use { stream ->
                stream.enable("dev.torsion.LoopHealth").withPeriod(Duration.ofMillis(50))
                stream.enable("dev.torsion.BlockedLoop")
                stream.enable("dev.torsion.CallbackFailed")

                fun take(event: String, into: CompletableFuture<RecordedEvent>) =
                    stream.onEvent(event) { if (it.getString("reactor") == "recorded") into.complete(it) }
                stream.setReuse(false)
                take("dev.torsion.LoopHealth", health)
                // The recorder itself may hold the loop for a moment when it records for the first time.
                stream.onEvent("dev.torsion.BlockedLoop") { if ("awaitOrFail" in it.getString("stack")) blocked.complete(it) }
                take("dev.torsion.CallbackFailed", failed)
                stream.startAsync()
                withReactor(options) { reactor ->
                    val reported = CountDownLatch(1)
                    reactor.callFromThread { error("boom") }
                    failed.getOrFail().run {
                        getString("exception") shouldBe "java.lang.IllegalStateException"
                        getString("message") shouldBe "boom"
                        getString("callback") shouldContain "a call on the reactor"
                    }
                    reactor.callFromThread { blocked.thenRun(reported::countDown).also { reported.awaitOrFail() } }
                    blocked.getOrFail().run {
                        getString("reactor") shouldBe "recorded"
                        getDuration("blockedFor").toMillis() shouldBeGreaterThan 49
                    }
                    health.getOrFail().run {
                        getDouble("busyRatio") shouldBe getDouble("busyRatio").coerceIn(0.0, 1.0)
                        fields.map { it.name } shouldContain "waitingTasks"
                    }
                }
            }
        }

        "a runtime without the module jdk.jfr runs all the same" {
            val java = File(System.getProperty("java.home"), "bin/java").path
            val classPath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
            val process =
                ProcessBuilder(java, "--limit-modules", "java.base,java.logging", "-cp", classPath, MinimalProgram::class.java.name)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start()
            try {
                process.inputStream.bufferedReader().readLines() shouldContainExactly
                    listOf("recorder: false", "a call on the reactor failed")
                process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                process.exitValue() shouldBe 0
            } finally {
                process.destroyForcibly()
            }
        }
    })
