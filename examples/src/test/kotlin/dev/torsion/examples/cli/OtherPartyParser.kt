// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.endpoint.EndpointString
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.ServerEndpointParser
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.reactor.Reactor

/** A kind of strings that the library does not know: `otherparty:PORT`, on the loopback interface. */
class OtherPartyParser : ServerEndpointParser {
    override fun prefix() = "otherparty"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("port")
        return TCP4ServerEndpoint(reactor, text.needed("port").port(smallest = 0), networkInterface = "127.0.0.1")
    }
}
