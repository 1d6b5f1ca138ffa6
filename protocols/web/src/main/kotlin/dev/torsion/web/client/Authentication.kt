// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.util.Base64

/**
 * The credentials that a client shows to a server. Immutable.
 *
 * ```java
 * HttpClient http = HttpClient.of(reactor).withAuthentication("https://example.com", Authentication.basic("tom", password));
 * ```
 *
 * Thread: any.
 */
public abstract class Authentication internal constructor() {
    /** The value of `Authorization` that needs no question of the server; null when it does. */
    @get:JvmSynthetic
    internal abstract val header: String?

    internal class Fixed(override val header: String, private val scheme: String) : Authentication() {
        override fun toString(): String = "Authentication($scheme)"
    }

    internal class Digest(val user: String, val password: String) : Authentication() {
        override val header: String? get() = null

        override fun toString(): String = "Authentication(digest)"
    }

    public companion object {
        /**
         * A name and a password, which everybody on the way can read unless the URL is one of https (RFC 7617). In UTF-8.
         *
         * @throws IllegalArgumentException when [user] has a colon, or one of them a control character
         */
        @JvmStatic
        public fun basic(user: String, password: String): Authentication {
            checkCredentials(user, password)
            return Fixed(basicCredentials(user, password), "basic")
        }

        /** A token (RFC 6750). @throws IllegalArgumentException when [token] has other characters than a token may have */
        @JvmStatic
        public fun bearer(token: String): Authentication {
            require(TOKEN.matches(token)) { "the token has characters that no token has" }
            return Fixed("Bearer $token", "bearer")
        }

        /**
         * A name and a password that are not sent: the server asks a question, and the answer is made with them (RFC 7616). With SHA-256 and
         * SHA-512/256, or MD5 where the server knows nothing better, and `qop` auth or none.
         *
         * @throws IllegalArgumentException when [user] has a colon, or one of them a control character
         */
        @JvmStatic
        public fun digest(user: String, password: String): Authentication {
            checkCredentials(user, password)
            return Digest(user, password)
        }

        private val TOKEN = Regex("[A-Za-z0-9._~+/-]+=*")
    }
}

/** A colon would move a part of the name to what is behind it (RFC 7617 2, RFC 7616 3.4.2). Neither is shown: they are secrets. */
internal fun checkCredentials(user: String, password: String) {
    require(':' !in user) { "the name of a user has no colon in it" }
    require(user.none(Char::isISOControl)) { "the name of a user has no control character in it" }
    require(password.none(Char::isISOControl)) { "a password has no control character in it" }
}

/** The value of a field (RFC 7617 2). */
internal fun basicCredentials(user: String, password: String): String =
    "Basic " + Base64.getEncoder().encodeToString("$user:$password".toByteArray())
