// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.maybeAsyncDeferred
import java.util.concurrent.atomic.AtomicReference

/** A checked user: a name, or [ANONYMOUS]. Two are equal when their names are. */
public class AvatarId private constructor(private val name: String?) {
    /** True for a guest. */
    public val isAnonymous: Boolean get() = name == null

    /** The name. @throws IllegalStateException for a guest, since guests have none */
    public fun name(): String = checkNotNull(name) { "a guest has no name" }

    override fun equals(other: Any?): Boolean = other is AvatarId && name == other.name

    override fun hashCode(): Int = name.hashCode()

    override fun toString(): String = name ?: "(anonymous)"

    public companion object {
        /** A guest; Twisted's `ANONYMOUS`. */
        @JvmField
        public val ANONYMOUS: AvatarId = AvatarId(null)

        /** The one called [name]. */
        @JvmStatic
        public fun of(name: String): AvatarId = AvatarId(name)
    }
}

/**
 * A user's login. It has an [avatar], which acts for the user, and [logout] for the end. In Twisted it is the triple of interface, avatar
 * and logout.
 *
 * @property type the type of the avatar, one of those that were asked for
 * @property avatar the object that acts for the user
 */
public class Login<out A : Any>
@JvmOverloads
constructor(
    @get:JvmName("type") public val type: Class<out A>,
    @get:JvmName("avatar") public val avatar: A,
    logout: Runnable = Runnable { },
) : AutoCloseable {
    private val whenOver = AtomicReference<Runnable?>(logout)

    /** Whether [logout] was called. */
    public val isLoggedOut: Boolean get() = whenOver.get() == null

    /** The user is gone: tells the realm, once, however often and from how many threads this is called. */
    public fun logout() {
        whenOver.getAndSet(null)?.run()
    }

    /** The same as [logout]. */
    override fun close(): Unit = logout()

    override fun toString(): String = "Login(${type.name}${if (isLoggedOut) ", logged out" else ""})"
}

/**
 * Makes the avatars of a service; Twisted's `IRealm`.
 *
 * ```java
 * Realm realm = (id, mind, types) -> Deferreds.succeed(new Login<>(Avatar.class, new User(id), () -> left(id)));
 * ```
 *
 * When its Deferred is cancelled, a realm gives up the work that it has begun. If a login comes all the same, the portal logs it out.
 */
public fun interface Realm {
    /**
     * The avatar of [id], as one of [types]. [mind] is an object of the user's side, or null. A failure, such as [LoginDenied], lets nobody
     * in.
     */
    @Throws(Exception::class)
    public fun requestAvatar(id: AvatarId, mind: Any?, types: List<Class<*>>): Deferred<out Login<*>>
}

/**
 * Says who somebody is by their credentials; Twisted's `ICredentialsChecker`.
 *
 * [CredentialsCheckers] makes one of any function.
 */
public interface CredentialsChecker {
    /** Which kinds of credentials it can check; of their subclasses too. */
    public fun credentialTypes(): Set<Class<out Credentials>>

    /** The user behind [credentials]. Fails with [UnauthorizedLogin] when they are wrong, and with any other exception as it is. */
    @Throws(Exception::class)
    public fun requestAvatarId(credentials: Credentials): Deferred<AvatarId>
}

/**
 * Lets users into a service; Twisted's `Portal`. It asks a checker who the user is, and then the realm for the user's avatar.
 *
 * ```java
 * var portal = new Portal(realm, new InMemoryChecker().addUser("joe", "secret"), new AllowAnonymousAccess());
 * ```
 *
 * Thread: that of the checkers and the realm, as a rule the reactor's.
 */
public class Portal(private val realm: Realm, vararg checkers: CredentialsChecker) {
    private val checkers = LinkedHashMap<Class<out Credentials>, CredentialsChecker>()

    init {
        checkers.forEach { registerChecker(it) }
    }

    /** The kinds of credentials that it takes; Twisted's `listCredentialsInterfaces`. */
    public fun credentialTypes(): Set<Class<out Credentials>> = java.util.Set.copyOf(checkers.keys)

    /** From now on [checker] checks the kinds of credentials that it can, in place of another. */
    public fun registerChecker(checker: CredentialsChecker) {
        for (type in checker.credentialTypes()) checkers[type] = checker
    }

    /**
     * Logs the user behind [credentials] in, with an avatar of [type].
     *
     * Fails with [UnauthorizedLogin], with [UnhandledCredentials] when no checker knows their kind, and with the exception of the checker
     * or the realm. Cancelling the Deferred cancels the step that it waits on. A login that nobody gets is logged out.
     */
    public fun <A : Any> login(credentials: Credentials, mind: Any?, type: Class<A>): Deferred<Login<A>> =
        login(credentials, mind, listOf(type)).addCallback { login ->
            if (!type.isInstance(login.avatar)) {
                login.logout()
                error("the realm ${realm.javaClass.name} was asked for a ${type.name} and gave a ${login.avatar.javaClass.name}")
            }
            @Suppress("UNCHECKED_CAST")
            login as Login<A>
        }.onUndelivered { it.logout() }

    /** The same where any of several [types] will do; the best first. */
    public fun login(credentials: Credentials, mind: Any?, types: List<Class<*>>): Deferred<Login<*>> {
        val checker = checkers.entries.firstOrNull { it.key.isInstance(credentials) }?.value
            ?: return fail(UnhandledCredentials("There is no checker for ${credentials.javaClass.name}."))
        return maybeAsyncDeferred { checker.requestAvatarId(credentials) }
            .addAsyncCallback { id ->
                @Suppress("UNCHECKED_CAST")
                (realm.requestAvatar(id, mind, types) as Deferred<Login<*>>).onUndelivered { it.logout() } // if it comes too late
            }.onUndelivered { it.logout() }
    }

    override fun toString(): String = "Portal(${checkers.keys.map { it.simpleName }})"
}

/** [Portal.login] for an avatar of type [A]. */
public inline fun <reified A : Any> Portal.login(credentials: Credentials, mind: Any? = null): Deferred<Login<A>> =
    login(credentials, mind, A::class.java)
