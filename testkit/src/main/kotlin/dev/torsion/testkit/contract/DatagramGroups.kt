// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.net.DatagramOptions
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.MulticastException
import java.net.InetAddress
import java.net.NetworkInterface

/** The other family, and groups. */
internal val datagramsOverIpv6: Checks = checks {
    "a port of IPv6 sends and receives over it, and over it only" {
        val server = datagramPeer { onDatagram = { data, sender -> transport.write(data, sender) } }
        val client = datagramPeer()
        val at = open(server, networkInterface = "::1").address()
        val from = open(client, networkInterface = "::1").address()
        expect(at is IPv6Address) { "the address is $at" }
        client.say("hello", IPv6Address("0:0:0:0:0:0:0:1", at.port))
        until("the answer has come") { client.received.isNotEmpty() }
        expectEqual(server.senders, listOf<InternetAddress>(from), "the sender")
        expectThrows<IllegalArgumentException> { client.say("x", IPv4Address(LOOPBACK, at.port)) }
    }

    "a port on all addresses speaks both families" {
        val server = datagramPeer { onDatagram = { data, sender -> transport.write(data, sender) } }
        val port = open(server, networkInterface = "")
        for (host in listOf("127.0.0.1", "::1")) {
            val client = datagramPeer()
            open(client, networkInterface = host)
            client.say(host, if (':' in host) IPv6Address(host, port.port()) else IPv4Address(host, port.port()))
            until("$host has its answer") { client.received.isNotEmpty() }
        }
        expectEqual(server.senders.map { it.host }, listOf("127.0.0.1", "::1"), "the senders")
    }
}

internal val datagramGroups: Checks = checks {
    "what is sent to a group comes to each port that has joined it, and to no other" {
        val members = List(2) { datagramPeer { onStart = { transport.multicast().joinGroup(GROUP, LOOPBACK) } } }
        val other = datagramPeer()
        val port = reactor.listenMulticast(0, members[0], listenMultiple = true)
        reactor.listenMulticast(port.port(), members[1], listenMultiple = true)
        val options = DatagramOptions.DEFAULT.withReuseAddress(true)
        reactor.listenUdp(port.port(), other, LOOPBACK, options)
        val sender = sender()
        sender.say("all of you", IPv4Address(GROUP, port.port()))
        until("both have it") { members.all { it.received.isNotEmpty() } }
        expectEqual(other.received.size, 0, "datagrams of the one that has not joined")
    }

    "one that has left hears no more; leaving twice, and joining what is no group, are errors" {
        val member = datagramPeer()
        val witness = datagramPeer()
        val port = reactor.listenMulticast(0, member, listenMultiple = true)
        reactor.listenMulticast(port.port(), witness, listenMultiple = true)
        listOf(member, witness).forEach { it.transport.multicast().joinGroup(GROUP, LOOPBACK) }
        member.transport.multicast().joinGroup(GROUP, LOOPBACK) // joining again changes nothing
        val sender = sender()
        sender.say("first", IPv4Address(GROUP, port.port()))
        until("both have the first") { member.received.isNotEmpty() && witness.received.isNotEmpty() }
        member.transport.multicast().leaveGroup(GROUP, LOOPBACK)
        expectThrows<MulticastException> { member.transport.multicast().leaveGroup(GROUP, LOOPBACK) }
        sender.say("second", IPv4Address(GROUP, port.port()))
        until("the witness has the second") { witness.received.size == 2 }
        for (wrong in listOf("127.0.0.1", "example.com", "")) {
            expectThrows<MulticastException> { member.transport.multicast().joinGroup(wrong, LOOPBACK) }
        }
        expectThrows<MulticastException> { member.transport.multicast().joinGroup(GROUP, "no-such-interface") }
    }

    "the time to live, the loopback and the interface can be read and set" {
        val peer = datagramPeer()
        reactor.listenMulticast(0, peer)
        val groups = peer.transport.multicast()
        expectEqual(groups.ttl, 1, "the time to live at first")
        expectEqual(groups.isLoopback, true, "the loopback at first")
        expectEqual(groups.outgoingInterface, "", "the interface at first")
        groups.ttl = 7
        groups.isLoopback = false
        groups.outgoingInterface = LOOPBACK
        expectEqual(groups.ttl, 7, "the time to live")
        expectEqual(groups.isLoopback, false, "the loopback")
        val name = NetworkInterface.getByInetAddress(InetAddress.getByName(LOOPBACK)).name
        expectEqual(groups.outgoingInterface, name, "the interface")
        expectThrows<IllegalArgumentException> { groups.ttl = 256 }
        peer.transport.stopListening().awaitHere()
        expectThrows<IllegalStateException> { groups.ttl }
    }
}

internal val datagramSources: Checks = checks {
    "a group joined for one source gives what that one sends, and a source that is blocked is not heard" {
        val choosy = datagramPeer { onStart = { transport.multicast().joinGroup(GROUP, LOOPBACK, "127.0.0.1") } }
        val blind = datagramPeer { onStart = { transport.multicast().joinGroup(GROUP, LOOPBACK, "127.0.0.9") } }
        val blocking = datagramPeer { onStart = { transport.multicast().joinGroup(GROUP, LOOPBACK) } }
        val port = reactor.listenMulticast(0, choosy, listenMultiple = true)
        reactor.listenMulticast(port.port(), blind, listenMultiple = true)
        reactor.listenMulticast(port.port(), blocking, listenMultiple = true)
        val to = IPv4Address(GROUP, port.port())
        blocking.transport.multicast().blockSource(GROUP, LOOPBACK, "127.0.0.1")
        val sender = sender()
        sender.say("one", to)
        until("the first has come") { choosy.received.isNotEmpty() }
        blocking.transport.multicast().unblockSource(GROUP, LOOPBACK, "127.0.0.1")
        sender.say("two", to)
        until("the second has come") { choosy.received.size == 2 && blocking.received.isNotEmpty() }
        expectEqual(blocking.texts, listOf("two"), "what the blocking one heard")
        expectEqual(blind.received.size, 0, "what came from another source")
        expectThrows<MulticastException> { blind.transport.multicast().leaveGroup(GROUP, LOOPBACK) }
        blind.transport.multicast().leaveGroup(GROUP, LOOPBACK, "127.0.0.9")
        expectThrows<MulticastException> { choosy.transport.multicast().blockSource("239.255.77.78", LOOPBACK, "127.0.0.1") }
    }
}

/** A port that sends to groups over the loopback interface. */
private fun Scene.sender(): DatagramPeer = datagramPeer {
    onStart = { transport.multicast().outgoingInterface = LOOPBACK }
}.also { open(it) }

/** Of the range for use inside of an organisation (RFC 2365). */
private const val GROUP = "239.255.77.77"
