// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.policies

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.Throttle
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.advance
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

/** Takes what comes, and remembers how much. */
private class Sink :
    Protocol(),
    HalfCloseableProtocol {
    var count = 0
    var isEnded = false
    var reason: CloseReason? = null

    override fun dataReceived(data: ByteArray) {
        data.forEach { if (it != (count++).toByte()) throw AssertionError("byte ${count - 1} is wrong") }
    }

    override fun readConnectionLost() {
        isEnded = true
        transport.loseConnection()
    }

    override fun writeConnectionLost() {}

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

/** Writes [count] bytes at once, and closes. */
private class Source(private val count: Int) : Protocol() {
    var reason: CloseReason? = null

    override fun connectionMade() {
        transport.write(ByteArray(count) { it.toByte() })
        transport.loseConnection()
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

private fun options(throttle: Throttle) = TcpOptions.DEFAULT.withStream(StreamOptions.DEFAULT.withThrottle(throttle))

/** Time passes in small steps, as it does outside of tests. */
private fun MemoryReactor.pass(time: Duration) = repeat((time / 10.milliseconds).toInt()) { advance(10.milliseconds) }

class ThrottleSpec :
    StringSpec({
        "a closing connection that waits for its share is not stalled, however long that takes" {
            val slow = Throttle.builder().writeInAll(16).build()
            val options = TcpOptions(stream = StreamOptions(closeTimeout = 1.seconds.toJavaDuration(), throttle = slow))
            MemoryReactor().use { reactor ->
                val sinks = ArrayList<Sink>()
                reactor.listenTcp(1, Factory { Sink().also(sinks::add) })
                val sources = List(64) { Source(20) } // a byte for each of them takes four seconds
                sources.forEach { source -> reactor.connectTcp("127.0.0.1", 1, ClientFactory { source }, options = options) }
                reactor.runFor(100.seconds.toJavaDuration())
                sources.forEach { it.reason.shouldBeInstanceOf<ConnectionDone>() }
                sinks.map { it.count } shouldBe List(64) { 20 }
            }
        }

        "a peer that takes nothing is stalled, also of a connection that is slow by its own will" {
            val slow = Throttle.builder().writePerConnection(10_000).build()
            val options = TcpOptions(stream = StreamOptions(closeTimeout = 1.seconds.toJavaDuration(), throttle = slow))
            MemoryReactor().use { reactor ->
                reactor.network.window = 10
                val deaf =
                    object : Protocol() {
                        override fun connectionMade() = transport.pauseProducing()
                    }
                reactor.listenTcp(1, Factory { deaf })
                val source = Source(20)
                reactor.connectTcp("127.0.0.1", 1, ClientFactory { source }, options = options)
                reactor.runFor(10.seconds.toJavaDuration())
                source.reason.shouldBeInstanceOf<ConnectionLost>().message!! shouldContain "took nothing"
            }
        }

        lateinit var reactor: MemoryReactor
        beforeTest { reactor = MemoryReactor() }
        afterTest { reactor.close() }

        fun send(count: Int, writing: TcpOptions = TcpOptions.DEFAULT, reading: TcpOptions = TcpOptions.DEFAULT): Pair<Source, Sink> {
            val source = Source(count)
            val sink = Sink()
            val port = reactor.listenTcp(0, Factory { sink }, options = reading)
            reactor.connectTcp("127.0.0.1", port.port(), dev.torsion.net.ClientFactory { source }, options = writing)
            reactor.flush()
            return source to sink
        }

        "what is written goes out no faster than the limit, all of it, and then the end" {
            val (source, sink) = send(100_000, writing = options(Throttle.builder().writePerConnection(10_000).build()))
            sink.count shouldBe 2_500 // what the bucket holds
            reactor.pass(1.seconds)
            sink.count shouldBeInRange 12_000..12_500
            reactor.pass(8.seconds)
            sink.count shouldBeInRange 92_000..92_500
            sink.isEnded shouldBe false
            reactor.pass(1.seconds)
            sink.count shouldBe 100_000
            sink.isEnded.shouldBeTrue()
            source.reason.shouldNotBeNull()
        }

        "what is read comes no faster than the limit, all of it, and then the end" {
            reactor.network.window = 4_000
            val (_, sink) = send(100_000, reading = options(Throttle.builder().readPerConnection(10_000).build()))
            sink.count shouldBe 2_500
            reactor.pass(1.seconds)
            sink.count shouldBeInRange 12_000..12_500
            reactor.pass(9.seconds)
            sink.count shouldBe 100_000
            sink.isEnded.shouldBeTrue()
        }

        "a limit of all connections is shared" {
            val shared = options(Throttle.builder().writeInAll(10_000).build())
            val sinks = List(4) { send(50_000, writing = shared).second }
            reactor.pass(10.seconds)
            sinks.sumOf { it.count } shouldBeInRange 100_000..102_500
            sinks.forEach { it.count shouldBeInRange 24_000..28_000 }
        }

        "the stricter one of two limits counts" {
            val (_, sink) = send(50_000, writing = options(Throttle.builder().writePerConnection(1_000).writeInAll(1_000_000).build()))
            reactor.pass(10.seconds)
            sink.count shouldBeInRange 10_000..10_250
        }

        "a protocol that pauses reading gets nothing when its time has come, and goes on when it resumes" {
            val (_, sink) = send(20_000, reading = options(Throttle.builder().readPerConnection(10_000).build()))
            sink.transport.pauseProducing()
            reactor.pass(5.seconds)
            sink.count shouldBe 2_500
            sink.transport.resumeProducing()
            reactor.flush()
            sink.count shouldBe 5_200 // what the bucket holds, and what was waited for
            sink.transport.pauseProducing()
            sink.transport.resumeProducing() // within the pause of the throttle
            reactor.flush()
            sink.count shouldBe 5_200
            reactor.pass(2.seconds)
            sink.count shouldBe 20_000
        }

        "an abort in a pause leaves no timer behind" {
            val (source, sink) = send(
                20_000,
                writing = options(Throttle.builder().writePerConnection(1_000).build()),
                reading = options(Throttle.builder().readPerConnection(100).build()),
            )
            reactor.advance(10.milliseconds)
            sink.transport.abortConnection()
            reactor.flush()
            sink.reason.shouldNotBeNull()
            reactor.pass(1.seconds) // one that writes slowly finds out later
            source.reason.shouldNotBeNull()
            reactor.delayedCalls().size shouldBe 0
        }

        "a throttle that limits nothing changes nothing" {
            val (source, sink) = send(300_000, options(Throttle.builder().build()), options(Throttle.builder().build()))
            sink.count shouldBe 300_000
            sink.isEnded.shouldBeTrue()
            source.reason.shouldNotBeNull()
        }

        "a writer that goes on writing sees the queue of a slow connection" {
            val (source, _) = send(0, writing = options(Throttle.builder().writePerConnection(1_000).build()))
            source.reason.shouldNotBeNull() // it has closed: nothing was left
            val talker = Sink()
            val port = reactor.listenTcp(0, Factory { Sink() })
            val slow = options(Throttle.builder().writePerConnection(1_000).build())
            reactor.connectTcp("127.0.0.1", port.port(), dev.torsion.net.ClientFactory { talker }, options = slow)
            reactor.flush()
            talker.transport.write(ByteArray(70_000) { it.toByte() })
            reactor.flush()
            talker.transport.isWritable shouldBe false
            talker.reason.shouldBeNull()
            reactor.pass(60.seconds)
            talker.transport.isWritable.shouldBeTrue()
        }
    })
