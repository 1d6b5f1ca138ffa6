// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.OutputStream
import java.io.PipedInputStream
import java.io.PipedOutputStream
import java.nio.file.Files
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

private open class Console(private val made: Console.() -> Unit = {}) : Protocol() {
    val text = StringBuffer()
    val lost = CompletableFuture<CloseReason>()

    override fun connectionMade() = made()

    override fun dataReceived(data: ByteArray) {
        text.append(String(data))
        transport.write(data)
    }

    override fun connectionLost(reason: CloseReason) {
        lost.complete(reason)
    }
}

private class HalfConsole :
    Console(),
    HalfCloseableProtocol {
    val ended = CompletableFuture<Unit>()

    override fun readConnectionLost() {
        ended.complete(Unit)
    }

    override fun writeConnectionLost() = Unit
}

/** A JVM that runs [main] of this file with the arguments, in a shell. */
private fun shell(script: String, vararg arguments: String): Process {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val command = "$java -cp '${System.getProperty("java.class.path")}' dev.torsion.process.StdioProgram ${arguments.joinToString(" ")}"
    return ProcessBuilder("sh", "-c", script.replace("PROGRAM", command)).redirectErrorStream(true).start()
}

private fun Process.finish(): String {
    val output = inputReader().readText()
    check(waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) { "it does not end; until then: $output" }
    return output
}

/** Echoes standard input in upper case by the string of its first argument, and says at the end how it was. */
internal object StdioProgram {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val reactor = Reactor.create()
        val said = CompletableFuture<CloseReason>()
        val factory =
            dev.torsion.net.Factory {
                object : Protocol() {
                    override fun dataReceived(data: ByteArray) = transport.write(String(data).uppercase().toByteArray())

                    override fun connectionLost(reason: CloseReason) {
                        said.complete(reason)
                        if (arguments.size < 2) reactor.stop()
                    }
                }
            }
        factory.isNoisy = false
        reactor.callWhenRunning {
            dev.torsion.endpoint.serverFromString(reactor, arguments[0]).listen(factory).addErrback {
                System.err.println(it.value.message)
                reactor.stop()
                throw it.value
            }
        }
        reactor.run()
        said.getNow(null)?.let { System.err.println(it.javaClass.simpleName) }
    }
}

