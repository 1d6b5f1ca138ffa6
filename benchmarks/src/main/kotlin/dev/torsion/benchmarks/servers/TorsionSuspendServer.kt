// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers

import dev.torsion.benchmarks.OrderJson
import dev.torsion.benchmarks.Wire
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.endpoint.TlsServerEndpoint
import dev.torsion.framing.Codec
import dev.torsion.framing.Content
import dev.torsion.framing.HeaderCodec
import dev.torsion.framing.Int32Codec
import dev.torsion.framing.LineCodec
import dev.torsion.framing.RawCodec
import dev.torsion.framing.Struct
import dev.torsion.framing.openDatagrams
import dev.torsion.framing.serve
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.launch

/** Torsion's suspend voice: one coroutine for each connection. */
internal class TorsionSuspendServer : BenchServer {
    override fun start(wire: Wire): Int = when (wire) {
        Wire.RAW -> serve(RawCodec().with(Content.view()))
        Wire.LINE -> serve(LineCodec("\r\n").with(Content.view()))
        Wire.INT32 -> serve(Int32Codec().with(Content.view()))
        Wire.JSON -> serve(HeaderCodec(Struct("<iii"), 1, Content.of(OrderJson::encode, OrderJson::decode)))
        Wire.DATAGRAM -> serveDatagrams()
        Wire.HTTP -> throw IllegalArgumentException("$wire has other servers")
        Wire.TLS -> serve(RawCodec().with(Content.view())) { TlsServerEndpoint(it, 0, TorsionCallbackServer.tls()) }
    }

    private fun serveDatagrams(): Int {
        val reactor = Reactor.create()
        reactor.start()
        val port = reactor.blockingCallFromThread { reactor.openDatagrams("udp:0:interface=0.0.0.0", RawCodec()) }
        reactor.scope.launch { port.incoming.collect { (bytes, sender) -> port.send(bytes, sender) } }
        return port.host().port
    }

    private fun <T : Any> serve(codec: Codec<T>, endpoint: (Reactor) -> ServerEndpoint = { TCP4ServerEndpoint(it, 0) }): Int {
        val reactor = Reactor.create()
        reactor.start()
        val port =
            reactor.blockingCallFromThread {
                reactor.serve(endpoint(reactor), codec) { connection -> for (message in connection.incoming) connection.send(message) }
            }
        return port.port()
    }
}
