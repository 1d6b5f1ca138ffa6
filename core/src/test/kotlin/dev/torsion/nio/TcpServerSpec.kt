// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.defer.Deferred
import dev.torsion.net.CannotListenException
import dev.torsion.net.ClosePhase
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.WriteLimitExceededException
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.io.IOException
import java.io.OutputStream
import java.net.SocketException
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import dev.torsion.net.Factory as TorsionFactory

class TcpServerSpec :
    StringSpec({
        "echo, with addresses that are values" {
            withReactor { reactor ->
                val protocol = Scripted(received = { transport.write(it) })
                val port = reactor.listen { protocol }
                port.connect().use { socket ->
                    socket.getOutputStream().write("hello".toByteArray())
                    String(socket.getInputStream().readNBytes(5)) shouldBe "hello"
                    reactor.onLoop { protocol.transport.peer() } shouldBe IPv4Address("127.0.0.1", socket.localPort)
                    reactor.onLoop { protocol.transport.host() } shouldBe IPv4Address("127.0.0.1", port.port())
                }
                val reason = protocol.lost.getOrFail()
                reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.PEER
                reason.isClean shouldBe true
                reactor.onLoop { protocol.isConnected } shouldBe false
            }
        }

        "loseConnection sends everything that was written first, however slow the peer reads" {
            withReactor { reactor ->
                val megabytes = ByteArray(5_000_000) { (it * 31).toByte() }
                val protocol =
                    Scripted(made = {
                        transport.write(megabytes)
                        transport.loseConnection()
                        transport.write("goodbye".toByteArray())
                    })
                reactor.listen { protocol }.connect().use { socket ->
                    socket.getInputStream().readAllBytes().contentEquals(megabytes + "goodbye".toByteArray()) shouldBe true
                }
                protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.US
            }
        }

        "what was written in one turn leaves together" {
            withReactor { reactor ->
                val chunks = CopyOnWriteArrayList<Int>()
                val server = Scripted(received = { chunks.add(it.size) })
                val port = reactor.listen { server }
                port.connect().use {
                    val client = Scripted(made = { repeat(1000) { transport.write(byteArrayOf(1)) } })
                    reactor.listen { client }.connect().use { socket ->
                        // All 1,000 one-byte writes can be read at once.
                        val buffer = ByteArray(2000)
                        socket.getInputStream().read(buffer) shouldBe 1000
                    }
                }
            }
        }

        "the peer's end of input still lets it have the answers that are under way" {
            withReactor { reactor ->
                val answer = ByteArray(3_000_000) { 7 }
                val protocol = Scripted(received = { transport.write(answer) })
                reactor.listen { protocol }.connect().use { socket ->
                    socket.getOutputStream().write(1)
                    socket.shutdownOutput()
                    socket.getInputStream().readAllBytes().size shouldBe answer.size
                }
                protocol.lost.getOrFail().isClean shouldBe true
            }
        }

        "a half-closeable protocol hears of each half" {
            class Half :
                Protocol(),
                HalfCloseableProtocol {
                val events = CopyOnWriteArrayList<String>()
                val ended = CompletableFuture<Unit>()
                var count = 0

                override fun dataReceived(data: ByteArray) {
                    count += data.size
                }

                override fun readConnectionLost() {
                    events.add("read lost")
                    transport.write("$count bytes".toByteArray())
                    (transport as dev.torsion.net.HalfCloseableTransport).loseWriteConnection()
                }

                override fun writeConnectionLost() {
                    events.add("write lost")
                    transport.loseConnection()
                }

                override fun connectionLost(reason: dev.torsion.net.CloseReason) {
                    events.add("lost")
                    ended.complete(Unit)
                }
            }
            withReactor { reactor ->
                val protocol = Half()
                reactor.listen { protocol }.connect().use { socket ->
                    socket.getOutputStream().write(ByteArray(1000))
                    socket.shutdownOutput()
                    String(socket.getInputStream().readAllBytes()) shouldBe "1000 bytes"
                }
                protocol.ended.getOrFail()
                protocol.events shouldContainExactly listOf("read lost", "write lost", "lost")
            }
        }

        "abortConnection drops what waits, resets the peer, and is never re-entrant" {
            withReactor { reactor ->
                val events = CopyOnWriteArrayList<String>()
                val protocol =
                    Scripted(received = {
                        transport.write(ByteArray(10_000_000))
                        transport.abortConnection(IllegalStateException("enough"))
                        events.add("abort returned, lost: ${lost.isDone}")
                    })
                reactor.listen { protocol }.connect().use { socket ->
                    socket.getOutputStream().write(1)
                    shouldThrow<SocketException> { socket.getInputStream().readAllBytes() }
                }
                val reason = protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>()
                reason.cause!!.message shouldBe "enough"
                reason.isClean shouldBe false
                events shouldContainExactly listOf("abort returned, lost: false")
            }
        }

        "a peer's reset is a lost connection, and says how much was not sent" {
            withReactor { reactor ->
                val protocol = Scripted(made = { transport.write(ByteArray(8_000_000)) })
                val socket = reactor.listen { protocol }.connect()
                protocol.connection.getOrFail()
                socket.setSoLinger(true, 0)
                socket.close()
                val reason = protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                reason.phase shouldBe ClosePhase.OPEN
                (reason.unsentBytes > 0) shouldBe true
            }
        }

        "more than the write limit aborts the connection with an error that names the limit" {
            withReactor { reactor ->
                val protocol = Scripted(made = { repeat(100) { transport.write(ByteArray(100_000)) } })
                reactor.listen(TcpOptions(StreamOptions(writeLimit = 1_000_000))) { protocol }.connect().use {
                    val cause = protocol.lost.getOrFail().cause.shouldBeInstanceOf<WriteLimitExceededException>()
                    cause.limit shouldBe 1_000_000
                    cause.message shouldContain "1000000 bytes"
                }
            }
        }

        "a closing connection whose peer reads nothing is dropped after the close timeout" {
            withReactor { reactor ->
                val protocol =
                    Scripted(made = {
                        transport.write(ByteArray(8_000_000))
                        transport.loseConnection()
                    })
                reactor.listen(TcpOptions(StreamOptions(closeTimeout = Duration.ofMillis(100)))) { protocol }.connect().use {
                    val reason = protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
                    reason.phase shouldBe ClosePhase.CLOSING
                    reason.message shouldContain "100 ms"
                }
            }
        }

        "the last words reach a peer that is still sending" {
            withReactor { reactor ->
                val protocol =
                    Scripted(received = {
                        transport.write("too long".toByteArray())
                        transport.loseConnection()
                    })
                reactor.listen { protocol }.connect().use { socket ->
                    socket.getOutputStream().write(ByteArray(3_000_000))
                    protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>()
                    String(socket.getInputStream().readAllBytes()) shouldBe "too long"
                }
            }
        }

        "a callback that throws aborts its own connection, and no other" {
            val reported = CompletableFuture<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, error -> reported.complete(error) })) { reactor ->
                val bad = Scripted(received = { error("bad protocol") })
                val good = Scripted(received = { transport.write(it) })
                val goodSocket = reactor.listen { good }.connect()
                reactor.listen { bad }.connect().use { it.getOutputStream().write(1) }
                bad.lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>().cause!!.message shouldBe "bad protocol"
                reported.getOrFail().message shouldBe "bad protocol"
                goodSocket.use {
                    it.getOutputStream().write(5)
                    it.getInputStream().read() shouldBe 5
                }
            }
        }

        "a factory without a protocol closes the connection at once, and one that throws is reported" {
            val reported = CompletableFuture<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, error -> reported.complete(error) })) { reactor ->
                val none =
                    object : TorsionFactory() {
                        override fun buildProtocol(address: dev.torsion.net.Address): Protocol? = null
                    }
                reactor.onLoop { reactor.listenTcp(0, none, "127.0.0.1") }.connect().use { it.getInputStream().read() shouldBe -1 }
                val throwing =
                    object : TorsionFactory() {
                        override fun buildProtocol(address: dev.torsion.net.Address): Protocol? = error("no protocol today")
                    }
                reactor.onLoop { reactor.listenTcp(0, throwing, "127.0.0.1") }.connect().use { it.getInputStream().read() shouldBe -1 }
                reported.getOrFail().message shouldBe "no protocol today"
            }
        }

        "a factory starts once for all its ports, and stops after the last; a port is free again when stopListening fires" {
            withReactor { reactor ->
                val events = CopyOnWriteArrayList<String>()
                val factory =
                    object : TorsionFactory({ Scripted() }) {
                        override fun startFactory() {
                            events.add("start")
                        }

                        override fun stopFactory() {
                            events.add("stop")
                        }
                    }
                val first = reactor.onLoop { reactor.listenTcp(0, factory, "127.0.0.1") }
                val second = reactor.onLoop { reactor.listenTcp(0, factory, "127.0.0.1") }
                reactor.onLoop { factory.numPorts } shouldBe 2
                reactor.resultOnLoop { first.stopListening() }
                events shouldContainExactly listOf("start")
                shouldThrow<java.net.ConnectException> { first.connect() }
                reactor.resultOnLoop { second.stopListening() }
                reactor.resultOnLoop { second.stopListening() }
                events shouldContainExactly listOf("start", "stop")
                // The same port can be opened again.
                reactor.onLoop { reactor.listenTcp(first.port(), factory, "127.0.0.1") }.host() shouldBe first.host()
            }
        }

        "a taken port is a typed error that names it" {
            withReactor { reactor ->
                val port = reactor.listen { Scripted() }.port()
                val error = shouldThrow<CannotListenException> { reactor.onLoop { reactor.listenTcp(port, TorsionFactory(), "127.0.0.1") } }
                error.message shouldContain "127.0.0.1:$port"
                shouldThrow<IllegalArgumentException> { reactor.onLoop { reactor.listenTcp(70000, TorsionFactory()) } }
            }
        }

        "connections that live when the reactor stops are lost, and their coroutines end on its thread" {
            val reactor = Reactor.create()
            reactor.start()
            val ended = CompletableFuture<Boolean>()
            val protocol =
                Scripted(made = {
                    transport.scope.launch {
                        try {
                            awaitCancellation()
                        } finally {
                            ended.complete(reactor.isInReactorThread)
                        }
                    }
                })
            reactor.listen { protocol }.connect().use {
                protocol.connection.getOrFail()
                reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
                protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>().by shouldBe ClosedBy.US
                ended.getOrFail() shouldBe true
                it.getInputStream().read() shouldBe -1
            }
        }

        "user code of a connection runs on the reactor's thread only, through delays, yields and other contexts" {
            withReactor { reactor ->
                val threads = CopyOnWriteArrayList<Thread>()
                val done = CompletableFuture<Unit>()

                fun here() = threads.add(Thread.currentThread())
                val protocol =
                    Scripted(made = {
                        here()
                        transport.scope.launch {
                            here()
                            delay(2)
                            here()
                            yield()
                            here()
                            withContext(kotlinx.coroutines.Dispatchers.IO) { Thread.currentThread().name } shouldContain "DefaultDispatcher"
                            here()
                            reactor.deferToThread { 1 }.addCallback { here() }
                            done.complete(Unit)
                        }
                    })
                reactor.listen { protocol }.connect().use { done.getOrFail() }
                protocol.lost.getOrFail()
                threads.toSet() shouldBe setOf(reactor.onLoop { Thread.currentThread() })
            }
        }

        "one who writes as fast as its peer reads is stopped after its share of the turn" {
            withReactor { reactor ->
                val written = CompletableFuture<Long>()
                val endless =
                    Scripted(made = {
                        val line = ByteArray(1000)
                        var bytes = 0L
                        while (transport.isWritable && bytes < 1_000_000_000) {
                            transport.write(line)
                            bytes += line.size
                        }
                        transport.loseConnection()
                        written.complete(bytes)
                    })
                reactor.listen { endless }.connect().use { socket ->
                    val read = socket.getInputStream().transferTo(OutputStream.nullOutputStream())
                    written.getOrFail() shouldBeLessThan 2_000_000
                    read shouldBe written.getOrFail()
                }
            }
        }

        "a coroutine of a connection that fails aborts it with its error" {
            withReactor { reactor ->
                val protocol = Scripted(made = { transport.scope.launch { throw IOException("in a coroutine") } })
                reactor.listen { protocol }.connect().use {
                    protocol.lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>().cause!!.message shouldBe "in a coroutine"
                }
            }
        }

        "what a trigger of the shutdown writes is sent, though the loop has nothing else to wait for" {
            withReactor { reactor ->
                val answered = Deferred<Unit>()
                val protocol = Scripted(received = { answered.callback(Unit) })
                reactor.listen { protocol }.connect().use {
                    val transport = protocol.connection.getOrFail().transport
                    reactor.onLoop {
                        reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                            transport.write("bye".toByteArray())
                            answered
                        }
                    }
                    reactor.stopFromThread()
                    String(it.getInputStream().readNBytes(3)) shouldBe "bye"
                    it.getOutputStream().write(1)
                }
            }
        }

        "a transport refuses other threads" {
            withReactor { reactor ->
                val protocol = Scripted()
                reactor.listen { protocol }.connect().use {
                    val transport = protocol.connection.getOrFail().transport
                    shouldThrow<WrongThreadException> { transport.write(ByteArray(1)) }.message shouldContain "callFromThread"
                    shouldThrow<WrongThreadException> { transport.loseConnection() }
                }
            }
        }

        "the view of the read buffer is read-only" {
            withReactor { reactor ->
                val tried = CompletableFuture<Boolean>()
                val protocol =
                    object : Protocol() {
                        override fun dataReceived(view: ByteBuffer) {
                            tried.complete(view.isReadOnly && view.remaining() == 3)
                            transport.write(view)
                        }
                    }
                reactor.listen { protocol }.connect().use {
                    it.getOutputStream().write(byteArrayOf(1, 2, 3))
                    it.getInputStream().readNBytes(3) shouldBe byteArrayOf(1, 2, 3)
                }
                tried.getOrFail() shouldBe true
            }
        }
    })
