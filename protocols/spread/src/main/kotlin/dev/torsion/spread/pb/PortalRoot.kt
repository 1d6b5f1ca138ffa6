// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.Anonymous
import dev.torsion.cred.Credentials
import dev.torsion.cred.Login
import dev.torsion.cred.Md5ChallengeResponse
import dev.torsion.cred.Portal
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.jelly.Tuple
import java.security.SecureRandom

/** The root of a server whose users log in; Twisted's `_PortalWrapper`. */
internal class PortalRoot(private val portal: Portal, private val broker: Broker) : Referenceable {
    @Remote
    fun login(username: Any?): Tuple {
        val name =
            when (username) {
                is String -> username
                is Bytes -> username.utf8()
                else -> throw ArgumentMismatch("the name of a user is text")
            }
        val challenge = ByteArray(CHALLENGE).also(random::nextBytes)
        return Tuple.of(Bytes.of(challenge), Challenger(name, challenge))
    }

    @Remote
    fun loginAnonymous(mind: Any?): Deferred<PBLogin> = letIn(Anonymous, mind)

    private fun letIn(credentials: Credentials, mind: Any?): Deferred<PBLogin> {
        // Not cancelled when the connection ends: a realm may have made an avatar by then, which would be lost with its logout.
        return portal.login(credentials, mind, Avatar::class.java).addCallback { login ->
            if (broker.isDisconnected) login.logout() // nobody is there to act through it
            PBLogin(login)
        }
    }

    /** One challenge, which can be answered once. */
    private inner class Challenger(private val username: String, private val challenge: ByteArray) : Referenceable {
        private var isAnswered = false

        @Remote
        fun respond(response: Bytes, mind: Any?): Deferred<PBLogin> {
            if (isAnswered) return fail(UnauthorizedLogin())
            isAnswered = true
            return letIn(Md5ChallengeResponse(username, challenge, response.toByteArray()), mind)
        }
    }

    private companion object {
        const val CHALLENGE = 16
        val random = SecureRandom()
    }
}

/** A login on its way to the user: sent, it is the avatar, and the user is logged out when nobody there holds that any more. */
internal class PBLogin(private val login: Login<Avatar>) {
    val avatar: Avatar get() = login.avatar

    fun loggedOut() = login.logout()
}
