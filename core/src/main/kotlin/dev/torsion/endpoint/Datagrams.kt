// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.onLoop

/** A place where a [DatagramProtocol] can listen. Twisted has none: its programs call `listenUDP`. */
public fun interface DatagramEndpoint {
    /**
     * Opens the port for [protocol]. Fails with a [dev.torsion.net.CannotListenException] when the port is taken or not allowed, and with what
     * [startProtocol][DatagramProtocol.startProtocol] throws. A port that nobody was handed is closed.
     *
     * Thread: the reactor's.
     */
    public fun listen(protocol: DatagramProtocol): Deferred<ListeningPort>
}

/**
 * Listens on a UDP port; see [dev.torsion.reactor.ReactorDatagrams.listenUdp].
 *
 * @property port the port, or 0 for any free one
 * @property networkInterface the numeric local address; empty for all
 * @property options limits and socket options
 */
public class UdpEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val port: Int,
    public val networkInterface: String = "",
    public val options: DatagramOptions = DatagramOptions.DEFAULT,
) : DatagramEndpoint {
    override fun listen(protocol: DatagramProtocol): Deferred<ListeningPort> =
        maybeDeferred { reactor.listenUdp(port, protocol, networkInterface, options) }
            .onUndelivered { opened -> reactor.onLoop { opened.stopListening() } }

    override fun toString(): String =
        if (networkInterface.isEmpty()) "udp:$port" else "udp:$port:interface=${quoteStringArgument(networkInterface)}"
}

/**
 * An endpoint for datagrams from a string such as `udp:8007` or `udp:8007:interface=127.0.0.1`; port 0 is any free one.
 *
 * Further arguments: `maxPacketSize=BYTES`, and `listenMultiple=yes`, with which others may listen on the same port.
 *
 * @throws EndpointSyntaxException when the string is not understood
 */
public fun datagramFromString(reactor: Reactor, description: String): DatagramEndpoint {
    val text = EndpointString(description)
    if (text.kind != "udp") throw text.error("datagrams can be received on \"udp\", but not on \"${text.kind}\"")
    return EndpointString.parsing(text) {
        text.order("port")
        val port = text.needed("port").port(smallest = 0)
        var options = DatagramOptions.DEFAULT
        text.option("maxPacketSize")?.let { options = options.withMaxPacketSize(it.number(1, options.maxPacketSize)) }
        text.option("listenMultiple")?.let { options = options.withReuseAddress(it.isYes()) }
        UdpEndpoint(reactor, port, text.option("interface")?.address() ?: "", options)
    }
}

private fun EndpointArgument.isYes(): Boolean = when (value) {
    "yes" -> true
    "no" -> false
    else -> throw error("it is either yes or no, but \"$value\" was given")
}
