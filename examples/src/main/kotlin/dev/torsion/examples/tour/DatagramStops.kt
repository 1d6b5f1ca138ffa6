// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output
import dev.torsion.examples.kotlin.UdpClient
import dev.torsion.examples.kotlin.UdpServer
import dev.torsion.examples.kotlin.openTexts
import dev.torsion.examples.kotlin.shoutDatagrams
import dev.torsion.framing.RawCodec
import dev.torsion.framing.connectDatagrams
import dev.torsion.java.Torsion
import dev.torsion.net.DatagramProtocol
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import dev.torsion.examples.java.UdpClient as JavaUdpClient
import dev.torsion.examples.java.UdpServer as JavaUdpServer
import dev.torsion.examples.java.UpperCaseDatagrams as JavaUpperCaseDatagrams

/** Datagrams: no connections. */
internal fun datagramStops(): List<Stop> = listOf(
    stop(
        "UdpServer",
        "UDP",
        "A server and a client without a connection. At first nobody listens, which the client hears.",
        "Java server, Kotlin client" plays { reactor, out -> udp(reactor, out, ::JavaUdpServer, ::UdpClient) },
        "Kotlin server, Java client" plays { reactor, out ->
            udp(reactor, out, ::UdpServer) { host, port, sink, ended -> JavaUdpClient(host, port, sink, ended) }
        },
    ),
    stop(
        "UpperCaseDatagrams",
        "A UDP server in a few lines",
        "Each datagram is a message, and its answer goes to whoever has sent it.",
        "Java futures" plays { reactor, out ->
            val port = reactor.done(JavaUpperCaseDatagrams.serve(Torsion.on(reactor), ANY_UDP_PORT))
            shoutAt(reactor, out, port.port())
            reactor.done(port.stop())
        },
        "Kotlin suspend" plays { reactor, out ->
            val port = openTexts(reactor, ANY_UDP_PORT).await()
            coroutineScope {
                val serving = launch(start = CoroutineStart.UNDISPATCHED) { shoutDatagrams(port) }
                shoutAt(reactor, out, port.host().port)
                serving.cancel()
            }
            port.close().await()
        },
    ),
)

private const val ANY_UDP_PORT = "udp:0:interface=127.0.0.1"
private const val HOST = "127.0.0.1"

private suspend fun udp(
    reactor: Reactor,
    out: Output,
    server: (Output) -> DatagramProtocol,
    client: (String, Int, Output, () -> Unit) -> DatagramProtocol,
) {
    val free = reactor.listenUdp(0, object : DatagramProtocol() {}.apply { isNoisy = false }, HOST)
    val number = free.port()
    free.stopListening().await()
    suspend fun visit() {
        val ended = Deferred<Unit>()
        val visitor = reactor.listenUdp(0, client(HOST, number, out.of("client")) { ended.callback(Unit) })
        ended.await()
        visitor.stopListening().await()
    }
    visit()
    val port = reactor.listenUdp(number, server(out.of("server")), HOST)
    visit()
    port.stopListening().await()
}

private suspend fun shoutAt(reactor: Reactor, out: Output, port: Int) {
    val client = reactor.connectDatagrams(HOST, port, RawCodec().text()).await()
    for (text in listOf("hello", "torsion")) {
        client.send(text)
        out.println("$text -> ${client.receive().message}")
    }
    client.close().await()
}
