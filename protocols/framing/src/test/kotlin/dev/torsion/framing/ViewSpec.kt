// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.nio.ByteBuffer
import java.nio.ByteOrder

private const val HERE = "tcp:127.0.0.1:8007"

/** Everything that is under way has happened. */
private suspend fun Reactor.nextTurn() = deferLater(this, java.time.Duration.ofMillis(1)) {}.await()

private fun ByteBuffer.text() = duplicate().copyOut().decodeToString()

class ViewSpec :
    StringSpec({
        val views = Int32Codec().with(Content.view())
        val texts = Int32Codec().text()

        "an echo of views, in every kind of chunks" {
            for (chunking in listOf(Chunking.whole(), Chunking.byteByByte(), Chunking.fixed(3), Chunking.random(7))) {
                MemoryReactor().use { reactor ->
                    reactor.network.chunking = chunking
                    reactor.runTest {
                        reactor.serve("tcp:8007", views) { for (frame in it.incoming) it.send(frame) }.await()
                        val client = reactor.connect(HERE, texts)
                        val words = List(100) { "word$it" }
                        words.forEach { client.send(it) }
                        withClue("$chunking") { List(100) { client.receive() } shouldBe words }
                        client.close()
                        client.whenClosed().await()
                    }
                }
            }
        }

        "what nobody waits for is a copy, which later bytes do not change" {
            runReactorTest {
                val go = Deferred<Unit>()
                val done = Deferred<List<String>>()
                serve("tcp:8007", views) { connection ->
                    go.await()
                    val kept = List(5) { connection.receive() }
                    connection.receive() // comes in the same buffer as they did
                    done.callback(kept.map { it.text() })
                }.await()
                val client = connect(HERE, texts)
                repeat(5) { client.send("before $it") } // in one read
                nextTurn()
                go.callback(Unit)
                nextTurn()
                client.send("something else of any length")
                done.await() shouldBe List(5) { "before $it" }
                client.close()
            }
        }

        "a message that hasNext has seen is kept when the coroutine suspends before it takes it" {
            runReactorTest {
                val go = Deferred<Unit>()
                val done = Deferred<List<String>>()
                serve("tcp:8007", views) { connection ->
                    val heard = ArrayList<String>()
                    val messages = connection.incoming.iterator()
                    while (heard.size < 3 && messages.hasNext()) {
                        if (!go.called) go.await()
                        heard.add(messages.next().text())
                    }
                    done.callback(heard)
                }.await()
                val client = connect(HERE, texts)
                nextTurn()
                client.send("one")
                nextTurn()
                client.send("two")
                client.send("three")
                nextTurn()
                go.callback(Unit)
                done.await() shouldBe listOf("one", "two", "three")
                client.close()
            }
        }

        "the answer to a request outlives the call" {
            runReactorTest {
                serve("tcp:8007", texts) { for (text in it.incoming) it.send(text.uppercase()) }.await()
                val client = connect(HERE, views)
                val first = client.request(ByteBuffer.wrap("first".encodeToByteArray()))
                val second = client.request(ByteBuffer.wrap("second".encodeToByteArray()))
                val answers = listOf(first.await(), second.await())
                answers.map { it.text() } shouldBe listOf("FIRST", "SECOND")
                client.close()
            }
        }

        "a view as the body of a message with a header is kept with it" {
            val content = Content.headed(Struct("<i"), Content.view())
            val frame = ByteBuffer.wrap(byteArrayOf(7, 0, 0, 0, 'x'.code.toByte()))
            val kept = content.keep(content.decode(frame))
            frame.put(4, 'y'.code.toByte())
            kept.body.text() shouldBe "x"
            kept.header.int(0) shouldBe 7
            val other = Content.headed(Struct("<i"), Content.bytes())
            val message = other.decode(frame.clear())
            other.keep(message) shouldBeSameInstanceAs message
        }

        "receivers send what they get as it is" {
            class Lines : LineOnlyReceiver() {
                override fun lineReceived(view: ByteBuffer) = sendLine(view)
            }

            class Strings : Int16StringReceiver() {
                override fun stringReceived(view: ByteBuffer) = sendString(view)
            }
            for ((factory, bytes) in listOf(
                Factory {
                    Lines()
                } to "one\r\ntwo\r\n",
                Factory { Strings() } to "\u0000\u0003abc\u0000\u0000",
            )) {
                val transport = StringTransport()
                val protocol = factory.buildProtocol(transport.peer())!!
                protocol.makeConnection(transport)
                protocol.dataReceived(bytes.encodeToByteArray())
                transport.value().decodeToString() shouldBe bytes
            }
        }

        "a buffer is framed like an array, and refused like one" {
            fun bytesOf(encode: (FrameSink) -> Unit) = java.io.ByteArrayOutputStream().also { out -> encode(out::write) }.toByteArray()
            val payload = "payload".encodeToByteArray()
            val framings =
                listOf(
                    LineFraming(),
                    LineFraming.anyNewline(),
                    IntPrefixFraming(1),
                    IntPrefixFraming(2, ByteOrder.LITTLE_ENDIAN),
                    IntPrefixFraming(4),
                    NetstringFraming(),
                    FixedFraming(payload.size),
                    RawFraming,
                )
            for (framing in framings) {
                val buffer = ByteBuffer.allocateDirect(20).position(5).put(payload).limit(5 + payload.size).position(5)
                withClue("$framing") {
                    bytesOf { framing.encode(buffer, it) } shouldBe bytesOf { framing.encode(payload, it) }
                    buffer.remaining() shouldBe 0
                }
            }
            shouldThrow<StringTooLongException> { LineFraming(maxLength = 3).encode(ByteBuffer.wrap(payload)) { _, _, _ -> } }
            shouldThrow<EncodeException> { LineFraming("load".encodeToByteArray()).encode(ByteBuffer.wrap(payload)) { _, _, _ -> } }
            LineFraming("load".encodeToByteArray()).let { framing ->
                val inside = ByteBuffer.wrap(payload).limit(6) // the delimiter is not whole in what remains
                bytesOf { framing.encode(inside, it) }.decodeToString() shouldBe "payloaload"
            }
            shouldThrow<StringTooLongException> { IntPrefixFraming(1).encode(ByteBuffer.allocate(256)) { _, _, _ -> } }
        }
    })
