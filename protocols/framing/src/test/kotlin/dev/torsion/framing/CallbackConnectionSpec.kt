// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import java.nio.ByteBuffer

private const val HERE = "tcp:127.0.0.1:8007"

/** [MessageConnection.onMessage] and [MessageConnection.request]: what Java and callbacks use. */
class CallbackConnectionSpec :
    StringSpec({
        suspend fun MemoryReactor.upperCaseServer() =
            listen("tcp:8007", LineCodec()) { c -> c.onMessage { line -> c.write(line.uppercase()) } }.await()

        /** A connection on a transport by hand, and that transport. */
        fun byHand(options: ConnectionOptions = ConnectionOptions.DEFAULT): Pair<MessageConnection<String>, StringTransport> {
            var made: MessageConnection<String>? = null
            val factory = ConnectionFactory(MemoryReactor(), LineCodec("\n"), options) { made = it }
            val transport = StringTransport()
            transport.connect(factory.buildProtocol(transport.peer())!!)
            return made!! to transport
        }

        "a server of callbacks, and requests" {
            runReactorTest {
                upperCaseServer()
                val client = openConnection(HERE, LineCodec()).await()
                client.request("hello").await() shouldBe "HELLO"
                val answers = List(50) { client.request("word$it") }
                answers.map { it.await() } shouldBe List(50) { "WORD$it" }
                client.close()
            }
        }

        "a handler of several messages at once answers them as their Deferreds fire, and those in work are waited for at the end" {
            val (connection, transport) = byHand()
            val work = LinkedHashMap<String, Deferred<Unit>>()
            connection.onMessage(2) { line ->
                Deferred<Unit>().also { work[line] = it }.addCallback { connection.write("$line!") }
            }
            transport.receive("a\nb\nc\nd\n")
            work.keys.toList() shouldBe listOf("a", "b")
            work["b"]!!.callback(Unit)
            transport.receiveEnd()
            for (line in listOf("c", "d", "a")) {
                transport.isDisconnecting shouldBe false
                work[line]!!.callback(Unit)
            }
            transport.text() shouldBe "b!\nc!\nd!\na!\n"
            transport.isDisconnecting shouldBe true
            shouldThrow<IllegalArgumentException> { byHand().first.onMessage(0) {} }
        }

        "a handler of several messages that comes after the peer's end may still answer all of them" {
            val (connection, transport) = byHand()
            transport.receive("a\nb\n")
            transport.receiveEnd()
            val work = ArrayList<Deferred<Unit>>()
            connection.onMessage(3) { line ->
                Deferred<Unit>().also(work::add).addCallback { connection.write("$line!") }
            }
            transport.isDisconnecting shouldBe false
            work.forEach { it.callback(Unit) }
            transport.text() shouldBe "a!\nb!\n"
            transport.isDisconnecting shouldBe true
        }

        "a peer that ends its side gets all its answers, and then the connection is closed" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                client.write("a")
                client.write("b")
                client.closeWrite()
                client.incoming.toList() shouldBe listOf("A", "B")
                client.whenClosed().await().isClean.shouldBeTrue()
            }
        }

        "a Deferred holds the next message back, and the transport stops reading" {
            val (connection, transport) = byHand()
            val got = ArrayList<String>()
            val work = ArrayList<Deferred<String>>()
            connection.onMessage { line ->
                got.add(line)
                Deferred<String>().also { work.add(it) }
            }
            transport.receive("a\nb\nc\n")
            got shouldBe listOf("a")
            transport.isReadingPaused.shouldBeTrue()
            work[0].callback("done")
            got shouldBe listOf("a", "b")
            transport.isReadingPaused.shouldBeTrue()
            work[1].callback("done")
            work[2].callback("done")
            got shouldBe listOf("a", "b", "c")
            transport.isReadingPaused shouldBe false
        }

        "the end waits for the handler's Deferred too" {
            val (connection, transport) = byHand()
            val work = ArrayList<Deferred<Unit>>()
            connection.onMessage { Deferred<Unit>().also { work.add(it) } }
            transport.receive("a\nb\n")
            transport.receiveEnd()
            work[0].callback(Unit)
            transport.drain()
            transport.isDisconnecting shouldBe false
            connection.write("answer")
            work[1].callback(Unit)
            transport.drain() // a turn, in which it reads on and sees the end
            transport.isDisconnecting.shouldBeTrue()
            transport.text() shouldBe "answer\n"
        }

        "Deferreds that have fired already take no stack" {
            val (connection, transport) = byHand()
            var count = 0
            connection.onMessage {
                count++
                succeed(Unit)
            }
            transport.receive("x\n".repeat(100_000))
            count shouldBe 100_000
        }

        "messages that came before the handler wait for it" {
            val (connection, transport) = byHand(ConnectionOptions(inboundLimit = 2))
            transport.receive("a\nb\nc\nd\n")
            transport.isReadingPaused.shouldBeTrue()
            val got = ArrayList<String>()
            connection.onMessage { got.add(it) }
            got shouldBe listOf("a", "b", "c", "d")
            transport.isReadingPaused shouldBe false
            shouldThrow<IllegalStateException> { connection.onMessage { } }
        }

        "a handler that throws, and one whose Deferred fails: reported, and the connection aborted" {
            for (handler in listOf<
                (
                    String,
                ) -> Any,
                >({ error("no good") }, { Deferred<Unit>().apply { errback(IllegalStateException("no good")) } })) {
                val reported = ArrayList<Throwable>()
                MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                    reactor.runTest {
                        var server: MessageConnection<String>? = null
                        reactor
                            .listen("tcp:8007", LineCodec()) { c ->
                                server = c
                                c.onMessage { handler(it) }
                            }.await()
                        val client = reactor.connect(HERE, LineCodec())
                        client.send("a")
                        client.send("b")
                        client.whenClosed().await().isClean shouldBe false
                        server!!.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause!!.message shouldBe "no good"
                        reported.single().message shouldBe "no good"
                    }
                }
            }
        }

        "a bad frame: the messages before it are handled, then the connection is aborted with it" {
            val (connection, transport) = byHand()
            val got = ArrayList<String>()
            val work = ArrayList<Deferred<Unit>>()
            connection.onMessage {
                got.add(it)
                Deferred<Unit>().also { work.add(it) }
            }
            transport.receive("a\nb\n" + "x".repeat(17_000))
            got shouldBe listOf("a")
            transport.isAborted shouldBe false
            work[0].callback(Unit)
            work[1].callback(Unit)
            got shouldBe listOf("a", "b")
            transport.abortCause.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 16_384
        }

        "close in the handler: no more messages" {
            val (connection, transport) = byHand()
            val got = ArrayList<String>()
            connection.onMessage {
                got.add(it)
                connection.close()
            }
            transport.receive("a\nb\nc\n")
            got shouldBe listOf("a")
        }

        "few messages wait, and then the peer is slowed down" {
            runReactorTest { scope ->
                val (connection, transport) = byHand(ConnectionOptions(inboundLimit = 3))
                transport.receive("a\nb\n")
                transport.isReadingPaused shouldBe false
                transport.receive("c\nd\ne\nf\ng\nunfini")
                transport.isReadingPaused.shouldBeTrue()
                "$connection" shouldContain "3 messages waiting"
                scope.launch(start = CoroutineStart.UNDISPATCHED) {
                    List(6) { connection.receive() } shouldBe listOf("a", "b", "c", "d", "e", "f")
                }
                transport.isReadingPaused shouldBe false
                transport.receive("shed\n")
                scope.launch(start = CoroutineStart.UNDISPATCHED) {
                    connection.receive() shouldBe "g"
                    connection.receive() shouldBe "unfinished"
                }
            }
        }

        "send waits while the peer does not read" {
            runReactorTest { scope ->
                val (connection, transport) = byHand()
                transport.isStalled = true
                val sent = ArrayList<Int>()
                val sender =
                    scope.launch(start = CoroutineStart.UNDISPATCHED) {
                        repeat(10) {
                            connection.send("x".repeat(10_000))
                            sent.add(it)
                        }
                    }
                sent.size shouldBe 6 // the seventh passes the high-water mark of 64 KiB, and waits
                connection.isWritable shouldBe false
                transport.drain()
                sent.size shouldBe 10
                sender.isCompleted.shouldBeTrue()
                transport.value().size shouldBe 10 * 10_001
            }
        }

        "send that waits fails when the connection is lost" {
            runReactorTest { scope ->
                val (connection, transport) = byHand()
                transport.isStalled = true
                val sender =
                    scope.async(start = CoroutineStart.UNDISPATCHED) {
                        shouldThrow<ConnectionLost> { repeat(10) { connection.send("x".repeat(10_000)) } }
                    }
                transport.lose(ConnectionLost("gone"))
                sender.await().message shouldBe "gone"
                shouldThrow<ConnectionLost> { connection.send("a") }
                connection.whenClosed().await().message shouldBe "gone"
            }
        }

        "what had come before the connection broke is received before that is told" {
            runReactorTest {
                val (connection, transport) = byHand(ConnectionOptions(inboundLimit = 2))
                transport.receive("a\nb\nc\nunfinished")
                transport.lose(ConnectionLost("gone"))
                connection.receive() shouldBe "a"
                connection.receive() shouldBe "b"
                connection.receive() shouldBe "c"
                shouldThrow<ConnectionLost> { connection.receive() }
                shouldThrow<ConnectionLost> { connection.receiveOrNull() }
            }
        }

        "requests fail when the connection ends, each with the reason" {
            runReactorTest {
                val (connection, transport) = byHand()
                val first = connection.request("a")
                val second = connection.request("b")
                transport.receive("A\nB's begin")
                first.await() shouldBe "A"
                transport.receiveEnd()
                shouldThrow<TruncatedFrameException> { second.await() }
                shouldThrow<ConnectionDone> { connection.request("c").await() }
                transport.abortCause.shouldBeInstanceOf<TruncatedFrameException>()
            }
        }

        "requests at a clean end" {
            runReactorTest {
                val (connection, transport) = byHand()
                val answer = connection.request("a")
                transport.receiveEnd()
                shouldThrow<ConnectionDone> { answer.await() }.by shouldBe ClosedBy.PEER
                transport.isDisconnecting.shouldBeTrue()
            }
        }

        "a cancelled request does not take another one's answer" {
            runReactorTest {
                val (connection, transport) = byHand()
                val first = connection.request("a")
                val second = connection.request("b")
                first.cancel()
                transport.receive("A\nB\n")
                second.await() shouldBe "B"
                shouldThrow<DeferredCancelledException> { first.await() }
            }
        }

        "too many requests are refused, and so are two ways of receiving at once" {
            runReactorTest { scope ->
                val (connection, transport) = byHand(ConnectionOptions(requestLimit = 2))
                val answers = listOf(connection.request("a"), connection.request("b"))
                shouldThrow<IllegalStateException> { connection.request("c") }.message shouldContain "2 requests"
                shouldThrow<IllegalStateException> { connection.onMessage { } }
                shouldThrow<IllegalStateException> { connection.receive() }.message shouldContain "requests"
                transport.receive("A\nB\n")
                answers.map { it.await() } shouldBe listOf("A", "B")
                val waiting = scope.async(start = CoroutineStart.UNDISPATCHED) { connection.receiveOrNull() }
                shouldThrow<IllegalStateException> { connection.request("c") }
                connection.close()
                waiting.await().shouldBeNull()
            }
        }

        "a message that cannot be sent: the request throws, and the connection lives on" {
            runReactorTest {
                upperCaseServer()
                val client = connect(HERE, LineCodec())
                shouldThrow<EncodeException> { client.request("two\nlines") }
                shouldThrow<StringTooLongException> { client.send("x".repeat(16_385)) }.limit shouldBe 16_384
                client.request("one").await() shouldBe "ONE"
            }
        }

        "one who waits for the close may cancel another who does" {
            val (connection, transport) = byHand()
            val told = ArrayList<Int>()
            val waiters = List(3) { connection.whenClosed() }
            waiters[0].addCallback { waiters[1].cancel() }
            waiters[1].addErrback { ConnectionDone(ClosedBy.US) }
            waiters[2].addCallback { told.add(2) }
            transport.lose()
            told shouldBe listOf(2)
        }

        "a serving coroutine may leave its messages to a callback" {
            runReactorTest {
                serve("tcp:8007", LineCodec()) { connection ->
                    connection.onMessage { connection.write(it.uppercase()) }
                    connection.whenClosed().await()
                }.await()
                val client = connect(HERE, LineCodec())
                client.write("a")
                client.closeWrite()
                client.incoming.toList() shouldBe listOf("A")
            }
        }

        "content that throws what it should not is bad content" {
            runReactorTest {
                val careless =
                    object : Content<String> {
                        override fun decode(frame: ByteBuffer): String = error("careless")

                        override fun encode(value: String) = value.encodeToByteArray()
                    }
                var server: MessageConnection<String>? = null
                listen("tcp:8007", Codec(LineFraming(), careless)) { server = it }.await()
                val client = connect(HERE, LineCodec())
                client.write("a")
                client.whenClosed().await()
                server!!.closeReason!!.cause.shouldBeInstanceOf<MalformedContentException>().message shouldContain "careless"
            }
        }

        "a client that receives nothing is closed when the server ends" {
            runReactorTest {
                serve("tcp:8007", LineCodec()) { it.close() }.await()
                connect(HERE, LineCodec()).whenClosed().await().isClean.shouldBeTrue()
            }
        }
    })
