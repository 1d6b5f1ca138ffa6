// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.loop.ErrorListener
import dev.torsion.net.Address
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.contract.StreamContract
import dev.torsion.testkit.contract.StreamHarness
import io.kotest.core.spec.style.FunSpec
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.aSocket
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import java.time.Duration
import java.util.concurrent.Callable

/** The server's end of each connection is one of ktor's; all but what only TCP has. */
class KtorContractSpec :
    FunSpec({
        val contract = StreamContract(::KtorHarness)
        (contract.streams + contract.resets + contract.halfClose).forEach { check -> test(check.name) { check.run() } }
    })

private class KtorHarness : StreamHarness() {
    override val reactor = Reactor.create(ReactorOptions(errorListener = ErrorListener { _, error -> errors.add(error) }))

    init {
        reactor.start()
    }

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort = KtorPort(reactor, factory, options)

    override fun await(work: Callable<Deferred<Unit>>) = reactor.blockingCallFromThread(work)

    override fun close() {
        check(reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS))) { "$reactor does not stop" }
    }
}

@OptIn(ExperimentalCoroutinesApi::class)
private class KtorPort(private val reactor: Reactor, private val factory: Factory, private val options: TcpOptions) : ListeningPort {
    private val server =
        reactor.scope.async(start = CoroutineStart.UNDISPATCHED) {
            aSocket(KtorSelectorManager(reactor)).tcp().bind(InetSocketAddress("127.0.0.1", 0))
        }.getCompleted()
    private val accepting =
        reactor.scope.launch {
            while (true) {
                val socket = server.accept()
                val protocol = factory.buildProtocol(socket.remoteAddress.toTorsion())
                if (protocol == null) socket.close() else reactor.scope.launch { socket.serve(protocol, reactor, options.stream) }
            }
        }

    override val isListening: Boolean get() = accepting.isActive

    override fun host(): Address = server.localAddress.toTorsion()

    override fun startListening() = throw UnsupportedOperationException()

    override fun stopListening(): Deferred<Unit> {
        accepting.cancel()
        server.close()
        return succeed(Unit)
    }
}