class StandardIOSpec :
    StringSpec({
        "it echoes, and the end of the input ends it after all is written" {
            withReactor { reactor ->
                val output = ByteArrayOutputStream()
                val console = Console()
                val data = "x".repeat(1_000_000)
                reactor.onLoop { StandardIO.open(reactor, console, ByteArrayInputStream(data.toByteArray()), output) }
                console.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>().isClean shouldBe true
                output.toString() shouldBe data
                "${console.transport.peer()}" shouldBe "stdio"
            }
        }

        "half-close: what comes after the end of the input is still written" {
            withReactor { reactor ->
                val output = ByteArrayOutputStream()
                val console = HalfConsole()
                reactor.onLoop { StandardIO.open(reactor, console, ByteArrayInputStream("a".toByteArray()), output) }
                console.ended.getOrFail()
                reactor.onLoop {
                    console.transport.write("b".toByteArray())
                    console.transport.loseConnection()
                }
                console.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>()
                output.toString() shouldBe "ab"
            }
        }

        "what is not wanted is not read" {
            withReactor { reactor ->
                val typing = PipedOutputStream()
                val input = PipedInputStream(typing, 10)
                val console = Console(made = { transport.pauseProducing() })
                reactor.onLoop { StandardIO.open(reactor, console, input, ByteArrayOutputStream()) }
                val typed = CompletableFuture.runAsync {
                    typing.write(ByteArray(200_000) { 'y'.code.toByte() })
                    typing.close()
                }
                io.kotest.assertions.throwables.shouldThrow<java.util.concurrent.TimeoutException> { typed.get(200, TimeUnit.MILLISECONDS) }
                console.text.length shouldBe 0
                reactor.onLoop { console.transport.resumeProducing() }
                console.lost.getOrFail()
                console.text.length shouldBe 200_000
            }
        }

        "a stream that breaks is a loss, in both directions, and both are closed" {
            withReactor { reactor ->
                val broken = IOException("broken")
                val bad = object : OutputStream() {
                    override fun write(b: Int) = throw broken
                }
                val closed = CompletableFuture<Unit>()
                val waiting = object : PipedInputStream(PipedOutputStream()) {
                    override fun close() {
                        super.close()
                        closed.complete(Unit)
                    }
                }
                val console = Console(made = { transport.write("x".toByteArray()) })
                reactor.onLoop { StandardIO.open(reactor, console, waiting, bad) }
                console.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>().cause shouldBe broken
                closed.getOrFail()
            }
        }

        "the real ones: a pipe, a file, nothing at all" {
            val file = Files.createTempFile("torsion", ".txt")
            Files.writeString(file, "from a file\n")
            shell("echo hello | PROGRAM", "stdio:").finish() shouldBe "HELLO\nConnectionDone\n"
            shell("PROGRAM < $file", "stdio:").finish() shouldBe "FROM A FILE\nConnectionDone\n"
            shell("PROGRAM < /dev/null", "stdio:").finish() shouldBe "ConnectionDone\n"
            shell("PROGRAM <&-", "stdio:").finish() shouldBe "ConnectionDone\n"
            shell("echo hello | PROGRAM >&-", "stdio:").finish() shouldBe "ConnectionLost\n"
            val output = Files.createTempFile("torsion", ".out")
            shell("echo hello | PROGRAM > $output", "stdio:").finish() shouldBe "ConnectionDone\n"
            Files.readString(output) shouldBe "HELLO\n"
            listOf(file, output).forEach(Files::delete)
        }

        "a socket as descriptor 0: a port that a shell or systemd passes" {
            val python = """
                import socket, subprocess, sys
                listening = socket.socket()
                listening.bind(("127.0.0.1", 0))
                listening.listen()
                child = subprocess.Popen(sys.argv[1:], stdin=listening)
                for text in (b"one", b"two"):
                    client = socket.create_connection(listening.getsockname())
                    client.sendall(text)
                    client.shutdown(socket.SHUT_WR)
                    got = b""
                    while len(got) < 3:
                        got += client.recv(100)
                    print(got.decode(), flush=True)
                child.terminate()
                child.wait()
                pair = socket.socketpair(socket.AF_UNIX)
                child = subprocess.Popen(sys.argv[1:-1], stdin=pair[1])
                pair[1].close()
                pair[0].sendall(b"inetd")
                got = b""
                while len(got) < 5:
                    got += pair[0].recv(100)
                print(got.decode(), flush=True)
                pair[0].close()
                print(child.wait(), flush=True)
            """.trimIndent()
            val java = File(System.getProperty("java.home"), "bin/java").path
            val program = listOf(java, "-cp", System.getProperty("java.class.path"), "dev.torsion.process.StdioProgram", "fd:0", "stay")
            val process = ProcessBuilder(listOf("/usr/bin/python3", "-c", python) + program).redirectErrorStream(true).start()
            val output = process.finish()
            output.lines().filter { it in setOf("ONE", "TWO", "INETD", "0") } shouldBe
                listOf("ONE", "TWO", "INETD", "0")
        }

        "a socket of another domain than the string says is refused" {
            val python = """
                import os, socket, subprocess, sys
                inet = socket.create_server(("127.0.0.1", 0))
                unix = socket.socket(socket.AF_UNIX)
                unix.bind(os.path.join(sys.argv[1], "domain.sock"))
                unix.listen()
                for listening, domain in ((inet, "UNIX"), (unix, "INET"), (unix, "INET6")):
                    subprocess.run(sys.argv[2:] + [f"systemd:domain={domain}:index=0"], stdin=listening)
            """.trimIndent()
            val folder = Files.createTempDirectory("torsion")
            val java = File(System.getProperty("java.home"), "bin/java").path
            val program = listOf(java, "-cp", System.getProperty("java.class.path"), "dev.torsion.process.StdioProgram")
            val started = listOf("/usr/bin/python3", "-c", python, folder.toString()) + program
            val output = ProcessBuilder(started).redirectErrorStream(true).start().finish()
            output shouldContain "a socket of the domain UNIX is wanted, but descriptor 0 is one of the internet"
            output shouldContain "a socket of the domain INET is wanted, but descriptor 0 is a UNIX socket"
            output shouldContain "a socket of the domain INET6 is wanted, but descriptor 0 is a UNIX socket"
            folder.toFile().deleteRecursively()
        }

        "a descriptor 0 that is no socket is an error that says so" {
            shell("echo x | PROGRAM", "fd:0").finish() shouldContain "standard input is no socket"
        }
    })
