// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import java.nio.ByteBuffer

/** The hooks of datagram protocols. */
internal val DATAGRAM_HOOKS =
    listOf(
        Hook("startProtocol") {
            reactor.listenUdp(
                UDP_PORT,
                object : DatagramProbe(play) {
                    override fun startProtocol() = fail()
                },
                HOST,
            )
        },
        Hook("datagramReceived(ByteArray)") {
            hit(
                object : DatagramProbe(play) {
                    override fun datagramReceived(data: ByteArray, sender: InternetAddress) = fail()
                },
            )
        },
        Hook("datagramReceived(ByteBuffer)") {
            hit(
                object : DatagramProbe(play) {
                    override fun datagramReceived(view: ByteBuffer, sender: InternetAddress) = fail()
                },
            )
        },
        Hook("datagramTruncated") {
            hit(
                object : DatagramProbe(play) {
                    override fun datagramTruncated(view: ByteBuffer, sender: InternetAddress) = fail()
                },
            )
        },
        Hook("connectionRefused") {
            val probe =
                object : DatagramProbe(play) {
                    override fun connectionRefused() = fail()
                }
            reactor.listenUdp(UDP_PORT, probe, HOST)
            probe.transport.connect(HOST, UDP_PORT + 1)
            probe.transport.write(ByteArray(1))
        },
        Hook("stopProtocol") {
            val port =
                reactor.listenUdp(
                    UDP_PORT,
                    object : DatagramProbe(play) {
                        override fun stopProtocol() = fail()
                    },
                    HOST,
                )
            mustFire("stopListening", port.stopListening())
            mustFire("stopListening again", port.stopListening())
        },
    )

private const val UDP_PORT = 8008
private const val HOST = "127.0.0.1"
private const val LONGEST = 100

/** Opens a port for [probe], and sends to it a datagram that fits, one that does not, and another one. */
private fun Play.hit(probe: DatagramProbe) {
    reactor.listenUdp(UDP_PORT, probe, HOST, DatagramOptions.DEFAULT.withMaxPacketSize(LONGEST))
    val client = object : DatagramProtocol() {}
    reactor.listenUdp(0, client, HOST)
    for (size in listOf(1, LONGEST + 1, 2)) client.transport.write(ByteArray(size), IPv4Address(HOST, UDP_PORT))
    reactor.flush()
    check(probe.isListening) { "the port was closed" }
}

/** A protocol that cannot be described when the play is hostile. */
private abstract class DatagramProbe(private val play: Play) : DatagramProtocol() {
    override fun logPrefix(): String = if (play.isHostile) play.beHostile() else super.logPrefix()

    override fun toString(): String = if (play.isHostile) play.beHostile() else super.toString()
}
