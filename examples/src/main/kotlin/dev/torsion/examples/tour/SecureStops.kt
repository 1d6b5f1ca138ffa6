// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.await
import dev.torsion.examples.kotlin.askSecurely
import dev.torsion.examples.kotlin.serveSecurely
import dev.torsion.java.Torsion
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import dev.torsion.examples.java.SecureClient as JavaSecureClient
import dev.torsion.examples.java.SecureServer as JavaSecureServer

/** TLS. */
internal fun secureStops(): List<Stop> = listOf(
    stop(
        "SecureServer",
        "TLS",
        "A server whose certificate signs itself. A client that does not know it refuses it; one that trusts it is answered.",
        "Java server (futures), Kotlin client (suspend)" plays { reactor, out ->
            val identity = Tls.selfSigned("localhost", "127.0.0.1")
            val server = reactor.done(JavaSecureServer.serve(Torsion.on(reactor), 0, identity))
            askSecurely(reactor, server.port(), TlsTrust.of(identity), out.of("client"))
            reactor.done(server.stop())
        },
        "Kotlin server (suspend), Java client (futures)" plays { reactor, out ->
            val identity = Tls.selfSigned("localhost", "127.0.0.1")
            val port = serveSecurely(reactor, 0, identity).await()
            reactor.done(JavaSecureClient.run(Torsion.on(reactor), port.port(), TlsTrust.of(identity), out.of("client")))
            port.stopListening().await()
        },
    ),
)
