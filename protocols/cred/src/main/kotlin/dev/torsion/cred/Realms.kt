// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicBoolean

/** Realms of functions that give stages. */
public object Realms {
    /** Makes avatars as futures. */
    public fun interface StageRealm {
        /** As [Realm.requestAvatar]. */
        @Throws(Exception::class)
        public fun requestAvatar(id: AvatarId, mind: Any?, types: List<Class<*>>): CompletionStage<out Login<*>>
    }

    /**
     * A realm of [realm]. Its stages come back on [loop], the reactor. When nobody waits for a login any more, its stage runs on, and the
     * login is logged out.
     */
    @JvmStatic
    public fun ofStage(loop: Executor, realm: StageRealm): Realm =
        Realm { id, mind, types -> handedOver(realm.requestAvatar(id, mind, types), loop) }

    private fun handedOver(stage: CompletionStage<out Login<*>>, loop: Executor): Deferred<Login<*>> {
        val unwanted = AtomicBoolean()
        val deferred = Deferred<Login<*>> { unwanted.set(true) }
        stage.whenComplete { login, error ->
            try {
                loop.execute {
                    when {
                        unwanted.get() -> login?.logout()
                        error != null -> deferred.errback(if (error is CompletionException) error.cause ?: error else error)
                        else -> deferred.callback(login)
                    }
                }
            } catch (e: RuntimeException) { // the loop has stopped, and nobody gets it
                login?.logout()
                throw e
            }
        }
        return deferred
    }
}
