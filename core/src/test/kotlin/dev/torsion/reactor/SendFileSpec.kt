// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetAddress
import java.net.Socket
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.StandardOpenOption
import java.util.Random
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.atomic.AtomicReference
import kotlin.io.path.deleteIfExists
import kotlin.io.path.exists
import kotlin.io.path.writeBytes

private class Served :
    Protocol(),
    HalfCloseableProtocol {
    val isThere = CompletableFuture<Served>()
    val lost = CompletableFuture<CloseReason>()

    override fun connectionMade() {
        isThere.complete(this)
    }

    override fun readConnectionLost() {}

    override fun writeConnectionLost() {}

    override fun connectionLost(reason: CloseReason) {
        lost.complete(reason)
    }
}

/** The descriptors of this process that are [file]; none where the system does not tell. */
private fun openAt(file: Path): List<Path> {
    val descriptors = Path.of("/proc/self/fd")
    if (!descriptors.exists()) return emptyList()
    return Files.list(descriptors).use { all ->
        all.filter { runCatching { Files.readSymbolicLink(it) == file.toRealPath() }.getOrDefault(false) }.toList()
    }
}

class SendFileSpec :
    StringSpec({
        val content = ByteArray(1_000_000).also(Random(1)::nextBytes)

        /** [test] has a file, our end of a connection, and the socket of the peer; the file must be closed behind it. */
        fun sending(test: (Reactor, Path, Served, Socket) -> Unit) {
            val file = Files.createTempFile("torsion", ".bin").apply { writeBytes(content) }
            val piecesBefore = FilePieces.inUse
            withReactor { reactor ->
                val served = Served()
                val port: ListeningPort = reactor.onLoop { reactor.listenTcp(0, Factory { served }, "127.0.0.1") }
                Socket(InetAddress.getLoopbackAddress(), port.port()).use { socket ->
                    socket.soTimeout = 20_000
                    served.isThere.getOrFail()
                    test(reactor, file, served, socket)
                }
            }
            openAt(file).shouldBeEmpty()
            FilePieces.inUse shouldBe piecesBefore
            file.deleteIfExists()
        }

        fun Reactor.sending(file: Path, to: Served, offset: Long = 0, count: Long = Long.MAX_VALUE): CompletableFuture<Long> {
            val result = CompletableFuture<Long>()
            onLoop {
                sendFile(file, to.transport, offset, count).addCallbacks({
                    result.complete(it)
                }, { result.completeExceptionally(it.value) })
                Unit
            }
            return result
        }

        fun Socket.readAll(): ByteArray = getInputStream().readAllBytes()

        "a whole file arrives, and the Deferred says how many bytes it has" {
            sending { reactor, file, served, socket ->
                val sent = reactor.sending(file, served)
                val got = socket.getInputStream().readNBytes(content.size)
                sent.getOrFail() shouldBe content.size
                got.contentEquals(content) shouldBe true
                openAt(file).shouldBeEmpty()
                reactor.onLoop { served.transport.loseConnection() }
                socket.readAll().size shouldBe 0
            }
        }

        "many files at once have the memory that is kept, and heap memory beyond it; all of it comes back" {
            val before = FilePieces.inUse
            val pieces = List(200) { FilePieces.take(FILE_PIECE) }
            pieces.count { it.isDirect } shouldBe 64 - before
            FilePieces.take(100).isDirect shouldBe false
            pieces.forEach(FilePieces::give)
            FilePieces.inUse shouldBe before
            sending { reactor, file, served, socket ->
                repeat(3) {
                    val sent = reactor.sending(file, served)
                    socket.getInputStream().readNBytes(content.size).contentEquals(content) shouldBe true
                    sent.getOrFail() shouldBe content.size // the next one has to wait for it
                }
            }
        }

        "a file that keeps its reader waiting does not hold the loop up" {
            sending { reactor, file, served, socket ->
                val pipe = file.resolveSibling("${file.fileName}.fifo")
                if (ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() != 0) return@sending // no such system
                val sent = reactor.sending(pipe, served)
                repeat(10) { reactor.onLoop { sent.isDone shouldBe false } } // to open it waits for a writer
                pipe.toFile().outputStream().use { sent.getOrFail() shouldBe 0 } // it has no size
                pipe.deleteIfExists()
                socket.isConnected shouldBe true
            }
        }

        "ranges are sent as far as the file has them" {
            sending { reactor, file, served, socket ->
                reactor.sending(file, served, 100, 70_000).getOrFail() shouldBe 70_000
                socket.getInputStream().readNBytes(70_000).contentEquals(content.copyOfRange(100, 70_100)) shouldBe true
                reactor.sending(file, served, content.size - 10L, 500).getOrFail() shouldBe 10
                socket.getInputStream().readNBytes(10).contentEquals(content.copyOfRange(content.size - 10, content.size)) shouldBe true
                reactor.sending(file, served, 5_000_000).getOrFail() shouldBe 0
                reactor.sending(file, served, count = 0).getOrFail() shouldBe 0
                shouldThrow<IllegalArgumentException> { reactor.onLoop { reactor.sendFile(file, served.transport, -1) } }
                shouldThrow<IllegalArgumentException> { reactor.onLoop { reactor.sendFile(file, served.transport, 0, -1) } }
            }
        }

        "a peer that does not read holds the file up, and a close waits for it" {
            sending { reactor, file, served, socket ->
                file.writeBytes(ByteArray(20_000_000))
                val sent = reactor.sending(file, served)
                repeat(200) {
                    val waiting = reactor.onLoop { served.transport.bufferedBytes }
                    waiting shouldBeLessThanOrEqual 64 * 1024L + FILE_PIECE
                }
                sent.isDone shouldBe false
                reactor.onLoop { served.transport.loseConnection() }
                socket.readAll().size shouldBe 20_000_000
                sent.getOrFail() shouldBe 20_000_000
            }
        }

        "an end of the output waits for it, too, and one that is over takes no file" {
            sending { reactor, file, served, socket ->
                val sent = reactor.onLoop {
                    val result = CompletableFuture<Long>()
                    reactor.sendFile(file, served.transport).addCallbacks({
                        result.complete(it)
                    }, { result.completeExceptionally(it.value) })
                    (served.transport as HalfCloseableTransport).loseWriteConnection()
                    result
                }
                socket.readAll().contentEquals(content) shouldBe true
                sent.getOrFail() shouldBe content.size
                val late = reactor.sending(file, served)
                shouldThrow<ExecutionException> { late.getOrFail() }.cause.shouldBeInstanceOf<IOException>()
                    .message!! shouldContain "has ended"
                reactor.sending(file, served, count = 0).getOrFail() shouldBe 0 // the transport has no producer any more
                served.lost.isDone shouldBe false
            }
        }

        "a cancelled one stops, closes the file and leaves the connection" {
            sending { reactor, file, served, socket ->
                file.writeBytes(ByteArray(20_000_000))
                val sending = AtomicReference<Deferred<Long>>()
                val failed = CompletableFuture<Throwable>()
                reactor.onLoop {
                    sending.set(reactor.sendFile(file, served.transport).apply { addErrback { failed.complete(it.value).let { -1L } } })
                }
                socket.getInputStream().readNBytes(100_000)
                reactor.onLoop { sending.get().cancel() }
                failed.getOrFail().shouldBeInstanceOf<DeferredCancelledException>()
                reactor.onLoop {
                    served.transport.write("behind".toByteArray())
                    served.transport.loseConnection()
                }
                val rest = socket.readAll()
                String(rest, rest.size - 6, 6) shouldBe "behind"
                rest.size.toLong() shouldBeLessThan 19_000_000
            }
        }

        "one that is cancelled before the file is open opens nothing for good" {
            sending { reactor, file, served, _ ->
                reactor.onLoop { reactor.sendFile(file, served.transport).apply { addErrback { 0L } }.cancel() }
                reactor.sending(file, served, 0, 10).getOrFail() shouldBe 10 // the transport has no producer any more
            }
        }

        "a connection that is lost meanwhile, or was before, is the reason of the failure" {
            sending { reactor, file, served, socket ->
                file.writeBytes(ByteArray(20_000_000))
                val sent = reactor.sending(file, served)
                socket.getInputStream().readNBytes(100_000)
                socket.setSoLinger(true, 0)
                socket.close()
                val reason = served.lost.getOrFail()
                shouldThrow<ExecutionException> { sent.getOrFail() }.cause shouldBe reason
                shouldThrow<ExecutionException> { reactor.sending(file, served).getOrFail() }.cause shouldBe reason
            }
        }

        "a file that is not there fails the Deferred, and not the connection" {
            sending { reactor, file, served, socket ->
                val missing = reactor.sending(file.resolveSibling("torsion-no-such-file"), served)
                shouldThrow<ExecutionException> { missing.getOrFail() }.cause.shouldBeInstanceOf<NoSuchFileException>()
                reactor.sending(file, served, 0, 5).getOrFail() shouldBe 5
                socket.getInputStream().readNBytes(5).contentEquals(content.copyOf(5)) shouldBe true
            }
        }

        "a file that becomes shorter ends there, and what is appended is not sent" {
            sending { reactor, file, served, socket ->
                file.writeBytes(ByteArray(20_000_000))
                val sent = reactor.sending(file, served)
                socket.getInputStream().readNBytes(100_000)
                FileChannel.open(file, StandardOpenOption.WRITE).use { it.truncate(10_000_000) }
                reactor.onLoop { served.transport.loseConnection() }
                val rest = socket.readAll().size + 100_000L
                sent.getOrFail() shouldBe rest
                rest shouldBeInRange 9_000_000L..10_100_000L
            }
            sending { reactor, file, served, socket ->
                file.writeBytes(ByteArray(20_000_000))
                val sent = reactor.sending(file, served)
                socket.getInputStream().readNBytes(100_000)
                Files.write(file, ByteArray(1000), StandardOpenOption.APPEND)
                reactor.onLoop { served.transport.loseConnection() }
                socket.readAll().size shouldBe 19_900_000
                sent.getOrFail() shouldBe 20_000_000
            }
        }
    })
