// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.endpoint.WrappingFactory
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.contract.StreamContract
import dev.torsion.testkit.contract.StreamHarness
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTrust
import io.kotest.core.spec.style.FunSpec
import java.util.concurrent.Callable

/** Every rule of a stream holds for TLS over it, and for TLS over TLS. */
class TlsContractSpec :
    FunSpec({
        mapOf(
            "memory" to { TlsHarness(StreamHarness.memory()) },
            "memory, in random pieces" to { TlsHarness(StreamHarness.memory(Chunking.random(seed = 1, largest = 4000))) },
            "memory, with a window of 1000 bytes" to { TlsHarness(StreamHarness.memory(window = 1000)) },
            "sockets" to { TlsHarness(StreamHarness.sockets()) },
            "TLS over memory" to { TlsHarness(StreamHarness.memory(), layers = 2) },
            "TLS over sockets" to { TlsHarness(StreamHarness.sockets(), layers = 2) },
        ).forEach { (name, harness) ->
            context("TLS over $name") {
                StreamContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }

        context("TLS inside of another protocol, over memory") {
            val harness = { TlsHarness(StreamHarness.memory(Chunking.random(seed = 2, largest = 4000)), isInside = true) }
            // The connection below has a queue of its own: it drains once more when it is looked at, and the factory is told of its end.
            val ofOneTransport = listOf("a streaming producer is paused when the queue is long,", "coroutines of a connection end with it,")
            StreamContract(harness).run { streams + halfClose }.filterNot { check -> ofOneTransport.any { check.name.startsWith(it) } }
                .forEach { check -> test(check.name) { check.run() } }
        }

        context("TLS 1.2 over memory") {
            // The end of one half ends TLS 1.2 (RFC 5246, 7.2.1). Its server speaks last: one that aborts at once takes that away again.
            val harness = { TlsHarness(StreamHarness.memory(), version = "TLSv1.2") }
            StreamContract(harness).streams.filterNot { it.name.startsWith("connectionMade that throws") }
                .forEach { check -> test(check.name) { check.run() } }
        }
    })

/** The connections of [below] with TLS on them. */
internal class TlsHarness(
    private val below: StreamHarness,
    private val layers: Int = 1,
    version: String? = null,
    /** Whether there is another protocol between the connection and TLS. */
    private val isInside: Boolean = false,
) : StreamHarness() {
    private val server: TlsServerOptions = Tls.server(IDENTITY).let { if (version == null) it else it.withVersions(version) }
    private val client: TlsClientOptions =
        Tls.client().withTrust(TlsTrust.of(IDENTITY)).let { if (version == null) it else it.withVersions(version) }

    override val reactor get() = below.reactor
    override val errors get() = below.errors

    override fun await(work: Callable<Deferred<Unit>>) = below.await(work)

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort =
        below.listen((1..layers).fold(factory) { inner, _ -> server.wrap(inner) }.let { if (isInside) Passing(it) else it }, options)

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector = below.connect(
        port,
        (1..layers).fold(factory) { inner, _ -> client.wrap(inner, "127.0.0.1") }.let { if (isInside) PassingClient(it) else it },
        options,
    )

    override fun close() = below.close()

    companion object {
        val IDENTITY = Tls.selfSigned("localhost", "127.0.0.1", "::1")
    }
}

/** Passes everything on. */
private class Passing(factory: Factory) : WrappingFactory(factory) {
    override fun wrapProtocol(protocol: Protocol) = PassingProtocol(protocol)
}

private class PassingClient(private val inner: ClientFactory) : ClientFactory() {
    init {
        isNoisy = false
    }

    override fun buildProtocol(address: Address): Protocol? = inner.buildProtocol(address)?.let(::PassingProtocol)

    override fun clientConnectionMade(connector: Connector, protocol: Protocol) =
        inner.clientConnectionMade(connector, (protocol as PassingProtocol).wrapped)

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) = inner.clientConnectionLost(connector, reason)
}

private class PassingProtocol(protocol: Protocol) :
    ProtocolWrapper(protocol),
    HalfCloseableProtocol {
    override fun readConnectionLost() = (wrapped as HalfCloseableProtocol).readConnectionLost()

    override fun writeConnectionLost() = (wrapped as HalfCloseableProtocol).writeConnectionLost()
}
