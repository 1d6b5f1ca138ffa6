// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.Transport
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

private const val KIB = 1024
private const val FRAMES_IN_THE_INBOX = 16
private const val OVERHEAD = 13 // the most that one of the framings below adds to a payload

/** The memory for bytes that nobody takes depends on the framing's limit, and on nothing that the peer does. */
class KeptMemorySpec :
    StringSpec({
        val framings =
            listOf(
                LineFraming(maxLength = 100),
                LineFraming(maxLength = 2_000),
                LineFraming(),
                LineFraming.anyNewline(50_000),
                IntPrefixFraming(1),
                IntPrefixFraming(4, maxLength = 5_000),
                IntPrefixFraming(4),
                NetstringFraming(10_000),
                FixedFraming(12),
                FixedFraming(30_000),
                HeaderFraming(Struct("<iii"), lengthField = 1, maxBody = 20_000),
            )

        fun Framing.payload(size: Int): ByteArray = when (this) {
            is HeaderFraming -> header.pack(1, size, 2) + ByteArray(size) { 'x'.code.toByte() }
            is FixedFraming -> ByteArray(length)
            else -> ByteArray(size) { 'x'.code.toByte() }
        }

        fun Framing.longest(): Int = when (this) {
            is LineFraming -> maxLength
            is IntPrefixFraming -> maxLength
            is NetstringFraming -> maxLength
            is HeaderFraming -> maxBody
            else -> frameLimit
        }

        fun allowed(framing: Framing) = maxOf(KIB, framing.frameLimit + framing.frameLimit / 4)

        "the limit of a framing is the size of its longest frame" {
            for (framing in framings) {
                val longest = framing.encoded(framing.payload(framing.longest()))
                withClue("$framing") { (longest.size to framing.frameLimit) shouldBe (framing.frameLimit to framing.frameLimit) }
            }
        }

        "an unfinished frame takes no larger an array, in pieces of any size" {
            for (framing in framings) {
                val longest = framing.encoded(framing.payload(framing.longest())).dropLast(1).toByteArray()
                for (piece in listOf(1, 7, 100, 1_000, 16 * KIB)) {
                    if (piece == 1 && longest.size > 40_000) continue
                    val frames = Frames()
                    val reader = FrameReader(framing.newDecoder(), frames, framing.frameLimit)
                    for (start in longest.indices step piece) {
                        reader.feed(ByteBuffer.wrap(longest, start, minOf(piece, longest.size - start)))
                        withClue("$framing in pieces of $piece") { reader.keptCapacity shouldBeLessThanOrEqual allowed(framing) }
                    }
                    reader.keptBytes shouldBe longest.size
                }
            }
        }

        /** A consumer that takes [takes] frames and no more, fed from a transport that asks how much it may read. */
        class Stalling(val framing: Framing, var takes: Int) : FrameConsumer {
            val reader = FrameReader(framing.newDecoder(), this, framing.frameLimit)
            val ahead = ReadAhead(framing.frameLimit)

            override fun isReady() = takes > 0

            override fun frameReceived(frame: ByteBuffer) {
                takes--
            }

            override fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer) = throw violation

            /** Reads from [stream] until it stalls; how much it has read. */
            fun read(stream: ByteArray): Int {
                var at = 0
                while (at < stream.size && (isReady() || reader.keptBytes == 0)) {
                    val count = minOf(ahead.limit(reader.keptBytes, unfinished = isReady()), stream.size - at, 256 * KIB)
                    reader.feed(ByteBuffer.wrap(stream, at, count))
                    at += count
                    ahead.wasRead(count, reader.keptBytes, behind = !isReady())
                }
                return at
            }
        }

        "what is left of a read when the consumer has enough takes no larger an array" {
            for (framing in framings) {
                for (size in listOf(0, 10, framing.longest() / 3, framing.longest())) {
                    val frame = framing.encoded(framing.payload(minOf(size, framing.longest())))
                    val stream = ByteArray(frame.size * (1_000_000 / frame.size)) { frame[it % frame.size] }
                    for (takes in listOf(0, 1)) {
                        val stalling = Stalling(framing, takes)
                        stalling.read(stream)
                        withClue("$framing, frames of $size, $takes taken") {
                            stalling.reader.keptCapacity shouldBeLessThanOrEqual allowed(framing)
                        }
                        stalling.ahead.settle(0)
                    }
                }
            }
        }

        "one that takes everything is read in large pieces soon, and one that stalls after that borrows of a common sum" {
            val framing = LineFraming(maxLength = 1_000)
            val line = framing.encoded(ByteArray(100) { 'x'.code.toByte() })
            val stream = ByteArray(line.size * 20_000) { line[it % line.size] }
            val all =
                List(300) {
                    val stalling = Stalling(framing, takes = 15_000)
                    stalling.read(stream)
                    stalling
                }
            all[0].reader.keptBytes shouldBeGreaterThan 10 * KIB // it had earned it
            val over = all.sumOf { maxOf(0, it.reader.keptBytes - allowed(framing)) }
            over shouldBeLessThanOrEqual KIB * KIB
            // A peer that has not stalled is served all the same.
            val fine = Stalling(framing, Int.MAX_VALUE)
            fine.read(stream) shouldBe stream.size
            all.forEach { it.ahead.settle(0) }
            val last = Stalling(framing, takes = 15_000)
            last.read(stream)
            last.reader.keptBytes shouldBeGreaterThan 10 * KIB
            last.ahead.settle(0)
        }

        /** Sends as much as it can. */
        class Flood(val stream: ByteArray) : Protocol() {
            override fun connectionMade() = transport.write(stream)
        }

        /** Builds what [inner] builds, and sums up what is delivered to it. */
        class Counting(val inner: Factory) : Factory() {
            var bytes = 0

            override fun buildProtocol(address: Address): Protocol {
                val protocol = inner.buildProtocol(address)!!
                return object : Protocol() {
                    override fun makeConnection(transport: Transport) {
                        super.makeConnection(transport)
                        protocol.makeConnection(transport)
                    }

                    override fun receiveLimit() = protocol.receiveLimit()

                    override fun dataReceived(view: ByteBuffer) {
                        bytes += view.remaining()
                        protocol.dataReceived(view)
                    }

                    override fun endConnection(reason: CloseReason) = protocol.endConnection(reason)
                }
            }
        }

        // Each connection has work of its own: that on a last message is cancelled with its connection.
        fun endless() = Deferred<Unit>()
        val voices =
            mapOf<String, (MemoryReactor, Codec<ByteArray>) -> Factory>(
                "a callback that is busy" to { reactor, codec -> ConnectionFactory(reactor, codec) { c -> c.onMessage { endless() } } },
                "nobody who receives" to { reactor, codec -> ConnectionFactory(reactor, codec) { } },
                "a coroutine that is busy" to { reactor, codec ->
                    ConnectionFactory(reactor, codec, ConnectionOptions.DEFAULT, isServed = true) { c ->
                        c.runHandler {
                            it.receive()
                            endless().await()
                        }
                    }
                },
                "a protocol class that pauses" to { _, codec ->
                    Factory {
                        object : FrameReceiver(codec.framing) {
                            override fun frameReceived(frame: ByteBuffer) = pauseProducing()
                        }
                    }
                },
            )
        for ((who, make) in voices) {
            "$who: no more is read than the limit and a quarter, beside what was taken" {
                for (framing in framings) {
                    for (size in setOf(minOf(10, framing.longest()), framing.longest())) {
                        MemoryReactor().use { reactor ->
                            reactor.runTest(10.minutes) {
                                val counting = Counting(make(reactor, Codec(framing, Content.bytes())))
                                val port = reactor.listenTcp(0, counting)
                                val frame = framing.encoded(framing.payload(size))
                                val stream = ByteArray(frame.size * (2_000_000 / frame.size)) { frame[it % frame.size] }
                                clientFromString(reactor, port.endpoint).connect(Factory { Flood(stream) }).await()
                                delay(30.seconds)
                                withClue("$framing, frames of $size") {
                                    counting.bytes shouldBeGreaterThan 0
                                    counting.bytes shouldBeLessThanOrEqual allowed(framing) + frame.size + FRAMES_IN_THE_INBOX * OVERHEAD
                                }
                            }
                        }
                    }
                }
            }
        }

        "a message longer than a framing of the user's has said arrives all the same" {
            val careless =
                object : Framing {
                    val inner = IntPrefixFraming(4, maxLength = 3_000_000)

                    override fun newDecoder() = inner.newDecoder()

                    override fun encode(payload: ByteArray, sink: FrameSink) = inner.encode(payload, sink)
                }
            runReactorTest {
                val codec = Codec(careless, Content.bytes())
                serve("tcp:8007", codec) { c -> c.send(c.receive().copyOf(10)) }.await()
                val client = connect("tcp:127.0.0.1:8007", codec)
                client.request(ByteArray(3_000_000)).await().size shouldBe 10
            }
        }
    })
