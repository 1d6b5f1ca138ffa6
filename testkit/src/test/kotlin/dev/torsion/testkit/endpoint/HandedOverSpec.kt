// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlin.coroutines.CoroutineContext

/** A connection or a port that was opened for a coroutine which is cancelled before it has it is closed. */
internal class HandedOverSpec :
    FunSpec({
        val nobody = Factory { object : Protocol() {} }

        val ways =
            mapOf<String, (Reactor) -> Deferred<*>>(
                "connect" to { clientFromString(it, "tcp:127.0.0.1:8007").connect(nobody) },
                "connectProtocol" to { clientFromString(it, "tcp:127.0.0.1:8007").connectProtocol(object : Protocol() {}) },
            )
        ways.forEach { (name, open) ->
            listOf(true, false).forEach { isCancelled ->
                test("$name, ${if (isCancelled) "cancelled in that moment" else "not cancelled"}") {
                    val tasks = ArrayDeque<Runnable>()
                    MemoryReactor().use { reactor ->
                        val server = reactor.listenTcp(8007, nobody, "127.0.0.1")
                        var got: Any? = null
                        val job = CoroutineScope(HandDispatcher(tasks)).launch(start = CoroutineStart.UNDISPATCHED) {
                            got =
                                open(reactor).await()
                        }
                        reactor.flush()
                        tasks.size shouldBe 1 // it has been connected, and the coroutine has not gone on
                        if (isCancelled) job.cancel()
                        while (tasks.isNotEmpty()) tasks.removeFirst().run()
                        reactor.flush()
                        (got != null) shouldBe !isCancelled
                        reactor.network.connections shouldBe if (isCancelled) 0 else 1
                        (got as? Protocol)?.transport?.abortConnection()
                        server.stopListening()
                        reactor.flush()
                    }
                }
            }
        }

        test("a port that was opened behind another Deferred") {
            val tasks = ArrayDeque<Runnable>()
            MemoryReactor().use { reactor ->
                val go = Deferred<Unit>()
                val job: Job =
                    CoroutineScope(HandDispatcher(tasks)).launch(start = CoroutineStart.UNDISPATCHED) {
                        go.addAsyncCallback { serverFromString(reactor, "tcp:8007").listen(nobody) }.await()
                    }
                reactor.callFromThread { go.callback(Unit) }
                reactor.flush()
                job.cancel()
                while (tasks.isNotEmpty()) tasks.removeFirst().run()
                reactor.flush()
                reactor.listenTcp(8007, nobody).stopListening() // it is free
                reactor.flush()
            }
        }
    }) {
    private class HandDispatcher(private val tasks: ArrayDeque<Runnable>) : CoroutineDispatcher() {
        override fun dispatch(context: CoroutineContext, block: Runnable) = tasks.addLast(block)
    }
}
