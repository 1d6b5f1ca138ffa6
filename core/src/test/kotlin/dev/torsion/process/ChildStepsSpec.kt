// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.net.CannotConnectException
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import dev.torsion.spi.ConnectHandler
import dev.torsion.spi.StreamChannel
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.FilterInputStream
import java.io.FilterOutputStream
import java.io.InputStream
import java.io.OutputStream
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArraySet
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Has no thread at the [failing] request. */
private class FewThreads(private val failing: Int) : PipeThreads {
    private val asked = AtomicInteger()

    override fun start(name: String, work: () -> Unit) {
        if (asked.incrementAndGet() == failing) throw OutOfMemoryError("no thread for $name")
        PipeThreads.DAEMONS.start(name, work)
    }
}

/** A process of the machine that notes which pipes are closed. */
private class Watched(private val real: Process, private val knowsExit: Boolean = true) : Process() {
    val closed = CopyOnWriteArraySet<String>()
    private val output =
        object : FilterOutputStream(real.outputStream) {
            override fun close() {
                closed.add("stdin")
                super.close()
            }
        }
    private val input = watched(real.inputStream, "stdout")
    private val error = watched(real.errorStream, "stderr")

    private fun watched(stream: InputStream, name: String) = object : FilterInputStream(stream) {
        override fun close() {
            closed.add(name)
            super.close()
        }
    }

    override fun getOutputStream(): OutputStream = output

    override fun getInputStream(): InputStream = input

    override fun getErrorStream(): InputStream = error

    override fun waitFor(): Int = real.waitFor()

    override fun exitValue(): Int = real.exitValue()

    override fun destroy() = real.destroy()

    override fun destroyForcibly(): Process = apply { real.destroyForcibly() }

    override fun pid(): Long = real.pid()

    override fun onExit(): CompletableFuture<Process> = if (knowsExit) real.onExit() else throw OutOfMemoryError("no thread to wait")

    fun isGone() {
        real.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
        while (closed.size < 3) check(System.nanoTime() < deadline) { "only $closed are closed" }
    }
}

private fun hasThreads() = Thread.getAllStackTraces().keys.any { "-sleep-" in it.name }

private fun waitForThreads() {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
    while (hasThreads()) check(System.nanoTime() < deadline) { "threads are left" }
}

private val SLEEP = ProcessCommand.of("sleep", "100")

private fun launched(knowsExit: Boolean, made: (Watched) -> Unit): () -> Process =
    { Watched(SLEEP.builder().start(), knowsExit).also(made) }

/** Each step of starting a process: [FewThreads] to fail at, and whether its exit can be waited for. The first thread is that of the start. */
private val STEPS = listOf("no thread to write" to (2 to true), "no thread for its errors" to (3 to true), "no exit" to (0 to false))

/** The same for a connection, to which nothing can be written before it is there. */
private val ENDPOINT_STEPS = listOf("no thread for its errors" to (2 to true), "no exit" to (0 to false))

class ChildStepsSpec :
    StringSpec({
        for ((name, step) in STEPS) {
            val (failing, knowsExit) = step

            "a process whose start fails half-way leaves nothing behind, and its protocol hears of no begin: $name" {
                withReactor { reactor ->
                    lateinit var made: Watched
                    val protocol = Noting()
                    reactor.spawnFailing(protocol, FewThreads(failing), launched(knowsExit) { made = it })
                    val end = protocol.ended.getOrFail().shouldBeInstanceOf<ProcessNotStarted>()
                    end.cause.shouldBeInstanceOf<OutOfMemoryError>()
                    protocol.events shouldBe listOf("ended")
                    made.isGone()
                    waitForThreads()
                    reactor.known() shouldBe 0
                }
            }
        }

        for ((name, step) in ENDPOINT_STEPS) {
            val (failing, knowsExit) = step

            "an endpoint whose process fails half-way fails, and leaves nothing behind: $name" {
                withReactor { reactor ->
                    lateinit var made: Watched
                    val failed = CompletableFuture<CannotConnectException>()
                    reactor.onLoop {
                        val loop = reactor.streamNetwork!!
                        val threads = FewThreads(failing)
                        val maker = ProcessMaker { _, command -> Child(loop, command, threads, launched(knowsExit) { made = it }) }
                        ProcessTarget(loop, SLEEP, StandardErrorBehavior.DROP, maker).connect(
                            object : ConnectHandler {
                                override fun connected(channel: StreamChannel) = error("it is connected")

                                override fun failed(reason: CannotConnectException) {
                                    failed.complete(reason)
                                }
                            },
                        )
                    }
                    failed.getOrFail().cause.shouldBeInstanceOf<ProcessNotStarted>()
                    made.isGone()
                    waitForThreads()
                    reactor.known() shouldBe 0
                }
            }
        }

        "without a thread to start it, the call says so" {
            withReactor { reactor ->
                val protocol = Noting()
                shouldThrow<OutOfMemoryError> { reactor.spawnFailing(protocol, FewThreads(1)) { error("it was started") } }
                reactor.known() shouldBe 0
                protocol.events shouldBe emptyList()
            }
        }

        "a process that nobody wants by the time it runs is killed, and its pipes are closed" {
            withReactor { reactor ->
                lateinit var made: Watched
                val mayRun = CompletableFuture<Unit>()
                val protocol = Noting()
                val process = reactor.spawnFailing(protocol, PipeThreads.DAEMONS) {
                    mayRun.getOrFail()
                    Watched(SLEEP.builder().start()).also { made = it }
                }
                reactor.onLoop { process.signalProcess("TERM").called }
                mayRun.complete(Unit)
                protocol.ended.getOrFail().shouldBeInstanceOf<ProcessNotStarted>()
                made.isGone()
                waitForThreads()
            }
        }

        "a process that is there when the reactor has gone is killed, and its pipes are closed" {
            lateinit var made: Watched
            val mayRun = CompletableFuture<Unit>()
            val isMade = CompletableFuture<Unit>()
            val protocol = Noting()
            withReactor { reactor ->
                reactor.spawnFailing(protocol, PipeThreads.DAEMONS) {
                    mayRun.getOrFail()
                    Watched(SLEEP.builder().start()).also {
                        made = it
                        isMade.complete(Unit)
                    }
                }
            }
            protocol.ended.getOrFail().shouldBeInstanceOf<ProcessLeft>()
            mayRun.complete(Unit)
            isMade.getOrFail()
            made.isGone()
            waitForThreads()
        }
    })

private fun Reactor.known(): Int = onLoop {
    streamNetwork!!.streams.count {
        it is RunningProcess || it is StartingProcess ||
            it is ProcessChannel
    }
}

private fun Reactor.spawnFailing(protocol: Noting, threads: PipeThreads, launch: () -> Process): ProcessTransport = onLoop {
    val loop = streamNetwork!!
    RunningProcess(loop, protocol, SLEEP, StreamOptions.DEFAULT, Child(loop, SLEEP, threads, launch)).also {
        it.start()
        it.write("early".toByteArray()) // which needs a thread as soon as the process is there
    }
}
