// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectionDone
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.io.path.exists
import dev.torsion.net.Factory as TorsionFactory

/** Peers that know nothing of Java. */
class UnixPeersSpec :
    StringSpec({
        "socat and nc as clients get their bytes back".config(enabledOrReasonIf = { installed("socat") and installed("nc") }) {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("echo")
                    reactor.echo("unix:$path")
                    output("hello", "socat", "-t", "10", "-", "UNIX-CONNECT:$path") shouldBe "hello"
                    output("hello", "nc", "-U", "-N", "$path") shouldBe "hello"
                }
            }
        }

        "socat as a server".config(enabledOrReasonIf = { installed("socat") }) {
            inFolder { folder ->
                val path = folder.resolve("cat")
                val server = ProcessBuilder("socat", "UNIX-LISTEN:$path", "EXEC:cat").redirectErrorStream(true).start()
                try {
                    withReactor { reactor -> reactor.ask("unix:$path", "hello", path) shouldBe "hello" }
                } finally {
                    server.destroyForcibly()
                }
            }
        }

        "Twisted as a client, which insists on the lock".config(enabledOrReasonIf = { twisted }) {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("torsion.sock")
                    reactor.echo("unix:$path")
                    val told = output("", PYTHON, "${script(folder)}", "client", "unix:$path:lockfile=1")
                    told.trim().lines() shouldBe listOf("from Twisted $path", "ConnectionDone")
                }
            }
        }

        "Twisted as a server: its lock is respected, and it respects ours".config(enabledOrReasonIf = { twisted }) {
            inFolder { folder ->
                val path = folder.resolve("twisted.sock")
                val server = ProcessBuilder(PYTHON, "${script(folder)}", "server", "unix:$path").start()
                try {
                    server.inputReader().readLine() shouldBe "listening"
                    withReactor { reactor ->
                        reactor.ask("unix:$path:lockfile=1", "hello", path) shouldBe "hello"
                        val error = shouldThrow<CannotListenException> { reactor.echo("unix:$path") }
                        error.message!! shouldContain "process ${server.pid()} has the lock $path.lock"

                        reactor.echo("unix:$folder/ours")
                        val refused = output("", PYTHON, "${script(folder)}", "server", "unix:$folder/ours")
                        refused shouldContain "CannotListenError"
                        refused shouldContain "Cannot acquire lock"
                    }
                } finally {
                    server.outputStream.close()
                    if (!server.waitFor(5, TimeUnit.SECONDS)) server.destroyForcibly()
                }
            }
        }

        "what a killed Twisted has left is taken over".config(enabledOrReasonIf = { twisted }) {
            inFolder { folder ->
                val path = folder.resolve("killed.sock")
                val server = ProcessBuilder(PYTHON, "${script(folder)}", "server", "unix:$path").start()
                server.inputReader().readLine() shouldBe "listening"
                server.destroyForcibly().waitFor()
                path.exists() shouldBe true
                withReactor { reactor ->
                    reactor.echo("unix:$path")
                    reactor.ask("unix:$path", "hello", path) shouldBe "hello"
                }
            }
        }
    })

private fun inFolder(test: (Path) -> Unit) {
    val folder = Files.createTempDirectory("torsion")
    try {
        test(folder)
    } finally {
        folder.toFile().deleteRecursively()
    }
}

private fun Reactor.echo(endpoint: String) = resultOnLoop {
    serverFromString(this, endpoint).listen(TorsionFactory { Scripted(received = { transport.write(it) }) })
}

/** Asks the echo server at [endpoint], whose file [path] may be a moment late. */
private fun Reactor.ask(endpoint: String, question: String, path: Path): String {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
    while (!path.exists()) check(System.nanoTime() < deadline) { "$path does not appear" }
    val answer = CompletableFuture<String>()
    val client = Scripted({ transport.write(question.toByteArray()) }, { answer.complete(String(it)) })
    resultOnLoop { clientFromString(this, endpoint).connectProtocol(client) }
    val text = answer.getOrFail()
    resultOnLoop {
        client.transport.loseConnection()
        dev.torsion.defer.succeed(Unit)
    }
    client.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>()
    return text
}
