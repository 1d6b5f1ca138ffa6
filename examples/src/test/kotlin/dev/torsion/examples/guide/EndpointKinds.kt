// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.endpoint.EndpointString
import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.ServerEndpointParser
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.endpoint.WrappingFactory
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import java.nio.ByteBuffer
import java.util.concurrent.atomic.LongAdder

// Of docs/guide/endpoints.md.

class LoopbackParser : ServerEndpointParser {
    override fun prefix() = "loopback"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        text.order("port") // "loopback:8007" is "loopback:port=8007"
        val port = text.needed("port").port()
        val backlog = text.option("backlog")?.number(1, 100) ?: 10
        return TCP4ServerEndpoint(reactor, port, backlog, "127.0.0.1")
    }
}

class Counting(factory: Factory, val bytes: LongAdder) : WrappingFactory(factory) {
    override fun wrapProtocol(protocol: Protocol) = object : ProtocolWrapper(protocol) {
        override fun dataReceived(view: ByteBuffer) {
            bytes.add(view.remaining().toLong())
            super.dataReceived(view)
        }
    }
}

internal suspend fun countedEcho(reactor: Reactor, bytes: LongAdder): ListeningPort {
    val port = serverFromString(reactor, "tcp:0").wrap { Counting(it, bytes) }.listen(Factory { Echo() }).await()
    return port
}
