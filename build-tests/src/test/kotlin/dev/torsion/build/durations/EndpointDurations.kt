// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.ClientCreator
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.endpoint.TlsClientEndpoint
import dev.torsion.endpoint.UNIXClientEndpoint
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsIdentityFiles
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.listenTls
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.time.Duration
import java.time.Instant
import java.util.Date

private val identity: TlsIdentity by lazy { Tls.selfSigned("localhost", "127.0.0.1") }

private val trusting: TlsClientOptions by lazy { Tls.client().withTrust(TlsTrust.of(identity)) }

private fun inHalfACentury(): Date = Date.from(Instant.now().plus(halfACentury))

/** Connects to a server with TLS by what [connect] does. */
private fun overTls(server: TlsServerOptions = Tls.server(identity), connect: (MemoryReactor, Int) -> Deferred<Protocol>) =
    inMemory { reactor ->
        val port = reactor.listenTls(0, Factory { object : Protocol() {} }, server, "127.0.0.1")
        reactor.network.addHost("localhost", "127.0.0.1")
        val protocol = reactor.await(connect(reactor, port.port()))
        reactor.advance(halfACentury)
        protocol.isConnected shouldBe true
        protocol.transport.abortConnection()
        port.stopListening()
        reactor.flush()
    }

private fun connectTls(reactor: MemoryReactor, port: Int, tls: TlsClientOptions): Deferred<Protocol> =
    TlsClientEndpoint(reactor, "localhost", port, tls).connect(Factory { object : Protocol() {} })

/** Files that are looked at once in half a century at most are not looked at before. */
private fun watchFiles(period: Duration) = inMemory { reactor ->
    val folder = Files.createTempDirectory("torsion")
    val files = TlsIdentityFiles(Files.writeString(folder.resolve("all.pem"), identity.toPem()))
    files.watch(reactor, period).use { reactor.advance(halfACentury) }
    reactor.flush()
}

/** Times of endpoints and of TLS. */
internal val endpointDurations: Tries =
    mapOf(
        "endpoint/ClientCreator.connectTcp" to { time ->
            connecting { reactor, host, port ->
                object : ClientEndpoint {
                    override fun connect(factory: Factory): Deferred<Protocol> =
                        ClientCreator(reactor) { object : Protocol() {} as Protocol }.connectTcp(host, port, time)
                }
            }
        },
        "endpoint/ClientCreator.connectTls" to { time ->
            overTls { reactor, port ->
                ClientCreator(reactor) { object : Protocol() {} as Protocol }.connectTls("localhost", port, trusting, time)
            }
        },
        "tls/TlsClientOptions.withHandshakeTimeout" to { time ->
            overTls { reactor, port -> connectTls(reactor, port, trusting.withHandshakeTimeout(time)) }
        },
        "tls/TlsServerOptions.withHandshakeTimeout" to { time ->
            overTls(Tls.server(identity).withHandshakeTimeout(time)) { reactor, port -> connectTls(reactor, port, trusting) }
        },
        "tls/TlsIdentity.selfSigned" to { time ->
            TlsIdentity.selfSigned(listOf("localhost"), time).certificate.checkValidity(inHalfACentury())
        },
        "tls/TlsIdentity\$Companion.selfSigned" to { time ->
            TlsIdentity.Companion.selfSigned(listOf("localhost"), time).certificate.checkValidity(inHalfACentury())
        },
        "tls/TlsIdentityFiles.watch" to { time -> watchFiles(time) },
        "endpoint/ClientCreator.connectUnix" to { time ->
            onUnixSocket { reactor, path -> ClientCreator(reactor) { object : Protocol() {} as Protocol }.connectUnix(path, time) }
        },
        "endpoint/UNIXClientEndpoint.<init>" to { time ->
            onUnixSocket { reactor, path -> UNIXClientEndpoint(reactor, path, time).connect(Factory { object : Protocol() {} }) }
        },
        "endpoint/ProxyProtocol.receiving" to { time ->
            inMemory { reactor ->
                val port = reactor.listenTcp(0, ProxyProtocol.receiving(reactor, time).wrap(Factory { object : Protocol() {} }))
                val client = object : Protocol() {}
                val endpoint = HostnameEndpoint(reactor, "127.0.0.1", port.port())
                reactor.await(endpoint.connect(Factory { client }))
                reactor.advance(halfACentury)
                client.isConnected shouldBe true
                client.transport.abortConnection()
                port.stopListening()
                reactor.flush()
            }
        },
    )
