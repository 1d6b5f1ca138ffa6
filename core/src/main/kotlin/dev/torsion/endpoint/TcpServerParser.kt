// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor

/** `tcp:PORT[:interface=ADDRESS][:backlog=N][:reusePort=1]`, and the same with `tcp6`. */
internal class TcpServerParser(private val isIpv6: Boolean) : ServerEndpointParser {
    override fun prefix() = if (isIpv6) "tcp6" else "tcp"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("port")
        val port = text.needed("port").port(smallest = 0)
        val given = text.option("interface")
        val networkInterface = given?.address() ?: ""
        val backlog = text.option("backlog")?.number(1, Int.MAX_VALUE) ?: ListeningPort.DEFAULT_BACKLOG
        val options = text.portOptions()
        return when {
            !isIpv6 -> TCP4ServerEndpoint(reactor, port, backlog, networkInterface).withOptions(options)
            given == null -> TCP6ServerEndpoint(reactor, port, backlog).withOptions(options)
            else -> given.checked { TCP6ServerEndpoint(reactor, port, backlog, networkInterface).withOptions(options) }
        }
    }
}

/** The options of a port of TCP: those of the caller, and those that are named here. */
internal fun EndpointString.portOptions(): TcpOptions = option("reusePort")?.let { transport.withReusePort(it.flag()) } ?: transport
