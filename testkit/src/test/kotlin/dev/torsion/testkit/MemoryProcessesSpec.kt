// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import dev.torsion.endpoint.ProcessEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Protocol
import dev.torsion.process.MOST_PROCESSES
import dev.torsion.process.PipeSource
import dev.torsion.process.ProcessCommand
import dev.torsion.process.ProcessDone
import dev.torsion.process.ProcessEnd
import dev.torsion.process.ProcessLeft
import dev.torsion.process.ProcessLimitException
import dev.torsion.process.ProcessNotStarted
import dev.torsion.process.ProcessProtocol
import dev.torsion.process.ProcessTerminated
import dev.torsion.process.getProcessOutput
import dev.torsion.process.getProcessOutputAndValue
import dev.torsion.process.spawnProcess
import dev.torsion.spi.TorsionSpi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

private val PROGRAM = ProcessCommand.of("program", "argument")

/** Notes all that it hears, with the bytes. */
private open class Hearing(private val at: Hearing.(String) -> Unit = {}) : ProcessProtocol() {
    val events = ArrayList<String>()
    var received = 0
    var end: ProcessEnd? = null

    private fun note(event: String) {
        events.add(event)
        at(event)
    }

    override fun connectionMade() = note("made")

    override fun outReceived(data: ByteArray) {
        received += data.size
        note("out ${String(data.copyOf(minOf(data.size, 10)))}")
    }

    override fun errReceived(data: ByteArray) = note("err ${String(data)}")

    override fun inConnectionLost() = note("in lost")

    override fun outConnectionLost() = note("out lost")

    override fun errConnectionLost() = note("err lost")

    override fun processExited(reason: ProcessEnd) = note("exited ${reason.exitCode}")

    override fun processEnded(reason: ProcessEnd) {
        end = reason
        note("ended")
    }
}

private class Ending : Protocol() {
    var reason: CloseReason? = null
    val text = StringBuilder()

