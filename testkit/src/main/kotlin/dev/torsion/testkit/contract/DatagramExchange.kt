// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.DatagramTooLongException
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.InvalidAddressException
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit

internal suspend fun Deferred<Unit>.awaitHere() = await()

/** Datagrams between two ports. */
internal val datagramExchange: Checks = checks {
    "a datagram arrives whole, with the address of its sender, who gets the answer" {
        val server = datagramPeer { onDatagram = { data, sender -> transport.write(data.reversedArray(), sender) } }
        val client = datagramPeer()
        val at = open(server).address()
        val from = open(client).address()
        client.say("hello", at)
        until("the answer has come") { client.texts.isNotEmpty() }
        expectEqual(server.senders, listOf<InternetAddress>(from), "the sender")
        expectEqual(client.texts, listOf("olleh"), "the answer")
        expectEqual(client.senders, listOf<InternetAddress>(at), "who has answered")
    }

    "each write is one datagram, in order, whatever its size; an empty one arrives too" {
        val server = datagramPeer()
        val client = datagramPeer()
        val at = open(server).address()
        open(client)
        val sizes = listOf(1, 0, 1472, 2, 9000, 0, 3)
        sizes.forEach { client.transport.write(pattern(it), at) }
        until("all have come") { server.received.size == sizes.size }
        sizes.zip(server.received).forEach { (size, data) -> expectBytes(data, pattern(size)) }
    }

    "the view of a datagram can be written back as it is" {
        val scene = this
        val echo =
            object : DatagramProtocol() {
                override fun datagramReceived(view: ByteBuffer, sender: InternetAddress) {
                    expect(view.isReadOnly) { "the view can be written to" }
                    transport.write(view, sender)
                    expect(!view.hasRemaining()) { "write has left ${view.remaining()} bytes" }
                    scene.happened()
                }
            }.apply { isNoisy = false }
        val client = datagramPeer()
        val at = reactor.listenUdp(0, echo, LOOPBACK).address()
        open(client)
        client.transport.write(pattern(1000), at)
        client.transport.writeSequence(listOf(pattern(10), pattern(20)), at)
        until("the answers have come") { client.received.size == 2 }
        expectBytes(client.received[0], pattern(1000))
        expectBytes(client.received[1], pattern(10) + pattern(20))
    }

    "buffers of all kinds are read to their end, and are the caller's again" {
        val server = datagramPeer()
        val client = datagramPeer()
        val at = open(server).address()
        open(client)
        val buffers = listOf(ByteBuffer.wrap(pattern(300)), ByteBuffer.allocateDirect(300).put(pattern(300)).flip())
        for (buffer in buffers + buffers.map { it.duplicate().asReadOnlyBuffer() }) {
            buffer.position(100)
            client.transport.write(buffer, at)
            expectEqual(buffer.remaining(), 0, "bytes left")
        }
        val array = pattern(50)
        client.transport.write(array, at)
        array.fill(0)
        until("all have come") { server.received.size == 5 }
        server.received.take(4).forEach { expectBytes(it, pattern(300).copyOfRange(100, 300)) }
        expectBytes(server.received[4], pattern(50))
    }

    "the longest datagram arrives; one byte more is refused with its size, and the port lives" {
        val server = datagramPeer()
        val client = datagramPeer()
        val at = open(server).address()
        open(client)
        client.transport.write(pattern(LONGEST), at)
        until("the longest has come") { server.received.isNotEmpty() }
        expectBytes(server.received.single(), pattern(LONGEST))
        for (size in listOf(LONGEST + 1, 100_000)) {
            val refused = expectThrows<DatagramTooLongException> { client.transport.write(ByteArray(size), at) }
            expectEqual(refused.size, size, "the size in the exception")
        }
        client.say("after", at)
        until("the next has come") { server.received.size == 2 }
    }

    "one that is longer than maxPacketSize is told and counted, and is no datagramReceived" {
        val server = datagramPeer()
        val client = datagramPeer()
        val at = open(server, DatagramOptions.builder().maxPacketSize(10).build()).address()
        open(client)
        client.transport.write(pattern(11), at)
        client.transport.write(pattern(10), at)
        until("the second has come") { server.received.isNotEmpty() }
        expectEqual(server.story, listOf("started", "truncated to 10"), "what happened")
        expectBytes(server.received.single(), pattern(10))
        expectEqual(server.transport.truncatedDatagrams, 1L, "counted")
    }

    "a connected port needs no address, hears its peer only, and writes to nobody else" {
        val server = datagramPeer()
        val stranger = datagramPeer()
        val client = datagramPeer()
        val at = open(server).address()
        val strangerAt = open(stranger).address()
        val from = open(client)
        client.transport.connect(at)
        expectEqual(client.transport.peer(), at, "the peer")
        client.transport.write("one".encodeToByteArray())
        client.transport.write(ByteBuffer.wrap("two".encodeToByteArray()))
        client.say("three", at)
        expectThrows<InvalidAddressException> { client.say("four", strangerAt) }
        expectThrows<IllegalStateException> { client.transport.connect(at) }
        until("all have come") { server.received.size == 3 }
        expectEqual(server.texts, listOf("one", "two", "three"), "what came")
        expectEqual(server.senders.distinct(), listOf<InternetAddress>(from.address()), "the senders")
        stranger.say("noise", from.address())
        server.say("answer", from.address())
        until("the answer has come") { client.received.isNotEmpty() }
        expectEqual(client.texts, listOf("answer"), "what the client hears")
    }

    "an empty datagram of a port that is connected arrives too" {
        val server = datagramPeer()
        val client = datagramPeer()
        val at = open(server).address()
        val from = open(client)
        client.transport.connect(at)
        client.transport.write(ByteArray(0))
        client.transport.write(ByteBuffer.allocateDirect(0), at)
        client.say("last", at)
        until("all have come") { server.received.size == 3 }
        expectEqual(server.texts, listOf("", "", "last"), "what came")
        expectEqual(server.senders.distinct(), listOf<InternetAddress>(from.address()), "the senders")
        server.say("answer", from.address())
        until("the answer has come") { client.received.isNotEmpty() }
    }

    "a port that gets many datagrams leaves the others their turn" {
        val order = arrayListOf("turn")
        val server = datagramPeer { onDatagram = { _, _ -> order.add("datagram") } }
        val client = datagramPeer()
        val at = open(server, DatagramOptions.builder().datagramsPerTurn(2).build()).address()
        open(client)
        repeat(6) { client.say("$it", at) }
        fun tick() {
            if (order.last() != "turn") order.add("turn")
            if (server.received.size < 6) reactor.callLater(0, TimeUnit.NANOSECONDS) { tick() }
        }
        tick()
        until("all have come") { server.received.size == 6 }
        val inARow = order.joinToString("") { it.take(1) }.split('t').maxOf { it.length }
        expect(inARow <= 2) { "$inARow datagrams were received in a row: $order" }
    }
}

