// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.policies

import dev.torsion.clock.callLater
import dev.torsion.loop.ErrorListener
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.MinimumRate
import dev.torsion.net.PeerTooSlowException
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.Throttle
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.advance
import dev.torsion.testkit.runFor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsException
import dev.torsion.tls.listenTls
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import java.time.Duration as JavaDuration

/** One end, which counts what it gets and remembers how it ended. */
private open class Party(private val made: Party.() -> Unit = {}) : Protocol() {
    var count = 0
    var reason: CloseReason? = null
    var isExpecting = true

    override fun connectionMade() = made()

    override fun dataReceived(data: ByteArray) {
        count += data.size
    }

    override fun expectsBytes() = isExpecting

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

/** Takes nothing except when it is told to, and then so much. */
private class Taker : Party({ transport.pauseProducing() }) {
    private var wanted = 0

    fun take(bytes: Int) {
        if (reason != null) return
        wanted = bytes
        transport.resumeProducing()
    }

    override fun receiveLimit() = maxOf(wanted, 1)

    override fun dataReceived(data: ByteArray) {
        super.dataReceived(data)
        wanted -= data.size
        if (wanted <= 0) transport.pauseProducing()
    }
}

/** Writes a piece whenever it may, and has no end. */
private class Endless(private val server: Party, private val piece: Int) : Producer {
    fun begin() = server.transport.registerProducer(this, false)

    override fun resumeProducing() = server.transport.write(ByteArray(piece))

    override fun stopProducing() {}
}

private fun options(rate: MinimumRate.Builder, throttle: Throttle? = null) =
    TcpOptions.DEFAULT.withStream(StreamOptions.DEFAULT.withMinimumRate(rate.build()).withThrottle(throttle))

private fun CloseReason?.shouldBeTooSlow(isReading: Boolean) {
    val error = shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<PeerTooSlowException>()
    error.isReading shouldBe isReading
    error.rate shouldBe 100
    by shouldBe ClosedBy.US
}

class MinimumRateSpec :
    StringSpec({
        lateinit var reactor: MemoryReactor
        beforeTest { reactor = MemoryReactor() }
        afterTest {
            reactor.close()
            reactor.delayedCalls().shouldBeEmpty()
        }

        fun reading() = MinimumRate.builder().reading(100).grace(JavaDuration.ofSeconds(10)).window(JavaDuration.ofSeconds(30))

        fun writing() = MinimumRate.builder().writing(100).grace(JavaDuration.ofSeconds(10)).window(JavaDuration.ofSeconds(30))

        fun connect(server: Party, client: Party, options: TcpOptions) {
            val port = reactor.listenTcp(0, Factory { server }, options = options)
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client })
            reactor.flush()
        }

        /** Sends [count] bytes in each of these seconds; how many seconds went by before it was cut off. */
        fun Party.trickle(count: Int, seconds: Int): Int {
            repeat(seconds) {
                if (reason != null) return it
                transport.write(ByteArray(count))
                reactor.advance(1.seconds)
            }
            return seconds
        }

        "a peer that sends too slowly is cut off, with the reason on both sides" {
            val server = Party()
            val client = Party()
            connect(server, client, options(reading()))
            client.trickle(1, 60) shouldBeInRange 10..11
            server.reason.shouldBeTooSlow(isReading = true)
            server.reason!!.message shouldContain "sends less than 100 bytes per second"
            client.reason.shouldBeInstanceOf<ConnectionLost>()
        }

        "one that is fast enough lives on, and one that says nothing does not" {
            val server = Party()
            val client = Party()
            connect(server, client, options(reading()))
            client.trickle(100, 600) shouldBe 600
            server.count shouldBe 60_000
            reactor.advance(9.seconds)
            server.reason.shouldBeNull()
            reactor.advance(2.seconds)
            server.reason.shouldBeTooSlow(isReading = true)
        }

        "a fast time makes up for a slow one, no longer than the window" {
            val server = Party()
            val client = Party()
            connect(server, client, options(reading()))
            client.transport.write(ByteArray(1_000_000))
            reactor.flush()
            reactor.advance(29.seconds)
            server.reason.shouldBeNull()
            reactor.advance(2.seconds)
            server.reason.shouldBeTooSlow(isReading = true)
        }

        "time in which this side does not read is not the peer's" {
            val server = Party()
            connect(server, Party(), options(reading()))
            reactor.advance(9.seconds)
            server.transport.pauseProducing()
            reactor.advance(1.hours)
            server.transport.resumeProducing()
            reactor.advance(0.5.seconds)
            server.reason.shouldBeNull()
            reactor.advance(1.seconds)
            server.reason.shouldBeTooSlow(isReading = true)
        }

        "a peer that is not to send may be silent, and begins anew when it is to" {
            val server = Party()
            val client = Party()
            connect(server, client, options(reading()))
            server.isExpecting = false
            client.trickle(1, 600) shouldBe 600
            server.isExpecting = true
            client.trickle(1, 60) shouldBeInRange 9..12
            server.reason.shouldBeTooSlow(isReading = true)
        }

