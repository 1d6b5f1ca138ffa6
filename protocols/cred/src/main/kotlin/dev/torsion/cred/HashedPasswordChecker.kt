// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import dev.torsion.reactor.Reactor

/**
 * Checks passwords against kept hashes. It works on the reactor's pool of threads. An unknown name takes as much work as a known one, so
 * nobody learns names by measuring the time.
 *
 * ```java
 * var checker = new HashedPasswordChecker(torsion.reactor(), name -> users.get(name));
 * ```
 *
 * It needs the password itself, so it is not for Perspective Broker's challenges. Thread: the reactor's; [hashes] is asked on a thread of
 * the pool.
 *
 * @param hashes the hash for a name, or null; see [PasswordHash]
 */
public class HashedPasswordChecker
@JvmOverloads
constructor(
    private val reactor: Reactor,
    private val hashes: Hashes,
    private val verifier: PasswordHash = PasswordHash.DEFAULT,
) : CredentialsChecker {
    /** Where hashes are kept. */
    public fun interface Hashes {
        /** The hash of the password of [username], or null when there is no such user. May block. */
        @Throws(Exception::class)
        public fun find(username: String): String?
    }

    private val nobody by lazy { verifier.hash("nobody") }

    override fun credentialTypes(): Set<Class<out Credentials>> = setOf(UsernamePassword::class.java)

    override fun requestAvatarId(credentials: Credentials): Deferred<AvatarId> {
        val shown = credentials as UsernamePassword
        return reactor.deferToThread {
            val kept = hashes.find(shown.username())
            if (!verifier.verifyOr(nobody, shown.password(), kept)) throw UnauthorizedLogin()
            AvatarId.of(shown.username())
        }
    }
}
