// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.IPv4Address
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainOnly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.ktor.network.selector.SelectorManager
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.port
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.future.future
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.net.InetAddress
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture

class KtorServeSpec :
    StringSpec({
        /** Serves one connection with [protocol], and has [peer] talk to it. Gives what serve gave. */
        fun Reactor.served(protocol: Protocol, options: StreamOptions = StreamOptions.DEFAULT, peer: (Socket) -> Unit): CloseReason {
            val server = coroutineOnLoop { KtorSelectorManager(this@served).bind() }
            val reason = scope.future { server.accept().serve(protocol, this@served, options) }
            server.peer().use(peer)
            return reason.getOrFail().also { server.close() }
        }

        fun Socket.send(text: String) = getOutputStream().run { write(text.toByteArray()) }

        fun Socket.receive(count: Int) = String(getInputStream().readNBytes(count))

        "a protocol runs over ktor, all of it on the reactor's thread" {
            withReactor { reactor ->
                val threads = HashSet<Boolean>()
                val protocol =
                    Scripted(made = { threads.add(reactor.isInReactorThread) }, received = {
                        threads.add(reactor.isInReactorThread)
                        transport.write(it)
                    })
                val reason =
                    reactor.served(protocol) { peer ->
                        repeat(100) {
                            peer.send("ping $it")
                            peer.receive("ping $it".length) shouldBe "ping $it"
                        }
                        reactor.onLoop { protocol.transport.peer() } shouldBe IPv4Address("127.0.0.1", peer.localPort)
                        reactor.onLoop { protocol.transport.host() } shouldBe IPv4Address("127.0.0.1", peer.port)
                    }
                threads shouldContainOnly setOf(true)
                reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.PEER
                protocol.lost.getOrFail() shouldBe reason
                protocol.isConnected shouldBe false
                protocol.transport.toString() shouldContain "closed"
            }
        }

        "over ktor's own selector and from a foreign thread the pumps still run on the reactor's thread" {
            withReactor { reactor ->
                SelectorManager(Dispatchers.IO).use { selector ->
                    val threads = HashSet<Thread>()
                    val protocol =
                        Scripted(made = { threads.add(Thread.currentThread()) }, received = {
                            threads.add(Thread.currentThread())
                            transport.write(it)
                            transport.loseConnection()
                        })
                    val server = runBlocking { aSocket(selector).tcp().bind(InetSocketAddress("127.0.0.1", 0)) }
                    val reason = CompletableFuture<CloseReason>()
                    selector.launch(Dispatchers.IO) { reason.complete(server.accept().serve(protocol, reactor)) }
                    Socket(InetAddress.getLoopbackAddress(), server.port).use {
                        it.send("once")
                        String(it.getInputStream().readAllBytes()) shouldBe "once"
                    }
                    reason.getOrFail().shouldBeInstanceOf<ConnectionDone>()
                    threads shouldContainExactly setOf(reactor.onLoop { Thread.currentThread() })
                    server.close()
                }
            }
        }

        "a peer that does not read holds up the closing for no longer than the closing time" {
            withReactor { reactor ->
                val options = StreamOptions(closeTimeout = Duration.ofMillis(300), writeLimit = 64_000_000)
                val protocol =
                    Scripted(made = {
                        transport.write(ByteArray(30_000_000))
                        transport.loseConnection()
                    })
                val reason =
                    reactor.served(protocol, options) { peer ->
                        protocol.lost.getOrFail()
                        // ktor's socket is gone too: what the system holds comes, then the end.
                        (peer.getInputStream().readAllBytes().size < 30_000_000).shouldBeTrue()
                    }
                reason.shouldBeInstanceOf<ConnectionLost>().message!! shouldContain "took nothing for 300 ms"
            }
        }

        "when the reactor stops the protocol is told, and serve returns" {
            val reactor = Reactor.create()
            reactor.start()
            val protocol = Scripted()
            val server = reactor.coroutineOnLoop { KtorSelectorManager(reactor).bind() }
            val served = reactor.scope.future { server.accept().serve(protocol, reactor) }
            server.peer().use {
                protocol.connection.getOrFail()
                reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
                it.getInputStream().read() shouldBe -1
            }
            protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>().by shouldBe ClosedBy.US
            served.getOrFail() shouldBe protocol.lost.getOrFail()
        }

        "cancelling serve aborts, and the protocol is told before serve has ended" {
            withReactor { reactor ->
                val protocol = Scripted()
                val ended = CompletableFuture<Boolean>()
                val server = reactor.coroutineOnLoop { KtorSelectorManager(reactor).bind() }
                val serving =
                    reactor.scope.launch {
                        try {
                            server.accept().serve(protocol, reactor)
                        } finally {
                            ended.complete(protocol.lost.isDone)
                        }
                    }
                server.peer().use {
                    protocol.connection.getOrFail()
                    serving.cancel()
                    ended.getOrFail() shouldBe true
                    protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>()
                }
                server.close()
            }
        }

        "coroutines of the connection end with it, and one that fails aborts it" {
            withReactor { reactor ->
                val cancelled = CompletableDeferred<Unit>()
                val error = IllegalStateException("bug")
                val protocol =
                    Scripted(made = {
                        transport.scope.launch {
                            try {
                                awaitCancellation()
                            } finally {
                                cancelled.complete(Unit)
                            }
                        }
                    }, received = { transport.scope.launch { throw error } })
                val reason =
                    reactor.served(protocol) {
                        it.send("x")
                        protocol.lost.getOrFail()
                    }
                reason.shouldBeInstanceOf<ConnectionAborted>().cause shouldBe error
                reactor.coroutineOnLoop { cancelled.await() }
            }
        }

        "the transport refuses other threads" {
            withReactor { reactor ->
                val protocol = Scripted()
                reactor.served(protocol) {
                    protocol.connection.getOrFail()
                    shouldThrow<WrongThreadException> { protocol.transport.write(byteArrayOf(1)) }
                    shouldThrow<WrongThreadException> { protocol.transport.loseConnection() }
                }
            }
        }

        "a reactor of any kind serves" {
            withReactor { reactor ->
                val server = reactor.coroutineOnLoop { KtorSelectorManager(reactor).bind() }
                server.peer().use { peer ->
                    peer.send("ping")
                    peer.shutdownOutput()
                    reactor.coroutineOnLoop {
                        server.accept().use { socket ->
                            socket.serve(Scripted(received = { transport.write(it) }), ForeignReactor(reactor))
                        }
                    }.shouldBeInstanceOf<ConnectionDone>()
                    peer.receive(4) shouldBe "ping"
                }
                server.close()
            }
        }

        "what the peer sends after loseConnection is not received" {
            withReactor { reactor ->
                val received = ArrayList<Int>()
                val protocol =
                    Scripted(made = { transport.registerProducer(Waiting, true) }, received = {
                        received.add(it.size)
                        transport.loseConnection()
                        transport.write("closing".toByteArray())
                    })
                reactor.served(protocol) { peer ->
                    peer.send("one")
                    peer.receive(7) shouldBe "closing"
                    peer.send("two")
                    peer.shutdownOutput()
                    reactor.onLoop { protocol.transport.unregisterProducer() }
                    peer.getInputStream().read() shouldBe -1
                }
                received shouldContainExactly listOf(3)
            }
        }

        "cancelled before it has begun, serve closes the connection" {
            withReactor { reactor ->
                val server = reactor.coroutineOnLoop { KtorSelectorManager(reactor).bind() }
                server.peer().use { peer ->
                    reactor.coroutineOnLoop {
                        val socket = server.accept()
                        // On the reactor's own thread nothing is dispatched: only from another one can it be on its way.
                        launch(Dispatchers.IO) {
                            cancel()
                            socket.serve(Scripted(made = { error("too late") }), reactor)
                        }.join()
                    }
                    peer.getInputStream().read() shouldBe -1
                }
                server.close()
            }
        }
    })

private object Waiting : Producer {
    override fun resumeProducing() = Unit

    override fun stopProducing() = Unit
}
