// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients

import dev.torsion.reactor.Reactor
import dev.torsion.web.client.Agent
import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.fetch
import kotlinx.coroutines.launch

/** Torsion's suspend voice: a coroutine for each request. */
internal class TorsionFetchClient(url: String, inFlight: Int) : BenchHttpClient {
    private val reactor = Reactor.create()
    private val agent = Agent.of(reactor, TorsionAgentClient.options(inFlight))
    private val request = ClientRequest.get(url)

    init {
        reactor.start()
    }

    override fun ask(listener: BenchHttpClient.Listener) {
        reactor.scope.launch {
            try {
                val response = agent.fetch(request)
                listener.answered(response.status, response.body.readBytes().size)
            } catch (e: Exception) {
                listener.failed(e)
            }
        }
    }
}
