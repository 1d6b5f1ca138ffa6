// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.endpoint.connectProtocol
import dev.torsion.net.Factory
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.reactorScope
import kotlinx.coroutines.async

/** Of docs/guide/endpoints.md. */
internal suspend fun listenAndConnect(reactor: Reactor): List<Any> {
    val port = TCP4ServerEndpoint(reactor, 8007).listen(Factory { Echo() }).await()
    val echo = HostnameEndpoint(reactor, "example.com", 8007).connectProtocol(Echo()).await()
    return listOf(port, echo)
}

/** Of docs/guide/cancellation.md. */
internal suspend fun sumOf(reactor: Reactor, first: String, second: String, fetch: suspend (String) -> Int): Int {
    val both = reactor.reactorScope {
        // from any coroutine, on any thread
        val one = async { fetch(first) }
        val two = async { fetch(second) }
        one.await() + two.await()
    }
    return both
}
