// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(dev.torsion.spi.TorsionSpi::class)

package dev.torsion.testkit.policies

import dev.torsion.defer.Deferred
import dev.torsion.loop.ErrorListener
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectionListener
import dev.torsion.net.ConnectionListenerFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.MinimumRate
import dev.torsion.net.TcpOptions
import dev.torsion.net.Throttle
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.contract.StreamContract
import dev.torsion.testkit.contract.StreamHarness
import io.kotest.core.spec.style.FunSpec
import java.time.Duration
import java.util.concurrent.Callable

/** Connections with a throttle and a least rate that are generous, and a listener. */
private abstract class WithPolicies : StreamHarness() {
    protected val errorListener = ErrorListener { _, error -> errors.add(error) }
    private val throttle = Throttle.builder().readPerConnection(GENEROUS).writeInAll(GENEROUS).build()
    private val listeners = ConnectionListenerFactory { _, _ -> object : ConnectionListener {} }

    private val rate = MinimumRate.builder().reading(1).writing(1).grace(Duration.ofDays(1)).build()

    private fun TcpOptions.withPolicies() = withStream(stream.withThrottle(throttle).withListener(listeners).withMinimumRate(rate))

    override fun listen(factory: Factory, options: TcpOptions): ListeningPort = super.listen(factory, options.withPolicies())

    override fun connect(port: ListeningPort, factory: ClientFactory, options: TcpOptions): Connector =
        super.connect(port, factory, options.withPolicies())

    private companion object {
        const val GENEROUS = 10_000_000_000
    }
}

private class SocketsWithPolicies : WithPolicies() {
    override val reactor: Reactor = Reactor.create(ReactorOptions(errorListener = errorListener)).apply { start() }

    override fun await(work: Callable<Deferred<Unit>>) = reactor.blockingCallFromThread(work)

    override fun close() {
        check(reactor.stopAndJoin(Duration.ofSeconds(20))) { "$reactor does not stop" }
    }
}

private class MemoryWithPolicies : WithPolicies() {
    override val reactor = MemoryReactor(errorListener)

    override fun await(work: Callable<Deferred<Unit>>) {
        val done = Deferred<Unit>()
        reactor.callFromThread { work.call().chainDeferred(done) }
        reactor.await(done)
    }

    override fun close() = reactor.close()
}

/** A throttle and a listener keep all that a stream promises. */
class PolicyContractSpec :
    FunSpec({
        mapOf("sockets" to { SocketsWithPolicies() }, "memory" to { MemoryWithPolicies() }).forEach { (name, harness) ->
            context(name) {
                StreamContract(harness).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }
    })
