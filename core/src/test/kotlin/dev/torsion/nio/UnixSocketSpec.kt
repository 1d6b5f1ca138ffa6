// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.endpoint.ClientCreator
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.listen
import dev.torsion.endpoint.quoteStringArgument
import dev.torsion.endpoint.serverFromString
import dev.torsion.group.ReactorGroup
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.ListeningPort
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixPortOptions
import dev.torsion.net.UnixTransport
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.nio.file.attribute.PosixFilePermissions
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import kotlin.io.path.exists
import dev.torsion.net.Factory as TorsionFactory

/** A folder with a short path: that of a UNIX socket has about a hundred bytes. */
private fun inFolder(test: (Path) -> Unit) {
    val folder = Files.createTempDirectory("torsion")
    try {
        test(folder)
    } finally {
        folder.toFile().deleteRecursively()
    }
}

private fun Reactor.echoAt(path: Path, options: UnixPortOptions = UnixPortOptions.DEFAULT): ListeningPort =
    onLoop { listenUnix(path, TorsionFactory { Scripted(received = { transport.write(it) }) }, options) }

private fun Reactor.stop(port: ListeningPort) = resultOnLoop { port.stopListening() }

/** The answer to [text] from the socket at [path]; the peer knows nothing of us. */
private fun echoed(path: Path, text: String): String = SocketChannel.open(UnixDomainSocketAddress.of(path)).use {
    it.write(java.nio.ByteBuffer.wrap(text.toByteArray()))
    it.shutdownOutput()
    val answer = java.nio.ByteBuffer.allocate(1000)
    while (it.read(answer) >= 0) continue
    String(answer.array(), 0, answer.position())
}

private fun leaveStaleSocket(path: Path) {
    ServerSocketChannel.open(StandardProtocolFamily.UNIX).use { it.bind(UnixDomainSocketAddress.of(path)) }
    check(path.exists())
}

private fun lockOf(path: Path) = path.resolveSibling("${path.fileName}.lock")

private fun aDeadProcess(): Long = ProcessBuilder("true").start().let {
    it.waitFor()
    it.pid()
}

private val OWNER_LOCKS = UnixPortOptions(wantPid = true)

