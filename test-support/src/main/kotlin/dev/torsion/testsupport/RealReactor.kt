// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testsupport

import dev.torsion.defer.inlineCallbacks
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.reactorScope
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withTimeout
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.seconds

/** Runs [block] as a coroutine on a reactor with real sockets, and fails when a callback has failed or it takes too long. */
fun <T> withRealReactor(block: suspend Reactor.(CoroutineScope) -> T): T {
    val errors = CopyOnWriteArrayList<Throwable>()
    val reactor = Reactor.create(ReactorOptions("test", errorListener = { _, error -> errors.add(error) }))
    reactor.start()
    try {
        val result =
            reactor.blockingCallFromThread {
                inlineCallbacks(reactor.dispatcher) { withTimeout(60.seconds) { reactor.reactorScope { reactor.block(this) } } }
            }
        errors.firstOrNull()?.let { throw AssertionError("a callback has failed", it) }
        return result
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(10))) { "$reactor does not stop" }
    }
}
