// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.clock.Cooperator
import dev.torsion.clock.LoopingCall
import dev.torsion.clock.ManualClock
import dev.torsion.clock.start
import dev.torsion.reactor.EventTriggers
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.deferToThreadPool
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Job
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import kotlin.time.Duration.Companion.seconds

/** A result that is itself something to wait for is waited for, or refused: it leaves nobody waiting for ever. */
internal class ResultsToWaitForSpec :
    StringSpec({
        fun refused(deferred: Deferred<*>) {
            val failure = outcomeOf(deferred).shouldBeInstanceOf<Failure>()
            failure.type shouldBe IllegalArgumentException::class.java
            failure.value.message!! shouldContain "a Deferred cannot be the value of a Deferred"
        }

        "inlineCallbacks refuses a block that gives a Deferred, at once and after a wait" {
            refused(inlineCallbacks { Deferred<Int>() })
            val wait = Deferred<Unit>()
            val late =
                inlineCallbacks {
                    wait.await()
                    succeed(1)
                }
            wait.callback(Unit)
            refused(late)
        }

        "a stage, a coroutine and a job that end with a Deferred are refused, now, later and while they are cancelled" {
            refused(CompletableFuture.completedFuture(succeed(1)).toDeferred(Runnable::run))
            refused(CompletableDeferred(succeed(1)).toDeferred(Runnable::run))
            val future = CompletableFuture<Deferred<Int>>()
            val loop = HandLoop()
            val late = future.toDeferred(loop)
            future.complete(succeed(1))
            loop.run()
            refused(late)
            val onItsWay = CompletableFuture<Deferred<Int>>()
            val cancelled = onItsWay.toDeferred(loop)
            onItsWay.complete(succeed(1))
            cancelled.cancel()
            refused(cancelled)
        }

        "work on a thread that gives a Deferred is refused" {
            withReactor { reactor ->
                shouldThrow<IllegalArgumentException> {
                    reactor.blockingCallFromThread { reactor.deferToThread<Any> { succeed(5) } }
                }.message!! shouldContain "a Deferred cannot be the value"
                shouldThrow<IllegalArgumentException> {
                    reactor.blockingCallFromThread { reactor.deferToThreadPool<Any>(Runnable::run) { Deferred<Int>() } }
                }
                shouldThrow<IllegalArgumentException> {
                    reactor.blockingCallFromThread { reactor.deferToThreadPool(Runnable::run) { fail<Int>(Error()) } }
                }
                reactor.blockingCallFromThread { reactor.deferToThread { 5 } } shouldBe 5
            }
        }

        "a queue takes no Deferred, and its waiters wait on" {
            val queue = DeferredQueue<Any>(1, 1)
            val waiting = queue.get()
            shouldThrow<IllegalArgumentException> { queue.put(succeed(1)) }
            queue.put(2)
            outcomeOf(waiting) shouldBe Success(2)
            shouldThrow<IllegalArgumentException> { queue.put(succeed(1)) }
            queue.pendingCount shouldBe 0
        }

        val kinds =
            mapOf<String, () -> Pair<Any, () -> Unit>>(
                "a Deferred" to { Deferred<Int>().let { it to { it.callback(1) } } },
                "a future" to { CompletableFuture<Int>().let { it to { it.complete(1) } } },
                "a minimal stage" to { CompletableFuture<Int>().let { it.minimalCompletionStage() to { it.complete(1) } } },
                "a stage that knows only whenComplete" to { CompletableFuture<Int>().let { OnlyWhenComplete(it) to { it.complete(1) } } },
                "a Deferred of kotlinx.coroutines" to { CompletableDeferred<Int>().let { it to { it.complete(1) } } },
                "a job" to { Job().let { it to { it.complete() } } },
            )
        kinds.forEach { (name, make) ->
            "a looping call waits for $name" {
                val clock = ManualClock()
                var calls = 0
                var (given, end) = make()
                val loop =
                    LoopingCall(clock) {
                        calls++
                        given
                    }
                val ended = loop.start(1.seconds)
                clock.advance(5.seconds)
                calls shouldBe 1
                end()
                make().let {
                    given = it.first
                    end = it.second
                }
                clock.advance(5.seconds)
                calls shouldBe 2
                loop.stop()
                ended.called shouldBe false
                end()
                ended.called shouldBe true
            }

            "the shutdown waits for $name of a trigger" {
                val (given, end) = make()
                val event = EventTriggers(SystemEvent.SHUTDOWN) { _, error -> throw error }
                event.add(Phase.BEFORE) { given }
                var finished = false
                event.fire(finished = { finished = true })
                finished shouldBe false
                end()
                finished shouldBe true
            }

            "a task of a cooperator waits for $name" {
                val clock = ManualClock()
                val (given, end) = make()
                val task = Cooperator(clock).coiterate(listOf(given).iterator())
                clock.advance(1.seconds)
                clock.advance(1.seconds)
                task.called shouldBe false
                end()
                clock.advance(1.seconds)
                clock.advance(1.seconds)
                task.called shouldBe true
            }
        }
    })

/** A stage of which nothing else may be asked. */
internal class OnlyWhenComplete<T>(private val stage: CompletionStage<T>) : CompletionStage<T> by stage {
    override fun toCompletableFuture(): CompletableFuture<T> = throw UnsupportedOperationException()
}
