// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.defer.DeferredCancelledException
import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.nio.file.Files
import java.time.Duration
import java.util.concurrent.CompletableFuture

private class Talking(private val made: Talking.() -> Unit = {}, private val heard: Talking.(String) -> Unit = {}) : Protocol() {
    val bytes = ByteArrayOutputStream()
    val lost = CompletableFuture<CloseReason>()

    override fun connectionMade() = made()

    override fun dataReceived(data: ByteArray) {
        bytes.write(data)
        heard(bytes.toString())
    }

    override fun connectionLost(reason: CloseReason) {
        lost.complete(reason)
    }
}

private val UPPER = ProcessCommand.of("dd", "bs=1", "conv=ucase", "status=none")

class ProcessOutputSpec :
    StringSpec({
        "getProcessOutput gives the output, whatever the code; its input is at its end" {
            withReactor { reactor ->
                String(reactor.resultOnLoop { reactor.getProcessOutput(sh("cat; echo hello; exit 3")) }) shouldBe "hello\n"
                String(reactor.resultOnLoop { reactor.getProcessOutput(sh("echo a; echo b >&2"), errorToo = true) }).length shouldBe 4
            }
        }

        "anything on standard error fails it, and more than the limit, and a program that is not there" {
            withReactor { reactor ->
                val error = shouldThrow<UnexpectedErrorOutputException> {
                    reactor.resultOnLoop { reactor.getProcessOutput(sh("echo oops >&2; exec sleep 100")) }
                }
                String(error.error) shouldBe "oops\n"
                shouldThrow<ProcessOutputLimitException> {
                    reactor.resultOnLoop { reactor.getProcessOutput(ProcessCommand.of("cat", "/dev/zero"), limit = 100_000) }
                }
                shouldThrow<ProcessNotStarted> { reactor.resultOnLoop { reactor.getProcessValue(ProcessCommand.of("/no/such")) } }
            }
        }

        "getProcessValue and getProcessOutputAndValue" {
            withReactor { reactor ->
                reactor.resultOnLoop { reactor.getProcessValue(sh("echo ignored; echo too >&2; exit 5")) } shouldBe 5
                reactor.resultOnLoop { reactor.getProcessValue(sh("kill -9 \$\$")) } shouldBe 137
                val output = reactor.resultOnLoop { reactor.getProcessOutputAndValue(sh("echo out; echo err >&2; exit 4")) }
                output.outputText() shouldBe "out\n"
                output.errorText() shouldBe "err\n"
                output.exitCode shouldBe 4
            }
        }

        "cancelling kills the process" {
            val file = Files.createTempFile("torsion", ".pid")
            withReactor { reactor ->
                val failed = CompletableFuture<Throwable>()
                reactor.onLoop {
                    val output = reactor.getProcessOutput(sh("echo \$\$ > $file; exec sleep 100"))
                    output.addCallbacks({ "none" }) { it.value.also(failed::complete).toString() }
                    reactor.callLater(100, java.util.concurrent.TimeUnit.MILLISECONDS) { output.cancel() }
                }
                failed.getOrFail().shouldBeInstanceOf<DeferredCancelledException>()
                val pid = Files.readString(file).trim()
                if (pid.isNotEmpty()) ProcessHandle.of(pid.toLong()).ifPresent { it.onExit().getOrFail() }
            }
            Files.delete(file)
        }

        "a reactor that ends fails those who wait" {
            val failed = CompletableFuture<Throwable>()
            withReactor { reactor ->
                reactor.onLoop {
                    reactor.getProcessOutput(ProcessCommand.of("sleep", "100"))
                        .addCallbacks({ "none" }) { it.value.also(failed::complete).toString() }
                    Unit
                }
            }
            failed.getOrFail().shouldBeInstanceOf<ProcessEnd>()
        }

        "a process as an endpoint: bytes in both directions, and a clean end" {
            withReactor { reactor ->
                val answer = CompletableFuture<String>()
                val protocol = Talking({ transport.write("hello".toByteArray()) }, { if (it == "HELLO") answer.complete(it) })
                reactor.resultOnLoop { ProcessEndpoint(reactor, UPPER).connectProtocol(protocol) }
                answer.getOrFail() shouldBe "HELLO"
                reactor.onLoop { protocol.transport.loseConnection() }
                protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                "${protocol.transport.peer()}" shouldBe "process dd"
            }
        }

        "an endpoint whose process ends by itself: all its output comes, then its end" {
            withReactor { reactor ->
                val good = Talking()
                reactor.resultOnLoop { ProcessEndpoint(reactor, sh("head -c 1000000 /dev/zero")).connectProtocol(good) }
                good.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>()
                good.bytes.size() shouldBe 1_000_000

                val bad = Talking({ transport.write(ByteArray(300_000)) })
                reactor.resultOnLoop { ProcessEndpoint(reactor, sh("echo bye; exit 9")).connectProtocol(bad) }
                val reason = bad.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                bad.bytes.toString() shouldBe "bye\n"
                reason.cause.shouldBeInstanceOf<ProcessTerminated>().exitCode shouldBe 9
            }
        }

        "an endpoint: abort kills, a process that does not end is told to, and there may be none" {
            withReactor { reactor ->
                val aborted = Talking()
                reactor.resultOnLoop { ProcessEndpoint(reactor, sh("echo \$\$; exec sleep 100")).connectProtocol(aborted) }
                reactor.onLoop { aborted.transport.abortConnection() }
                aborted.lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>()

                val pid = CompletableFuture<Long>()
                val stubborn = Talking(heard = { if (it.endsWith("\n")) pid.complete(it.trim().toLong()) })
                val options = StreamOptions(closeTimeout = Duration.ofMillis(200))
                reactor.resultOnLoop {
                    ProcessEndpoint(reactor, sh("echo \$\$; exec sleep 100"), options = options).connectProtocol(stubborn)
                }
                val handle = ProcessHandle.of(pid.getOrFail()).get()
                reactor.onLoop { stubborn.transport.loseConnection() }
                stubborn.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                handle.onExit().getOrFail()

                val none = shouldThrow<CannotConnectException> {
                    reactor.resultOnLoop { ProcessEndpoint(reactor, ProcessCommand.of("/no/such")).connectProtocol(Talking()) }
                }
                none.cause.shouldBeInstanceOf<ProcessNotStarted>()
                none.message!! shouldContain "/no/such"
            }
        }

        "an endpoint that is cancelled while it starts leaves no process" {
            withReactor { reactor ->
                repeat(10) {
                    val failed = CompletableFuture<Throwable>()
                    reactor.onLoop {
                        val attempt = ProcessEndpoint(reactor, ProcessCommand.of("sleep", "123456")).connectProtocol(Talking())
                        attempt.addCallbacks({ "none" }) { it.value.also(failed::complete).toString() }
                        attempt.cancel()
                    }
                    failed.getOrFail().shouldBeInstanceOf<ConnectingCancelledException>()
                }
                val left = { ProcessHandle.current().children().filter { "123456" in it.info().commandLine().orElse("") }.toList() }
                val deadline = System.nanoTime() + 20_000_000_000
                while (left().isNotEmpty()) check(System.nanoTime() < deadline) { "${left()} are left" }
            }
        }
    })
