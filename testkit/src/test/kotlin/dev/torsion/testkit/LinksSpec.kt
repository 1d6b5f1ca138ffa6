// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectionLost
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Connector
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** Remembers what came when, in milliseconds of virtual time. */
private class Listener(private val clock: VirtualClock, private val echoes: Boolean = false) : Protocol() {
    val heard = ArrayList<String>()
    var reason: CloseReason? = null

    override fun connectionMade() = note("made")

    override fun dataReceived(data: ByteArray) {
        note(String(data))
        if (echoes) transport.write(data)
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
        note("lost")
    }

    private fun note(what: String) {
        heard.add("${clock.elapsed().toMillis()} $what")
    }
}

private class Failing(private val failed: (Exception) -> Unit) : ClientFactory() {
    override fun buildProtocol(address: dev.torsion.net.Address) = error("nobody is there")

    override fun clientConnectionFailed(connector: Connector, reason: dev.torsion.net.CannotConnectException) = failed(reason)
}

class LinksSpec :
    StringSpec({
        lateinit var first: MemoryReactor
        lateinit var server: MemoryReactor
        lateinit var client: MemoryReactor
        lateinit var served: Listener
        lateinit var asking: Listener
        lateinit var link: MemoryLink

        beforeTest {
            first = MemoryReactor()
            server = first.neighbour("10.0.0.1")
            client = first.neighbour("10.0.0.2")
            served = Listener(first.clock, echoes = true)
            asking = Listener(first.clock)
            link = first.network.link("10.0.0.1", "10.0.0.2")
            server.listenTcp(8007, Factory { served })
        }
        afterTest { listOf(client, server, first).forEach { it.close() } }

        fun connect() {
            client.connectTcp("10.0.0.1", 8007, ClientFactory { asking })
            first.flush()
        }

        "several reactors share a network and a clock, and each has its address" {
            connect()
            asking.transport.write("hello".toByteArray())
            first.flush()
            asking.heard.shouldContainExactly("0 made", "0 hello")
            asking.transport.peer().toString() shouldBe "10.0.0.1:8007"
            asking.transport.host().toString() shouldContain "10.0.0.2:"
            val heard = ArrayList<String>()
            server.callLater(2.seconds) { heard.add("server ${server.nanoTime() / 1_000_000}") }
            client.callLater(1.seconds) { heard.add("client ${client.nanoTime() / 1_000_000}") }
            first.callLater(3.seconds) { heard.add("first ${first.nanoTime() / 1_000_000}") }
            first.clock.delayedCalls().size shouldBe 3
            first.runFor(1.minutes)
            heard.shouldContainExactly("client 1000", "server 2000", "first 3000")
        }

        "two machines may have the same port open, and the loopback is each one's own" {
            val other = Listener(first.clock)
            client.listenTcp(8007, Factory { other })
            first.listenTcp(8007, Factory { Listener(first.clock) })
            client.connectTcp("127.0.0.1", 8007, ClientFactory { asking })
            first.flush()
            other.heard.shouldContainExactly("0 made")
            served.heard.shouldContainExactly()
            shouldThrow<IllegalArgumentException> { first.neighbour("10.0.0.1") }
            var failure: Exception? = null
            first.connectTcp("10.0.0.2", 9, Failing { failure = it })
            first.flush()
            failure.shouldBeInstanceOf<ConnectionRefusedException>()
        }

        "run on one reactor drives the others too" {
            link.delay(10.milliseconds)
            client.connectTcp("10.0.0.1", 8007, ClientFactory { asking })
            server.callLater(5.seconds) { served.transport.write("late".toByteArray()) }
            client.callLater(6.seconds) { client.stop() }
            client.run()
            asking.heard.shouldContainExactly("20 made", "5010 late", "6000 lost")
        }

        "a delayed link takes its time in each direction, and twice to connect" {
            link.delay(40.milliseconds)
            connect()
            first.advance(79.milliseconds)
            asking.heard.shouldContainExactly()
            first.runFor(1.milliseconds)
            asking.transport.write("hello".toByteArray())
            first.runFor(1.seconds)
            asking.heard.shouldContainExactly("80 made", "160 hello")
            served.heard.shouldContainExactly("80 made", "120 hello")
        }

        "a delay may change at any moment, and never changes the order" {
            connect()
            link.delay(100.milliseconds)
            asking.transport.write("one".toByteArray())
            first.runFor(10.milliseconds)
            link.delay(10.milliseconds)
            asking.transport.write("two".toByteArray())
            first.runFor(200.milliseconds)
            link.restore()
            asking.transport.write("three".toByteArray())
            first.flush()
            served.heard.shouldContainExactly("0 made", "100 onetwo", "210 three")
        }

        "the end of a stream comes behind its bytes" {
            connect()
            link.delay(50.milliseconds)
            asking.transport.write("bye".toByteArray())
            asking.transport.loseConnection()
            first.runFor(1.seconds)
            served.heard.shouldContainExactly("0 made", "50 bye", "50 lost")
        }

        "bytes to a peer that is gone come back as a reset, after the time for both ways" {
            connect()
            asking.transport.abortConnection()
            first.flush()
            served.reason.shouldBeInstanceOf<ConnectionLost>()
            first.clock.elapsed() shouldBe Duration.ZERO
        }

        "nothing comes out of a black hole, and nobody is told, until it is restored" {
            connect()
            link.blackHole()
            asking.transport.write("hello".toByteArray())
            asking.transport.loseConnection()
            first.runFor(1.minutes)
            served.heard.shouldContainExactly("0 made")
            link.restore()
            first.flush()
            served.heard.shouldContainExactly("0 made", "60000 hello", "60000 lost")
        }

        "an attempt to connect through a black hole times out" {
            link.blackHole()
            var failure: Exception? = null
            client.connectTcp(
                "10.0.0.1",
                8007,
                Failing { failure = it },
                ConnectOptions.DEFAULT.withTimeout(Duration.ofSeconds(3)),
            )
            first.runFor(3.seconds)
            failure.shouldBeInstanceOf<ConnectTimeoutException>()
        }

        "a partition of everything" {
            connect()
            first.network.everywhere.blackHole()
            asking.transport.write("x".toByteArray())
            first.flush()
            served.heard.shouldContainExactly("0 made")
            first.network.everywhere.restore().delay(7.milliseconds)
            asking.transport.write("y".toByteArray())
            first.runFor(1.seconds)
            served.heard.shouldContainExactly("0 made", "0 x", "7 y")
        }

        "a connection that is cut is reset at both ends, in a black hole too, and others stay" {
            connect()
            val otherServer = Listener(first.clock)
            val other = Listener(first.clock)
            server.listenTcp(8008, Factory { otherServer })
            client.connectTcp("10.0.0.1", 8008, ClientFactory { other })
            first.flush()
            link.blackHole()
            first.network.cut(asking.transport.host()) shouldBe true
            first.flush()
            listOf(asking, served).forEach { it.reason.shouldBeInstanceOf<ConnectionLost>().by shouldBe ClosedBy.PEER }
            listOf(other, otherServer).forEach { it.heard.shouldContainExactly("0 made") }
            link.restore()
            link.cut()
            first.flush()
            listOf(other, otherServer).forEach { it.heard.shouldContainExactly("0 made", "0 lost") }
            first.network.cut(asking.transport.host()) shouldBe false
        }

        "time that nobody can run does not hold a test" {
            client.callLater(1.seconds) {}
            client.flush()
            client.close()
            first.runFor(2.seconds)
            first.callLater(1.seconds) {}
            first.flush()
            first.close()
            first.runFor(2.seconds)
            first.clock.elapsed() shouldBe Duration.ofSeconds(4)
        }

        "datagrams take the same ways" {
            val heard = ArrayList<String>()
            val receiver =
                object : DatagramProtocol() {
                    override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                        heard.add("${first.clock.elapsed().toMillis()} ${String(data)} of ${sender.host}")
                    }
                }
            server.listenUdp(53, receiver)
            val sender = object : DatagramProtocol() {}
            client.listenUdp(0, sender)
            fun send(text: String) = sender.transport.write(text.toByteArray(), IPv4Address("10.0.0.1", 53))
            send("now")
            first.flush()
            link.delay(30.milliseconds)
            send("later")
            first.runFor(1.seconds)
            link.blackHole()
            send("lost")
            link.restore()
            first.runFor(1.seconds)
            heard.shouldContainExactly("0 now of 10.0.0.2", "30 later of 10.0.0.2")
        }

        "a network has one clock, and a link is between numeric addresses" {
            shouldThrow<IllegalArgumentException> { first.network.link("localhost", "10.0.0.1") }
            shouldThrow<IllegalArgumentException> { link.delay(Duration.ofSeconds(-1)) }
            "$link" shouldContain "10.0.0.2"
        }
    })
