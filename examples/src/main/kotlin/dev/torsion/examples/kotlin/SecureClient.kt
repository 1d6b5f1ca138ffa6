// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.examples.Output
import dev.torsion.framing.LineCodec
import dev.torsion.framing.connect
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsConnectException
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.tlsSession
import kotlin.io.path.Path
import kotlin.system.exitProcess

/** Asks a server over TLS whose certificate signs itself: first without [trust] in it, then with it. */
suspend fun askSecurely(reactor: Reactor, port: Int, trust: TlsTrust, out: Output) {
    suspend fun ask(tls: TlsClientOptions) {
        val connection = reactor.connect(TlsClientEndpoint(reactor, "127.0.0.1", port, tls), LineCodec())
        out.println("connected by ${connection.transport.tlsSession!!.protocol}")
        connection.send("hello")
        out.println("hello -> ${connection.receive()}")
        connection.close()
    }
    try {
        ask(Tls.client())
    } catch (e: TlsConnectException) {
        out.println("refused: ${e.tls?.javaClass?.simpleName}")
    }
    ask(Tls.client().withTrust(trust))
}

fun main() {
    val trust = TlsTrust.fromPem(Path("localhost.pem"))
    exitProcess(react { reactor -> askSecurely(reactor, 8443, trust, Output.CONSOLE) })
}
