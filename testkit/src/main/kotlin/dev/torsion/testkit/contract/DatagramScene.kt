// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import java.nio.ByteBuffer

/** A datagram protocol that remembers what happened to it, in order. */
internal class DatagramPeer(scene: Scene) : DatagramProtocol() {
    private val told = Story(scene::happened)

    /** The events so far, except datagrams. */
    val story: List<String> get() = told.events
    val received = ArrayList<ByteArray>()
    val senders = ArrayList<InternetAddress>()
    var onStart: DatagramPeer.() -> Unit = {}
    var onDatagram: DatagramPeer.(ByteArray, InternetAddress) -> Unit = { _, _ -> }
    var onRefused: DatagramPeer.() -> Unit = {}
    var onStop: DatagramPeer.() -> Unit = {}

    init {
        isNoisy = false
    }

    val texts get() = received.map { it.decodeToString() }

    fun note(event: String, callback: () -> Unit = {}) = told.note(event, callback)

    override fun startProtocol() = note("started") { onStart() }

    override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
        received.add(data)
        senders.add(sender)
        told.inside { onDatagram(data, sender) }
    }

    override fun datagramTruncated(view: ByteBuffer, sender: InternetAddress) = note("truncated to ${view.remaining()}")

    override fun connectionRefused() = note("refused") { onRefused() }

    override fun stopProtocol() = note("stopped") { onStop() }
}

internal fun Scene.datagramPeer(configure: DatagramPeer.() -> Unit = {}) = DatagramPeer(this).apply(configure)

/** Opens a port of the loopback for [peer]. */
internal fun Scene.open(
    peer: DatagramPeer,
    options: DatagramOptions = DatagramOptions.DEFAULT,
    networkInterface: String = LOOPBACK,
): ListeningPort = reactor.listenUdp(0, peer, networkInterface, options)

internal fun ListeningPort.address(): InternetAddress = host() as InternetAddress

internal fun DatagramPeer.say(text: String, to: InternetAddress) = transport.write(text.encodeToByteArray(), to)

/** A port of the loopback on which nobody listens. */
internal suspend fun Scene.nobody(): InternetAddress {
    val port = open(datagramPeer())
    val address = port.address()
    port.stopListening().awaitHere()
    return IPv4Address(LOOPBACK, address.port)
}

internal const val LOOPBACK = "127.0.0.1"
