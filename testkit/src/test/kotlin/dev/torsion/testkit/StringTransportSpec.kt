// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.WriteLimitExceededException
import dev.torsion.net.WrongThreadException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import java.nio.ByteBuffer
import kotlin.concurrent.thread

private open class Recording : Protocol() {
    val received = ArrayList<String>()
    var reason: CloseReason? = null

    override fun dataReceived(data: ByteArray) {
        received.add(String(data))
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

private class Told : Producer {
    val told = ArrayList<String>()

    override fun resumeProducing() {
        told.add("resume")
    }

    override fun pauseProducing() {
        told.add("pause")
    }

    override fun stopProducing() {
        told.add("stop")
    }
}

class StringTransportSpec :
    StringSpec({
        lateinit var transport: StringTransport
        lateinit var protocol: Recording
        beforeTest {
            protocol = Recording()
            transport = StringTransport().connect(protocol)
        }

        "it keeps what is written until it is cleared" {
            transport.write("one ".toByteArray())
            transport.write(ByteBuffer.wrap("two ".toByteArray()))
            transport.writeSequence(listOf("three".toByteArray(), " four".toByteArray()))
            transport.text() shouldBe "one two three four"
            transport.clear()
            transport.value().size shouldBe 0
        }

        "data reaches the protocol, in a view that does not outlive the call" {
            transport.receive("hello")
            protocol.received.shouldContainExactly("hello")
            var kept: ByteBuffer? = null
            val keeping =
                object : Protocol() {
                    override fun dataReceived(view: ByteBuffer) {
                        kept = view
                    }
                }
            StringTransport().connect(keeping).receive("ab")
            kept!!.isReadOnly shouldBe true
            Charsets.UTF_8.decode(kept).toString() shouldBe "ZZ"
        }

        "what is written after loseConnection is kept until the connection is gone" {
            transport.loseConnection()
            transport.isDisconnecting shouldBe true
            transport.write("late".toByteArray())
            transport.text() shouldBe "late"
            transport.lose()
            transport.write("too late".toByteArray())
            transport.text() shouldBe "late"
            protocol.reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.US
            transport.isDisconnected shouldBe true
        }

        "abort is remembered, and its cause reaches the protocol when the test ends the connection" {
            val cause = IllegalStateException("bad frame")
            transport.abortConnection(cause)
            transport.isAborted shouldBe true
            transport.abortCause shouldBeSameInstanceAs cause
            protocol.reason shouldBe null
            transport.write("late".toByteArray())
            transport.text() shouldBe ""
            shouldThrow<IllegalStateException> { transport.receive("late") }
            transport.lose()
            protocol.reason.shouldBeInstanceOf<ConnectionAborted>().cause shouldBeSameInstanceAs cause
        }

        "the test may give any reason, once" {
            val reason = ConnectionLost("the cable is cut")
            transport.lose(reason)
            protocol.reason shouldBeSameInstanceAs reason
            shouldThrow<IllegalStateException> { transport.lose() }
        }

        "pausing stops what the test may deliver" {
            transport.pauseProducing()
            transport.isReadingPaused shouldBe true
            shouldThrow<IllegalStateException> { transport.receive("no") }
            transport.resumeProducing()
            transport.receive("yes")
            protocol.received.shouldContainExactly("yes")
        }

        "a stalled peer pauses a streaming producer, until it is drained" {
            val producer = Told()
            transport.registerProducer(producer, true)
            transport.isStreaming shouldBe true
            transport.producer shouldBeSameInstanceAs producer
            transport.isStalled = true
            transport.write(ByteArray(65_536))
            transport.isWritable shouldBe true
            transport.write(ByteArray(1))
            transport.isWritable shouldBe false
            transport.bufferedBytes shouldBe 65_537
            transport.value().size shouldBe 65_537
            val writable = transport.whenWritable()
            writable.called shouldBe false
            producer.told.shouldContainExactly("pause")
            transport.clear()
            transport.write(ByteArray(3))
            transport.value().size shouldBe 3
            transport.drain()
            transport.value().size shouldBe 3
            producer.told.shouldContainExactly("pause", "resume")
            writable.called shouldBe true
            transport.lose()
            producer.told.shouldContainExactly("pause", "resume", "stop")
        }

        "a pull producer is asked at each drain" {
            val producer = Told()
            transport.registerProducer(producer, false)
            transport.drain()
            transport.drain()
            producer.told.shouldContainExactly("resume", "resume", "resume")
        }

        "a second producer is refused, and one that comes too late is stopped" {
            transport.registerProducer(Told(), true)
            shouldThrow<IllegalStateException> { transport.registerProducer(Told(), true) }
            transport.unregisterProducer()
            transport.lose()
            val late = Told()
            transport.registerProducer(late, true)
            late.told.shouldContainExactly("stop")
        }

        "the write limit holds" {
            val small = StringTransport(
                options = TcpOptions(StreamOptions(highWaterMark = 10, lowWaterMark = 5, writeLimit = 20)),
            ).connect(protocol)
            small.isStalled = true
            small.write(ByteArray(21)) // one write may be larger
            small.bufferedBytes shouldBe 21
            small.write(ByteArray(20))
            small.isAborted shouldBe false
            small.write(ByteArray(1))
            small.abortCause.shouldBeInstanceOf<WriteLimitExceededException>().limit shouldBe 20
        }

        "the end of the peer's half" {
            transport.receiveEnd()
            transport.isDisconnecting shouldBe true
            transport.write(ByteArray(1))
            transport.value().size shouldBe 0
            transport.lose()
            protocol.reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.PEER
            var told = 0
            val half =
                object : Protocol(), HalfCloseableProtocol {
                    override fun readConnectionLost() {
                        told++
                    }

                    override fun writeConnectionLost() = Unit
                }
            val other = StringTransport().connect(half)
            other.receiveEnd()
            told shouldBe 1
            other.isDisconnecting shouldBe false
            other.loseWriteConnection()
            other.isWriteClosed shouldBe true
            other.write(ByteArray(1))
            other.value().size shouldBe 0
        }

        "coroutines end with the connection, and abort it when they fail" {
            val job = transport.scope.launch { awaitCancellation() }
            transport.lose()
            job.isCancelled shouldBe true
            val broken = IllegalStateException("broken")
            val other = StringTransport().connect(Recording())
            other.scope.launch { throw broken }
            other.abortCause shouldBeSameInstanceAs broken
        }

        "another thread is refused" {
            var refused: Throwable? = null
            thread { refused = runCatching { transport.write(ByteArray(1)) }.exceptionOrNull() }.join()
            refused.shouldBeInstanceOf<WrongThreadException>()
            transport.value().size shouldBe 0
        }

        "what the protocol throws aborts the connection, and comes to the test" {
            val broken = IllegalStateException("broken")
            val throwing =
                object : Recording() {
                    override fun dataReceived(data: ByteArray) = throw broken
                }
            val other = StringTransport().connect(throwing)
            shouldThrow<IllegalStateException> { other.receive("x") } shouldBeSameInstanceAs broken
            other.abortCause shouldBeSameInstanceAs broken
            other.lose()
            throwing.reason.shouldBeInstanceOf<ConnectionAborted>().cause shouldBeSameInstanceAs broken
        }

        "a protocol gets no more than it wants, and the rest when it goes on" {
            val slow =
                object : Recording() {
                    override fun receiveLimit() = 2

                    override fun dataReceived(data: ByteArray) {
                        super.dataReceived(data)
                        if (received.size == 2) this.transport.pauseProducing()
                    }
                }
            val other = StringTransport().connect(slow)
            other.receive("abcdef")
            slow.received.shouldContainExactly("ab", "cd")
            slow.transport.resumeProducing()
            other.drain()
            slow.received.shouldContainExactly("ab", "cd", "ef")
        }

        "closing waits for a producer, as on a real connection, and both halves can end" {
            val producer = Told()
            transport.registerProducer(producer, true)
            transport.loseConnection()
            transport.receiveEnd()
            transport.write("last".toByteArray())
            transport.unregisterProducer()
            transport.text() shouldBe "last"
            transport.lose()
            protocol.reason.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.US
            val told = ArrayList<String>()
            val half =
                object : Recording(), HalfCloseableProtocol {
                    override fun readConnectionLost() {
                        told.add("read")
                    }

                    override fun writeConnectionLost() {
                        told.add("write")
                    }
                }
            val other = StringTransport().connect(half)
            other.loseWriteConnection()
            other.receiveEnd()
            told.shouldContainExactly("write", "read")
        }

        "it tells its state" {
            "$transport" shouldContain "192.0.2.1:54321 <-> 192.0.2.2:12345, open, 0 bytes written"
        }
    })
