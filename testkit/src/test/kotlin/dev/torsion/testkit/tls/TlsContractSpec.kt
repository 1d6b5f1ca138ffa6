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
import dev.torsion.testkit.contract.NEEDS_STEADY_CHANNEL
import dev.torsion.testkit.contract.PipeHarness
import dev.torsion.testkit.contract.StreamContract
import dev.torsion.testkit.contract.StreamHarness
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsTrust
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import java.util.concurrent.Callable

/** Every rule of a stream holds for TLS over it, and for TLS over TLS. */
class TlsContractSpec :
    FunSpec({
        mapOf(
            "memory" to { StreamHarness.tls(StreamHarness.memory()) },
            "memory, in random pieces" to { StreamHarness.tls(StreamHarness.memory(Chunking.random(seed = 1, largest = 4000))) },
            "memory, with a window of 1000 bytes" to { StreamHarness.tls(StreamHarness.memory(window = 1000)) },
            "sockets" to { StreamHarness.tls(StreamHarness.sockets()) },
            "TLS over memory" to { StreamHarness.tls(StreamHarness.tls(StreamHarness.memory())) },
            "TLS over sockets" to { StreamHarness.tls(StreamHarness.tls(StreamHarness.sockets())) },
        ).forEach { (name, harness) ->
            context("TLS over $name") {
                StreamContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }

        // A cut without a close alert is told from an end also where the stream below cannot tell them apart.
        val folder = tempdir("tls").toPath() // short: the path of a UNIX socket has about a hundred bytes
        mapOf(
            "UNIX sockets" to { StreamHarness.tls(StreamHarness.unixSockets(folder)) },
            "UNIX sockets in memory" to { StreamHarness.tls(StreamHarness.unixMemory()) },
            "UNIX sockets in memory, in random pieces" to
                { StreamHarness.tls(StreamHarness.unixMemory(Chunking.random(seed = 1, largest = 4000))) },
            "TLS over UNIX sockets" to { StreamHarness.tls(StreamHarness.tls(StreamHarness.unixSockets(folder))) },
        ).forEach { (name, harness) ->
            context("TLS over $name") {
                StreamContract(harness).run { streams + resets + drains + halfClose }.forEach { check -> test(check.name) { check.run() } }
            }
        }

        mapOf(
            "pipes" to { StreamHarness.tls(PipeHarness()) },
            "TLS over pipes" to { StreamHarness.tls(StreamHarness.tls(PipeHarness())) },
        ).forEach { (name, harness) ->
            context("TLS over $name") {
                // No factory hears of pipes, so that a protocol around the client's TLS tells it: before the connection inside has settled.
                val ofOneTransport = "coroutines of a connection end with it, after connectionLost"
                StreamContract(harness).run { streams + resets + halfClose }
                    .filter { it.name != NEEDS_STEADY_CHANNEL && it.name != ofOneTransport }
                    .forEach { check -> test(check.name) { check.run() } }
            }
        }

        context("TLS inside of another protocol, over memory") {
            val harness = { StreamHarness.tls(InsideHarness(StreamHarness.memory(Chunking.random(seed = 2, largest = 4000)))) }
            // The connection below has a queue of its own: it drains once more when it is looked at, and the factory is told of its end.
            // A port reports its own connections, whose end the inner one hears later in the same turn.
            val ofOneTransport =
                listOf(
                    "a streaming producer is paused when the queue is long,",
                    "coroutines of a connection end with it,",
                    "a port that drains resets what its peers do not take in time,",
                )
            StreamContract(harness).run { streams + drains + halfClose }
                .filterNot { check -> ofOneTransport.any { check.name.startsWith(it) } }
                .forEach { check -> test(check.name) { check.run() } }
        }

        context("TLS 1.2 over memory") {
            val identity = Tls.selfSigned("127.0.0.1")
            val server = Tls.server(identity).withVersions("TLSv1.2")
            val client = Tls.client().withTrust(TlsTrust.of(identity))
            // The end of one half ends TLS 1.2 (RFC 5246, 7.2.1). Its server speaks last: one that aborts at once takes that away again.
            StreamContract { StreamHarness.tls(StreamHarness.memory(), server, client) }.streams
                .filterNot { it.name.startsWith("connectionMade that throws") }
                .forEach { check -> test(check.name) { check.run() } }
        }
    })

/** The connections of [below] with a protocol on them that passes everything on. */
private class InsideHarness(private val below: StreamHarness) : StreamHarness() {
    override val reactor get() = below.reactor
    override val errors get() = below.errors

    override fun await(work: Callable<Deferred<Unit>>) = below.await(work)

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort = below.listen(Passing(factory), options)

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector =
        below.connect(port, PassingClient(factory), options)

    override fun close() = below.close()
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
