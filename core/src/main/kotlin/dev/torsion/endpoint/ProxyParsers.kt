// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.reactor.Reactor

/** `haproxy:` and another server string, on which each connection begins with a header of the PROXY protocol. */
internal object ProxyServerParser : ServerEndpointParser {
    override fun prefix() = "haproxy"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint =
        text.inner { serverFromString(reactor, it, text.transport) }.wrap(ProxyProtocol.receiving(reactor))
}

/** `haproxy:` and another client string: sends a header, of version 2, with the addresses of the connection. */
internal object ProxyClientParser : ClientEndpointParser {
    override fun prefix() = "haproxy"

    override fun parse(reactor: Reactor, text: EndpointString): ClientEndpoint =
        text.inner { clientFromString(reactor, it, text.transport) }.wrap(ProxyProtocol.sending())
}

/** The endpoint of the string behind the first colon. An error in that is at a place of this string, too. */
private fun <E> EndpointString.inner(make: (String) -> E): E {
    val rest = rest()
    if (rest.isEmpty()) throw error("it needs another endpoint string, as in $kind:tcp:8007")
    try {
        return make(rest)
    } catch (e: EndpointSyntaxException) {
        val position = if (e.position < 0) -1 else e.position + description.length - rest.length
        throw EndpointSyntaxException(description, e.problem, position, e)
    }
}
