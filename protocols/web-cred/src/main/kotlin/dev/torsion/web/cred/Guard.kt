// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

import dev.torsion.cred.Anonymous
import dev.torsion.cred.Credentials
import dev.torsion.cred.LoginFailed
import dev.torsion.cred.Portal
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.cred.UsernameCredentials
import dev.torsion.defer.await
import dev.torsion.web.Request
import dev.torsion.web.RequestFilter
import dev.torsion.web.RequestKey
import dev.torsion.web.Response
import dev.torsion.web.requestFilter

/**
 * Lets in the users whom a [Portal] knows; Twisted's `HTTPAuthSessionWrapper`. Each request logs in with the credentials in its
 * `Authorization`, and out when it is over. [Request.user] is the name that has logged in, also in access logs. A request without
 * credentials logs in as [Anonymous], if the portal takes guests.
 *
 * ```java
 * var guard = Guard.of(portal, User.class, new BasicScheme("orders"));
 * var router = Router.builder()
 *     .with(guard.filter())
 *     .get("/me", request -> completedFuture(Response.text(guard.avatar(request).name())))
 *     .build();
 * ```
 *
 * A client that is not let in gets 401 with the questions of all schemes, and is not told why: an unknown name, a wrong password and bytes
 * that are no credentials have the same answer. The guard counts no tries. To make guessing slow, use a proxy before the server, or a
 * checker that waits.
 *
 * Thread: the reactor's.
 */
public class Guard<A : Any> private constructor(
    private val portal: Portal,
    private val type: Class<A>,
    private val schemes: List<AuthScheme>,
) {
    private val key = RequestKey<A>("avatar")

    /** The filter that lets in, or answers with 401; for a site, a router or a route. */
    public fun filter(): RequestFilter = requestFilter { request, next ->
        val user: String?
        val login = try {
            val credentials = credentials(request)
            user = (credentials as? UsernameCredentials)?.username()
            portal.login(credentials, null, type).await()
        } catch (e: LoginFailed) {
            return@requestFilter refusal(request, isStale = e is StaleNonce)
        }
        request.onEnd(login::logout)
        request.user = user
        next(request.with(key, login.avatar))
    }

    /** The avatar of the user who has sent [request]. @throws IllegalStateException when this guard is not around its handler */
    public fun avatar(request: Request): A = checkNotNull(request[key]) { "this guard is not around the handler of $request" }

    private fun credentials(request: Request): Credentials {
        val fields = request.headers.all("Authorization")
        if (fields.isEmpty()) return Anonymous
        val value = fields.singleOrNull() ?: throw UnauthorizedLogin()
        val name = value.substringBefore(' ')
        val scheme = schemes.firstOrNull { it.name().equals(name, ignoreCase = true) } ?: throw UnauthorizedLogin()
        return scheme.credentials(value.substring(name.length).trim(' '), request)
    }

    private fun refusal(request: Request, isStale: Boolean): Response {
        val answer = Response.error(401)
        val questions = schemes.flatMap { it.questions(request, isStale) }
        return answer.withHeaders(questions.fold(answer.headers) { fields, question -> fields.plus("WWW-Authenticate", question) })
    }

    override fun toString(): String = "Guard($portal, ${schemes.map { it.name() }})"

    public companion object {
        /** A guard before [portal], whose avatars are of [type]. A client is asked in the order of [schemes]. */
        @JvmStatic
        public fun <A : Any> of(portal: Portal, type: Class<A>, vararg schemes: AuthScheme): Guard<A> {
            require(schemes.isNotEmpty()) { "a guard that asks in no way lets nobody in" }
            return Guard(portal, type, schemes.toList())
        }

        /** The same for Kotlin. */
        @JvmSynthetic
        public inline operator fun <reified A : Any> invoke(portal: Portal, vararg schemes: AuthScheme): Guard<A> =
            of(portal, A::class.java, *schemes)
    }
}
