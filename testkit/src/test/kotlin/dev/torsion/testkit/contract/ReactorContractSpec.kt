// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(dev.torsion.spi.TorsionSpi::class)

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.loop.EngineFactory
import dev.torsion.loop.ErrorListener
import dev.torsion.reactor.EngineReactor
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.spi.TorsionSpi
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import java.time.Duration
import java.util.concurrent.Callable

class ReactorContractSpec :
    FunSpec({
        mapOf(
            "nio" to ReactorKind.nio(),
            "memory" to ReactorKind.memory(),
            "threads" to Threads,
        ).forEach { (name, kind) ->
            context(name) {
                ReactorContract(kind).checks.forEach { check -> test(check.name) { check.run() } }
            }
        }

        context("threads, streams") {
            val checks = StreamContract { ThreadedHarness() }.checks
            checks.map { it.name } shouldContain NEEDS_STEADY_CHANNEL
            checks.filter { it.name != NEEDS_STEADY_CHANNEL }.forEach { check -> test(check.name) { check.run() } }
            AcceptorContract { ThreadedHarness() }.checks.forEach { check -> test(check.name) { check.run() } }
        }

        // A DatagramSocket knows no choice among the sources of a group, and calls all addresses those of IPv4.
        context("threads, datagrams") {
            val contract = DatagramContract { ThreadedHarness() }
            val checks = contract.ports + contract.refusals + contract.groups
            checks.map { it.name } shouldContain NEEDS_EMPTY_DATAGRAMS
            checks.filter { it.name != NEEDS_EMPTY_DATAGRAMS }.forEach { check -> test(check.name) { check.run() } }
        }
    })

/** It counts how often a producer is paused: here that is once for each time that the writing thread is slower than the producer. */
internal const val NEEDS_STEADY_CHANNEL = "a streaming producer is paused when the queue is long, and resumed when it has drained"

/** A DatagramSocket that is connected makes no system call for one. */
private const val NEEDS_EMPTY_DATAGRAMS = "an empty datagram of a port that is connected arrives too"

@OptIn(TorsionSpi::class)
private fun threaded(drainTimeout: Duration = Duration.ofSeconds(10), errors: ErrorListener): Reactor = EngineReactor(
    ReactorOptions("threads", errorListener = errors, drainTimeout = drainTimeout),
    EngineFactory(::ThreadedEngine),
)

private object Threads : ReactorKind {
    override fun create(errors: ErrorListener) = threaded(errors = errors)

    override fun create(errors: ErrorListener, drainTimeout: Duration) = threaded(drainTimeout, errors)
}

private class ThreadedHarness : StreamHarness() {
    override val reactor = threaded { _, error -> errors.add(error) }

    init {
        reactor.start()
    }

    override fun await(work: Callable<Deferred<Unit>>) = reactor.blockingCallFromThread(work)

    override fun close() {
        check(reactor.stopAndJoin(Duration.ofSeconds(20))) { "$reactor does not stop" }
    }
}
