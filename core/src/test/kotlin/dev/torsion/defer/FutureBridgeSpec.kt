// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.IOException
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.CountDownLatch
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

class FutureBridgeSpec :
    StringSpec({
        val here = Executor(Runnable::run)
        val error = IOException("down")

        "the result completes the future and leaves null" {
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(here)
            future.isDone shouldBe false
            source.callback(1)
            future.join() shouldBe 1
            outcomeOf(source) shouldBe Success(null)
        }

        "the exception arrives as it is" {
            val future = fail<Int>(error).toCompletableFuture(here)
            shouldThrow<ExecutionException> { future.get() }.cause shouldBeSameInstanceAs error
            var seen: Throwable? = null
            future.handle { _, thrown -> seen = thrown }
            seen shouldBeSameInstanceAs error
        }

        "a cancelled Deferred makes a cancelled future" {
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(here)
            source.cancel()
            future.isCancelled shouldBe true
            val thrown = shouldThrow<CancellationException> { future.join() }
            // Since JDK 23 the exception that made a future cancelled comes as the cause of one of the waiting thread's own.
            (thrown.cause ?: thrown).shouldBeInstanceOf<DeferredCancelledException>()
        }

        "behaviour 16: cancelling the future cancels the Deferred, on the loop" {
            val loop = HandLoop()
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(loop)
            future.cancel(true) shouldBe true
            source.called shouldBe false
            loop.run()
            source.called shouldBe true
            future.isCancelled shouldBe true
        }

        "behaviour 16: on the loop's own thread it does so at once" {
            val loop = HandLoop()
            loop.inLoop = true
            val source = Deferred<Int>()
            source.toCompletableFuture(loop).cancel(false)
            source.called shouldBe true
            loop.queue.shouldBeEmpty()
        }

        val derivations =
            mapOf<String, (CompletableFuture<Int>) -> CompletableFuture<*>>(
                "thenApply" to { it.thenApply { value -> value + 1 } },
                "thenApplyAsync" to { it.thenApplyAsync { value -> value + 1 } },
                "thenAccept" to { it.thenAccept { } },
                "thenRun" to { it.thenRun { } },
                "thenCompose" to { it.thenCompose { value -> CompletableFuture.completedFuture(value) } },
                "thenCombine" to { it.thenCombine(CompletableFuture<Int>()) { one, two -> one + two } },
                "handle" to { it.handle { value, _ -> value } },
                "whenComplete" to { it.whenComplete { _, _ -> } },
                "exceptionally" to { it.exceptionally { 0 } },
                "copy" to { it.copy() },
                "acceptEither" to { it.acceptEither(CompletableFuture<Int>()) { } },
                "a stage of a stage of a stage" to { it.thenApply { n -> n }.thenCompose { CompletableFuture<Int>() }.thenAccept { } },
            )
        derivations.forEach { (name, derive) ->
            "cancelling what $name gives cancels the Deferred" {
                val source = Deferred<Int>()
                derive(source.toCompletableFuture(here)).cancel(true) shouldBe true
                source.called shouldBe true
            }

            "completing what $name gives by hand releases the Deferred too" {
                val source = Deferred<Int>()
                derive(source.toCompletableFuture(here)).completeExceptionally(error) shouldBe true
                source.called shouldBe true
            }
        }

        "cancelling a derived stage gives up the first future at once" {
            val loop = HandLoop()
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(loop)
            future.thenApply { it }.cancel(true)
            future.isCancelled shouldBe true
            source.called shouldBe false
        }

        "cancelling a composed stage, or one derived from it, cancels the Deferred that its function has begun to wait for" {
            val inner = listOf(Deferred<Int>(), Deferred<Int>())
            val first = succeed(1).toCompletableFuture(here)
            first.thenCompose { inner[0].toCompletableFuture(here) }.cancel(true)
            first.thenCompose { inner[1].toCompletableFuture(here) }.thenApply { it }.cancel(true)
            inner.map { it.called } shouldBe listOf(true, true)
            first.join() shouldBe 1
        }

        "cancelling one composed stage leaves its siblings alone" {
            val inner = listOf(Deferred<Int>(), Deferred<Int>())
            val first = succeed(1).toCompletableFuture(here)
            val kept = first.thenCompose { inner[0].toCompletableFuture(here) }
            first.thenCompose { inner[1].toCompletableFuture(here) }.completeExceptionally(TimeoutException())
            inner[1].called shouldBe true
            inner[0].callback(2)
            kept.join() shouldBe 2
        }

        "what a composed stage's function begins after the cancellation is cancelled too" {
            val elsewhere = HandLoop()
            val inner = Deferred<Int>()
            val composed = succeed(1).toCompletableFuture(here).thenComposeAsync({ inner.toCompletableFuture(here) }, elsewhere)
            val last = composed.thenCompose { inner.toCompletableFuture(here) }
            last.cancel(true)
            elsewhere.run()
            inner.called shouldBe true
        }

        "a composed stage leaves futures that others have made alone" {
            val foreign = CompletableFuture<Int>()
            succeed(1).toCompletableFuture(here).thenCompose { foreign }.cancel(true)
            foreign.isDone shouldBe false
        }

        "orTimeout releases the Deferred" {
            val stopped = CountDownLatch(1)
            val source = Deferred<Int> { stopped.countDown() }
            val future = source.toCompletableFuture(here).thenApply { it + 1 }.orTimeout(1, TimeUnit.MILLISECONDS)
            shouldThrow<ExecutionException> { future.get(20, TimeUnit.SECONDS) }.cause.shouldBeInstanceOf<TimeoutException>()
            stopped.await(20, TimeUnit.SECONDS) shouldBe true
        }

        "completeOnTimeout releases the Deferred" {
            val stopped = CountDownLatch(1)
            val source = Deferred<Int> { stopped.countDown() }
            source.toCompletableFuture(here).completeOnTimeout(5, 1, TimeUnit.MILLISECONDS).get(20, TimeUnit.SECONDS) shouldBe 5
            stopped.await(20, TimeUnit.SECONDS) shouldBe true
        }

        "a stage that fails by its own function leaves the Deferred's result alone" {
            val source = Deferred<Int>()
            val stage = source.toCompletableFuture(here).thenApply<Int> { throw error }
            source.callback(1)
            shouldThrow<CompletionException> { stage.join() }.cause shouldBeSameInstanceAs error
            outcomeOf(source) shouldBe Success(null)
        }

        "after the result cancel has no effect" {
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(here)
            source.callback(1)
            future.cancel(true) shouldBe false
            future.join() shouldBe 1
        }

        "a result that meets the cancellation on its way is dropped: the future was first" {
            val loop = HandLoop()
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(loop)
            future.cancel(true)
            source.callback(1)
            loop.run()
            future.isCancelled shouldBe true
            outcomeOf(source) shouldBe Success(null)
        }

        "waiting on the thread of the loop is refused, unless the result is there" {
            val loop = HandLoop()
            loop.inLoop = true
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(loop)
            shouldThrow<IllegalStateException> { future.join() }.message!! shouldContain "would block the thread of the loop"
            shouldThrow<IllegalStateException> { future.thenApply { it }.get() }
            shouldThrow<IllegalStateException> { future.get(1, TimeUnit.SECONDS) }
            source.callback(1)
            future.join() shouldBe 1
        }

        "a loop that has shut down does not make cancel throw" {
            val source = Deferred<Int>()
            val future = source.toCompletableFuture { throw RejectedExecutionException("stopped") }
            future.cancel(true) shouldBe true
            source.called shouldBe false
        }

        "a future as a Deferred fires on the loop" {
            val loop = HandLoop()
            val future = CompletableFuture<Int>()
            val deferred = future.toDeferred(loop)
            future.complete(1)
            deferred.called shouldBe false
            loop.run()
            outcomeOf(deferred) shouldBe Success(1)
        }

        "its exception arrives without CompletionException, its cancellation as DeferredCancelledException" {
            val future = CompletableFuture<Int>()
            val direct = future.toDeferred(here)
            val derived = future.thenApply { it + 1 }.toDeferred(here)
            future.completeExceptionally(error)
            outcomeOf(direct) shouldBe Failure(error)
            outcomeOf(derived) shouldBe Failure(error)
            val cancelled = CompletableFuture<Int>().apply { cancel(true) }
            val failure = outcomeOf(cancelled.toDeferred(here)).shouldBeInstanceOf<Failure>()
            failure.type shouldBe DeferredCancelledException::class.java
            failure.value.cause.shouldBeInstanceOf<CancellationException>()
        }

        "cancelling the Deferred cancels the future" {
            val future = CompletableFuture<Int>()
            val deferred = future.toDeferred(here)
            deferred.cancel()
            future.isCancelled shouldBe true
            outcomeOf(deferred).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
        }

        "a result that is on its way to the loop wins over cancel" {
            val loop = HandLoop()
            val future = CompletableFuture<Int>()
            val deferred = future.toDeferred(loop)
            future.complete(1)
            deferred.cancel()
            outcomeOf(deferred) shouldBe Success(1)
            loop.run()
            deferred.called shouldBe true
        }

        "a cancellation that is on its way to the loop loses the later result" {
            val loop = HandLoop()
            val future = CompletableFuture<Int>()
            val deferred = future.toDeferred(loop)
            deferred.cancel()
            future.complete(1) shouldBe false
            loop.run()
            outcomeOf(deferred).isSuccess shouldBe false
        }

        "of a stage only whenComplete is used: it may be one that can do no more" {
            listOf<(CompletableFuture<Int>) -> CompletionStage<Int>>({ it.minimalCompletionStage() }, ::OnlyWhenComplete).forEach { make ->
                val future = CompletableFuture<Int>()
                val stage = make(future)
                val one = stage.toDeferred(here)
                val cancelled = stage.toDeferred(here)
                cancelled.cancel()
                (outcomeOf(cancelled) as Failure).type shouldBe DeferredCancelledException::class.java
                future.complete(1)
                outcomeOf(one) shouldBe Success(1)
                outcomeOf(stage.toDeferred(here)) shouldBe Success(1)
            }
            val failed = CompletableFuture.failedFuture<Int>(error)
            outcomeOf(failed.minimalCompletionStage().toDeferred(here)) shouldBe Failure(error)
        }

        "copies and minimal stages refuse to block the loop too" {
            val loop = HandLoop()
            loop.inLoop = true
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(loop)
            val minimal = future.minimalCompletionStage()
            listOf(
                future.copy(),
                minimal.toCompletableFuture(),
                minimal.thenApply { it }.toCompletableFuture(),
                future.thenApply { it }.minimalCompletionStage().toCompletableFuture(),
            ).forEach { shouldThrow<IllegalStateException> { it.join() }.message!! shouldContain "would block the thread of the loop" }
            minimal.toCompletableFuture().cancel(true)
            source.called shouldBe false
            source.callback(1)
            minimal.toCompletableFuture().join() shouldBe 1
        }

        "there and back again" {
            val source = Deferred<Int>()
            val again = source.toCompletableFuture(here).toDeferred(here)
            again.cancel()
            source.called shouldBe true
            (outcomeOf(again) as Failure).type shouldBe DeferredCancelledException::class.java
        }

        "race of a firing loop and a cancelling thread: one wins, nobody hangs, the loop sees each once" {
            val executor = Executors.newSingleThreadExecutor()
            try {
                repeat(ROUNDS) { round ->
                    val cancels = AtomicInteger()
                    val source = Deferred<Int> { cancels.incrementAndGet() }
                    val future = source.toCompletableFuture(executor)
                    val stage = future.thenApply { it }
                    val barrier = CyclicBarrier(2)
                    val hasFired = AtomicBoolean()
                    executor.execute {
                        barrier.await()
                        if (!source.called) source.callback(round).also { hasFired.set(true) }
                    }
                    barrier.await()
                    val won = stage.cancel(true)
                    CompletableFuture.runAsync({ }, executor).get(20, TimeUnit.SECONDS)
                    stage.isDone shouldBe true
                    stage.isCancelled shouldBe won
                    future.isDone shouldBe true
                    source.called shouldBe true
                    if (!won) future.join() shouldBe round
                    cancels.get() shouldBe if (hasFired.get()) 0 else 1
                }
            } finally {
                executor.shutdown()
            }
        }

        "race of a completing thread and a cancelling loop: the Deferred fires once with one of both" {
            val executor = Executors.newSingleThreadExecutor()
            try {
                repeat(ROUNDS) { round ->
                    val future = CompletableFuture<Int>()
                    val outcome = CompletableFuture<Outcome<Int>>()
                    val barrier = CyclicBarrier(2)
                    executor.execute {
                        val deferred = future.toDeferred(executor)
                        deferred.addBoth { outcome.complete(it) }
                        barrier.await()
                        deferred.cancel()
                    }
                    barrier.await()
                    val completed = future.complete(round)
                    val seen = outcome.get(20, TimeUnit.SECONDS)
                    if (completed) seen shouldBe Success(round) else (seen as Failure).type shouldBe DeferredCancelledException::class.java
                }
            } finally {
                executor.shutdown()
            }
        }
    })

private const val ROUNDS = 2_000
