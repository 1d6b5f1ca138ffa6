// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.loop.ErrorListener
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.ListeningPort
import dev.torsion.net.PipeAddress
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.process.StandardIO
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import java.nio.channels.Channels
import java.nio.channels.Pipe
import java.time.Duration
import java.util.concurrent.Callable

/** Connections whose two directions are pipes of the system, with a thread for each: those of standard input and output, and of processes. */
internal class PipeHarness : StreamHarness() {
    // Nobody waits for a connection that a check has left open.
    override val reactor =
        Reactor.create(ReactorOptions(errorListener = ErrorListener { _, error -> errors.add(error) }, drainTimeout = Duration.ZERO))

    init {
        reactor.start()
    }

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort = PipePort(factory, options)

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector {
        val server = (port as PipePort).factory.buildProtocol(PipeAddress("client"))
        val client = factory.buildProtocol(PipeAddress("server"))!!
        val connector = OnePipe(client)
        val outer = if (client is HalfCloseableProtocol) HalfTold(client, factory, connector) else Told(client, factory, connector)
        val there = Pipe.open()
        val back = Pipe.open()
        if (server == null) {
            there.source().close()
            back.sink().close()
        } else {
            StandardIO.open(
                reactor,
                server,
                Channels.newInputStream(there.source()),
                Channels.newOutputStream(back.sink()),
                port.options.stream,
            )
        }
        StandardIO.open(
            reactor,
            outer,
            Channels.newInputStream(back.source()),
            Channels.newOutputStream(there.sink()),
            options.stream,
        )
        return connector
    }

    override fun await(work: Callable<Deferred<Unit>>) = reactor.blockingCallFromThread(work)

    override fun close() {
        check(reactor.stopAndJoin(Duration.ofSeconds(20))) { "$reactor does not stop" }
    }
}

private class PipePort(val factory: Factory, val options: TcpOptions) : ListeningPort {
    override val isListening get() = true

    override fun host(): Address = PipeAddress("pipe")

    override fun startListening() = throw UnsupportedOperationException()

    override fun stopListening(): Deferred<Unit> = succeed(Unit)
}

/** Pipes have no connector, so there is one that tells the factory. */
private class OnePipe(private val client: Protocol) : Connector {
    override val destination = "pipe"
    override val state get() = if (client.isConnected) Connector.State.CONNECTED else Connector.State.DISCONNECTED

    override fun connect() = throw UnsupportedOperationException()

    override fun stopConnecting() = throw UnsupportedOperationException()

    override fun disconnect() = client.transport.loseConnection()
}

private open class Told(client: Protocol, private val clients: ClientFactory, private val connector: Connector) : ProtocolWrapper(client) {
    override fun connectionLost(reason: CloseReason) {
        try {
            super.connectionLost(reason)
        } finally {
            clients.clientConnectionLost(connector, reason)
        }
    }
}

private class HalfTold(client: Protocol, clients: ClientFactory, connector: Connector) :
    Told(client, clients, connector),
    HalfCloseableProtocol by (client as HalfCloseableProtocol)
