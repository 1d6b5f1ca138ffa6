// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/** The JDK's stages on a Deferred's future: where they run, what their failures become, and every way to complete one by hand. */
class FutureStagesSpec :
    StringSpec({
        val error = IOException("down")

        /** Runs [test] with an executor of one thread, called "loop". */
        fun onLoopThread(test: (Executor) -> Unit) {
            val executor = Executors.newSingleThreadExecutor { Thread(it, "loop") }
            try {
                test(executor)
            } finally {
                executor.shutdown()
            }
        }

        fun <T> CompletableFuture<T>.soon(): T = get(20, TimeUnit.SECONDS)

        fun here(): String = Thread.currentThread().name.substringBefore(" @")

        "a stage that was added before the result runs on the loop, one that was added later on the adding thread" {
            onLoopThread { loop ->
                val source = Deferred<Int>()
                val future = source.toCompletableFuture(loop)
                val before = future.thenApply { here() }
                loop.execute { source.callback(1) }
                before.soon() shouldBe "loop"
                future.thenApply { here() }.soon() shouldBe here()
            }
        }

        "an async stage runs on its executor, whenever it was added; without one on the JDK's pool" {
            onLoopThread { loop ->
                val source = Deferred<Int>()
                val future = source.toCompletableFuture(loop)
                val onLoop = future.thenApplyAsync({ here() }, loop)
                val onPool = future.thenApplyAsync { here() }
                loop.execute { source.callback(1) }
                onLoop.soon() shouldBe "loop"
                listOf("loop", here()).forEach { onPool.soon() shouldNotBe it }
                future.thenApplyAsync({ here() }, loop).soon() shouldBe "loop"
                future.thenCompose { CompletableFuture.supplyAsync({ 1 }, loop) }.thenApplyAsync({ here() }, loop).soon() shouldBe "loop"
            }
        }

        "the stages of a future that is cancelled run on the thread that cancels, its Deferred's callbacks on the loop" {
            onLoopThread { loop ->
                val source = Deferred<Int>()
                val callback = CompletableFuture<String>()
                val future = source.toCompletableFuture(loop)
                loop.execute { source.addBoth { callback.complete(here()) } }
                CompletableFuture.runAsync({}, loop).soon()
                val stage = future.handle { _, _ -> here() }
                val canceller = CompletableFuture<String>()
                Thread({ canceller.complete(future.cancel(true).toString()) }, "canceller").start()
                canceller.soon() shouldBe "true"
                stage.soon() shouldBe "canceller"
                callback.soon() shouldBe "loop"
            }
        }

        "a time limit that runs out runs the stages on a thread of the JDK's, and the Deferred's callbacks on the loop" {
            onLoopThread { loop ->
                val source = Deferred<Int>()
                val callback = CompletableFuture<String>()
                val future = source.toCompletableFuture(loop)
                source.addBoth { callback.complete(here()) }
                val stage = future.handle { _, _ -> here() }
                future.orTimeout(1, TimeUnit.MILLISECONDS)
                // The stage first: whoever waits for the future itself may have to run its stages.
                listOf("loop", here()).forEach { stage.soon() shouldNotBe it }
                shouldThrow<ExecutionException> { future.soon() }.cause.shouldBeInstanceOf<TimeoutException>()
                callback.soon() shouldBe "loop"
            }
        }

        val failing =
            mapOf<String, (CompletableFuture<Int>) -> CompletableFuture<*>>(
                "thenApply" to { it.thenApply<Int> { throw error } },
                "thenApplyAsync" to { it.thenApplyAsync<Int> { throw error } },
                "thenAccept" to { it.thenAccept { throw error } },
                "thenRun" to { it.thenRun { throw error } },
                "handle" to { it.handle<Int> { _, _ -> throw error } },
                "whenComplete" to { it.whenComplete { _, _ -> throw error } },
                "thenCompose" to { it.thenCompose<Int> { throw error } },
                "thenCompose of a Deferred that fails" to { it.thenCompose { fail<Int>(error).toCompletableFuture(Runnable::run) } },
                "thenCombine" to { it.thenCombine(CompletableFuture.completedFuture(1)) { _, _ -> throw error } },
            )
        failing.forEach { (name, derive) ->
            "a continuation that fails fails its own stage only, with what it has thrown: $name" {
                val source = Deferred<Int>()
                val future = source.toCompletableFuture(Runnable::run)
                val broken = derive(future)
                val sibling = future.thenApply { it + 1 }
                source.callback(1)
                shouldThrow<ExecutionException> { broken.get(20, TimeUnit.SECONDS) }.cause shouldBeSameInstanceAs error
                sibling.join() shouldBe 2
                future.join() shouldBe 1
                outcomeOf(source) shouldBe Success(null)
            }
        }

        "an exception of whenComplete after a failure is suppressed in that" {
            val first = IOException("first")
            val stage = fail<Int>(first).toCompletableFuture(Runnable::run).whenComplete { _, _ -> throw error }
            val thrown = shouldThrow<ExecutionException> { stage.get() }.cause!!
            thrown shouldBeSameInstanceAs first
            thrown.suppressed.toList() shouldContainExactly listOf(error)
        }

        "an executor that takes nothing fails its stage" {
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(Runnable::run)
            val stage = future.thenApplyAsync({ it }, { throw RejectedExecutionException("full") })
            source.callback(1)
            shouldThrow<CompletionException> { stage.join() }.cause.shouldBeInstanceOf<RejectedExecutionException>()
            future.join() shouldBe 1
        }

        "a failing callback of a Deferred that came from a future is in its chain" {
            val future = CompletableFuture<Int>()
            val deferred = future.toDeferred(Runnable::run).addCallback<Int> { throw error }
            future.complete(1)
            outcomeOf(deferred) shouldBe Failure(error)
        }

        "obtrudeValue and obtrudeException release the Deferred, and after the result change what others see only" {
            val value = Deferred<Int>()
            value.toCompletableFuture(Runnable::run).thenApply { it }.obtrudeValue(5)
            value.called shouldBe true
            val failed = Deferred<Int>()
            failed.toCompletableFuture(Runnable::run).obtrudeException(error)
            failed.called shouldBe true

            val fired = Deferred<Int>()
            val other = Deferred<Int>()
            val future = fired.toCompletableFuture(Runnable::run)
            val rest = fired.addAsyncBoth { other }
            fired.callback(1)
            future.obtrudeValue(7)
            future.join() shouldBe 7
            other.called shouldBe false
            rest.isPaused shouldBe true
        }

        "completeAsync releases the Deferred once its supplier has a value, or has failed" {
            val tasks = HandLoop()
            val source = Deferred<Int>()
            val future = source.toCompletableFuture(Runnable::run).completeAsync({ 5 }, tasks)
            source.called shouldBe false
            tasks.run()
            source.called shouldBe true
            future.join() shouldBe 5

            val second = Deferred<Int>()
            val failing = second.toCompletableFuture(Runnable::run).thenApply { it }.completeAsync({ throw error }, tasks)
            tasks.run()
            second.called shouldBe true
            shouldThrow<CompletionException> { failing.join() }.cause shouldBeSameInstanceAs error

            val fired = Deferred<Int>()
            var supplied = 0
            val late = fired.toCompletableFuture(Runnable::run).completeAsync({ supplied++ }, tasks)
            fired.callback(1)
            tasks.run()
            late.join() shouldBe 1
            supplied shouldBe 0
        }

        val composed =
            mapOf<String, (CompletableFuture<Int>, () -> CompletionStage<Int>) -> CompletableFuture<Int>>(
                "exceptionallyCompose" to { future, next -> future.exceptionallyCompose { next() } },
                "exceptionallyComposeAsync" to { future, next -> future.exceptionallyComposeAsync({ next() }, Runnable::run) },
            )
        composed.forEach { (name, derive) ->
            "cancelling what $name gives cancels the Deferred that its function has begun to wait for" {
                val inner = Deferred<Int>()
                val stage = derive(fail<Int>(error).toCompletableFuture(Runnable::run)) { inner.toCompletableFuture(Runnable::run) }
                stage.thenApply { it }.cancel(true)
                inner.called shouldBe true
            }
        }

        "the other future of a stage of two is left alone" {
            val one = Deferred<Int>()
            val two = Deferred<Int>()
            val other = two.toCompletableFuture(Runnable::run)
            one.toCompletableFuture(Runnable::run).thenCombine(other) { a, b -> a + b }.cancel(true)
            one.called shouldBe true
            two.called shouldBe false
            CompletableFuture.allOf(other, CompletableFuture<Int>()).cancel(true)
            two.called shouldBe false
        }

        "a canceller that throws fails the Deferred, not the one who cancels" {
            val stopped = CountDownLatch(1)
            val source = Deferred<Int> { throw error.also { stopped.countDown() } }
            var seen: Failure? = null
            val future = source.toCompletableFuture(Runnable::run)
            val chain = source.addBoth { seen = it as? Failure }
            future.cancel(true) shouldBe true
            stopped.count shouldBe 0
            chain.called shouldBe true
            seen shouldBe null // the future took the failure, and had been cancelled by then
        }
    })
