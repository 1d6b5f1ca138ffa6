// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.PortClosedException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.time.Duration

class MemoryDatagramsSpec :
    StringSpec({
        "what is written in one turn arrives in the next, without any time passing" {
            MemoryReactor().use { reactor ->
                val (client, server) = reactor.pair()
                client.say("hello")
                reactor.turn()
                reactor.turn()
                server.texts shouldContainExactly listOf("hello")
                reactor.clock.elapsed() shouldBe Duration.ZERO
            }
        }

        "the queue is bounded: what it takes goes out in order when there is room, the rest is dropped and counted" {
            MemoryReactor().use { reactor ->
                reactor.network.window = 1000
                val (client, server) = reactor.pair(DatagramOptions.DEFAULT.withSendQueueLimit(2 * (300L + 64)))
                repeat(8) { client.transport.write(ByteArray(300) { _ -> it.toByte() }) }
                // Three fit the system's buffer, two the queue.
                client.transport.bufferedBytes shouldBe 600
                client.transport.droppedDatagrams shouldBe 3
                val room = client.transport.whenWritable()
                room.called shouldBe false
                reactor.flush()
                room.called shouldBe true
                server.received.map { it.first().toInt() } shouldContainExactly listOf(0, 1, 2, 3, 4)
                client.transport.bufferedBytes shouldBe 0
                client.transport.whenWritable().called shouldBe true
                client.say("after")
                reactor.flush()
                server.texts.last() shouldBe "after"
                client.transport.droppedDatagrams shouldBe 3
            }
        }

        "a queue without any room drops at once, and the writer is not woken for nothing" {
            MemoryReactor().use { reactor ->
                reactor.network.window = 1000
                val (client, _) = reactor.pair(DatagramOptions.DEFAULT.withSendQueueLimit(0))
                repeat(5) { client.transport.write(ByteArray(600)) }
                client.transport.droppedDatagrams shouldBe 4
                client.transport.bufferedBytes shouldBe 0
                client.transport.whenWritable().called shouldBe true
                reactor.flush()
            }
        }

        "stopListening with datagrams in the queue: what is not taken is counted, and who waits for room is told" {
            MemoryReactor().use { reactor ->
                reactor.network.window = 1000
                val (client, server) = reactor.pair()
                repeat(4) { client.transport.write(ByteArray(600)) }
                val room = client.transport.whenWritable()
                val stopped = client.transport.stopListening()
                reactor.flush()
                stopped.called shouldBe true
                client.transport.droppedDatagrams shouldBe 3
                server.received.size shouldBe 1
                failureResultOf<PortClosedException>(room)
                failureResultOf<PortClosedException>(client.transport.whenWritable())
            }
        }

        "one of those that wait cannot be sent: the others go out" {
            MemoryReactor().use { reactor ->
                reactor.network.window = 100
                val (_, server) = reactor.pair()
                val other = Noting()
                reactor.listenUdp(0, other, "0.0.0.0")
                val at = server.transport.host()
                other.transport.write(ByteArray(80), at)
                other.transport.isBroadcastAllowed = true
                other.transport.write(ByteArray(50), IPv4Address("255.255.255.255", at.port))
                other.transport.write(ByteArray(51), at)
                other.transport.bufferedBytes shouldBe 101
                other.transport.isBroadcastAllowed = false // so that the one that waits is refused
                reactor.flush()
                server.received.map { it.size } shouldContainExactly listOf(80, 51)
                other.transport.droppedDatagrams shouldBe 1
            }
        }

        "a broadcast comes to every port of that number that takes IPv4" {
            MemoryReactor().use { reactor ->
                val shared = DatagramOptions.DEFAULT.withReuseAddress(true)
                val listeners = listOf("0.0.0.0", "", "127.0.0.1").map { host ->
                    Noting().also { reactor.listenUdp(4000, it, host, shared) }
                }
                val ipv6 = Noting().also { reactor.listenUdp(4001, it, "::1", shared) }
                val sender = Noting()
                reactor.listenUdp(0, sender, "0.0.0.0", DatagramOptions.builder().broadcast(true).build())
                sender.transport.write("all".encodeToByteArray(), IPv4Address("255.255.255.255", 4000))
                reactor.flush()
                listeners.forEach { it.texts shouldContainExactly listOf("all") }
                ipv6.received.size shouldBe 0
            }
        }

        "without the loopback, the ports of this machine do not hear what goes to their group" {
            MemoryReactor().use { reactor ->
                val member = Noting()
                val port = reactor.listenMulticast(0, member)
                member.transport.multicast().joinGroup("239.1.1.1")
                val sender = Noting()
                reactor.listenUdp(0, sender)
                sender.transport.multicast().isLoopback = false
                sender.transport.write("lost".encodeToByteArray(), IPv4Address("239.1.1.1", port.port()))
                sender.transport.multicast().isLoopback = true
                sender.transport.write("heard".encodeToByteArray(), IPv4Address("239.1.1.1", port.port()))
                reactor.flush()
                member.texts shouldContainExactly listOf("heard")
            }
        }

        "a group of IPv6 is joined by a port that speaks it" {
            MemoryReactor().use { reactor ->
                val member = Noting()
                val port = reactor.listenMulticast(0, member, "::")
                member.transport.multicast().joinGroup("ff02::7777")
                val sender = Noting()
                reactor.listenUdp(0, sender, "::1")
                sender.transport.write("hello".encodeToByteArray(), IPv6Address("ff02::7777", port.port()))
                reactor.flush()
                member.texts shouldContainExactly listOf("hello")
            }
        }

        "a fate that loses, doubles and reorders is the same for the same seed" {
            fun heard(seed: Long): List<String> = MemoryReactor().use { reactor ->
                reactor.network.datagramFate = DatagramFate.random(seed).loss(0.2).duplication(0.2).reordering(0.2).build()
                val (client, server) = reactor.pair()
                repeat(200) { client.say("$it") }
                reactor.flush()
                server.texts
            }
            val once = heard(1)
            heard(1) shouldBe once
            heard(2) shouldNotBe once
            once.distinct().size shouldBeInRange 130..190 // some are lost
            once.size shouldNotBe once.distinct().size // some come twice
            once.map { it.toInt() } shouldNotBe once.map { it.toInt() }.sorted() // some come early
        }

        "one setting of a fate does not change what another does" {
            fun lost(fate: DatagramFate) = List(100) { fate.of(1).copies.isEmpty() }
            val alone = lost(DatagramFate.random(5).loss(0.3).build())
            lost(DatagramFate.random(5).loss(0.3).duplication(0.5).reordering(0.5).build()) shouldBe alone
        }

        "datagrams that take their time arrive when it has passed, the faster ones first" {
            MemoryReactor().use { reactor ->
                val delays = ArrayDeque(listOf(30L, 10L, 20L))
                reactor.network.datagramFate =
                    DatagramFate { DatagramFate.Journey(listOf(Duration.ofMillis(delays.removeFirst()))) }
                val (client, server) = reactor.pair()
                listOf("slow", "fast", "middling").forEach { client.say(it) }
                reactor.flush()
                server.received.size shouldBe 0
                reactor.advance(Duration.ofMillis(10))
                server.texts shouldContainExactly listOf("fast")
                reactor.runUntilIdle()
                server.texts shouldContainExactly listOf("fast", "middling", "slow")
                reactor.clock.elapsed() shouldBe Duration.ofMillis(30)
            }
        }

        "delays by chance stay in their range" {
            val fate = DatagramFate.random(3).delay(Duration.ofMillis(5), Duration.ofMillis(50)).build()
            repeat(100) {
                val delay = fate.of(10).copies.single()
                Duration.ofMillis(5) shouldBeLessThan delay.plusNanos(1)
                delay shouldBeLessThan Duration.ofMillis(50).plusNanos(1)
            }
            shouldThrow<IllegalArgumentException> { DatagramFate.random(1).loss(1.1) }
            shouldThrow<IllegalArgumentException> { DatagramFate.random(1).delay(Duration.ofMillis(2), Duration.ofMillis(1)) }
            shouldThrow<IllegalArgumentException> { DatagramFate.Journey(listOf(Duration.ofMillis(-1))) }
        }

        "a socket keeps so many bytes until they are received, and what comes then is lost" {
            MemoryReactor().use { reactor ->
                reactor.network.datagramBuffer = 3 * (100 + 256)
                val (client, server) = reactor.pair()
                repeat(10) { client.transport.write(ByteArray(100)) }
                reactor.flush()
                server.received.size shouldBe 3
            }
        }

        "a machine that is silent tells nobody that nobody listens" {
            MemoryReactor().use { reactor ->
                reactor.network.silence("192.0.2.1")
                val client = Noting()
                reactor.listenUdp(0, client, "0.0.0.0")
                client.transport.connect("192.0.2.1", 9)
                client.say("anybody?")
                reactor.flush()
                client.refusals shouldBe 0
                reactor.network.unsilence("192.0.2.1")
                client.say("anybody?")
                reactor.flush()
                client.refusals shouldBe 1
            }
        }

        "a port that a test leaves open is found" {
            val watch = LeakWatch.begin()
            MemoryReactor().listenUdp(4711, Noting(), "127.0.0.1")
            shouldThrow<AssertionError> { watch.end() }.message!! shouldContain "open port: UdpPort(127.0.0.1:4711"
        }

        "answers of the system that nobody expects: the port reports and lives, until they do not end" {
            val errors = ArrayList<Throwable>()
            MemoryReactor({ _, error -> errors.add(error) }).use { reactor ->
                val (client, server) = reactor.pair()
                var failures = 3
                reactor.network.calls = SystemCalls { if (it == "receive" && failures-- > 0) throw java.io.IOException("No route to host") }
                client.say("hello")
                reactor.flush()
                server.texts shouldContainExactly listOf("hello")
                errors.size shouldBe 0
                failures = Int.MAX_VALUE
                client.say("lost")
                reactor.flush()
                server.isListening shouldBe false
                errors.size shouldBe 1
                reactor.network.calls = SystemCalls { }
            }
        }
    })

/** A protocol that remembers. */
private class Noting : DatagramProtocol() {
    val received = ArrayList<ByteArray>()
    val texts get() = received.map { it.decodeToString() }
    var refusals = 0

    override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
        received.add(data)
    }

    override fun connectionRefused() {
        refusals++
    }

    fun say(text: String) = transport.write(ByteBuffer.wrap(text.encodeToByteArray()))
}

/** A client that is connected to a server. */
private fun MemoryReactor.pair(options: DatagramOptions = DatagramOptions.DEFAULT): Pair<Noting, Noting> {
    val server = Noting()
    val at = listenUdp(0, server, "127.0.0.1")
    val client = Noting()
    listenUdp(0, client, "127.0.0.1", options)
    client.transport.connect("127.0.0.1", at.port())
    return client to server
}
