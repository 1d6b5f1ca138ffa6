// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectionAborted
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainOnly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.connection
import io.ktor.network.sockets.isClosed
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.utils.io.copyTo
import io.ktor.utils.io.readLine
import io.ktor.utils.io.toByteArray
import io.ktor.utils.io.writeByteArray
import io.ktor.utils.io.writeStringUtf8
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.future.await
import java.util.concurrent.CompletableFuture
import kotlin.concurrent.thread

/** Code as it is written for ktor: it knows nothing of this library. */
private suspend fun ktorEcho(socket: Socket) {
    socket.openReadChannel().copyTo(socket.openWriteChannel(autoFlush = true))
}

class KtorProtocolSpec :
    StringSpec({
        /** Listens with [handler]; the future has the end of the first connection's socket: null when that was clean. */
        class Served(reactor: Reactor, handler: KtorHandler) {
            val end = CompletableFuture<Throwable?>()
            val port =
                reactor.listen {
                    KtorProtocol(reactor) { socket ->
                        socket.socketContext.invokeOnCompletion { end.complete(it) }
                        handler.handle(socket)
                    }
                }
        }

        "a ktor echo function serves a connection of the reactor" {
            withReactor { reactor ->
                Served(reactor, ::ktorEcho).run {
                    port.connect().use { peer ->
                        repeat(50) {
                            peer.getOutputStream().write("line $it".toByteArray())
                            String(peer.getInputStream().readNBytes("line $it".length)) shouldBe "line $it"
                        }
                        peer.shutdownOutput()
                        peer.getInputStream().read() shouldBe -1
                    }
                    end.getOrFail() shouldBe null
                }
            }
        }

        "much more than any buffer holds goes through whole" {
            withReactor { reactor ->
                val data = ByteArray(20_000_000) { (it * 31).toByte() }
                Served(reactor, ::ktorEcho).port.connect().use { peer ->
                    thread {
                        peer.getOutputStream().write(data)
                        peer.shutdownOutput()
                    }
                    peer.getInputStream().readAllBytes().contentEquals(data).shouldBeTrue()
                }
            }
        }

        "the handler and both pumps run on the reactor's thread" {
            withReactor { reactor ->
                val threads = HashSet<Thread>()
                val handler =
                    KtorHandler { socket ->
                        val (input, output) = socket.connection().run { input to output }
                        repeat(20) {
                            output.writeStringUtf8(input.readLine() + "\n")
                            output.flush()
                            threads.add(Thread.currentThread())
                        }
                    }
                Served(reactor, handler).port.connect().use { peer ->
                    val lines = peer.getInputStream().bufferedReader()
                    repeat(20) {
                        peer.getOutputStream().write("$it\n".toByteArray())
                        lines.readLine() shouldBe "$it"
                    }
                    lines.readLine() shouldBe null
                }
                threads shouldContainOnly setOf(reactor.onLoop { Thread.currentThread() })
            }
        }

        "the connection is closed when the handler returns, after everything was sent" {
            withReactor { reactor ->
                val data = ByteArray(3_000_000) { it.toByte() }
                val served = Served(reactor) { it.openWriteChannel().writeByteArray(data) }
                served.port.connect().use { it.getInputStream().readAllBytes().contentEquals(data).shouldBeTrue() }
                served.end.getOrFail() shouldBe null
            }
        }

        "closing the write channel ends our half, and the peer's still comes" {
            withReactor { reactor ->
                val heard = CompletableFuture<String>()
                val handler =
                    KtorHandler { socket ->
                        socket.openWriteChannel().run {
                            writeStringUtf8("question")
                            flushAndClose()
                        }
                        heard.complete(String(socket.openReadChannel().toByteArray()))
                    }
                Served(reactor, handler).port.connect().use { peer ->
                    String(peer.getInputStream().readAllBytes()) shouldBe "question"
                    peer.getOutputStream().write("answer".toByteArray())
                    peer.shutdownOutput()
                    heard.getOrFail() shouldBe "answer"
                }
            }
        }

        "what came before both sides ended their streams can still be read, and the connection ends with its handler" {
            withReactor { reactor ->
                val given = CompletableFuture<Socket>()
                val over = CompletableFuture<Unit>()
                val heard = CompletableFuture<Int>()
                val handler =
                    KtorHandler { socket ->
                        socket.openWriteChannel().flushAndClose()
                        given.complete(socket)
                        over.await()
                        heard.complete(socket.openReadChannel().toByteArray().size)
                    }
                Served(reactor, handler).port.connect().use { peer ->
                    peer.getInputStream().read() shouldBe -1
                    peer.getOutputStream().write(ByteArray(10_000))
                }
                over.complete(Unit)
                heard.getOrFail() shouldBe 10_000
                reactor.coroutineOnLoop { given.getOrFail().socketContext.join() }
            }
        }

        "a handler that throws aborts the connection" {
            for (error in listOf(IllegalStateException("bug"), CancellationException("of what it waited for"))) {
                withReactor { reactor ->
                    val served = Served(reactor) { throw error }
                    served.port.connect().use { served.end.getOrFail() }
                    served.end.getOrFail().shouldBeInstanceOf<ConnectionAborted>().cause shouldBe error
                }
            }
        }

        "when the connection is lost, the handler is cancelled and the socket closed" {
            withReactor { reactor ->
                val events = CompletableFuture<List<Boolean>>()
                val given = CompletableFuture<Socket>()
                val handler =
                    KtorHandler { socket ->
                        given.complete(socket)
                        try {
                            awaitCancellation()
                        } finally {
                            events.complete(listOf(reactor.isInReactorThread, socket.isClosed))
                        }
                    }
                Served(reactor, handler).port.connect().use { peer ->
                    given.getOrFail()
                    peer.setSoLinger(true, 0) // resets
                }
                events.getOrFail() shouldContainExactly listOf(true, true)
            }
        }

        "the socket may be closed from any thread" {
            withReactor { reactor ->
                val given = CompletableFuture<Socket>()
                val served =
                    Served(reactor) {
                        given.complete(it)
                        awaitCancellation()
                    }
                served.port.connect().use { peer ->
                    given.getOrFail().close()
                    peer.getInputStream().read() shouldBe -1
                }
                served.end.getOrFail() shouldBe null
            }
        }

        "each channel can be opened once, and addresses are ktor's" {
            withReactor { reactor ->
                val checked = CompletableFuture<Unit>()
                val peerPort = CompletableFuture<Int>()
                val handler =
                    KtorHandler { socket ->
                        checked.complete(
                            run {
                                (socket.remoteAddress as InetSocketAddress).port shouldBe peerPort.await()
                                socket.connection()
                                shouldThrow<IllegalStateException> { socket.openReadChannel() }
                                shouldThrow<IllegalStateException> { socket.openWriteChannel() }
                                Unit
                            },
                        )
                    }
                Served(reactor, handler).port.connect().use { peer ->
                    peerPort.complete(peer.localPort)
                    checked.getOrFail()
                }
            }
        }

        "it works on the connecting side, too" {
            withReactor { reactor ->
                val answer = CompletableFuture<String>()
                val port = Served(reactor, ::ktorEcho).port
                val handler =
                    KtorHandler { socket ->
                        val input = socket.openReadChannel()
                        socket.openWriteChannel(autoFlush = true).writeStringUtf8("hello\n")
                        answer.complete(input.readLine())
                    }
                reactor.onLoop { reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { KtorProtocol(reactor, handler) }) }
                answer.getOrFail() shouldBe "hello"
            }
        }
    })
