// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Notes what it hears, in order. */
internal open class Noting(private val made: Noting.() -> Unit = {}, private val heard: Noting.(String) -> Unit = {}) : ProcessProtocol() {
    val events = CopyOnWriteArrayList<String>()
    val out = ByteArrayOutputStream()
    val err = ByteArrayOutputStream()
    val received = AtomicInteger()
    val exited = CompletableFuture<ProcessEnd>()
    val ended = CompletableFuture<ProcessEnd>()
    val started = CompletableFuture<Noting>()

    private fun note(event: String) {
        events.add(event)
        heard(event)
    }

    override fun connectionMade() {
        note("made")
        made()
        started.complete(this)
    }

    override fun outReceived(data: ByteArray) {
        out.write(data)
        received.addAndGet(data.size)
        if (events.last() != "out") note("out")
    }

    override fun errReceived(data: ByteArray) {
        err.write(data)
        if (events.last() != "err") note("err")
    }

    override fun inConnectionLost() = note("in lost")

    override fun outConnectionLost() = note("out lost")

    override fun errConnectionLost() = note("err lost")

    override fun processExited(reason: ProcessEnd) {
        note("exited")
        exited.complete(reason)
    }

    override fun processEnded(reason: ProcessEnd) {
        note("ended")
        check(ended.complete(reason)) { "processEnded was called twice" }
    }
}

internal fun sh(script: String): ProcessCommand = ProcessCommand.of("sh", "-c", script)

private fun Reactor.spawn(protocol: ProcessProtocol, command: ProcessCommand) = onLoop { spawnProcess(protocol, command) }

private fun pidIn(file: Path): Long = Files.readString(file).trim().toLong()

private fun waitUntilGone(pid: Long) {
    val process = ProcessHandle.of(pid).orElse(null) ?: return
    process.onExit().get(DEADLINE_SECONDS, TimeUnit.SECONDS)
}

