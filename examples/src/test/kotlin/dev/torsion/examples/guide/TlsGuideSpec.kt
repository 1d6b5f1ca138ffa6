// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.connectTls
import dev.torsion.tls.listenTls
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import java.io.IOException
import java.nio.file.Path

private class Asking : ClientFactory({ Echo() })

private fun open(reactor: Reactor) {
    reactor.listenTls(8443, Factory { Echo() }, Tls.server(Path.of("key.pem"), Path.of("cert.pem")))
    reactor.connectTls("example.com", 443, Asking(), Tls.client())
}

/** The Kotlin of the guide's page on TLS. */
class TlsGuideSpec :
    StringSpec({
        "a server whose key is not there is not opened" {
            MemoryReactor().use { reactor -> shouldThrow<IOException> { open(reactor) } }
        }
    })
