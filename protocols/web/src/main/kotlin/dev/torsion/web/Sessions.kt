// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import kotlinx.coroutines.future.await
import java.security.MessageDigest
import java.security.SecureRandom
import java.util.Base64
import java.util.HexFormat

/**
 * Gives requests a [Session], which stays from one request of a browser to the next; the part of Twisted's `Site` that keeps sessions.
 *
 * ```java
 * Site site = Site.of(reactor, router).with(Sessions.inMemory(reactor).filter());
 * ```
 *
 * A session begins when a handler puts something into it. A handler that only looks begins none, and sets no cookie. (Twisted's
 * `getSession` begins one.) The id of a session has 256 random bits. A cookie carries it, which no script sees, and which other sites do
 * not send with their posts. Over TLS the name of the cookie begins with `__Host-`. An id that a client has made up is never taken. The
 * store has only the hash of an id, so a reader of the store cannot take over a session.
 *
 * Thread: the reactor's. Reactors of a group may share one.
 */
public class Sessions private constructor(private val store: SessionStore, private val options: SessionOptions) {
    private val random = SecureRandom()

    /**
     * The filter that gives each request its session, [Request.session]. It loads it before the handler, and saves it before the answer
     * is sent: a body that is still being written changes nothing. When the handler fails, nothing is saved. Of two requests at a time
     * that change one session, the second one to end wins; one that was ended or renewed meanwhile is not brought back.
     */
    public fun filter(): RequestFilter = requestFilter { request, next ->
        val name = if (request.isSecure) HOST + options.cookieName else options.cookieName
        val id = request.cookie(name)?.takeIf { ID.matches(it) }
        val session = Session(id?.let { store.load(hash(it)).await() })
        val answer = next(request.with(Session.KEY, session))
        val cookie = save(session, id, name) ?: return@requestFilter answer
        val own = answer.withCookie(cookie)
        if ("Cache-Control" in own.headers) own else own.withHeader("Cache-Control", "no-store")
    }

    /** The cookie that the answer sets, if it does. */
    private suspend fun save(session: Session, id: String?, name: String): SetCookie? {
        val values = session.values()
        if (session.isNew && values.isEmpty()) return if (session.isEnded && id != null) SetCookie.of(name, "").expired() else null
        if (!session.isNew && !session.isEnded && !session.isRenewed) {
            if (session.isChanged) store.save(hash(checkNotNull(id)), values).await()
            return null
        }
        if (!session.isNew) {
            val key = hash(checkNotNull(id))
            if (!session.isEnded && store.load(key).await() == null) return null // its texts must not outlive a logout under another id
            store.delete(key).await()
        }
        if (session.isEnded && values.isEmpty()) return SetCookie.of(name, "").expired()
        val fresh = ByteArray(ID_BYTES).also(random::nextBytes).let { Base64.getUrlEncoder().withoutPadding().encodeToString(it) }
        store.create(hash(fresh), values, options.idleTimeout, options.lifetime).await()
        return SetCookie.of(name, fresh)
    }

    private fun hash(id: String) = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(id.toByteArray()))

    override fun toString(): String = "Sessions(${options.cookieName})"

    public companion object {
        private const val HOST = "__Host-"
        private const val ID_BYTES = 32
        private val ID = Regex("[A-Za-z0-9_-]{43}")

        /** Sessions in the memory of this process. At the limit of their number, the one that was used least lately goes. */
        @JvmStatic
        @JvmOverloads
        public fun inMemory(clock: Clock, options: SessionOptions = SessionOptions.DEFAULT): Sessions =
            Sessions(MemorySessions(clock, options.maxSessions), options)

        /** Sessions in [store]; [SessionOptions.maxSessions] is its own matter. */
        @JvmStatic
        @JvmOverloads
        public fun of(store: SessionStore, options: SessionOptions = SessionOptions.DEFAULT): Sessions = Sessions(store, options)
    }
}
