// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.reactor.Reactor

/**
 * Sends the cookies of [jar], and keeps those that servers set; Twisted's `CookieAgent`. Put it below a [RedirectAgent], so that each
 * request on the way has its own.
 *
 * When the request has a `Cookie` of its own, those of the jar are added behind it.
 *
 * Thread: the reactor's.
 *
 * @property jar where the cookies are
 */
public class CookieAgent(private val agent: Agent, @get:JvmName("jar") public val jar: CookieJar) : Agent {
    override fun reactor(): Reactor = agent.reactor()

    override fun request(request: ClientRequest): Deferred<ClientResponse> {
        val cookies = jar.header(request.url)
        val own = request.headers.all("Cookie")
        val sent = if (cookies == null) request else request.withHeader("Cookie", (own + cookies).joinToString("; "))
        return agent.request(sent).addCallback { response ->
            try {
                val set = response.headers.all("Set-Cookie")
                if (set.isNotEmpty()) jar.store(request.url, set)
            } catch (e: Throwable) {
                response.close()
                throw e
            }
            response
        }
    }

    override fun toString(): String = "CookieAgent($agent)"
}