class UnixSocketSpec :
    StringSpec({
        "a server echoes to a client, each knows the addresses, and the file goes with the port" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("echo.sock")
                    val port = reactor.echoAt(path)
                    port.host() shouldBe UnixAddress(path)
                    "${port.host()}" shouldBe "unix:$path"
                    shouldThrow<IllegalStateException> { port.port() }
                    echoed(path, "hello") shouldBe "hello"

                    val answer = CompletableFuture<String>()
                    val client = Scripted({ transport.write("hi".toByteArray()) }, { answer.complete(String(it)) })
                    reactor.resultOnLoop { ClientCreator(reactor) { client }.connectUnix(path) } shouldBe client
                    answer.getOrFail() shouldBe "hi"
                    reactor.onLoop { client.transport.peer() } shouldBe UnixAddress(path)
                    reactor.onLoop { (client.transport as UnixTransport).host().isUnnamed } shouldBe true

                    reactor.stop(port)
                    path.exists() shouldBe false
                    reactor.onLoop { port.startListening() }
                    echoed(path, "again") shouldBe "again"
                }
                Files.list(folder).use { it.toList() } shouldBe emptyList()
            }
        }

        "the file has the mode that was asked for; by default it is the user's alone" {
            inFolder { folder ->
                withReactor { reactor ->
                    reactor.echoAt(folder.resolve("a"))
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("a"))) shouldBe "rw-------"
                    reactor.echoAt(folder.resolve("b"), UnixPortOptions.DEFAULT.withMode("660".toInt(8)))
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("b"))) shouldBe "rw-rw----"
                    shouldThrow<IllegalArgumentException> { UnixPortOptions.permissions("1000".toInt(8)) }
                }
            }
        }

        "both ends know who the other is" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("who")
                    val atServer = CompletableFuture<Scripted>()
                    reactor.onLoop { listenTo(reactor, path) { Scripted({ atServer.complete(this) }) } }
                    val client = reactor.resultOnLoop { ClientCreator(reactor) { Scripted() }.connectUnix(path) }
                    val me = Files.getOwner(folder)
                    for (end in listOf(client, atServer.getOrFail())) {
                        val credentials = reactor.onLoop { (end.transport as UnixTransport).peerCredentials() }
                        credentials?.user shouldBe me
                    }
                    reactor.onLoop { client.transport.abortConnection() }
                    client.lost.getOrFail()
                    reactor.onLoop { (client.transport as UnixTransport).peerCredentials() }.shouldBeNull()
                }
            }
        }

        "a file in the way is an error, and stays: a stale socket without the lock, and every other file with it" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("taken")
                    leaveStaleSocket(path)
                    val error = shouldThrow<CannotListenException> { reactor.echoAt(path) }
                    error.message!! shouldContain "Cannot listen on unix:$path: Address already in use"
                    error.message!! shouldContain "wantPid"
                    path.exists() shouldBe true

                    val file = folder.resolve("precious")
                    Files.writeString(file, "data")
                    shouldThrow<CannotListenException> { reactor.echoAt(file, OWNER_LOCKS) }
                    Files.readString(file) shouldBe "data"
                    Files.exists(lockOf(file), NOFOLLOW_LINKS) shouldBe false
                }
            }
        }

        "with the lock, what a crashed server has left is removed (test_socketIsCleanedUp)" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("stale")
                    for (left in listOf(null, aDeadProcess(), ProcessHandle.current().pid())) {
                        leaveStaleSocket(path)
                        if (left != null) Files.createSymbolicLink(lockOf(path), Path.of("$left"))
                        val port = reactor.echoAt(path, OWNER_LOCKS)
                        Files.readSymbolicLink(lockOf(path)).toString() shouldBe "${ProcessHandle.current().pid()}"
                        echoed(path, "alive") shouldBe "alive"
                        reactor.stop(port)
                        Files.list(folder).use { it.toList() } shouldBe emptyList()
                    }
                }
            }
        }

        "the lock of a living process keeps others away, of this process too, unless that process is younger than the lock" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("locked")
                    val other = ProcessBuilder("sleep", "100").start()
                    try {
                        Files.createSymbolicLink(lockOf(path), Path.of("${other.pid()}"))
                        val error = shouldThrow<CannotListenException> { reactor.echoAt(path, OWNER_LOCKS) }
                        error.message!! shouldContain "process ${other.pid()} has the lock ${lockOf(path)}"
                        path.exists() shouldBe false

                        val view = Files.getFileAttributeView(
                            lockOf(path),
                            java.nio.file.attribute.BasicFileAttributeView::class.java,
                            NOFOLLOW_LINKS,
                        )
                        view.setTimes(FileTime.from(Instant.now().minusSeconds(3600)), null, null)
                        val port = reactor.echoAt(path, OWNER_LOCKS) // the number is another process's by now
                        shouldThrow<CannotListenException> { reactor.echoAt(path, OWNER_LOCKS) }.message!! shouldContain "already"
                        echoed(path, "still here") shouldBe "still here"
                        reactor.stop(port)
                    } finally {
                        other.destroyForcibly()
                    }
                }
            }
        }

        "with the lock, a server that lives without one is not robbed of its file" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("live")
                    reactor.echoAt(path)
                    shouldThrow<CannotListenException> { reactor.echoAt(path, OWNER_LOCKS) }
                    Files.exists(lockOf(path), NOFOLLOW_LINKS) shouldBe false
                    echoed(path, "mine") shouldBe "mine"
                }
            }
        }

        "a port that stops leaves the file alone when it is another server's by then" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("moved")
                    val first = reactor.echoAt(path)
                    Files.move(path, folder.resolve("elsewhere"))
                    reactor.echoAt(path)
                    reactor.stop(first)
                    echoed(path, "second") shouldBe "second"
                }
            }
        }

        "a factory that cannot start leaves neither file nor lock" {
            inFolder { folder ->
                withReactor { reactor ->
                    val broken =
                        object : TorsionFactory({ Scripted() }) {
                            override fun startFactory() = error("not today")
                        }
                    shouldThrow<IllegalStateException> { reactor.onLoop { reactor.listenUnix(folder.resolve("x"), broken, OWNER_LOCKS) } }
                    Files.list(folder).use { it.toList() } shouldBe emptyList()
                }
            }
        }

        "the end of the reactor removes file and lock" {
            inFolder { folder ->
                withReactor { reactor -> reactor.echoAt(folder.resolve("x"), OWNER_LOCKS) }
                Files.list(folder).use { it.toList() } shouldBe emptyList()
            }
        }

        "a path that nobody listens on fails at once: refused, missing, too long" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("dead")
                    leaveStaleSocket(path)
                    val refused = shouldThrow<ConnectionRefusedException> { reactor.connectTo(path) }
                    refused.destination shouldBe "unix:$path"
                    shouldThrow<CannotConnectException> { reactor.connectTo(folder.resolve("none")) }.message!! shouldContain "No such file"
                    val long = folder.resolve("x".repeat(200))
                    shouldThrow<CannotConnectException> { reactor.connectTo(long) }.message!! shouldContain "too long"
                    shouldThrow<CannotListenException> { reactor.echoAt(long) }.message!! shouldContain "too long"
                }
            }
        }

        "checkPid refuses a server that has no lock (test_connectWithCheckPID)" {
            inFolder { folder ->
                withReactor { reactor ->
                    reactor.echoAt(folder.resolve("open"))
                    reactor.echoAt(folder.resolve("locked"), OWNER_LOCKS)
                    shouldThrow<CannotConnectException> { reactor.connectTo("unix:$folder/open:lockfile=1") }.message!! shouldContain "lock"
                    reactor.connectTo("unix:$folder/locked:lockfile=1").isConnected shouldBe true
                }
            }
        }

        "a server whose backlog is full is waited for, until the time is up" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("busy")
                    ServerSocketChannel.open(StandardProtocolFamily.UNIX).use { server ->
                        server.bind(UnixDomainSocketAddress.of(path), 1)
                        val waiting = ArrayList<SocketChannel>()
                        do {
                            val next = SocketChannel.open(StandardProtocolFamily.UNIX).also(waiting::add)
                            next.configureBlocking(false)
                            val isTaken =
                                try {
                                    next.connect(UnixDomainSocketAddress.of(path))
                                } catch (_: java.net.SocketException) {
                                    false
                                }
                        } while (isTaken)
                        shouldThrow<ConnectTimeoutException> { reactor.connectTo(path, Duration.ofMillis(100)) }
                        val connecting = CompletableFuture<Any>()
                        reactor.onLoop {
                            clientFromString(reactor, "unix:$path").connectProtocol(Scripted())
                                .addCallbacks(connecting::complete) { connecting.completeExceptionally(it.value) }
                            Unit
                        }
                        repeat(waiting.size - 1) { server.accept().close() }
                        connecting.getOrFail()
                        waiting.forEach(SocketChannel::close)
                    }
                }
            }
        }

        "an abort ends the connection of the peer; bytes that were left unread make it a loss" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("abort")
                    val atServer = CompletableFuture<Scripted>()
                    reactor.onLoop {
                        listenTo(reactor, path) {
                            Scripted({
                                transport.pauseProducing()
                                atServer.complete(this)
                            })
                        }
                    }
                    val client = reactor.connectTo(path)
                    val server = atServer.getOrFail()
                    reactor.onLoop { client.transport.write(ByteArray(10)) }
                    reactor.onLoop { server.transport.abortConnection() }
                    client.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                }
            }
        }

        "what was sent last arrives although the peer is still sending" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("linger")
                    reactor.onLoop {
                        listenTo(reactor, path) {
                            Scripted({
                                transport.write("bye".toByteArray())
                                transport.loseConnection()
                            })
                        }
                    }
                    val answer = CompletableFuture<String>()
                    val client = Scripted({ repeat(100) { transport.write(ByteArray(1000)) } }, { answer.complete(String(it)) })
                    reactor.resultOnLoop { clientFromString(reactor, "unix:$path").connectProtocol(client) }
                    answer.getOrFail() shouldBe "bye"
                    client.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>()
                }
            }
        }

        "strings: a server takes the lock unless it is told not to, and quotes its path" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("a:b=c")
                    val endpoint = "unix:${quoteStringArgument("$path")}:mode=666"
                    val factory = TorsionFactory { Scripted(received = { transport.write(it) }) }
                    val port = reactor.resultOnLoop { serverFromString(reactor, endpoint).listen(factory) }
                    Files.list(folder).use { list -> list.map { it.fileName.toString() }.toList() } shouldContainExactlyInAnyOrder
                        listOf("a:b=c", "a:b=c.lock")
                    echoed(path, "x") shouldBe "x"
                    reactor.stop(port)
                    reactor.resultOnLoop { serverFromString(reactor, "$endpoint:lockfile=0").listen(factory) }
                    Files.exists(lockOf(path), NOFOLLOW_LINKS) shouldBe false
                }
            }
        }

        "a group shares a UNIX socket" {
            inFolder { folder ->
                ReactorGroup.create(2).use { group ->
                    group.start()
                    val threads = java.util.concurrent.ConcurrentHashMap.newKeySet<String>()
                    val port =
                        group.listen("unix:$folder/shared") {
                            TorsionFactory {
                                Scripted(received = { bytes ->
                                    threads.add(Thread.currentThread().name)
                                    transport.write(bytes)
                                })
                            }
                        }.getOrFail()
                    port.host() shouldBe UnixAddress(folder.resolve("shared"))
                    repeat(4) { echoed(folder.resolve("shared"), "x") shouldBe "x" }
                    threads.size shouldBe 2
                    port.stopListening().getOrFail()
                }
                Files.list(folder).use { it.toList() } shouldBe emptyList()
            }
        }

        "cancelling an attempt that is under way, or that has just connected, leaves no connection" {
            inFolder { folder ->
                withReactor { reactor ->
                    val path = folder.resolve("cancel")
                    val ended = CompletableFuture<Any>()
                    reactor.onLoop { listenTo(reactor, path) { Scripted().also { it.lost.thenAccept(ended::complete) } } }
                    reactor.onLoop {
                        val attempt = clientFromString(reactor, "unix:$path").connectProtocol(Scripted())
                        attempt.addBoth { }
                        attempt.cancel()
                    }
                    lateinit var cancel: () -> Unit
                    reactor.onLoop {
                        val attempt = clientFromString(reactor, "unix:$path").connectProtocol(Scripted({ cancel() }))
                        cancel = { attempt.cancel() }
                        attempt.addBoth { }
                        Unit
                    }
                    ended.getOrFail()
                }
            }
        }
    })

private fun listenTo(reactor: Reactor, path: Path, build: () -> Scripted) = reactor.listenUnix(path, TorsionFactory { build() })

private fun Reactor.connectTo(path: Path, timeout: Duration = Duration.ofSeconds(20)): Scripted =
    resultOnLoop { dev.torsion.endpoint.UNIXClientEndpoint(this, path, timeout).connectProtocol(Scripted()) }

private fun Reactor.connectTo(endpoint: String): Scripted = resultOnLoop { clientFromString(this, endpoint).connectProtocol(Scripted()) }
