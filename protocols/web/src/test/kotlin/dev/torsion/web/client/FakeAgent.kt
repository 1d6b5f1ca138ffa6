// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.succeed
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.Headers
import dev.torsion.web.HttpBody
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

internal class Answer(val status: Int, vararg val headers: Pair<String, String>, val body: ByteArray? = ByteArray(0))

/** Answers requests at once, without a network; a body of null never comes. It knows whether each response was let go. */
internal class FakeAgent(private val answer: (ClientRequest) -> Answer) : Agent {
    private val reactor = MemoryReactor()
    val requests = ArrayList<ClientRequest>()
    val open = HashSet<ClientRequest>()

    override fun reactor(): Reactor = reactor

    override fun request(request: ClientRequest): Deferred<ClientResponse> {
        requests.add(request)
        open.add(request)
        val answer = answer(request)
        val flow = object : HttpBody.Flow {
            override fun wanted() = Unit

            override fun roomChanged() = Unit
        }
        val body = HttpBody(ScopeExecutor(reactor.scope), flow)
        answer.body?.let {
            if (it.isNotEmpty()) body.add(it)
            body.end()
        }
        val owner = object : ClientResponse.Owner {
            override val trailers = Headers.EMPTY

            override fun close() {
                open.remove(request)
                body.discard()
            }
        }
        val headers = Headers.of(*answer.headers.flatMap { listOf(it.first, it.second) }.toTypedArray())
        return succeed(ClientResponse(answer.status, "", headers, true, body, request, owner)).onUndelivered { it.close() }
    }

    fun run(agent: Agent, url: String, vararg headers: Pair<String, String>): ClientResponse {
        val fields = Headers.of(*headers.flatMap { listOf(it.first, it.second) }.toTypedArray())
        val future = agent.send(ClientRequest.get(url).withHeaders(fields))
        reactor.flush()
        try {
            return future.get(0, TimeUnit.SECONDS)
        } catch (e: ExecutionException) {
            throw e.cause!!
        }
    }
}
