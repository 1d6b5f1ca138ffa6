// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.temporal.ChronoUnit
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** Knows the number of its process, which is the first line of its output. */
private class Numbered : Protocol() {
    val number = CompletableFuture<Long>()
    val lost = CompletableFuture<CloseReason>()
    private val text = StringBuilder()

    override fun dataReceived(data: ByteArray) {
        text.append(String(data))
        if ('\n' in text) number.complete(text.lines().first().toLong())
    }

    override fun connectionLost(reason: CloseReason) {
        lost.complete(reason)
    }
}

private fun inFile(test: (Path) -> Unit) {
    val file = Files.createTempFile("torsion", ".txt")
    try {
        test(file)
    } finally {
        Files.delete(file)
    }
}

/** Notes in [file] that it was told to end, which a killed one does not. */
private fun notingTerm(file: Path) = sh("trap 'echo told > $file; exit 0' TERM; echo \$\$; while :; do sleep 0.02; done")

/** Does not heed TERM. */
private val DEAF = sh("trap '' TERM; echo \$\$; exec sleep 100").withKillAfter(Duration.ofMillis(100))

private fun Reactor.connected(command: ProcessCommand, options: StreamOptions = StreamOptions.DEFAULT): Pair<Numbered, ProcessHandle> {
    val protocol = Numbered()
    resultOnLoop { ProcessEndpoint(this, command, options = options).connectProtocol(protocol) }
    return protocol to ProcessHandle.of(protocol.number.getOrFail()).get()
}

/** The capacity of a pipe of Linux. The rest is being written then. */
private const val PIPE = 64 * 1024

private val SHORT = StreamOptions(closeTimeout = Duration.ofMillis(100))

class ProcessEndingSpec :
    StringSpec({
        "an endpoint: a process that does not end by itself is told to, and not killed" {
            inFile { file ->
                withReactor { reactor ->
                    val (protocol, process) = reactor.connected(notingTerm(file).withKillAfter(ChronoUnit.FOREVER.duration), SHORT)
                    reactor.onLoop { protocol.transport.loseConnection() }
                    protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                    process.onExit().getOrFail()
                    Files.readString(file) shouldBe "told\n"
                }
            }
        }

        "an endpoint: a process that takes nothing is told to end, too" {
            inFile { file ->
                withReactor { reactor ->
                    val (protocol, process) = reactor.connected(notingTerm(file), SHORT)
                    reactor.onLoop {
                        protocol.transport.write(ByteArray(1_000_000))
                        protocol.transport.loseConnection()
                    }
                    protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                    process.onExit().getOrFail()
                    Files.readString(file) shouldBe "told\n"
                }
            }
        }

        "an endpoint: the end of the reactor tells the process to end" {
            inFile { file ->
                val options = ReactorOptions(drainTimeout = Duration.ofMillis(100))
                val process = withReactor(options) { reactor -> reactor.connected(notingTerm(file)).second }
                process.onExit().getOrFail()
                Files.readString(file) shouldBe "told\n"
            }
        }

        "an endpoint: a process that is to be left is left by a reactor that ends" {
            val options = ReactorOptions(drainTimeout = Duration.ofMillis(100))
            val process = withReactor(options) { reactor ->
                reactor.connected(sh("echo \$\$; exec sleep 100 <&- >&-").withLeavesRunning(true)).second
            }
            process.isAlive shouldBe true
            process.destroyForcibly()
            process.onExit().getOrFail()
        }

        "a process that does not heed that is killed: of an endpoint, and at the end of the reactor" {
            val left = ArrayList<ProcessHandle>()
            val options = ReactorOptions(drainTimeout = Duration.ofMillis(100))
            withReactor(options) { reactor ->
                val (protocol, process) = reactor.connected(DEAF, SHORT)
                reactor.onLoop { protocol.transport.loseConnection() }
                protocol.lost.getOrFail()
                process.onExit().getOrFail()

                left.add(reactor.connected(DEAF).second)
                val spawned = Noting()
                val ready = CompletableFuture<Unit>()
                val noting = object : ProcessProtocol() {
                    override fun outReceived(data: ByteArray) {
                        left.add(ProcessHandle.of(transport.pid()).get())
                        ready.complete(Unit)
                    }

                    override fun processEnded(reason: ProcessEnd) {
                        spawned.ended.complete(reason)
                    }
                }
                reactor.onLoop { reactor.spawnProcess(noting, DEAF) }
                ready.getOrFail()
            }
            left.size shouldBe 2
            left.forEach { it.onExit().getOrFail() }
        }

        "killAfter is positive, and survives the other options" {
            shouldThrow<IllegalArgumentException> { DEAF.withKillAfter(Duration.ZERO) }
            DEAF.withFolder(null).withLeavesRunning(true).withEnvironment(null).killAfter shouldBe Duration.ofMillis(100)
            ProcessCommand.of("x").killAfter shouldBe Duration.ofSeconds(5)
        }

        "what is being written when the process ends was not read: that is no clean end" {
            withReactor { reactor ->
                val file = Files.createTempFile("torsion", ".go").also(Files::delete)
                val protocol = Numbered()
                val waiting = sh("while [ ! -e $file ]; do sleep 0.02; done; exit 0")
                reactor.resultOnLoop { ProcessEndpoint(reactor, waiting).connectProtocol(protocol) }
                reactor.onLoop { protocol.transport.write(ByteArray(PIPE + 20_000)) }
                val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
                while (reactor.onLoop { protocol.transport.bufferedBytes } > 0) check(System.nanoTime() < deadline) { "it is not taken" }
                Files.createFile(file)
                protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                Files.delete(file)
            }
        }

        "a process that has read all and ends at once is a clean end" {
            withReactor { reactor ->
                repeat(100) {
                    val protocol = Numbered()
                    reactor.resultOnLoop { ProcessEndpoint(reactor, sh("read x")).connectProtocol(protocol) }
                    reactor.onLoop { protocol.transport.write("now\n".toByteArray()) }
                    protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>()
                }
            }
        }
    })
