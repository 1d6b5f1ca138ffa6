// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import io.kotest.matchers.string.shouldContain as shouldHave

private fun Reactor.spawned(protocol: ProcessProtocol, command: ProcessCommand) = onLoop { spawnProcess(protocol, command) }

private fun waitForThreadsOf(name: String) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
    while (Thread.getAllStackTraces().keys.any { "-$name-" in it.name }) check(System.nanoTime() < deadline) { "threads are left" }
}

/** Exits at once, and leaves a grandchild that holds its output and its error open. Its output is the number of that. */
private val LEAVING = sh("sleep 1000 & echo \$!; exit 0")

private val MOMENTS = listOf("made", "out", "err", "in lost", "out lost", "err lost", "exited", "ended")

class ProcessHardshipSpec :
    StringSpec({
        "two hundred processes at once: each has its own bytes and its own code, and no thread is left" {
            withReactor { reactor ->
                val all = List(200) { number ->
                    val protocol = Noting(made = {
                        transport.write("number $number".toByteArray())
                        transport.closeStdin()
                    })
                    reactor.spawned(protocol, sh("cat; echo e$number >&2; exit ${number % 7}"))
                    protocol
                }
                all.forEachIndexed { number, protocol ->
                    protocol.ended.getOrFail().exitCode shouldBe number % 7
                    protocol.out.toString() shouldBe "number $number"
                    protocol.err.toString().trim() shouldBe "e$number"
                }
                waitForThreadsOf("sh")
            }
        }

        "a grandchild that holds the pipes open: the exit is told, and loseConnection is the end" {
            withReactor { reactor ->
                val number = CompletableFuture<Long>()
                val protocol = Noting(heard = { if (it == "out") number.complete(out.toString().trim().toLong()) })
                val process = reactor.spawned(protocol, LEAVING)
                protocol.exited.getOrFail().shouldBeInstanceOf<ProcessDone>()
                val grandchild = ProcessHandle.of(number.getOrFail()).get()
                reactor.onLoop { process.loseConnection() }
                protocol.ended.getOrFail().shouldBeInstanceOf<ProcessDone>()
                grandchild.isAlive shouldBe true
                grandchild.destroyForcibly()
                waitForThreadsOf("sh")
            }
        }

        "a grandchild that holds the pipes open does not hold up the end of the reactor" {
            val number = CompletableFuture<Long>()
            val protocol = Noting(heard = { if (it == "out") number.complete(out.toString().trim().toLong()) })
            withReactor { reactor ->
                reactor.spawned(protocol, LEAVING)
                protocol.exited.getOrFail()
                number.getOrFail()
            }
            protocol.ended.getOrFail().shouldBeInstanceOf<ProcessDone>()
            ProcessHandle.of(number.getOrFail()).get().destroyForcibly()
            waitForThreadsOf("sh")
        }

        "an endpoint whose process leaves a grandchild with the pipes ends when it is closed" {
            withReactor { reactor ->
                val number = CompletableFuture<Long>()
                val lost = CompletableFuture<CloseReason>()
                val protocol =
                    object : Protocol() {
                        override fun dataReceived(data: ByteArray) {
                            number.complete(String(data).trim().toLong())
                        }

                        override fun connectionLost(reason: CloseReason) {
                            lost.complete(reason)
                        }
                    }
                reactor.resultOnLoop { ProcessEndpoint(reactor, LEAVING).connectProtocol(protocol) }
                val grandchild = ProcessHandle.of(number.getOrFail()).get()
                reactor.onLoop { protocol.transport.loseConnection() }
                lost.getOrFail().isClean shouldBe true
                grandchild.destroyForcibly()
                waitForThreadsOf("sh")
            }
        }

        "a process that writes for ever ends when nobody reads it, when it is killed, and with the reactor" {
            val deeds = listOf<Noting.() -> Unit>(
                { transport.closeStdout() },
                { transport.loseConnection() },
                { transport.signalProcess("KILL") },
                {
                    transport.pauseProducing()
                    transport.signalProcess("TERM")
                    transport.loseConnection()
                },
            )
            for (deed in deeds) {
                withReactor { reactor ->
                    val isOnce = java.util.concurrent.atomic.AtomicBoolean()
                    val protocol = Noting(heard = { if (it == "out" && isOnce.compareAndSet(false, true)) deed() })
                    reactor.spawned(protocol, ProcessCommand.of("yes"))
                    protocol.ended.getOrFail()
                    waitForThreadsOf("yes")
                }
            }
            val protocol = Noting()
            val process = withReactor { reactor ->
                val started = reactor.spawned(protocol, ProcessCommand.of("yes"))
                protocol.started.getOrFail()
                ProcessHandle.of(reactor.onLoop { started.pid() }).get()
            }
            protocol.ended.getOrFail().shouldBeInstanceOf<ProcessLeft>()
            process.onExit().getOrFail()
            waitForThreadsOf("yes")
        }

        "a process that never reads: it is killed, left or told to end, with a megabyte on its way" {
            for (signal in listOf("KILL", "TERM", null)) {
                val protocol = Noting(made = { transport.write(ByteArray(1_000_000)) })
                withReactor(ReactorOptions(drainTimeout = java.time.Duration.ofMillis(50))) { reactor ->
                    val process = reactor.spawned(protocol, ProcessCommand.of("sleep", "100"))
                    protocol.started.getOrFail()
                    if (signal != null) {
                        reactor.onLoop {
                            process.closeStdin()
                            process.signalProcess(signal).called
                        }
                        protocol.ended.getOrFail().shouldBeInstanceOf<ProcessTerminated>()
                    }
                }
                protocol.ended.getOrFail()
                waitForThreadsOf("sleep")
            }
        }

        for (moment in MOMENTS) {
            "moments: an exception at \"$moment\" is reported once, and the end is still told once, with nothing left" {
                val reported = CopyOnWriteArrayList<Throwable>()
                withReactor(ReactorOptions(errorListener = { _, error -> reported.add(error) })) { reactor ->
                    val protocol = Noting(heard = { if (it == moment) error("broken at $it") })
                    val process = reactor.spawned(protocol, sh("echo x; echo y >&2; cat"))
                    protocol.started.runCatching { if (moment != "made") getOrFail() }
                    reactor.onLoop { process.closeStdin() }
                    reactor.waitForEnd(protocol)
                    protocol.events.count { it == "ended" } shouldBe 1
                    protocol.events shouldContain "exited"
                    reported.map { it.message } shouldBe listOf("broken at $moment")
                    waitForThreadsOf("sh")
                }
            }

            "moments: the reactor is stopped at \"$moment\", and everything ends" {
                val reactor = Reactor.create()
                val noting = Noting(heard = { if (it == moment) reactor.stop() })
                reactor.callWhenRunning {
                    reactor.spawnProcess(noting, sh("echo x; echo y >&2; cat")).closeStdin()
                }
                reactor.run()
                noting.ended.getOrFail()
                noting.events.last() shouldBe "ended"
                waitForThreadsOf("sh")
            }
        }

        "processes that cannot be started for want of descriptors say so, and harm none of those that are" {
            withReactor { reactor ->
                val all = List(60) { number ->
                    val protocol = Noting(made = { transport.closeStdin() })
                    val command = ProcessCommand.of("cat")
                    reactor.onLoop {
                        val loop = reactor.streamNetwork!!
                        val child = Child(loop, command) {
                            if (number % 3 == 0) throw IOException("error=24, Too many open files") else command.builder().start()
                        }
                        RunningProcess(loop, protocol, command, StreamOptions.DEFAULT, child).start()
                    }
                    protocol
                }
                all.forEachIndexed { number, protocol ->
                    val end = protocol.ended.getOrFail()
                    if (number % 3 == 0) {
                        end.shouldBeInstanceOf<ProcessNotStarted>().message!! shouldHave "Too many open files"
                        protocol.events shouldBe listOf("ended")
                    } else {
                        end.shouldBeInstanceOf<ProcessDone>()
                    }
                }
                waitForThreadsOf("cat")
            }
        }
    })

/** Its end, also when `processEnded` has thrown. */
private fun Reactor.waitForEnd(protocol: Noting) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
    while (onLoop { "ended" !in protocol.events }) check(System.nanoTime() < deadline) { "only ${protocol.events}" }
}
