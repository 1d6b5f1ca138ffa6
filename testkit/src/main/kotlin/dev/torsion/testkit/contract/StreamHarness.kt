// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.loop.ErrorListener
import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixPortOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTrust
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Tells [StreamContract] about the transports that it checks: a reactor, how to connect on it, and how to wait for
 * something on it. One is made for each check, and closed after it.
 *
 * [listen] and [connect] speak TCP; override them for other streams.
 */
public abstract class StreamHarness : AutoCloseable {
    /** The reactor; its errors go to [errors]. */
    public abstract val reactor: Reactor

    /** The errors of callbacks that the reactor has reported. */
    public open val errors: MutableList<Throwable> = CopyOnWriteArrayList()

    /** Runs [work] on the reactor's thread and waits, on the test's, until its Deferred has fired; throws its failure. */
    public abstract fun await(work: Callable<Deferred<Unit>>)

    /** Opens a port for [factory]. */
    public open fun listen(factory: Factory, options: TcpOptions): ListeningPort =
        reactor.listenTcp(0, factory, "127.0.0.1", options = options)

    /** Connects to [port]. */
    public open fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector =
        reactor.connectTcp("127.0.0.1", port.port(), factory, options = options)

    public companion object {
        /** TCP in memory, of a neighbour of [reactor] which reaches it. */
        @JvmSynthetic
        internal fun neighbour(reactor: MemoryReactor): StreamHarness = NeighbourHarness(reactor)

        /** TCP on the platform's selector and real sockets of the loopback interface. */
        @JvmStatic
        public fun sockets(): StreamHarness = SocketHarness()

        /** UNIX sockets on the platform's selector, with their files in [folder]. Run all checks but those of [StreamContract.resets] and TCP. */
        @JvmStatic
        public fun unixSockets(folder: Path): StreamHarness = UnixHarness(folder, SocketHarness())

        /** The same in memory. */
        @JvmStatic
        @JvmOverloads
        public fun unixMemory(chunking: Chunking = Chunking.whole(), window: Int = 64 * 1024): StreamHarness =
            UnixHarness(Path.of("/memory"), MemoryHarness(chunking, window))

        /** TCP in memory, with bytes arriving in such pieces and at most [window] bytes on the way in each direction. */
        @JvmStatic
        @JvmOverloads
        public fun memory(chunking: Chunking = Chunking.whole(), window: Int = 64 * 1024): StreamHarness = MemoryHarness(chunking, window)

        /**
         * TLS over the streams of [below], which may have TLS already. It is the real one, with a certificate for `127.0.0.1` that signs itself.
         * With TLS 1.2 run [StreamContract.streams] only: it has no half-close.
         */
        @JvmStatic
        public fun tls(below: StreamHarness): StreamHarness =
            TlsHarness(below, Tls.server(IDENTITY), Tls.client().withTrust(TlsTrust.of(IDENTITY)))

        /** The same with options of your own, such as engines of another provider. The name of the server is `127.0.0.1`. */
        @JvmStatic
        public fun tls(below: StreamHarness, server: TlsServerOptions, client: TlsClientOptions): StreamHarness =
            TlsHarness(below, server, client)

        private val IDENTITY by lazy { Tls.selfSigned("localhost", "127.0.0.1", "::1") }
    }
}

/** The connections of [below] with TLS on them. */
private class TlsHarness(private val below: StreamHarness, private val server: TlsServerOptions, private val client: TlsClientOptions) :
    StreamHarness() {
    override val reactor get() = below.reactor

    override val errors get() = below.errors

    override fun await(work: Callable<Deferred<Unit>>) = below.await(work)

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort = below.listen(server.wrap(factory), options)

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector =
        below.connect(port, client.wrap(factory, "127.0.0.1"), options)

    override fun close() = below.close()
}

private class UnixHarness(private val folder: Path, private val inner: StreamHarness) : StreamHarness() {
    private var number = 0

    override val reactor get() = inner.reactor

    override val errors get() = inner.errors

    override fun await(work: Callable<Deferred<Unit>>) = inner.await(work)

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort =
        reactor.listenUnix(folder.resolve("contract-${++number}.sock"), factory, UnixPortOptions(stream = options.stream))

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector =
        reactor.connectUnix((port.host() as UnixAddress).path, factory, options = options.stream)

    override fun close() = inner.close()
}

private class SocketHarness : StreamHarness() {
    // Nobody waits for a connection that a check has left open.
    override val reactor =
        Reactor.create(ReactorOptions(errorListener = ErrorListener { _, error -> errors.add(error) }, drainTimeout = Duration.ZERO))

    init {
        reactor.start()
    }

    override fun await(work: Callable<Deferred<Unit>>) = reactor.blockingCallFromThread(work)

    override fun close() {
        check(reactor.stopAndJoin(Duration.ofSeconds(TIMEOUT))) { "$reactor does not stop" }
    }

    private companion object {
        const val TIMEOUT = 20L
    }
}

private class MemoryHarness(chunking: Chunking, window: Int) : InMemory() {
    override val reactor = MemoryReactor(ErrorListener { _, error -> errors.add(error) })

    init {
        reactor.network.chunking = chunking
        reactor.network.window = window
    }
}

/** A machine of its own, on the network and the clock of another reactor. */
private class NeighbourHarness(other: MemoryReactor) : InMemory() {
    override val reactor = other.neighbour(ADDRESS)

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort = reactor.listenTcp(0, factory, ADDRESS, options = options)

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector =
        reactor.connectTcp(ADDRESS, port.port(), factory, options = options)

    private companion object {
        const val ADDRESS = "10.0.0.2"
    }
}

private abstract class InMemory : StreamHarness() {
    abstract override val reactor: MemoryReactor

    override fun await(work: Callable<Deferred<Unit>>) {
        val done = Deferred<Unit>()
        reactor.callFromThread { work.call().chainDeferred(done) }
        reactor.await(done)
    }

    override fun close() = reactor.close()
}
