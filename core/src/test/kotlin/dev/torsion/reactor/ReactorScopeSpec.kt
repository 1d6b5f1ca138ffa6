// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.loop.ReactorNotRunningException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.isActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.seconds

class ReactorScopeSpec :
    StringSpec({
        val error = IOException("down")
        val reported = CopyOnWriteArrayList<Throwable>()
        val options = ReactorOptions("scope-test", errorListener = { _, thrown -> reported.add(thrown) })
        beforeTest { reported.clear() }

        fun test(block: suspend (Reactor) -> Unit) =
            withReactor(options) { reactor -> runBlocking { withTimeout(DEADLINE_SECONDS.seconds) { block(reactor) } } }

        suspend fun Reactor.openScopes(): Int = reactorScope { scope.coroutineContext.job.children.count() }

        "a coroutine of a scope that fails is reported once, and its siblings go on" {
            test { reactor ->
                val scope = reactor.reactorScope()
                val release = CompletableDeferred<Unit>()
                val sibling =
                    scope.async {
                        release.await()
                        reactor.isInReactorThread
                    }
                scope.launch { throw error }.join()
                reported.shouldContainExactly(error)
                scope.isActive shouldBe true
                release.complete(Unit)
                sibling.await() shouldBe true
                scope.close()
            }
        }

        "a failure of a coroutine's child is reported once too, for all of its family" {
            test { reactor ->
                val scope = reactor.reactorScope()
                scope.launch {
                    launch { awaitCancellation() }
                    launch { throw error }
                }.join()
                reported.shouldContainExactly(error)
                scope.close()
            }
        }

        "closing a scope from another thread ends its coroutines on the reactor's, and leaves nothing behind" {
            test { reactor ->
                val before = reactor.openScopes()
                val scope = reactor.reactorScope()
                val ends = ArrayList<Boolean>()
                val started = CompletableDeferred<Unit>()
                val job =
                    scope.launch {
                        try {
                            started.complete(Unit)
                            awaitCancellation()
                        } finally {
                            ends.add(reactor.isInReactorThread)
                        }
                    }
                started.await()
                scope.close()
                scope.close()
                job.join()
                ends shouldContainExactly listOf(true)
                scope.launch { ends.add(false) }.join()
                ends.size shouldBe 1
                reactor.openScopes() shouldBe before
                reactor.scope.isActive shouldBe true
                reported.shouldBeEmpty()
            }
        }

        "a scope ends with its reactor" {
            val reactor = Reactor.create(options)
            reactor.start()
            val scope = reactor.reactorScope()
            val end = CompletableFuture<Throwable>()
            reactor.onLoop {
                scope.launch(start = CoroutineStart.UNDISPATCHED) {
                    try {
                        awaitCancellation()
                    } catch (e: CancellationException) {
                        end.complete(e)
                        throw e
                    }
                }
            }
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            end.getOrFail().message shouldBe "the reactor has stopped"
            scope.isActive shouldBe false
            reactor.reactorScope().isActive shouldBe false
        }

        "the block of reactorScope runs on the reactor's thread, with its children, and the caller stays where it was" {
            test { reactor ->
                val caller = Thread.currentThread()
                val threads = ArrayList<Boolean>()
                val release = CompletableDeferred<Unit>()
                val value =
                    reactor.reactorScope {
                        launch {
                            release.await()
                            threads.add(reactor.isInReactorThread)
                        }
                        threads.add(reactor.isInReactorThread)
                        release.complete(Unit)
                        "value"
                    }
                value shouldBe "value"
                threads shouldContainExactly listOf(true, true)
                Thread.currentThread() shouldBeSameInstanceAs caller
            }
        }

        "the first failure cancels the others of the block, is thrown, and is reported nowhere" {
            test { reactor ->
                var cancelled = false
                shouldThrow<IOException> {
                    reactor.reactorScope {
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            try {
                                awaitCancellation()
                            } finally {
                                cancelled = true
                            }
                        }
                        launch { throw error }
                    }
                }.message shouldBe "down"
                cancelled shouldBe true
                reported.shouldBeEmpty()
            }
        }

        "in a supervisorScope inside, a failure is reported once and the siblings go on" {
            test { reactor ->
                val seen = ArrayList<String>()
                reactor.reactorScope {
                    supervisorScope {
                        launch { throw error }
                        launch {
                            yield()
                            seen.add("sibling")
                        }
                    }
                    seen.add("after")
                }
                seen shouldContainExactly listOf("sibling", "after")
                reported.shouldContainExactly(error)
            }
        }

        "and so in a block of inlineCallbacks" {
            test { reactor ->
                reactor.reactorScope {
                    inlineCallbacks { reactor.reactorScope { supervisorScope { launch { throw error } } } }.await()
                }
                reported.shouldContainExactly(error)
            }
        }

        "cancelling the caller cancels the block" {
            test { reactor ->
                val started = CompletableDeferred<Unit>()
                val ends = CopyOnWriteArrayList<Boolean>()
                runBlocking {
                    val caller =
                        launch {
                            reactor.reactorScope {
                                try {
                                    started.complete(Unit)
                                    awaitCancellation()
                                } finally {
                                    ends.add(reactor.isInReactorThread)
                                }
                            }
                        }
                    started.await()
                    caller.cancelAndJoin()
                }
                ends shouldContainExactly listOf(true)
            }
        }

        "a reactor that stops ends the block, and the caller hears of it" {
            val reactor = Reactor.create(options)
            reactor.start()
            runBlocking {
                val thrown =
                    shouldThrow<ReactorNotRunningException> {
                        reactor.reactorScope {
                            reactor.stop()
                            awaitCancellation()
                        }
                    }
                thrown.cause.shouldBeInstanceOf<CancellationException>()
                shouldThrow<ReactorNotRunningException> { reactor.reactorScope { "never" } }
                isActive shouldBe true
            }
        }

        "a reactor that does not run yet is waited for" {
            val reactor = Reactor.create(options)
            val result = CompletableFuture.supplyAsync { runBlocking { reactor.reactorScope { reactor.isRunning } } }
            result.whenComplete { _, _ -> reactor.stopFromThread() }
            reactor.run()
            result.getOrFail() shouldBe true
        }
    })
