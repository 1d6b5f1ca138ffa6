// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.name.LocalEnd
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.reactor.Reactor

/** `tcp:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]`, and the same with another [prefix]. */
internal class TcpClientParser(private val prefix: String) : ClientEndpointParser {
    override fun prefix() = prefix

    override fun parse(reactor: Reactor, text: EndpointString): ClientEndpoint {
        text.order("host", "port")
        val host = text.hostBeforePort(prefix)
        val port = text.needed("port").port()
        val timeout = text.option("timeout")?.seconds() ?: Connector.DEFAULT_TIMEOUT
        val bindAddress = text.option("bindAddress")?.let { local -> local.address().also { local.checked { LocalEnd(it) } } }
        return HostnameEndpoint(reactor, host, port, ConnectOptions(timeout, bindAddress)).withOptions(text.transport)
    }
}

/** The host, unless it is the port that stands in its place. */
internal fun EndpointString.hostBeforePort(prefix: String): String {
    val given = needed("host")
    val host = given.host()
    if (option("port") == null && isPort(host)) throw given.error("it needs a host before the port, as in $prefix:127.0.0.1:$host")
    return host
}

private fun isPort(text: String) = text.isNotEmpty() && text.all { it in '0'..'9' }