        "a peer that has ended its side sends nothing more, and that is not slow" {
            val server =
                object : Party(), HalfCloseableProtocol {
                    override fun readConnectionLost() {}

                    override fun writeConnectionLost() {}
                }
            val client = Party { (transport as HalfCloseableTransport).loseWriteConnection() }
            connect(server, client, options(reading()))
            reactor.advance(1.hours)
            server.reason.shouldBeNull()
            server.transport.loseConnection()
            reactor.flush()
        }

        "a peer that takes nothing is cut off" {
            val server = Party { transport.write(ByteArray(1_000_000)) }
            val client = Party { transport.pauseProducing() }
            connect(server, client, options(writing()))
            reactor.advance(9.seconds)
            server.reason.shouldBeNull()
            reactor.advance(2.seconds)
            server.reason.shouldBeTooSlow(isReading = false)
            server.reason!!.message shouldContain "takes less than 100 bytes per second"
        }

        "a peer that takes enough lives, however long it takes" {
            reactor.network.window = 500
            val server = Party { transport.write(ByteArray(100_000)) }
            val client =
                object : Party() {
                    override fun dataReceived(data: ByteArray) {
                        super.dataReceived(data)
                        transport.pauseProducing()
                    }
                }
            connect(server, client, options(writing()))

            fun takeEach(seconds: Int, times: Int) = repeat(times) {
                reactor.advance(seconds.seconds)
                if (server.reason == null) client.transport.resumeProducing()
                reactor.flush()
            }
            takeEach(seconds = 4, times = 100)
            client.count shouldBeInRange 50_000..51_000
            server.reason.shouldBeNull()
            takeEach(seconds = 6, times = 40)
            client.count shouldBeInRange 52_000..68_000
            server.reason.shouldBeTooSlow(isReading = false)
        }

        "a peer that takes large lumps lives by what it has taken, also when nothing waits in between" {
            reactor.network.window = 300_000
            val server = Party { Endless(this, 64 * 1024).begin() }
            val client = Taker()
            connect(server, client, options(MinimumRate.builder().writing(100).window(JavaDuration.ofSeconds(30))))
            for (seconds in listOf(8) + List(20) { 25 }) {
                reactor.runFor(seconds.seconds)
                client.take(300_000)
                reactor.flush()
                server.reason.shouldBeNull()
            }
            client.count shouldBe 21 * 300_000
            reactor.runFor(29.seconds)
            server.reason.shouldBeNull()
            reactor.runFor(2.seconds)
            server.reason.shouldBeTooSlow(isReading = false)
        }

        "a peer that takes a few bytes at a time gains nothing when nothing waits in between" {
            reactor.network.window = 500
            val server = Party { Endless(this, 12).begin() }
            val client = Taker()
            connect(server, client, options(writing()))
            repeat(10) {
                reactor.runFor(6.seconds)
                client.take(15)
                reactor.flush()
            }
            client.count shouldBe 15
            server.reason.shouldBeTooSlow(isReading = false)
        }

        "a time in which nothing waits gives the grace back" {
            reactor.network.window = 500
            val server = Party { transport.write(ByteArray(1_000)) }
            val client = Taker()
            connect(server, client, options(writing().writing(10_000)))
            reactor.runFor(8.seconds)
            repeat(10) {
                client.take(1_000)
                reactor.flush()
                client.count shouldBe (it + 1) * 1_000
                reactor.runFor(10.seconds)
                server.transport.write(ByteArray(1_000))
                reactor.runFor(9.seconds)
                server.reason.shouldBeNull()
            }
            server.transport.abortConnection()
            reactor.flush()
        }

        "a connection that is quiet, and whose peer has taken everything, is not slow" {
            val server = Party { transport.write(ByteArray(100_000)) }
            val client = Party()
            connect(server, client, options(writing()))
            reactor.advance(1.hours)
            client.count shouldBe 100_000
            server.reason.shouldBeNull()
            server.transport.loseConnection()
            reactor.flush()
        }

        "a producer that has little to say is not the peer's fault" {
            val server =
                Party {
                    val producer =
                        object : Producer {
                            override fun resumeProducing() {}

                            override fun stopProducing() {}
                        }
                    transport.write(ByteArray(100_000))
                    transport.registerProducer(producer, true)
                }
            connect(server, Party(), options(writing()))
            reactor.advance(1.hours)
            server.reason.shouldBeNull()
            server.transport.abortConnection()
            reactor.flush()
        }

        "what a throttle holds up is not the peer's fault" {
            val slow = Throttle.builder().writePerConnection(20).readPerConnection(20).build()
            val server = Party { transport.write(ByteArray(1_000)) }
            val client = Party()
            connect(server, client, options(writing().reading(100), slow))
            server.isExpecting = false
            repeat(4_000) { reactor.advance(0.01.seconds) }
            client.count shouldBeInRange 700..900
            server.reason.shouldBeNull()
            server.transport.abortConnection()
            reactor.flush()
        }

