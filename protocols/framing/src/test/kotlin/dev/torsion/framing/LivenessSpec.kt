// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.Factory
import dev.torsion.net.MinimumRate
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldNotBeInstanceOf
import kotlinx.coroutines.delay
import java.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

/** How a peer that has gone silent is found, in each direction and inside a frame. */
class LivenessSpec :
    StringSpec({
        fun MemoryReactor.seconds() = nanoTime() / 1_000_000_000

        "a peer that sends nothing is found by readIdleTimeout, however much it is sent" {
            runReactorTest(10.hours) {
                val options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(10))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { }
                    c.every(Duration.ofSeconds(1), "price")
                }
                val client = connect(HERE, LineCodec())
                client.onMessage { }
                delay(5.seconds)
                client.write("still here")
                delay(9.seconds)
                server().closeReason.shouldBeNull()
                server().whenClosed().await().cause.shouldBeInstanceOf<ReadIdleTimeoutException>().timeout shouldBe Duration.ofSeconds(10)
                seconds() shouldBe 15
            }
        }

        "a peer may be silent between two frames, and within one it keeps to the least rate" {
            val reading = MinimumRate.builder().reading(100).grace(Duration.ofSeconds(10)).build()
            val slow = TcpOptions.DEFAULT.withStream(StreamOptions.DEFAULT.withMinimumRate(reading))
            val rawMode = mutableListOf<LineReceiver>()
            val servers =
                listOf<MemoryReactor.() -> Unit>(
                    { listen("tcp:8007", LineCodec(), ConnectionOptions.DEFAULT.withTransport(slow)) { c -> c.onMessage { c.write(it) } } },
                    {
                        val echo =
                            object : LineReceiver() {
                                override fun lineReceived(line: ByteArray) = sendLine(line)
                            }
                        listenTcp(8007, Factory { echo.also(rawMode::add) }, options = slow)
                    },
                )
            for (begin in servers) {
                runReactorTest(10.hours) {
                    begin(this)
                    val client = connect(HERE, RawCodec())
                    for (line in listOf("one\r\n", "two\r\n")) {
                        delay(1.hours)
                        client.write(line.encodeToByteArray())
                    }
                    delay(1.seconds)
                    client.closeReason.shouldBeNull()
                    val before = seconds()
                    while (client.closeReason == null) {
                        client.write(byteArrayOf('x'.code.toByte()))
                        delay(1.seconds)
                    }
                    seconds() - before shouldBeInRange 10L..12L
                }
            }
            rawMode.single().setRawMode()
            rawMode.single().expectsBytes() shouldBe true
        }

        "heartbeats keep a connection whose other end looks for them, and end with it" {
            runReactorTest(10.hours) {
                val options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { }
                }
                val client = connect(HERE, LineCodec())
                val beats = client.every(Duration.ofSeconds(10), "ping")
                delay(1.hours)
                server().closeReason.shouldBeNull()
                beats.close()
                beats.close()
                server().whenClosed().await().cause.shouldBeInstanceOf<ReadIdleTimeoutException>()
                seconds() shouldBe 3_590 + 30 // the last of them was sent ten seconds before
                delay(1.seconds)
                delayedCalls().count { it.isActive } shouldBe 0
            }
        }

        "heartbeats begin after one interval, stop at a close, and are left out while the peer does not read" {
            runReactorTest(10.hours) {
                val got = ArrayList<String>()
                listen("tcp:8007", LineCodec()) { c -> c.onMessage { got.add("${seconds()} $it") } }.await()
                val client = connect(HERE, LineCodec())
                client.every(Duration.ofSeconds(10), "ping")
                delay(25.seconds)
                got shouldBe listOf("10 ping", "20 ping")
                client.close()
                delay(1.hours)
                got.size shouldBe 2
                client.every(Duration.ofSeconds(1), "late")
                delayedCalls().count { it.isActive } shouldBe 0
                shouldThrow<IllegalArgumentException> { client.every(Duration.ZERO, "never") }
                shouldThrow<EncodeException> { client.every(Duration.ofSeconds(1), "two\nlines") }

                var slow: MessageConnection<String>? = null
                listen("tcp:8008", LineCodec()) { c ->
                    slow = c
                    c.write("x".repeat(10_000).let { line -> List(100) { line }.joinToString("\n") }.substring(0, 10_000))
                    repeat(30) { i -> c.write("x".repeat(10_000) + i) }
                    c.every(Duration.ofSeconds(1), "ping")
                }.await()
                val unread = object : Protocol() {
                    override fun connectionMade() = transport.pauseProducing()
                }
                clientFromString(this, "tcp:127.0.0.1:8008").connect(Factory { unread }).await()
                delay(2.seconds)
                val waiting = slow!!.transport.bufferedBytes
                delay(100.seconds)
                slow.transport.bufferedBytes shouldBe waiting
            }
        }

        "a side that sends nothing is found by writeIdleTimeout, however much it receives" {
            runReactorTest(10.hours) {
                val options = ConnectionOptions.DEFAULT.withWriteIdleTimeout(Duration.ofSeconds(10))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { if (it == "answer") c.write("yes") }
                }
                val client = connect(HERE, LineCodec())
                client.onMessage { }
                client.every(Duration.ofSeconds(1), "question")
                delay(5.seconds)
                client.write("answer")
                delay(9.seconds)
                server().closeReason.shouldBeNull()
                server().whenClosed().await().cause.shouldBeInstanceOf<WriteIdleTimeoutException>().timeout shouldBe Duration.ofSeconds(10)
                seconds() shouldBe 15
            }
        }

        "each timeout says which it was, and the shorter one comes first" {
            val both = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(20)).withWriteIdleTimeout(Duration.ofSeconds(30))
            for (
            (options, expected) in
            listOf(
                both to ReadIdleTimeoutException::class,
                both.withWriteIdleTimeout(Duration.ofSeconds(10)) to WriteIdleTimeoutException::class,
                both.withIdleTimeout(Duration.ofSeconds(5)) to IdleTimeoutException::class,
            )
            ) {
                runReactorTest(10.hours) {
                    val server = accepting(LineCodec(), options) { c ->
                        c.onMessage { }
                    }
                    connect(HERE, LineCodec())
                    server().whenClosed().await().cause!!::class shouldBe expected
                }
            }
        }

        "the time in which we are busy is not the peer's, but it is ours" {
            runReactorTest(10.hours) {
                val work = ArrayList<Deferred<Unit>>()
                val options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(10))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { Deferred<Unit>().also { work.add(it) } }
                }
                connect(HERE, LineCodec()).write("a")
                delay(100.seconds)
                server().closeReason.shouldBeNull()
                work[0].callback(Unit)
                delay(9.seconds)
                server().closeReason.shouldBeNull()
                delay(2.seconds)
                server().closeReason!!.cause.shouldBeInstanceOf<ReadIdleTimeoutException>()
            }
        }

        "a peer that sends half a frame and stops breaks the rules, wherever it stops" {
            val frame = bytes("00000003 616263")
            for (half in 1 until frame.size) {
                for (chunking in listOf(Chunking.whole(), Chunking.byteByByte())) {
                    withClue("$half bytes, $chunking") {
                        MemoryReactor().use { reactor ->
                            reactor.network.chunking = chunking
                            reactor.runTest {
                                var server: MessageConnection<String>? = null
                                val options = ConnectionOptions.DEFAULT.withFrameTimeout(Duration.ofSeconds(5))
                                var error: Throwable? = null
                                reactor.serve("tcp:8007", Int32Codec().text(), options) { c ->
                                    server = c
                                    c.receive() shouldBe "abc"
                                    try {
                                        c.receive()
                                    } catch (e: FrameTimeoutException) {
                                        error = e
                                        throw e
                                    }
                                }.await()
                                val client = reactor.connect(HERE, RawCodec())
                                client.write(frame)
                                delay(10.seconds) // between two frames there is time
                                server!!.closeReason.shouldBeNull()
                                client.write(frame.copyOf(half))
                                delay(4_900.milliseconds)
                                server.closeReason.shouldBeNull()
                                delay(200.milliseconds)
                                val aborted = server.closeReason.shouldBeInstanceOf<ConnectionAborted>()
                                val late = aborted.cause.shouldBeInstanceOf<FrameTimeoutException>()
                                late.timeout shouldBe Duration.ofSeconds(5)
                                late.bytes shouldBe half
                                error shouldBe late
                            }
                        }
                    }
                }
            }
        }

        "a peer that drips a frame byte by byte has no more time than one that stops; whole frames begin anew" {
            runReactorTest(10.hours) {
                val options = ConnectionOptions.DEFAULT.withFrameTimeout(Duration.ofSeconds(5))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { }
                }
                val client = connect(HERE, RawCodec())
                repeat(5) {
                    client.write("begun".encodeToByteArray())
                    delay(4.seconds)
                    client.write(" and ended\nthe next".encodeToByteArray())
                    delay(4.seconds)
                    client.write("\n".encodeToByteArray())
                }
                server().closeReason.shouldBeNull()
                val begun = seconds()
                while (server().closeReason == null) {
                    client.write("x".encodeToByteArray())
                    delay(1.seconds)
                }
                seconds() - begun shouldBeInRange 5L..6L
                server().closeReason!!.cause.shouldBeInstanceOf<FrameTimeoutException>().message shouldContain "5 s: 5 bytes"
            }
        }

        "the beginning of a frame behind one that a handler is busy with is not late" {
            runReactorTest(10.hours) {
                val work = ArrayList<Deferred<Unit>>()
                val options = ConnectionOptions.DEFAULT.withFrameTimeout(Duration.ofSeconds(5))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { Deferred<Unit>().also { work.add(it) } }
                }
                connect(HERE, RawCodec()).write("a\nhalf".encodeToByteArray())
                delay(1.hours)
                server().closeReason.shouldBeNull()
                work[0].callback(Unit)
                delay(4.seconds)
                server().closeReason.shouldBeNull()
                delay(2.seconds)
                server().closeReason!!.cause.shouldBeInstanceOf<FrameTimeoutException>()
            }
        }

        "the rest of a frame that we do not read, since messages wait, is not late" {
            runReactorTest(10.hours) {
                val options = ConnectionOptions.DEFAULT.withFrameTimeout(Duration.ofSeconds(5))
                val codec = Int32Codec(maxLength = 4_000)
                val server = accepting(codec, options)
                val client = connect(HERE, codec)
                repeat(10) { client.write(ByteArray(4_000)) }
                delay(1.hours)
                server().closeReason.shouldBeNull()
                repeat(10) { server().receive().size shouldBe 4_000 }
                client.transport.write(byteArrayOf(0))
                delay(4.seconds)
                server().closeReason.shouldBeNull()
                delay(2.seconds)
                server().closeReason!!.cause.shouldBeInstanceOf<FrameTimeoutException>()
            }
        }

        "an end inside a frame is told as before, and leaves no timer" {
            runReactorTest(10.hours) {
                val options = ConnectionOptions.DEFAULT.withFrameTimeout(Duration.ofHours(5))
                val server = accepting(LineCodec(), options) { c ->
                    c.onMessage { }
                }
                val client = connect(HERE, RawCodec())
                client.write("half".encodeToByteArray())
                delay(1.seconds)
                client.close()
                delay(10.seconds)
                val reason: CloseReason = server().closeReason!!
                reason.cause.shouldBeInstanceOf<TruncatedFrameException>()
                reason.cause.shouldNotBeInstanceOf<FrameTimeoutException>()
                delayedCalls().count { it.isActive } shouldBe 0
            }
        }

        "times are positive" {
            for (bad in listOf(Duration.ZERO, Duration.ofSeconds(-1))) {
                shouldThrow<IllegalArgumentException> { ConnectionOptions(readIdleTimeout = bad) }
                shouldThrow<IllegalArgumentException> { ConnectionOptions(writeIdleTimeout = bad) }
                shouldThrow<IllegalArgumentException> { ConnectionOptions(frameTimeout = bad) }
                shouldThrow<IllegalArgumentException> { ConnectionOptions(answerTimeout = bad) }
            }
        }
    })