class SpawnProcessSpec :
    StringSpec({
        "what is written goes through it, the events come in their order, and it ends with its code (test_stdio)" {
            withReactor { reactor ->
                val protocol = Noting(made = {
                    transport.write("one two three".toByteArray())
                    transport.closeStdin()
                })
                val process = reactor.spawn(protocol, sh("wc -w; echo oops >&2"))
                protocol.ended.getOrFail().shouldBeInstanceOf<ProcessDone>().exitCode shouldBe 0
                protocol.out.toString().trim() shouldBe "3"
                protocol.err.toString().trim() shouldBe "oops"
                protocol.events.first() shouldBe "made"
                protocol.events.last() shouldBe "ended"
                protocol.events shouldContainExactlyInAnyOrder
                    listOf("made", "out", "err", "in lost", "out lost", "err lost", "exited", "ended")
                protocol.events.indexOf("out").shouldBeLessThan(protocol.events.indexOf("out lost"))
                reactor.onLoop { shouldThrow<ProcessExitedAlreadyException> { process.signalProcess("TERM") } }
                process.toString() shouldContain "ended"
            }
        }

        "what is written before it runs waits for it" {
            withReactor { reactor ->
                val protocol = Noting()
                reactor.onLoop {
                    val process = reactor.spawnProcess(protocol, ProcessCommand.of("cat"))
                    shouldThrow<IllegalStateException> { process.pid() }
                    process.write("early".toByteArray())
                    process.closeStdin()
                }
                protocol.ended.getOrFail()
                protocol.out.toString() shouldBe "early"
            }
        }

        "exit codes and signals (test_childConnectionLost, testSignal)" {
            withReactor { reactor ->
                val seven = Noting()
                reactor.spawn(seven, sh("exit 7"))
                val code = seven.ended.getOrFail().shouldBeInstanceOf<ProcessTerminated>()
                code.exitCode shouldBe 7
                code.signal shouldBe null
                for ((name, number) in listOf("TERM" to 15, "KILL" to 9, "USR2" to 12, "SIGUSR1" to 10)) {
                    val protocol = Noting()
                    val process = reactor.spawn(protocol, ProcessCommand.of("sleep", "100"))
                    protocol.started.getOrFail()
                    reactor.resultOnLoop { process.signalProcess(name) }
                    val end = protocol.ended.getOrFail().shouldBeInstanceOf<ProcessTerminated>()
                    end.signal shouldBe number
                    end.exitCode shouldBe 128 + number
                }
                val protocol = Noting()
                val process = reactor.spawn(protocol, ProcessCommand.of("sleep", "100"))
                protocol.started.getOrFail()
                reactor.onLoop { shouldThrow<IllegalArgumentException> { process.signalProcess("-9; reboot") } }
                shouldThrow<IOException> { reactor.resultOnLoop { process.signalProcess("NOSUCH") } }
                reactor.onLoop { process.signalProcess("KILL").called }
                protocol.ended.getOrFail()
            }
        }

        "a program that is not there: only its end is told" {
            withReactor { reactor ->
                val protocol = Noting()
                val process = reactor.spawn(protocol, ProcessCommand.of("/no/such/program"))
                reactor.onLoop { process.write("lost".toByteArray()) }
                val end = protocol.ended.getOrFail().shouldBeInstanceOf<ProcessNotStarted>()
                end.message!! shouldContain "/no/such/program"
                end.exitCode shouldBe null
                protocol.events shouldBe listOf("ended")
                val folder = Noting()
                reactor.spawn(folder, ProcessCommand.of("true").withFolder(Path.of("/no/such/folder")))
                folder.ended.getOrFail().shouldBeInstanceOf<ProcessNotStarted>()
            }
        }

        "environment and folder" {
            val folder = Files.createTempDirectory("torsion").toRealPath()
            withReactor { reactor ->
                val command = sh("pwd; echo \$A; env | wc -l").withFolder(folder)
                val alone = Noting()
                reactor.spawn(alone, command.withEnvironment(mapOf("A" to "x y", "PATH" to System.getenv("PATH"))))
                alone.ended.getOrFail()
                alone.out.toString().lines().take(2) shouldBe listOf("$folder", "x y")
                val more = Noting()
                reactor.spawn(more, command.withVariable("A", "1").withVariable("A", "2"))
                more.ended.getOrFail()
                more.out.toString().lines()[1] shouldBe "2"
            }
            Files.delete(folder)
        }

        "a process that is not read waits, in bounded memory, and loses nothing" {
            withReactor { reactor ->
                val protocol = Noting(made = { transport.pauseProducing() })
                val process = reactor.spawn(protocol, sh("head -c 3000000 /dev/zero"))
                protocol.started.getOrFail()
                shouldThrow<java.util.concurrent.TimeoutException> { protocol.exited.get(300, TimeUnit.MILLISECONDS) }
                protocol.received.get() shouldBe 0
                reactor.onLoop { process.resumeProducing() }
                protocol.ended.getOrFail()
                protocol.received.get() shouldBe 3_000_000
            }
        }

        "a process that does not read pauses the producer, and goes on when it reads" {
            withReactor { reactor ->
                val ask = CompletableFuture<Unit>()
                val protocol = Noting()
                val process = reactor.spawn(protocol, sh("read line; sleep 0.2; wc -c"))
                protocol.started.getOrFail()
                reactor.onLoop {
                    process.write("go\n".toByteArray())
                    process.write(ByteArray(500_000))
                    process.stdin().isWritable shouldBe false
                    process.stdin().whenWritable().addCallback { ask.complete(Unit) }
                    Unit
                }
                ask.getOrFail()
                reactor.onLoop { process.closeStdin() }
                protocol.ended.getOrFail()
                protocol.out.toString().trim() shouldBe "500000"
            }
        }

        "a process that closes its input says so, and its output still comes" {
            withReactor { reactor ->
                val written = CompletableFuture<Unit>()
                val protocol = Noting(heard = { if (it == "in lost") written.complete(Unit) })
                val process = reactor.spawn(protocol, sh("exec 0<&-; echo closed; read x <&1; sleep 0.1; echo later"))
                protocol.started.getOrFail()
                reactor.onLoop { process.write(ByteArray(1_000_000)) }
                protocol.ended.getOrFail()
                written.getOrFail()
                protocol.out.toString() shouldContain "closed"
            }
        }

        "loseConnection closes all three, and the process may go on" {
            withReactor { reactor ->
                val protocol = Noting()
                val process = reactor.spawn(protocol, sh("cat; exit 3"))
                protocol.started.getOrFail()
                reactor.onLoop { process.loseConnection() }
                protocol.ended.getOrFail().exitCode shouldBe 3
                protocol.events.last() shouldBe "ended"
                protocol.events shouldContain "out lost"
            }
        }

        "an exception of a method is reported, and the process killed" {
            val reported = CompletableFuture<Throwable>()
            val options = ReactorOptions(errorListener = ErrorListener { _, error -> reported.complete(error) })
            withReactor(options) { reactor ->
                val broken = IllegalStateException("broken")
                val protocol = Noting(heard = { if (it == "out") throw broken })
                reactor.spawn(protocol, sh("echo x; exec sleep 100"))
                reported.getOrFail() shouldBe broken
                protocol.ended.getOrFail().shouldBeInstanceOf<ProcessTerminated>().signal shouldBe 9
            }
        }

        "moments: killed before it runs, it never does, or is killed" {
            withReactor { reactor ->
                repeat(20) { round ->
                    val protocol = Noting()
                    reactor.onLoop {
                        val process = reactor.spawnProcess(protocol, ProcessCommand.of("sleep", "100"))
                        if (round % 2 == 0) process.loseConnection()
                        process.signalProcess(if (round % 3 == 0) "TERM" else "KILL")
                        Unit
                    }
                    protocol.ended.getOrFail()
                    protocol.events.first() shouldBe if ("made" in protocol.events) "made" else "ended"
                }
            }
        }

        "moments: exit, kill and the end of the pipes race, and each is told once" {
            withReactor { reactor ->
                val all = List(40) { round ->
                    val protocol = Noting(heard = {
                        if (it == "out" && round % 2 == 0) transport.loseConnection()
                        if (it == "out" && round % 3 == 0) runCatching { transport.signalProcess("KILL") }
                    })
                    reactor.spawn(protocol, sh("echo $round; echo e >&2"))
                    protocol
                }
                for (protocol in all) {
                    protocol.ended.getOrFail()
                    protocol.events.filter { it != "out" && it != "err" } shouldContainExactlyInAnyOrder
                        listOf("made", "in lost", "out lost", "err lost", "exited", "ended")
                }
            }
        }

        "a reactor that ends tells its processes to end, and everybody hears of it; one that is to be left goes on" {
            for (isLeft in listOf(false, true)) {
                val protocol = Noting()
                val pid = withReactor { reactor ->
                    val process = reactor.spawn(protocol, sh("exec sleep 100").withLeavesRunning(isLeft))
                    protocol.started.getOrFail()
                    reactor.onLoop { process.pid() }
                }
                protocol.ended.getOrFail().shouldBeInstanceOf<ProcessLeft>()
                protocol.events shouldContainExactlyInAnyOrder listOf("made", "in lost", "out lost", "err lost", "ended")
                if (isLeft) {
                    val left = ProcessHandle.of(pid).get()
                    left.isAlive shouldBe true
                    left.destroyForcibly()
                }
                waitUntilGone(pid)
            }
        }

        "a reactor that ends while a process is being started leaves none" {
            val file = Files.createTempFile("torsion", ".pid")
            repeat(5) {
                val protocol = Noting()
                withReactor { reactor -> reactor.spawn(protocol, sh("echo \$\$ > $file; exec sleep 100")) }
                protocol.ended.getOrFail()
            }
            val text = Files.readString(file).trim()
            if (text.isNotEmpty()) waitUntilGone(pidIn(file))
            Files.delete(file)
        }

        "a trigger before the shutdown may wait for a process" {
            val protocol = Noting()
            withReactor { reactor ->
                reactor.onLoop {
                    val process = reactor.spawnProcess(protocol, ProcessCommand.of("cat"))
                    reactor.addSystemEventTrigger(dev.torsion.reactor.Phase.BEFORE, dev.torsion.reactor.SystemEvent.SHUTDOWN) {
                        process.closeStdin()
                        dev.torsion.defer.Deferred<Unit>().also { waiting ->
                            protocol.ended.thenAccept { waiting.callback(Unit) }
                        }
                    }
                }
                protocol.started.getOrFail()
            }
            protocol.ended.getOrFail().shouldBeInstanceOf<ProcessDone>()
        }

        "the threads of a process end with it" {
            withReactor { reactor ->
                repeat(5) {
                    val protocol = Noting(made = { transport.closeStdin() })
                    reactor.spawn(protocol, ProcessCommand.of("cat"))
                    protocol.ended.getOrFail()
                }
                val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS)
                while (Thread.getAllStackTraces().keys.any { "-cat-" in it.name }) {
                    (System.nanoTime() - deadline).shouldBeLessThan(0L)
                    Thread.onSpinWait()
                }
            }
        }
    })
