// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.reactor.Reactor

/**
 * Shows an [Authentication] to one server: to the scheme, the host and the port of [url], and to nobody else. So put it below a
 * [RedirectAgent].
 *
 * A request that has an `Authorization` of its own is sent as it is. For digest the server answers 401 with a question first. Then the
 * agent sends the same request again, with an answer to that question. Later requests answer at once, until the server has a new question.
 * A request whose body can be sent only once is not sent again: it gets the answer 401.
 *
 * Thread: the reactor's.
 *
 * @param url any URL of that server
 */
public class AuthenticatingAgent(private val agent: Agent, private val authentication: Authentication, url: String) : Agent {
    private val origin = Origin.of(Location.exact(url))
    private val digest = (authentication as? Authentication.Digest)?.let { DigestAnswers(it.user, it.password) }

    override fun reactor(): Reactor = agent.reactor()

    override fun request(request: ClientRequest): Deferred<ClientResponse> {
        if (request.origin != origin || "Authorization" in request.headers) return agent.request(request)
        val header = authentication.header
        if (header != null) return agent.request(request.withHeader("Authorization", header))
        return inlineCallbacks { answering(request, digest!!) }.onUndelivered { it.close() }
    }

    private suspend fun answering(request: ClientRequest, answers: DigestAnswers): ClientResponse {
        var tries = 0
        while (true) {
            val answer = answers.answer(request)
            val response = agent.request(if (answer == null) request else request.withHeader("Authorization", answer)).await()
            tries++
            val isAskedAgain =
                try {
                    response.status == UNAUTHORIZED && isWorthIt(request, response, answers, answer != null, tries)
                } catch (e: Throwable) {
                    response.close()
                    throw e
                }
            if (!isAskedAgain) return response
            Discarding.discard(agent, response, MOST_DISCARDED)
        }
    }

    /** A question is answered once; and once more when the server says that only its time was over. */
    private fun isWorthIt(
        request: ClientRequest,
        response: ClientResponse,
        answers: DigestAnswers,
        wasAnswered: Boolean,
        tries: Int,
    ): Boolean {
        val isStale = answers.asked(response.headers.all("WWW-Authenticate")) ?: return false
        if (request.body?.isReplayable == false || tries >= MOST_TRIES) return false
        return !wasAnswered || tries == 1 || isStale
    }

    override fun toString(): String = "AuthenticatingAgent($origin, $agent)"

    private companion object {
        const val UNAUTHORIZED = 401
        const val MOST_TRIES = 3
        const val MOST_DISCARDED = 64L * 1024
    }
}
