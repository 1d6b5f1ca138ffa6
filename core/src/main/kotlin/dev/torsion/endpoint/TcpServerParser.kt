// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor

/** `tcp:PORT[:interface=ADDRESS][:backlog=N]`, and the same with `tcp6`. */
internal class TcpServerParser(private val isIpv6: Boolean) : ServerEndpointParser {
    override fun prefix() = if (isIpv6) "tcp6" else "tcp"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("port")
        val port = text.needed("port").port(smallest = 0)
        val given = text.option("interface")
        val networkInterface = given?.address() ?: ""
        val backlog = text.option("backlog")?.number(1, Int.MAX_VALUE) ?: ListeningPort.DEFAULT_BACKLOG
        return when {
            !isIpv6 -> TCP4ServerEndpoint(reactor, port, backlog, networkInterface, text.transport)
            given == null -> TCP6ServerEndpoint(reactor, port, backlog, "", text.transport)
            else -> given.checked { TCP6ServerEndpoint(reactor, port, backlog, networkInterface, text.transport) }
        }
    }
}
