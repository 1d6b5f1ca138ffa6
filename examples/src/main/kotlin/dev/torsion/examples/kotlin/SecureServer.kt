// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.TlsServerEndpoint
import dev.torsion.framing.LineCodec
import dev.torsion.framing.serve
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsIdentity
import kotlin.io.path.Path
import kotlin.io.path.writeText

/** Answers each line in upper case, over TLS. */
fun serveSecurely(reactor: Reactor, port: Int, identity: TlsIdentity): Deferred<ListeningPort> {
    val endpoint = TlsServerEndpoint(reactor, port, Tls.server(identity), networkInterface = "127.0.0.1")
    return reactor.serve(endpoint, LineCodec()) { connection ->
        for (line in connection.incoming) connection.send(line.uppercase())
    }
}

/** Makes a certificate for development, and leaves it in a file for the client. */
fun main() {
    val identity = Tls.selfSigned("localhost", "127.0.0.1")
    Path("localhost.pem").writeText(identity.certificatesToPem())
    val reactor = Reactor.create()
    serveSecurely(reactor, 8443, identity)
    reactor.run()
}
