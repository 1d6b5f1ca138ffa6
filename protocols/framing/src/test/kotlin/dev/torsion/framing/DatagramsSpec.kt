// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.endpoint.EndpointSyntaxException
import dev.torsion.endpoint.UdpEndpoint
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramTooLongException
import dev.torsion.net.IPv4Address
import dev.torsion.net.InvalidAddressException
import dev.torsion.net.PortClosedException
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.WrongThreadException
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val TEXT = RawCodec().text()

class DatagramsSpec :
    StringSpec({
        "a coroutine asks another, by address and by connection" {
            runReactorTest { scope ->
                val server = openDatagrams("udp:0:interface=127.0.0.1", TEXT).await()
                val serving = scope.launch { server.incoming.collect { (text, sender) -> server.send(text.uppercase(), sender) } }
                val client = openDatagrams("udp:0:interface=127.0.0.1", TEXT).await()
                client.send("hello", server.host())
                client.receive().let { (text, sender) ->
                    text shouldBe "HELLO"
                    sender shouldBe server.host()
                }
                val connected = connectDatagrams("127.0.0.1", server.host().port, TEXT).await()
                connected.peer() shouldBe server.host()
                connected.send("")
                connected.receive().message shouldBe ""
                connected.send("again")
                connected.receive().message shouldBe "AGAIN"
                serving.cancelAndJoin()
                listOf(server, client, connected).forEach { it.close().await() }
            }
        }

        "the inbox is bounded: what comes when it is full is lost and counted" {
            runReactorTest {
                val (client, server) = pair(TEXT, inboxLimit = 3)
                repeat(5) { client.write("$it") }
                delay(1.milliseconds)
                server.droppedMessages shouldBe 2
                server.incoming.take(3).toList().map { it.message } shouldContainExactly listOf("0", "1", "2")
                client.write("next")
                server.receive().message shouldBe "next"
                server.droppedMessages shouldBe 2
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "cancelling one that waits loses no message, at any moment" {
            runReactorTest { scope ->
                val (client, server) = pair(TEXT)
                withTimeoutOrNull(1.seconds) { server.receive() } shouldBe null
                // Cancelled in the very turn in which the message is on its way to it, at each place in the order of that turn.
                for (place in listOf(true, false)) {
                    val waiting = scope.async(start = CoroutineStart.UNDISPATCHED) { server.receive() }
                    client.write("one")
                    client.transport.write("\u0000".encodeToByteArray())
                    if (place) callLater(0, TimeUnit.NANOSECONDS) { waiting.cancel(null) } else callFromThread { waiting.cancel(null) }
                    waiting.join()
                    val heard = if (waiting.isCancelled) server.receive() else waiting.await()
                    heard.message shouldBe "one"
                    server.receive().message shouldBe "\u0000"
                }
                client.write("one")
                client.write("two")
                val rest = server.incoming.take(2).toList().map { it.message }
                rest shouldContainExactly listOf("one", "two")
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "a coroutine that sends without end leaves others their turn" {
            runReactorTest {
                val (client, server) = pair(TEXT)
                var isOthersTurn = false
                callFromThread { isOthersTurn = true }
                var sent = 0
                while (!isOthersTurn && sent < 10_000) {
                    client.send("x")
                    sent++
                }
                sent shouldBeInRange 64..256
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "several coroutines that wait take turns" {
            runReactorTest { scope ->
                val (client, server) = pair(TEXT)
                val first = scope.async(start = CoroutineStart.UNDISPATCHED) { server.receive().message }
                val second = scope.async(start = CoroutineStart.UNDISPATCHED) { server.receive().message }
                client.write("one")
                client.write("two")
                first.await() shouldBe "one"
                second.await() shouldBe "two"
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "a refusal fails the call that waits, and the port lives; a flow goes on" {
            runReactorTest { scope ->
                val client = connectDatagrams("127.0.0.1", 4000, TEXT).await()
                client.send("anybody?")
                shouldThrow<ConnectionRefusedException> { client.receive() }.destination shouldBe "127.0.0.1:4000"
                val heard = scope.async { client.incoming.take(1).toList().map { it.message } }
                client.send("still nobody?")
                delay(1.seconds)
                val server = openDatagrams("udp:4000:interface=127.0.0.1", TEXT).await()
                client.send("and now?")
                server.receive().let { (_, sender) -> server.send("here", sender) }
                heard.await() shouldContainExactly listOf("here")
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "close ends those who wait, and everything after it says so" {
            runReactorTest { scope ->
                val (client, server) = pair(TEXT)
                client.write("never received")
                delay(1.milliseconds)
                val late = scope.async { runCatching { client.receive() }.exceptionOrNull() }
                delay(1.milliseconds)
                server.close().await()
                client.close().await()
                (late.await() is PortClosedException) shouldBe true
                shouldThrow<PortClosedException> { server.receive() }
                shouldThrow<PortClosedException> { server.send("x", client.host()) }
                shouldThrow<PortClosedException> { server.incoming.toList() }
                server.write("ignored", client.host())
                server.close().await()
            }
        }

        "the end of the reactor ends those who wait" {
            val reactor = MemoryReactor()
            var ended: Throwable? = null
            reactor.callWhenRunning {
                reactor.openDatagrams("udp:0", TEXT).addCallback { port ->
                    port.receiveDeferred().addBoth {
                        ended = (it as? Failure)?.value
                        null
                    }
                    reactor.stop()
                }
            }
            reactor.run()
            (ended is PortClosedException) shouldBe true
        }

        "a handler gets what waits and what comes; what it throws is reported, and the next comes all the same" {
            val errors = ArrayList<Throwable>()
            MemoryReactor { _, error -> errors.add(error) }.use { reactor ->
                val server = reactor.await(reactor.openDatagrams("udp:4000:interface=127.0.0.1", TEXT))
                val client = reactor.await(reactor.connectDatagrams("127.0.0.1", 4000, TEXT))
                client.write("waits")
                reactor.flush()
                val heard = ArrayList<String>()
                server.onDatagram { (text) ->
                    heard.add(text)
                    check(text != "bad") { "a bad one" }
                }
                shouldThrow<IllegalStateException> { server.onDatagram { } }
                shouldThrow<IllegalStateException> { server.receiveDeferred() }
                listOf("bad", "good").forEach { client.write(it) }
                reactor.flush()
                heard shouldContainExactly listOf("waits", "bad", "good")
                errors.map { it.message } shouldContainExactly listOf("a bad one")
            }
        }

        "each codec of the framing is one message in a datagram" {
            val codecs =
                listOf(
                    LineCodec(),
                    Int8Codec().text(),
                    Int16Codec().text(),
                    Int32Codec().text(),
                    NetstringCodec().text(),
                    RawCodec().text(),
                    FixedCodec(5).text(),
                )
            runReactorTest {
                for (codec in codecs) {
                    val (client, server) = pair(codec)
                    client.send("hello")
                    server.receive().message shouldBe "hello"
                    listOf(client, server).forEach { it.close().await() }
                }
            }
        }

        "what is no whole message is counted, and ends nothing" {
            runReactorTest {
                val (client, server) = pair(LineCodec(maxLength = 10))
                for (bad in listOf("", "no end", "two\r\nlines\r\n", "much too long a line\r\n", "rest\r\n.", "\u0000".repeat(50))) {
                    client.transport.write(bad.encodeToByteArray())
                }
                client.transport.write(byteArrayOf(0xc3.toByte(), 13, 10)) // no UTF-8
                client.write("good")
                server.receive().message shouldBe "good"
                server.malformedDatagrams shouldBe 7
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "one that is longer than maxPacketSize is counted as not understood" {
            runReactorTest {
                val options = DatagramOptions.DEFAULT.withMaxPacketSize(5)
                val server = openDatagrams(UdpEndpoint(this, 0, "127.0.0.1", options), TEXT).await()
                val client = connectDatagrams("127.0.0.1", server.host().port, TEXT).await()
                listOf("123456", "12345").forEach { client.send(it) }
                server.receive().message shouldBe "12345"
                server.malformedDatagrams shouldBe 1
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "send waits until the system takes the datagrams" {
            runReactorTest { scope ->
                network.window = 1000
                val (client, server) = pair(RawCodec())
                var sent = 0
                val sending = scope.launch { repeat(50) { client.send(ByteArray(400)).also { sent++ } } }
                delay(0.milliseconds)
                (sent < 50) shouldBe true
                sending.join()
                client.transport.droppedDatagrams shouldBe 0
                server.incoming.take(50).toList().size shouldBe 50
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "views are valid in a handler, and copied for those who receive" {
            runReactorTest {
                val (client, server) = pair(RawCodec().with(Content.view()))
                client.write(ByteBuffer.wrap("first".encodeToByteArray()))
                client.write(ByteBuffer.wrap("second".encodeToByteArray()))
                delay(1.milliseconds)
                fun text(view: ByteBuffer) = ByteArray(view.remaining()).also(view::get).decodeToString()
                server.incoming.take(2).toList().map { text(it.message) } shouldContainExactly listOf("first", "second")
                val echoed = ArrayList<String>()
                server.onDatagram { (view, sender) -> server.write(view, sender) }
                client.onDatagram { (view) -> echoed.add(text(view)) }
                client.write(ByteBuffer.wrap("there and back".encodeToByteArray()))
                delay(1.milliseconds)
                echoed shouldContainExactly listOf("there and back")
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "errors are typed: a string that is wrong, a port that is taken, names, what is too long" {
            runReactorTest {
                shouldThrow<EndpointSyntaxException> { openDatagrams("tcp:1", TEXT) }.message!! shouldContain "udp"
                shouldThrow<EndpointSyntaxException> { openDatagrams("udp:70000", TEXT) }
                shouldThrow<EndpointSyntaxException> { openDatagrams("udp:1:interfac=x", TEXT) }
                shouldThrow<EndpointSyntaxException> { openDatagrams("udp:1:listenMultiple=perhaps", TEXT) }
                val (client, server) = pair(TEXT)
                shouldThrow<CannotListenException> { openDatagrams("udp:${server.host().port}:interface=127.0.0.1", TEXT).await() }
                shouldThrow<InvalidAddressException> { server.send("x", IPv4Address("example.com", 9)) }
                shouldThrow<DatagramTooLongException> { server.send("x".repeat(70_000), client.host()) }
                shouldThrow<EncodeException> { pair(LineCodec()).first.send("two\r\nlines") }
                var refused: Throwable? = null
                thread { refused = runCatching { server.write("x", client.host()) }.exceptionOrNull() }.join()
                (refused is WrongThreadException) shouldBe true
                listOf(client, server).forEach { it.close().await() }
            }
        }

        "a codec of datagrams gives what its codec gives, or a violation, for any bytes" {
            val random = java.util.Random(7)
            val codecs = listOf(LineCodec(), Int16Codec().text(), NetstringCodec().text(), FixedCodec(4).text(), RawCodec().text())
            for (codec in codecs) {
                val whole = DatagramCodec(codec).encode("abcd").let { view -> ByteArray(view.remaining()).also(view.duplicate()::get) }
                var understood = 0
                repeat(2000) { round ->
                    val bytes = if (round % 2 == 0) ByteArray(random.nextInt(8)).also(random::nextBytes) else whole.clone()
                    if (round % 4 == 1) bytes[random.nextInt(bytes.size)] = random.nextInt(256).toByte()
                    try {
                        val message = DatagramCodec(codec).decode(ByteBuffer.wrap(bytes))
                        val encoded = DatagramCodec(codec).encode(message)
                        DatagramCodec(codec).decode(encoded.duplicate()) shouldBe message
                        understood++
                    } catch (_: ProtocolViolationException) {
                        // refused
                    }
                }
                withClue(codec) { understood shouldBeGreaterThan 0 }
            }
        }
    })

/** A client that is connected to a server. */
private suspend fun <T : Any> MemoryReactor.pair(codec: Codec<T>, inboxLimit: Int = 256): Pair<MessagePort<T>, MessagePort<T>> {
    val server = openDatagrams("udp:0:interface=127.0.0.1", codec, inboxLimit).await()
    val client = connectDatagrams("127.0.0.1", server.host().port, codec).await()
    return client to server
}
