// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.Portal
import dev.torsion.cred.Realm
import dev.torsion.cred.UsernamePassword
import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

/**
 * Each kind of question, with each mishap, after each number of turns. In each case: who waits is told, each login ends once, and nothing
 * of the server's is held or kept up to date for nobody.
 */
class PBMomentsSweepSpec :
    FunSpec({
        for (question in Question.entries) {
            for (mishap in Mishap.entries) {
                test("$question, ${mishap.text}, after each number of turns") {
                    for (turns in 0..MOST_TURNS) withClue("after $turns turns") { one(question, mishap, turns) }
                }
            }
        }
    }) {
    /** The calls of the client. */
    private enum class Question(val ask: Scene.() -> Asked) {
        LOGIN_AS_DEFERRED({ Asked.of(client.loginDeferred(UsernamePassword("joe", "secret"))) }),
        LOGIN_AS_FUTURE({ Asked.of(client.login(UsernamePassword("joe", "secret"))) }),
        PROXY_AS_DEFERRED({ Asked.of(root.remote<Getter>().deferred()) }),
        PROXY_AS_FUTURE({ Asked.of(root.remote<Getter>().future()) }),
        PROXY_AS_SUSPEND({
            val proxy = root.remote<Getter>()
            suspended { proxy.suspended() }
        }),
        COPY({ Asked.of(root.callRemote("pond")) }),
        PAGES_AS_DEFERRED({ Asked.of(getAllPages(root, "pages")) }),
        PAGES_AS_FUTURE({ Asked.of(getAllPagesAsync(root, "pages")) }),
        PAGES_AS_SUSPEND({ suspended { awaitAllPages(root, "pages") } }),
    }

    private class Asked(val isOver: () -> Boolean, val value: () -> Any?, val cancel: () -> Unit) {
        companion object {
            fun of(deferred: Deferred<*>): Asked {
                var isOver = false
                var value: Any? = null
                @Suppress("UNCHECKED_CAST")
                (deferred as Deferred<Any?>).addCallbacks(
                    {
                        isOver = true
                        value = it
                    },
                    { isOver = true },
                )
                return Asked({ isOver }, { value }, deferred::cancel)
            }

            fun of(future: CompletableFuture<*>): Asked {
                val seen = future.handle { value, _ -> value }
                return Asked(seen::isDone, { seen.getNow(null) }) { future.cancel(true) }
            }
        }
    }

    private enum class Mishap(val text: String, val happen: Scene.(Asked) -> Unit) {
        CANCELLED("cancelled", { it.cancel() }),
        CLOSED("closed by the client", { client.close() }),
        LOST("cut by the server", { server.brokers.forEach { it.transport.abortConnection() } }),
        NOTHING("and nothing goes wrong", { }),
    }

    private interface Getter {
        @Remote("get")
        fun deferred(): Deferred<Any?>

        @Remote("get")
        fun future(): CompletableFuture<Any?>

        @Remote("get")
        suspend fun suspended(): Any?
    }

    /** Pages with objects of the server's in them. */
    private class Objects(collector: RemoteReference, private val object1: Any, private val object2: Any) : Pager(collector) {
        private var sent = 0

        override fun nextPage(): Deferred<Any?> = succeed(if (sent++ < PAGES) listOf(object1, object2) else null)

        private companion object {
            const val PAGES = 3
        }
    }

    private companion object {
        const val MOST_TURNS = 30

        fun Scene.suspended(ask: suspend () -> Any?): Asked {
            var value: Any? = null
            val coroutine = CoroutineScope(reactor.dispatcher).launch { runCatching { ask() }.onSuccess { value = it } }
            return Asked(coroutine::isCompleted, { value }) { coroutine.cancel(null) }
        }

        fun one(question: Question, mishap: Mishap, turns: Int) {
            var entered = 0
            var left = 0
            val pond = Watched()
            val child = RemoteMethods.create().referenceable()
            val realm =
                Realm { _, _, _ ->
                    entered++
                    succeed(Login(Avatar::class.java, User("joe")) { left++ })
                }
            val root =
                RemoteMethods.create()
                    .on("get") { child }
                    .on("pond") { listOf(pond, child) }
                    .on("pages") { call -> Objects(call.arg<RemoteReference>(0), pond, child).start().addErrback { } }
                    .root()
            val options = PBOptions(WATCHERS)
            val isLogin = question.name.startsWith("LOGIN")
            val server =
                if (isLogin) {
                    PBServerFactory(Portal(realm, InMemoryChecker().addUser("joe", "secret")), options)
                } else {
                    PBServerFactory(root, options)
                }
            scene(server, options) {
                val here = broker
                val asked = question.ask(this)
                repeat(turns) { yield() }
                mishap.happen(this, asked)
                delay(5.seconds)
                asked.isOver() shouldBe true
                giveBack(asked.value())
                delay(5.seconds)
                here.localObjectCount shouldBe 0
                pond.observers.size shouldBe 0
                left shouldBe entered
                client.close()
                delay(5.seconds)
                left shouldBe entered
                client.root().broker.localObjectCount shouldBe 0
            }
        }

        fun giveBack(value: Any?) {
            when (value) {
                is RemoteReference -> value.close()
                is RemoteCache -> value.close()
                is List<*> -> value.forEach(::giveBack)
            }
        }
    }
}