        "what the peer has sent while the loop stood still counts" {
            val server = Party()
            val client = Party()
            connect(server, client, options(reading()))
            val busy = Party()
            val port =
                reactor.listenTcp(
                    0,
                    Factory {
                        object : Protocol() {
                            override fun dataReceived(data: ByteArray) {
                                client.transport.write(ByteArray(1_000))
                                reactor.advance(0.9.seconds)
                            }
                        }
                    },
                )
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { busy })
            reactor.runFor(9.5.seconds)
            busy.transport.write(ByteArray(1))
            reactor.flush()
            server.reason.shouldBeNull()
            reactor.runFor(9.seconds)
            server.reason.shouldBeNull()
            reactor.runFor(2.seconds)
            server.reason.shouldBeTooSlow(isReading = true)
        }

        "a long standstill of the loop is not the peer's, in both directions" {
            for (isReading in listOf(true, false)) {
                reactor.network.window = 500
                val server = Party { if (!isReading) Endless(this, 1_000).begin() }
                val client = if (isReading) Party() else Taker()
                connect(server, client, options(if (isReading) reading() else writing()))
                reactor.runFor(9.5.seconds)
                reactor.callLater(0.4.seconds) { reactor.advance(1.hours) }
                reactor.runFor(1.seconds)
                reactor.runFor(9.seconds)
                server.reason.shouldBeNull()
                reactor.runFor(2.seconds)
                server.reason.shouldBeTooSlow(isReading)
            }
        }

        "a frame that begins anew has the grace, and not what a fast time has left" {
            val server = Party()
            val client = Party()
            connect(server, client, options(reading()))
            client.transport.write(ByteArray(1_000_000))
            reactor.runFor(11.seconds)
            server.isExpecting = false
            client.transport.write(ByteArray(1))
            reactor.runFor(1.seconds)
            server.isExpecting = true
            client.transport.write(ByteArray(1))
            reactor.runFor(9.5.seconds)
            server.reason.shouldBeNull()
            reactor.runFor(1.seconds)
            server.reason.shouldBeTooSlow(isReading = true)
        }

        "a connection that is cut because its closing takes too long leaves no timer" {
            val server = Party { transport.write(ByteArray(1_000_000)) }
            val client = Party { transport.pauseProducing() }
            connect(server, client, options(writing().reading(100).grace(JavaDuration.ofHours(1))))
            server.transport.loseConnection()
            reactor.runFor(31.seconds)
            server.reason.shouldBeInstanceOf<ConnectionLost>()
            reactor.delayedCalls().shouldBeEmpty()
            client.transport.abortConnection()
            reactor.flush()
        }

        "a handshake of TLS that trickles is cut off" {
            val server = Party()
            val failures = ArrayList<TlsException>()
            val tls = Tls.server(Tls.selfSigned("localhost")).withHandshakeTimeout(JavaDuration.ofDays(1)).withFailureListener {
                    _,
                    reason,
                ->
                failures.add(reason)
            }
            val port = reactor.listenTls(0, Factory { server }, tls, options = options(reading()))
            val client = Party()
            reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client })
            reactor.flush()
            val hello = byteArrayOf(22, 3, 1, 1, 0)
            hello.forEach {
                client.transport.write(byteArrayOf(it))
                reactor.advance(1.seconds)
            }
            client.trickle(1, 60) shouldBeInRange 4..7
            failures.single().by shouldBe ClosedBy.US
            failures.single().message shouldContain "sends less than 100 bytes per second"
        }

        "a protocol that throws when it is asked has its connection aborted" {
            val errors = ArrayList<Throwable>()
            MemoryReactor(ErrorListener { _, error -> errors.add(error) }).use { own ->
                val failure = IllegalStateException("expectsBytes")
                val server =
                    object : Party() {
                        override fun expectsBytes(): Boolean = throw failure
                    }
                val port = own.listenTcp(0, Factory { server }, options = options(reading()))
                own.connectTcp("127.0.0.1", port.port(), ClientFactory { Party { transport.write(ByteArray(1)) } })
                own.flush()
                errors.single() shouldBe failure
                server.reason.shouldBeInstanceOf<ConnectionAborted>().cause shouldBe failure
            }
        }

        "rates and times are checked" {
            shouldThrow<IllegalArgumentException> { MinimumRate.builder().reading(-1).build() }
            shouldThrow<IllegalArgumentException> { MinimumRate.builder().writing(10_000_000_001).build() }
            shouldThrow<IllegalArgumentException> { MinimumRate.builder().grace(JavaDuration.ZERO).build() }
            shouldThrow<IllegalArgumentException> { MinimumRate.builder().window(JavaDuration.ofSeconds(-1)).build() }
        }
    })