/** Errors, after which the port lives on. */
internal val datagramErrors: Checks = checks {
    "behaviour 35: an exception in a handler is reported, and the port lives on (test_datagramReceivedError)" {
        val server = datagramPeer { onDatagram = { data, _ -> error("no ${data.decodeToString()}") } }
        val client = datagramPeer()
        val at = open(server).address()
        open(client)
        repeat(3) { client.say("$it", at) }
        until("all have come") { server.received.size == 3 }
        expectEqual(takeErrors().map { it.message }, listOf("no 0", "no 1", "no 2"), "what was reported")
        server.onDatagram = { data, sender -> transport.write(data, sender) }
        client.say("still there?", at)
        until("the answer has come") { client.received.isNotEmpty() }
    }

    "names, port 0 and the other family are refused with a text that says what to do" {
        val client = datagramPeer()
        val port = open(client)
        for (name in listOf("example.com", "localhost", "", "1.2.3", "300.1.1.1")) {
            val refused = expectThrows<InvalidAddressException> { client.say("x", IPv4Address(name, 9)) }
            expect("resolve" in refused.message!!) { "the text does not say what to do: ${refused.message}" }
            expectThrows<InvalidAddressException> { client.transport.connect(name, 9) }
        }
        expectThrows<InvalidAddressException> { client.say("x", IPv4Address(LOOPBACK, 0)) }
        expectThrows<InvalidAddressException> { client.transport.connect(IPv4Address(LOOPBACK, 0)) }
        expectThrows<InvalidAddressException> { client.say("x", IPv6Address("::1", 9)) }
        expectThrows<IllegalArgumentException> { client.transport.connect(LOOPBACK, 0) }
        expectThrows<IllegalStateException> { client.transport.write(ByteArray(1)) }
        expect(port.isListening && client.transport.peer() == null) { "the port has changed: $port" }
    }

    "a datagram to everybody is refused unless that is allowed" {
        val client = datagramPeer()
        open(client, networkInterface = "0.0.0.0")
        expectEqual(client.transport.isBroadcastAllowed, false, "at first")
        expectThrows<IOException> { client.say("all", IPv4Address("255.255.255.255", 9)) }
        client.transport.isBroadcastAllowed = true
        expectEqual(client.transport.isBroadcastAllowed, true, "afterwards")
        val allowed = datagramPeer()
        open(allowed, DatagramOptions.DEFAULT.withBroadcast(true), "0.0.0.0")
        expectEqual(allowed.transport.isBroadcastAllowed, true, "by the options")
    }
}

internal const val LONGEST = 65_507
