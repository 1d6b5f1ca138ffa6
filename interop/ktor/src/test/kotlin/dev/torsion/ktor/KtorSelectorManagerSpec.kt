// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainOnly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.awaitClosed
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.network.sockets.port
import io.ktor.utils.io.copyTo
import io.ktor.utils.io.readLine
import io.ktor.utils.io.writeStringUtf8
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import java.net.ConnectException
import java.net.ServerSocket
import java.net.Socket
import java.nio.channels.ClosedChannelException
import java.nio.channels.ClosedSelectorException
import java.time.Duration
import java.util.concurrent.CompletableFuture

class KtorSelectorManagerSpec :
    StringSpec({

        "a ktor client and a ktor echo server run on the reactor's selector" {
            withReactor { reactor ->
                val selector = KtorSelectorManager(reactor)
                val isOnLoop = ArrayList<Boolean>()
                reactor.coroutineOnLoop {
                    val server = selector.bind()
                    val serving =
                        launch {
                            val accepted = server.accept()
                            isOnLoop.add(reactor.isInReactorThread)
                            val output = accepted.openWriteChannel(autoFlush = true)
                            accepted.openReadChannel().copyTo(output)
                            output.flushAndClose()
                            accepted.close()
                            accepted.awaitClosed()
                        }
                    val client = aSocket(selector).tcp().connect("127.0.0.1", server.port)
                    isOnLoop.add(reactor.isInReactorThread)
                    val output = client.openWriteChannel(autoFlush = true)
                    val input = client.openReadChannel()
                    repeat(100) {
                        output.writeStringUtf8("line $it\n")
                        input.readLine() shouldBe "line $it"
                        isOnLoop.add(reactor.isInReactorThread)
                    }
                    reactor.channels shouldBe 3 // the server, and two ends
                    output.flushAndClose()
                    input.readLine() shouldBe null
                    serving.join()
                    client.close()
                    client.awaitClosed()
                    server.close()
                }
                isOnLoop shouldContainOnly setOf(true)
                reactor.onLoop {} // what was posted before is done
                reactor.onLoop {} // and selected
                reactor.onLoop { reactor.channels } shouldBe 0
            }
        }

        "many ktor connections share the selector with Torsion's own" {
            class Echo : Protocol() {
                override fun dataReceived(data: ByteArray) = transport.write(data)
            }
            withReactor { reactor ->
                val port = reactor.onLoop { reactor.listenTcp(0, Factory { Echo() }, "127.0.0.1") }
                val selector = KtorSelectorManager(reactor)
                reactor.coroutineOnLoop {
                    List(50) { n ->
                        launch {
                            val client = aSocket(selector).tcp().connect("127.0.0.1", port.port())
                            val input = client.openReadChannel()
                            val output = client.openWriteChannel(autoFlush = true)
                            repeat(20) {
                                output.writeStringUtf8("$n:$it\n")
                                input.readLine() shouldBe "$n:$it"
                            }
                            client.close()
                        }
                    }.joinAll()
                }
            }
        }

        "closing a server socket fails the one who accepts, and frees the port" {
            withReactor { reactor ->
                reactor.coroutineOnLoop {
                    val server = KtorSelectorManager(reactor).bind()
                    val accepting = async(start = CoroutineStart.UNDISPATCHED) { runCatching { server.accept() } }
                    val port = server.port
                    server.close()
                    accepting.await().exceptionOrNull().shouldBeInstanceOf<ClosedChannelException>()
                    repeat(2) { yield() } // the selector has let go of it
                    ServerSocket().use { it.bind(java.net.InetSocketAddress("127.0.0.1", port)) }
                }
            }
        }

        "whoever stops waiting can wait again" {
            withReactor { reactor ->
                reactor.coroutineOnLoop {
                    val server = KtorSelectorManager(reactor).bind()
                    repeat(3) { launch(start = CoroutineStart.UNDISPATCHED) { server.accept() }.cancelAndJoin() }
                    val accepting = async(start = CoroutineStart.UNDISPATCHED) { server.accept() }
                    server.peer().use { peer ->
                        (accepting.await().remoteAddress as InetSocketAddress).port shouldBe peer.localPort
                    }
                    server.close()
                }
            }
        }

        "a refused connection fails with the system's error" {
            withReactor { reactor ->
                val free = ServerSocket(0).use { it.localPort }
                shouldThrow<ConnectException> {
                    reactor.coroutineOnLoop { aSocket(KtorSelectorManager(reactor)).tcp().connect("127.0.0.1", free) }
                }
            }
        }

        "when the reactor stops, those who wait fail and the sockets are closed" {
            val reactor = Reactor.create()
            reactor.start()
            val selector = KtorSelectorManager(reactor)
            val server = reactor.coroutineOnLoop { selector.bind() }
            val port = server.port
            val failure = CompletableFuture<Throwable?>()
            reactor.onLoop {
                reactor.scope.launch { failure.complete(runCatching { server.accept() }.exceptionOrNull()) }
                Unit
            }
            reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
            failure.getOrFail().shouldBeInstanceOf<ClosedSelectorException>()
            shouldThrow<ConnectException> { Socket("127.0.0.1", port) }
        }

        "close closes the sockets of this manager only, and refuses more" {
            withReactor { reactor ->
                val closed = KtorSelectorManager(reactor)
                val other = KtorSelectorManager(reactor)
                reactor.coroutineOnLoop {
                    val server = closed.bind()
                    val otherServer = other.bind()
                    val outcomes = ArrayList<String>()
                    val waiting =
                        launch(start = CoroutineStart.UNDISPATCHED) { runCatching { server.accept() }.onFailure { outcomes.add("closed") } }
                    val going = launch(start = CoroutineStart.UNDISPATCHED) { otherServer.accept().also { outcomes.add("accepted") } }
                    closed.close()
                    waiting.join()
                    otherServer.peer().use { going.join() }
                    outcomes shouldContainExactly listOf("closed", "accepted")
                    val late = closed.bind()
                    shouldThrow<ClosedSelectorException> { late.accept() }
                    late.close()
                    otherServer.close()
                }
            }
        }

        "a reactor without a selector is refused" {
            withReactor { reactor -> shouldThrow<IllegalArgumentException> { KtorSelectorManager(ForeignReactor(reactor)) } }
        }
    })
