// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.defer.toDeferred
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor

/** Lets in everybody who shows [Anonymous], as a guest; Twisted's `AllowAnonymousAccess`. Thread: any. */
public class AllowAnonymousAccess : CredentialsChecker {
    override fun credentialTypes(): Set<Class<out Credentials>> = setOf(Anonymous::class.java)

    override fun requestAvatarId(credentials: Credentials): Deferred<AvatarId> = succeed(AvatarId.ANONYMOUS)
}

/**
 * Checks passwords that it keeps in memory, as they are; Twisted's `InMemoryUsernamePasswordDatabaseDontUse`. It is for tests, and for
 * protocols such as Perspective Broker, whose challenges need the password itself. For protocols that send the password to the server, use
 * [HashedPasswordChecker].
 *
 * Thread: one at a time.
 */
public class InMemoryChecker : CredentialsChecker {
    private val users = HashMap<String, ByteArray>()

    override fun credentialTypes(): Set<Class<out Credentials>> = setOf(PasswordCheckable::class.java)

    /** Lets [username] in with [password]. */
    public fun addUser(username: String, password: String): InMemoryChecker = addUser(username, password.encodeToByteArray())

    /** The same for a password that is no text. */
    public fun addUser(username: String, password: ByteArray): InMemoryChecker = apply { users[username] = password.clone() }

    /** Lets [username] in no more. */
    public fun removeUser(username: String): InMemoryChecker = apply { users.remove(username) }

    override fun requestAvatarId(credentials: Credentials): Deferred<AvatarId> {
        val shown = credentials as PasswordCheckable
        val password = users[shown.username()]
        // One who is unknown is checked too: the time tells nobody which names there are.
        val isRight = shown.checkPassword(password ?: NOBODY)
        return if (password != null && isRight) succeed(AvatarId.of(shown.username())) else fail(UnauthorizedLogin())
    }

    private companion object {
        val NOBODY: ByteArray = java.security.SecureRandom().let { random -> ByteArray(SECRET).also(random::nextBytes) }
        const val SECRET = 32
    }
}

/** Checkers of functions. */
public object CredentialsCheckers {
    /** A check of credentials of one kind. */
    public fun interface Check<C : Credentials> {
        /** The user behind [credentials]. Fails with [UnauthorizedLogin] when they are wrong. */
        @Throws(Exception::class)
        public fun check(credentials: C): Deferred<AvatarId>
    }

    /** A check whose answer is a stage, such as a future. */
    public fun interface StageCheck<C : Credentials> {
        /** The user behind [credentials]. Fails with [UnauthorizedLogin] when they are wrong. */
        @Throws(Exception::class)
        public fun check(credentials: C): CompletionStage<AvatarId>
    }

    /** Checks credentials of [type] with [check]. */
    @JvmStatic
    public fun <C : Credentials> of(type: Class<C>, check: Check<in C>): CredentialsChecker = object : CredentialsChecker {
        override fun credentialTypes(): Set<Class<out Credentials>> = setOf(type)

        override fun requestAvatarId(credentials: Credentials): Deferred<AvatarId> = check.check(type.cast(credentials))

        override fun toString() = "CredentialsChecker(${type.simpleName})"
    }

    /** Checks credentials of [type] with [check], whose stages come back on [loop]: the reactor. */
    @JvmStatic
    public fun <C : Credentials> ofStage(type: Class<C>, loop: Executor, check: StageCheck<in C>): CredentialsChecker =
        of(type) { credentials -> check.check(credentials).toDeferred(loop) }
}
