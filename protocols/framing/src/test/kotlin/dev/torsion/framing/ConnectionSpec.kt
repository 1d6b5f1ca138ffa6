// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.WrongThreadException
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import java.time.Duration
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

class ConnectionSpec :
    StringSpec({
        suspend fun MemoryReactor.upperCaseServer(options: ConnectionOptions = ConnectionOptions.DEFAULT) =
            serve("tcp:8007", LineCodec(), options) { connection ->
                for (line in connection.incoming) connection.send(line.uppercase())
            }.await()

        "messages there and back, in every kind of chunks" {
            for (chunking in listOf(Chunking.whole(), Chunking.byteByByte(), Chunking.fixed(3), Chunking.random(7))) {
                MemoryReactor().use { reactor ->
                    reactor.network.chunking = chunking
                    reactor.runTest {
                        reactor.upperCaseServer()
                        val client = reactor.connect(HERE, LineCodec())
                        val words = List(100) { "word$it" }
                        words.forEach { client.send(it) }
                        withClue("$chunking") { List(100) { client.receive() } shouldBe words.map { it.uppercase() } }
                        client.close()
                        client.whenClosed().await().isClean.shouldBeTrue()
                    }
                }
            }
        }

        "a server's handler sees the end of messages, and closes by returning" {
            runReactorTest {
                val seen = ArrayList<String>()
                serve("tcp:8007", LineCodec()) { connection ->
                    for (line in connection.incoming) seen.add(line)
                    connection.receiveOrNull().shouldBeNull()
                    shouldThrow<ConnectionDone> { connection.receive() }.by shouldBe ClosedBy.PEER
                    connection.send("bye")
                }.await()
                val client = connect(HERE, LineCodec())
                client.send("a")
                client.send("b")
                client.closeWrite()
                client.receive() shouldBe "bye"
                client.receiveOrNull().shouldBeNull()
                client.whenClosed().await().isClean.shouldBeTrue()
                seen shouldBe listOf("a", "b")
            }
        }

        "a peer that sends, ends its side and waits gets all its answers, however slow they are" {
            runReactorTest {
                serve("tcp:8007", LineCodec(), ConnectionOptions(inboundLimit = 2)) { connection ->
                    for (line in connection.incoming) {
                        delay(1.seconds)
                        connection.send(line.uppercase())
                    }
                }.await()
                val client = connect(HERE, LineCodec())
                repeat(20) { client.write("line$it") }
                client.closeWrite()
                client.incoming.toList() shouldBe List(20) { "LINE$it" }
                client.whenClosed().await().isClean.shouldBeTrue()
            }
        }

        "incoming as a flow: each collector goes on where the one before has stopped" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                repeat(5) { client.send("$it") }
                client.incoming.take(2).toList() shouldBe listOf("0", "1")
                client.receive() shouldBe "2"
                client.incoming.take(2).toList() shouldBe listOf("3", "4")
                client.close()
            }
        }

        "a flow that is sent produces no faster than the peer takes, goes on when it reads, and ends with the connection" {
            runReactorTest { scope ->
                val go = Deferred<Unit>()
                val got = ArrayList<String>()
                serve("tcp:8007", LineCodec()) { connection ->
                    go.await()
                    repeat(2_000) { got.add(connection.receive()) }
                    connection.abort()
                }.await()
                val client = connect(HERE, LineCodec())
                var produced = 0
                var end: Throwable? = null
                val sending =
                    scope.launch {
                        end =
                            runCatching {
                                flow { while (true) emit("${produced++} ".padEnd(1_000, '.')) }.collect(client::send)
                            }.exceptionOrNull()
                    }
                delay(10.seconds)
                val untilFull = produced
                delay(10.seconds)
                produced shouldBe untilFull
                go.callback(Unit)
                sending.join()
                got.map { it.substringBefore(' ').toInt() } shouldBe List(2_000) { it }
                (produced > untilFull).shouldBeTrue()
                end.shouldBeInstanceOf<CloseReason>()
            }
        }

        "a bad frame: what came before is delivered and can be answered, then the error comes" {
            runReactorTest {
                var error: Throwable? = null
                serve("tcp:8007", LineCodec(maxLength = 10)) { connection ->
                    try {
                        for (line in connection.incoming) connection.send(line.uppercase())
                    } catch (e: FrameTooLongException) {
                        error = e
                        connection.send("too long")
                    }
                }.await()
                val client = connect(HERE, LineCodec())
                client.write("one")
                client.write("two")
                client.write("x".repeat(100))
                client.incoming.toList() shouldBe listOf("ONE", "TWO", "too long")
                error.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 10
            }
        }

        "a bad frame that the handler does not catch aborts the connection, and nothing is reported" {
            runReactorTest {
                var server: MessageConnection<String>? = null
                serve("tcp:8007", LineCodec(maxLength = 10)) { connection ->
                    server = connection
                    for (line in connection.incoming) connection.send(line)
                }.await()
                val client = connect(HERE, LineCodec())
                client.write("x".repeat(100))
                client.whenClosed().await()
                val reason = server!!.closeReason.shouldBeInstanceOf<ConnectionAborted>()
                reason.cause.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 10
            }
        }

        "bad content is a bad frame too" {
            runReactorTest {
                var error: Throwable? = null
                serve("tcp:8007", Int32Codec().with(Order.json)) { connection ->
                    connection.receive() shouldBe Order("a")
                    error = shouldThrow<MalformedContentException> { connection.receive() }
                    shouldThrow<MalformedContentException> { connection.receive() }
                }.await()
                val client = connect(HERE, Int32Codec().text())
                client.send("""{"company":"a"}""")
                client.send("no JSON")
                client.receiveOrNull().shouldBeNull()
                error!!.message shouldContain "cannot be understood"
            }
        }

        "an end inside a message is an error" {
            runReactorTest {
                var error: Throwable? = null
                serve("tcp:8007", Int32Codec()) { connection ->
                    connection.receive().size shouldBe 3
                    error = shouldThrow<TruncatedFrameException> { connection.receiveOrNull() }
                }.await()
                val client = connect(HERE, RawCodec())
                client.send(bytes("00000003616263 00000003 61"))
                client.closeWrite()
                client.receiveOrNull().shouldBeNull()
                error.shouldBeInstanceOf<TruncatedFrameException>().bytes shouldBe 5
            }
        }

        "a handler that fails: it is reported, and the connection is aborted with the cause" {
            val reported = ArrayList<Throwable>()
            MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                reactor.runTest {
                    var server: MessageConnection<String>? = null
                    reactor
                        .serve("tcp:8007", LineCodec()) { connection ->
                            server = connection
                            connection.receive()
                            error("no good")
                        }.await()
                    val client = reactor.connect(HERE, LineCodec())
                    client.send("a")
                    client.whenClosed().await().isClean shouldBe false
                    server!!.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause!!.message shouldBe "no good"
                    reported.single().message shouldBe "no good"
                    // The port lives on.
                    reactor.connect(HERE, LineCodec()).close()
                }
            }
        }

        "a peer that vanishes is no failure of the handler" {
            runReactorTest {
                var server: MessageConnection<String>? = null
                serve("tcp:8007", LineCodec()) { connection ->
                    server = connection
                    while (true) connection.send(connection.receive())
                }.await()
                val client = connect(HERE, LineCodec())
                client.send("a")
                client.receive() shouldBe "a"
                client.abort()
                server!!.whenClosed().await()
                val other = connect(HERE, LineCodec())
                other.send("b")
                other.receive() shouldBe "b"
                other.closeWrite()
                other.receiveOrNull().shouldBeNull()
                server.whenClosed().await().isClean.shouldBeTrue()
            }
        }

        "after close nothing is received, not even what had come; and nothing can be sent" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                client.send("a")
                client.send("b")
                client.receive() shouldBe "A"
                client.close()
                client.close()
                client.receiveOrNull().shouldBeNull()
                shouldThrow<ConnectionDone> { client.receive() }.by shouldBe ClosedBy.US
                shouldThrow<ConnectionDone> { client.send("c") }.by shouldBe ClosedBy.US
                client.write("ignored")
                client.whenClosed().await().isClean.shouldBeTrue()
                client.closeReason.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        "after abort receiving says so, with the cause" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                client.abort(IllegalStateException("enough"))
                shouldThrow<ConnectionAborted> { client.receiveOrNull() }.cause!!.message shouldBe "enough"
                client.whenClosed().await().cause!!.message shouldBe "enough"
            }
        }

        "connecting where nobody listens fails with the type that says so" {
            runReactorTest {
                shouldThrow<ConnectionRefusedException> { connect("tcp:127.0.0.1:9", LineCodec()) }
            }
        }

        "a connection over the limit is closed at once, and there is room again when one ends" {
            runReactorTest {
                upperCaseServer(ConnectionOptions(maxConnections = 2))
                val first = connect(HERE, LineCodec())
                val second = connect(HERE, LineCodec())
                first.request("a").await() shouldBe "A"
                second.request("b").await() shouldBe "B"
                connect(HERE, LineCodec()).receiveOrNull().shouldBeNull()
                first.close()
                first.whenClosed().await()
                delay(1.seconds)
                connect(HERE, LineCodec()).request("c").await() shouldBe "C"
            }
        }

        "an idle connection is aborted, one that is used is not" {
            runReactorTest {
                var server: MessageConnection<String>? = null
                val options = ConnectionOptions(idleTimeout = Duration.ofSeconds(10))
                serve("tcp:8007", LineCodec(), options) { connection ->
                    server = connection
                    for (line in connection.incoming) connection.send(line)
                }.await()
                val client = connect(HERE, LineCodec())
                repeat(5) {
                    delay(8.seconds)
                    client.request("still here").await()
                }
                val lastUse = nanoTime()
                client.whenClosed().await().isClean shouldBe false
                (nanoTime() - lastUse) / 1_000_000_000 shouldBe 10
                server!!.closeReason!!.cause.shouldBeInstanceOf<IdleTimeoutException>().timeout shouldBe Duration.ofSeconds(10)
                delayedCalls().size shouldBe 0
            }
        }

        "another thread is refused" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                for (use in listOf<() -> Unit>({
                    client.write("a")
                }, { client.close() }, { client.request("a") }, { client.onMessage { } })) {
                    val outcome = CompletableFuture.runAsync(use).handle { _, error -> error.cause }.get()
                    outcome.shouldBeInstanceOf<WrongThreadException>()
                }
                client.request("a").await() shouldBe "A"
            }
        }

        "a connection says who, where and which state" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                "$client" shouldContain "127.0.0.1:8007, open"
                client.close()
                "$client" shouldContain "closing"
                client.whenClosed().await()
                "$client" shouldContain "gone: The connection was closed cleanly by this side."
            }
        }
    })
