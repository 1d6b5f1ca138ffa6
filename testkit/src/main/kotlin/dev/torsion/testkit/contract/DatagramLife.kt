// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.net.CannotListenException

/** The opening and the end of a port. */
internal val datagramLife: Checks = checks {
    "startProtocol can write and connect, and comes before any datagram" {
        val server = datagramPeer { onDatagram = { data, sender -> transport.write(data, sender) } }
        val at = open(server).address()
        val client =
            datagramPeer {
                onStart = {
                    transport.connect(at)
                    transport.write("hello".encodeToByteArray())
                }
            }
        open(client)
        until("the answer has come") { client.received.isNotEmpty() }
        expectEqual(client.story, listOf("started"), "what happened")
    }

    "what startProtocol throws goes to the caller; nothing stays open, and stopProtocol is not called" {
        val broken = IllegalStateException("not today")
        val peer = datagramPeer { onStart = { throw broken } }
        val thrown = expectThrows<IllegalStateException> { open(peer) }
        expect(thrown === broken) { "another exception came: $thrown" }
        val address = peer.transport.host()
        turn()
        turn()
        expectEqual(peer.story, listOf("started"), "what happened")
        val next = datagramPeer()
        reactor.listenUdp(address.port, next, LOOPBACK)
        expectEqual(next.story, listOf("started"), "what happened to the next on that port")
        peer.onStart = {}
        open(peer)
    }

    "stopListening in startProtocol closes the port" {
        var stopped: Deferred<Unit>? = null
        val peer = datagramPeer { onStart = { stopped = transport.stopListening() } }
        val port = open(peer)
        stopped!!.awaitHere()
        expectEqual(peer.story, listOf("started", "stopped"), "what happened")
        expect(!port.isListening) { "it still listens" }
    }

    "stopListening in the middle of a batch: nothing more is received, and stopProtocol comes behind the callback" {
        var stopped: Deferred<Unit>? = null
        val server = datagramPeer { onDatagram = { _, _ -> if (received.size == 2) stopped = transport.stopListening() } }
        val client = datagramPeer()
        val at = open(server).address()
        open(client)
        repeat(5) { client.say("$it", at) }
        until("it has stopped") { "stopped" in server.story }
        stopped!!.awaitHere()
        expectEqual(server.story, listOf("started", "stopped"), "what happened")
        expectEqual(server.texts, listOf("0", "1"), "what came")
    }

    "stopListening frees the port, which can be opened again; it may be called twice" {
        val peer = datagramPeer()
        val port = open(peer)
        val at = port.address()
        val first = port.stopListening()
        val second = peer.transport.stopListening()
        expectThrows<IllegalStateException> { port.startListening() }
        first.awaitHere()
        second.awaitHere()
        port.stopListening().awaitHere()
        val next = datagramPeer()
        val other = reactor.listenUdp(at.port, next, LOOPBACK)
        other.stopListening().awaitHere()
        port.startListening()
        expectThrows<IllegalStateException> { port.startListening() }
        expectEqual(peer.story, listOf("started", "stopped", "started"), "what happened")
        val client = datagramPeer()
        open(client)
        client.say("again", port.address())
        until("a datagram has come") { peer.received.isNotEmpty() }
    }

    "what stopProtocol throws fails the Deferred, once the port is free" {
        val broken = IllegalStateException("no end")
        val peer = datagramPeer { onStop = { throw broken } }
        val port = open(peer)
        val at = port.address()
        val stopped = port.stopListening()
        try {
            stopped.awaitHere()
            throw AssertionError("it did not fail")
        } catch (e: IllegalStateException) {
            expect(e === broken) { "another exception came: $e" }
        }
        reactor.listenUdp(at.port, datagramPeer(), LOOPBACK)
    }

    "what is written in stopProtocol and later is ignored, and the address stays readable" {
        val server = datagramPeer()
        val at = open(server).address()
        val client = datagramPeer { onStop = { say("too late", at) } }
        val port = open(client)
        val from = port.address()
        client.say("in time", at)
        port.stopListening().awaitHere()
        client.say("far too late", at)
        expectEqual(client.transport.host(), from, "the address")
        expectThrows<IllegalStateException> { client.transport.connect(at) }
        val other = datagramPeer()
        open(other)
        other.say("end", at)
        until("the last has come") { "end" in server.texts }
        expectEqual(server.texts, listOf("in time", "end"), "what came")
    }

    "a port that is taken cannot be opened, and a protocol is on one port at a time" {
        val peer = datagramPeer()
        val port = open(peer)
        val other = datagramPeer()
        expectThrows<CannotListenException> { reactor.listenUdp(port.port(), other, LOOPBACK) }
        expectEqual(other.story, emptyList<String>(), "what happened to the other")
        expectThrows<IllegalStateException> { open(peer) }
        expect(port.isListening) { "it was closed" }
        expectThrows<CannotListenException> { reactor.listenUdp(0, other, "no.such.interface") }
        expectThrows<IllegalArgumentException> { reactor.listenUdp(65_536, other, LOOPBACK) }
        expectThrows<IllegalArgumentException> { reactor.listenUdp(-1, other, LOOPBACK) }
    }
}

internal val datagramRefusals: Checks = checks {
    "a connected port hears that nobody listens, behind the callback that writes, and lives" {
        val at = nobody()
        val client =
            datagramPeer {
                onStart = {
                    transport.connect(at)
                    transport.write(ByteArray(1))
                    transport.write(ByteArray(1))
                }
            }
        open(client)
        until("it was refused") { "refused" in client.story }
        expect(client.story.none { "inside" in it }) { "a callback was entered inside of another: ${client.story}" }
        val server = datagramPeer()
        reactor.listenUdp(at.port, server, LOOPBACK)
        client.transport.write("anybody?".encodeToByteArray())
        until("the datagram after the refusal has come") { server.received.isNotEmpty() }
        expectEqual(server.texts, listOf("anybody?"), "what came")
    }

    "what connectionRefused throws is reported, and the port lives" {
        val at = nobody()
        val client = datagramPeer { onRefused = { error("refused!") } }
        val port = open(client)
        client.transport.connect(at)
        client.transport.write(ByteArray(1))
        until("it was refused") { "refused" in client.story }
        expectEqual(takeErrors().map { it.message }.distinct(), listOf("refused!"), "what was reported")
        expect(port.isListening) { "it was closed" }
    }

    "one that is not connected hears nothing of it" {
        val at = nobody()
        val client = datagramPeer()
        val server = datagramPeer()
        open(client)
        client.say("is anybody there?", at)
        turn()
        client.say("hello", open(server).address())
        until("the other has come") { server.received.isNotEmpty() }
        expectEqual(client.story, listOf("started"), "what happened")
    }
}