    override fun dataReceived(data: ByteArray) {
        text.append(String(data))
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

private fun playing(program: MemoryProgram, test: (MemoryReactor) -> Unit) = MemoryReactor().use { reactor ->
    reactor.processes.add("program", program)
    test(reactor)
}

@OptIn(TorsionSpi::class)
class MemoryProcessesSpec :
    StringSpec({
        "a pipe whose reader wants nothing rests until reading is switched on again" {
            val loop = StringLoop()
            var asked = 0
            var limit = 0
            val heard = ArrayList<String>()
            val source = MemoryPipeSource(loop, { it }) {}
            source.start(
                object : PipeSource.Reader {
                    override fun receiveLimit(): Int {
                        check(++asked < 10) { "it is asked in each turn" }
                        return limit
                    }

                    override fun received(view: ByteBuffer) {
                        heard.add(Charsets.UTF_8.decode(view).toString())
                    }

                    override fun ended(cause: IOException?) {
                        heard.add("end")
                    }
                },
            )
            source.write("bytes".toByteArray())
            loop.settle()
            limit = 3
            source.end()
            loop.settle()
            asked shouldBe 1
            heard shouldBe emptyList()
            source.reading(true)
            loop.settle()
            heard shouldContainExactly listOf("byt", "es", "end")
        }

        "a played process reads, writes and exits, and every event comes in its order, in no time" {
            playing({ process ->
                process.onInput { process.print(String(it).uppercase()) }
                process.onInputEnd {
                    process.printError("bye")
                    process.exit(3)
                }
            }) { reactor ->
                val protocol = Hearing {
                    if (it ==
                        "made"
                    ) {
                        transport.write("hello".toByteArray())
                    } else if (it == "out HELLO") {
                        transport.closeStdin()
                    }
                }
                reactor.spawnProcess(protocol, PROGRAM)
                reactor.flush()
                protocol.events shouldContainExactly
                    listOf("made", "out HELLO", "in lost", "err bye", "out lost", "exited 3", "err lost", "ended")
                protocol.end.shouldBeInstanceOf<ProcessTerminated>().exitCode shouldBe 3
                reactor.processes.all.single().command shouldBe PROGRAM
                reactor.clock.elapsed() shouldBe Duration.ZERO
            }
        }

        "time is virtual, and output comes in the pieces that the test wants" {
            playing({ process ->
                process.later(Duration.ofHours(1)) {
                    process.print("abc")
                    process.exit(0)
                }
            }) { reactor ->
                reactor.network.chunking = Chunking.byteByByte()
                val protocol = Hearing()
                reactor.spawnProcess(protocol, PROGRAM)
                reactor.flush()
                reactor.advance(3599.seconds)
                protocol.events shouldBe listOf("made")
                reactor.advance(1.seconds)
                protocol.events.filter { it.startsWith("out ") } shouldBe listOf("out a", "out b", "out c", "out lost")
                protocol.end.shouldBeInstanceOf<ProcessDone>()
            }
        }

        "signals: one that is handled, one that ends it, and KILL" {
            playing({ process -> process.onSignal("INT") { process.print("int") } }) { reactor ->
                val protocol = Hearing()
                val process = reactor.spawnProcess(protocol, PROGRAM)
                shouldThrow<IllegalStateException> { process.signalProcess("INT") }
                reactor.flush()
                reactor.await(process.signalProcess("SIGINT"))
                reactor.flush()
                protocol.events shouldBe listOf("made", "out int")
                shouldThrow<java.io.IOException> { reactor.await(process.signalProcess("NOSUCH")) }
                shouldThrow<IllegalArgumentException> { process.signalProcess("-9") }
                reactor.await(process.signalProcess("TERM"))
                reactor.flush()
                protocol.end.shouldBeInstanceOf<ProcessTerminated>().signal shouldBe 15
                reactor.processes.all.single().signals shouldBe listOf("INT", "TERM")
            }
        }

        "a process that writes where nobody reads any more hears PIPE, which ends it" {
            playing({ process -> process.later(Duration.ofSeconds(1)) { process.print("x") } }) { reactor ->
                val protocol = Hearing { if (it == "made") transport.closeStdout() }
                reactor.spawnProcess(protocol, PROGRAM)
                reactor.flush()
                reactor.advance(1.seconds)
                protocol.end.shouldBeInstanceOf<ProcessTerminated>().signal shouldBe 13
            }
        }

        "a process that nobody reads waits in its write, and one that reads nothing makes us wait" {
            playing({ process ->
                process.write(ByteArray(200_000))
                process.exit(0)
            }) { reactor ->
                val protocol = Hearing { if (it == "made") transport.pauseProducing() }
                val process = reactor.spawnProcess(protocol, PROGRAM)
                process.write(ByteArray(300_000))
                reactor.advance(1.seconds)
                process.stdin().isWritable shouldBe false
                protocol.events shouldBe listOf("made")
                process.resumeProducing()
                reactor.flush()
                protocol.received shouldBe 200_000
                protocol.end.shouldBeInstanceOf<ProcessDone>()
            }
        }

        "a program that is not there, and one that fails" {
            MemoryReactor { _, _ -> }.use { reactor ->
                val none = Hearing()
                reactor.spawnProcess(none, PROGRAM)
                reactor.flush()
                none.events shouldBe listOf("ended")
                none.end.shouldBeInstanceOf<ProcessNotStarted>().message!! shouldContain "there is no program \"program\""
                reactor.processes.add("program") { error("broken") }
                reactor.await(reactor.getProcessOutputAndValue(PROGRAM)).exitCode shouldBe 1
            }
        }

        "output is collected, and a cancelled collection kills" {
            playing({ process ->
                process.print("hello")
                process.onInputEnd { process.later(Duration.ofSeconds(5)) { process.exit(0) } }
            }) { reactor ->
                String(reactor.await(reactor.getProcessOutput(PROGRAM))) shouldBe "hello"
                val cancelled = reactor.getProcessOutput(PROGRAM)
                cancelled.addBoth { }
                reactor.advance(1.seconds)
                cancelled.cancel()
                reactor.flush()
                reactor.processes.all.last().signals shouldBe listOf("KILL")
            }
        }

        "an endpoint: TERM when the closing takes too long, KILL after killAfter, KILL at once for an abort" {
            playing({ process -> process.onSignal("TERM") {} }) { reactor ->
                fun connected() = Ending().also {
                    reactor.await(ProcessEndpoint(reactor, PROGRAM.withKillAfter(Duration.ofSeconds(7))).connectProtocol(it))
                }
                val slow = connected()
                slow.transport.loseConnection()
                reactor.flush()
                reactor.advance(29.seconds)
                reactor.processes.all.last().signals shouldBe emptyList()
                reactor.advance(1.seconds)
                slow.reason.shouldBeInstanceOf<ConnectionLost>()
                reactor.processes.all.last().signals shouldBe listOf("TERM")
                reactor.advance(6.seconds)
                reactor.processes.all.last().isAlive shouldBe true
                reactor.advance(1.seconds)
                reactor.processes.all.last().signals shouldBe listOf("TERM", "KILL")
                val aborted = connected()
                aborted.transport.abortConnection()
                reactor.flush()
                aborted.reason.shouldBeInstanceOf<ConnectionAborted>()
                reactor.processes.all.last().signals shouldBe listOf("KILL")
            }
        }

        "an endpoint: a process that ends with all that was written read is a clean end" {
            playing({ process ->
                process.onInput { process.print(String(it).reversed()) }
                process.onInputEnd { process.exit(0) }
            }) { reactor ->
                val protocol = Ending()
                reactor.await(ProcessEndpoint(reactor, PROGRAM).connectProtocol(protocol))
                protocol.transport.write("abc".toByteArray())
                reactor.flush()
                protocol.transport.loseConnection()
                reactor.flush()
                protocol.text.toString() shouldBe "cba"
                protocol.reason.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        "the end of the reactor tells processes to end; after that no time passes for them" {
            val reactor = MemoryReactor()
            reactor.processes.add("program") { process -> process.onSignal("TERM") {} }
            val protocol = Hearing()
            reactor.spawnProcess(protocol, PROGRAM)
            reactor.flush()
            reactor.close()
            protocol.end.shouldBeInstanceOf<ProcessLeft>()
            val process = reactor.processes.all.single()
            process.signals shouldBe listOf("TERM")
            process.isAlive shouldBe true
        }

        "the limit counts those that are being started, and whoever ends makes room" {
            playing({}) { reactor ->
                val attempts = List(MOST_PROCESSES) { ProcessEndpoint(reactor, PROGRAM).connectProtocol(Ending()) }
                shouldThrow<ProcessLimitException> { reactor.spawnProcess(Hearing(), PROGRAM) }
                shouldThrow<ProcessLimitException> { reactor.await(ProcessEndpoint(reactor, PROGRAM).connectProtocol(Ending())) }
                reactor.flush()
                shouldThrow<ProcessLimitException> { reactor.spawnProcess(Hearing(), PROGRAM) }
                reactor.await(attempts.first()).transport.abortConnection()
                reactor.flush()
                reactor.spawnProcess(Hearing(), PROGRAM)
                shouldThrow<ProcessLimitException> { reactor.spawnProcess(Hearing(), PROGRAM) }
            }
        }

        "a process that a test leaves running is a leftover" {
            val reactor = MemoryReactor()
            reactor.processes.add("program") {}
            reactor.spawnProcess(Hearing(), PROGRAM)
            reactor.flush()
            reactor.leftovers() shouldBe listOf("running process: MemoryProcess(program argument, running)")
            reactor.close()
        }

        for (moment in listOf("made", "out x", "err y", "in lost", "out lost", "err lost", "exited 0", "ended")) {
            for (deed in DEEDS.keys) {
                "moments: at \"$moment\" the protocol does \"$deed\", and its end is told once, last, and nothing is left" {
                    val reported = ArrayList<Throwable>()
                    val reactor = MemoryReactor { _, error -> reported.add(error) }
                    reactor.processes.add("program") { process ->
                        process.print("x")
                        process.printError("y")
                        process.onInputEnd { process.exit(0) }
                    }
                    val protocol = Hearing {
                        if (it == moment) DEEDS.getValue(deed)(this, reactor)
                        if (it == "err y") transport.closeStdin()
                    }
                    reactor.spawnProcess(protocol, PROGRAM)
                    reactor.flush()
                    reactor.advance(1.seconds)
                    if (protocol.end == null) reactor.processes.all.single().exit(0)
                    reactor.close()
                    protocol.events.first() shouldBe "made"
                    protocol.events.last() shouldBe "ended"
                    protocol.events.filter { it.endsWith("lost") || it.startsWith("exited") || it == "ended" || it == "made" }
                        .let { it.distinct() shouldBe it }
                    reported.size shouldBe if (deed == "throw" || (deed == "throw an error")) 1 else 0
                    reactor.processes.all.single().isAlive shouldBe false
                    reactor.delayedCalls() shouldBe emptyList()
                }
            }
        }
    })

private val DEEDS =
    mapOf<String, Hearing.(MemoryReactor) -> Unit>(
        "throw" to { error("broken") },
        "throw an error" to { throw AssertionError("broken") },
        "kill" to { runCatching { transport.signalProcess("KILL") } },
        "terminate" to { runCatching { transport.signalProcess("TERM") } },
        "close stdin" to { transport.closeStdin() },
        "abort stdin" to { transport.stdin().abortConnection() },
        "close stdout" to { transport.closeStdout() },
        "close stderr" to { transport.closeStderr() },
        "lose" to { transport.loseConnection() },
        "pause and resume" to {
            transport.pauseProducing()
            transport.resumeProducing()
        },
        "pause for a while" to { reactor ->
            transport.pauseProducing()
            reactor.callLater(0.5.seconds) { transport.resumeProducing() }
        },
        "write" to { transport.write("more".toByteArray()) },
        "stop the reactor" to { reactor -> reactor.stop() },
        "crash the reactor" to { reactor -> reactor.crash() },
    )
