// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.cred.AllowAnonymousAccess
import dev.torsion.cred.Anonymous
import dev.torsion.cred.Credentials
import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.LoginFailed
import dev.torsion.cred.Portal
import dev.torsion.cred.Realm
import dev.torsion.cred.UsernamePassword
import dev.torsion.cred.login
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.examples.Output
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** The calls that a user may make; the service's own interface. */
fun interface Notes {
    fun read(): String
}

/** The realm makes an avatar for each user, and hears when the user leaves. */
fun notesPortal(out: Output): Portal {
    val realm = Realm { id, _, _ ->
        val notes = Notes { if (id.isAnonymous) "what hangs on the door" else "the notes of ${id.name()}" }
        succeed(Login(Notes::class.java, notes) { out.println("$id has left") })
    }
    return Portal(realm, InMemoryChecker().addUser("joe", "secret"), AllowAnonymousAccess())
}

private val visitors: List<Credentials> =
    listOf(UsernamePassword("joe", "secret"), Anonymous, UsernamePassword("joe", "guess"), UsernamePassword("eve", "secret"))

/** The door of a service: who is let in, and as whom. */
suspend fun logins(out: Output) {
    val portal = notesPortal(out)
    for (visitor in visitors) {
        try {
            portal.login<Notes>(visitor).await().use { login -> out.println("$visitor reads ${login.avatar.read()}") }
        } catch (e: LoginFailed) {
            out.println("$visitor is told: ${e.message}")
        }
    }
}

/** The same with callbacks, as in Twisted. */
fun loginsByCallbacks(out: Output): Deferred<*> {
    val portal = notesPortal(out)
    return visitors.fold(succeed(Unit)) { before, visitor ->
        before.addAsyncCallback {
            portal.login<Notes>(visitor).addCallbacks(
                { login ->
                    out.println("$visitor reads ${login.avatar.read()}")
                    login.logout()
                },
                { failure -> out.println("$visitor is told: ${failure.value.message}") },
            )
        }
    }
}

fun main(): Unit = exitProcess(react { logins(Output.CONSOLE) })
