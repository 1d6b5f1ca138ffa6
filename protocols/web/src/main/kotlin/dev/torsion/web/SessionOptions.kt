// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Duration

/**
 * How long [Sessions] last, and how many there are. Immutable.
 *
 * @property idleTimeout how long a session lasts without a request; 30 min
 * @property lifetime how long it lasts in all; 12 h
 * @property maxSessions how many there may be in memory; 100,000. Above that, the one that was used least lately goes
 * @property cookieName the name of the cookie; `session`. Over TLS it has `__Host-` before it
 */
public class SessionOptions private constructor(
    public val idleTimeout: Duration,
    public val lifetime: Duration,
    public val maxSessions: Int,
    public val cookieName: String,
) {
    init {
        listOf(idleTimeout, lifetime).forEach { require(!it.isNegative && !it.isZero) { "a time must be positive, but $it was given" } }
        require(maxSessions > 0) { "maxSessions must be positive, but is $maxSessions" }
        require(isToken(cookieName) && !cookieName.startsWith("__")) { "\"$cookieName\" is no name for the cookie of sessions" }
    }

    /** These options with another [idleTimeout]. */
    public fun withIdleTimeout(timeout: Duration): SessionOptions = SessionOptions(timeout, lifetime, maxSessions, cookieName)

    /** These options with another [lifetime]. */
    public fun withLifetime(lifetime: Duration): SessionOptions = SessionOptions(idleTimeout, lifetime, maxSessions, cookieName)

    /** These options with another [maxSessions]. */
    public fun withMaxSessions(most: Int): SessionOptions = SessionOptions(idleTimeout, lifetime, most, cookieName)

    /** These options with another [cookieName]. */
    public fun withCookieName(name: String): SessionOptions = SessionOptions(idleTimeout, lifetime, maxSessions, name)

    override fun toString(): String = "SessionOptions(idle $idleTimeout, lifetime $lifetime, $maxSessions sessions, $cookieName)"

    public companion object {
        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: SessionOptions = SessionOptions(Duration.ofMinutes(30), Duration.ofHours(12), 100_000, "session")
    }
}
