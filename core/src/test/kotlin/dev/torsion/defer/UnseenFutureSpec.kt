// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.future.asDeferred
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/** A failure of a future that nobody sees is reported; see [UnhandledFailures]. */
class UnseenFutureSpec :
    StringSpec({
        val error = IOException("down")

        /** The test's thread as a loop, in one of its turns. */
        val loop =
            object : LoopExecutor {
                override val inLoop = true
                override val inTurn = true
                override val mustNotBlock = false

                override fun execute(task: Runnable) = task.run()
            }

        fun reportsOf(block: () -> Unit): List<UnhandledFailure> {
            val reports = mutableListOf<UnhandledFailure>()
            val thread = Thread.currentThread()
            UnhandledFailures.addListener { report -> Thread.currentThread() === thread && reports.add(report) }.use {
                UnhandledFailures.beginTurn()
                try {
                    block()
                } finally {
                    UnhandledFailures.endTurn()
                }
            }
            return reports
        }

        fun <T> future(deferred: Deferred<T>) = deferred.toCompletableFuture(loop)

        fun errorsOf(block: () -> Unit) = reportsOf(block).map { it.failure.value }

        val looks =
            mapOf<String, (CompletableFuture<Int>) -> Any?>(
                "exceptionally" to { it.exceptionally { 0 } },
                "exceptionallyAsync" to { it.exceptionallyAsync { 0 } },
                "exceptionallyCompose" to { it.exceptionallyCompose { CompletableFuture.completedFuture(0) } },
                "handle" to { it.handle { _, _ -> 0 } },
                "handleAsync" to { it.handleAsync({ _, _ -> 0 }, loop) },
                "whenComplete" to { it.whenComplete { _, _ -> } },
                "whenCompleteAsync" to { it.whenCompleteAsync { _, _ -> } },
                "isCompletedExceptionally" to { it.isCompletedExceptionally },
                "getNow" to { runCatching { it.getNow(0) } },
                "a copy that is looked at" to { it.copy().exceptionally { 0 } },
                "a minimal stage" to { it.minimalCompletionStage() },
                "being given to others" to { it.toCompletableFuture() },
                "being the other of two" to { CompletableFuture.completedFuture(1).thenCombine(it) { a, b -> a + b } },
                "a stage of a stage" to { it.thenApply { n -> n + 1 }.thenRun { }.exceptionally { null } },
                "a stage behind another future" to { it.thenCompose { future(succeed(1)) }.exceptionally { 0 } },
                "a Deferred" to { it.toDeferred(loop).addErrback { 0 } },
                "kotlinx' Deferred" to { it.asDeferred() },
                "a coroutine" to {
                    CoroutineScope(SupervisorJob() + Dispatchers.Unconfined).launch(start = CoroutineStart.UNDISPATCHED) {
                        runCatching { it.await() }
                    }
                },
                "one of two branches" to {
                    it.thenAccept { }
                    it.exceptionally { 0 }
                },
                "the earlier of two branches" to {
                    it.exceptionally { 0 }
                    it.thenAccept { }
                },
            )

        for ((name, look) in looks) {
            "not reported: $name, before and after the failure" {
                errorsOf {
                    val deferred = Deferred<Int>()
                    look(future(deferred))
                    deferred.errback(error)
                }.shouldBeEmpty()
                errorsOf { look(future(fail(error))) }.shouldBeEmpty()
            }
        }

        val strangers =
            mapOf<String, (CompletableFuture<Int>) -> Any?>(
                "allOf" to { CompletableFuture.allOf(it, CompletableFuture<Int>()) },
                "anyOf" to { CompletableFuture.anyOf(CompletableFuture<Int>(), it) },
                "allOf of a stage" to { CompletableFuture.allOf(it.thenApply { n -> n + 1 }, CompletableFuture<Int>()) },
                "allOf behind another future" to {
                    CompletableFuture.allOf(future(succeed(1)).thenCompose { _ -> it }, CompletableFuture<Int>())
                },
            )

        for ((name, look) in strangers) {
            "not reported: waited for by $name" {
                errorsOf {
                    val deferred = Deferred<Int>()
                    look(future(deferred))
                    deferred.errback(error)
                }.shouldBeEmpty()
            }
        }

        val ignored =
            mapOf<String, (CompletableFuture<Int>) -> Any?>(
                "alone" to { },
                "with stages that want values" to { it.thenApply { n -> n + 1 }.thenAccept { } },
                "with two branches" to {
                    it.thenAccept { }
                    it.thenRun { }
                },
                "with a copy" to { it.copy() },
                "isDone is no look" to { it.isDone },
                "with a time limit" to { it.orTimeout(1, TimeUnit.HOURS) },
                "behind another future" to { future(succeed(1)).thenCompose { _ -> it }.thenAccept { } },
                "behind two" to { future(succeed(1)).thenCompose { _ -> future(succeed(2)).thenCompose { _ -> it } } },
                "behind a handler of something else" to {
                    future(succeed(1)).exceptionally { 2 }.thenCompose { _ -> it }.thenAccept { }
                },
            )

        for ((name, ignore) in ignored) {
            "reported once: $name, before and after the failure" {
                errorsOf {
                    val deferred = Deferred<Int>()
                    ignore(future(deferred))
                    deferred.errback(error)
                } shouldContainExactly listOf(error)
                errorsOf { ignore(future(fail(error))) } shouldContainExactly listOf(error)
            }
        }

        "the report says where the future was made, and that it is one" {
            val report = reportsOf { future(fail<Int>(error)) }.single()
            report.madeAt!! shouldContain "UnseenFutureSpec.kt:"
            report.places shouldContain "UnseenFutureSpec"
            report.toString() shouldContain "Unhandled failure in a future made at UnseenFutureSpec.kt:"
        }

        "what a stage throws is reported, if nobody sees it" {
            val thrown = IllegalStateException("thrown")
            errorsOf {
                val deferred = Deferred<Int>()
                future(deferred).thenAccept { throw thrown }.thenRun { }
                deferred.callback(1)
            } shouldContainExactly listOf(thrown)
            errorsOf { future(succeed(1)).thenAccept { throw thrown } } shouldContainExactly listOf(thrown)
            errorsOf { future(succeed(1)).thenCompose<Int> { throw thrown } } shouldContainExactly listOf(thrown)
            errorsOf {
                val inner = Deferred<Int>()
                future(succeed(1)).thenCompose { future(inner) }.thenApply { throw thrown }
                inner.callback(1)
            } shouldContainExactly listOf(thrown)
            errorsOf {
                val deferred = Deferred<Int>()
                future(deferred).thenAccept { throw thrown }.exceptionally { null }
                deferred.callback(1)
            }.shouldBeEmpty()
        }

        "a time limit that is up is reported like any failure" {
            val reports = LinkedBlockingQueue<Throwable>()
            UnhandledFailures.addListener { report ->
                (report.failure.value is TimeoutException).also { if (it) reports.add(report.failure.value) }
            }.use {
                val stage = future(Deferred<Int>()).thenApply { it + 1 }.orTimeout(1, TimeUnit.MILLISECONDS)
                reports.poll(10, TimeUnit.SECONDS).shouldNotBeNull()
                stage.isCompletedExceptionally shouldBe true
                val seen = future(Deferred<Int>()).orTimeout(1, TimeUnit.MILLISECONDS).handle { _, e -> e }
                seen.get(10, TimeUnit.SECONDS).shouldBeInstanceOf<TimeoutException>()
                val last = future(Deferred<Int>()).orTimeout(1, TimeUnit.MILLISECONDS)
                reports.poll(10, TimeUnit.SECONDS).shouldNotBeNull() // of the last one: that of the one before would have come earlier
                reports.shouldBeEmpty()
                last.isCompletedExceptionally shouldBe true
            }
        }

        "a failure that was reported and is seen later is not reported again" {
            lateinit var late: CompletableFuture<Int>
            errorsOf { late = future(fail(error)) } shouldContainExactly listOf(error)
            errorsOf { late.thenAccept { } }.shouldBeEmpty()
        }

        "no cancellation is reported, whoever cancels" {
            errorsOf {
                future(Deferred<Int>()).cancel(false)
                val stage = future(Deferred<Int>()).thenApply { it + 1 }
                stage.cancel(false)
                val deferred = Deferred<Int>()
                future(deferred).thenAccept { }
                deferred.cancel()
            }.shouldBeEmpty()
        }

        "an error that its maker finds quiet is not reported" {
            errorsOf {
                UnseenFutures.toFuture(fail<Int>(error), loop, { it === error }, null)
                UnseenFutures.toFuture(fail<Int>(error), loop, { it is IllegalStateException }, null)
            } shouldHaveSize 1
        }

        "a future that was made elsewhere is given a second" {
            val ignored = IOException("ignored")
            val looked = IOException("looked at")
            val reports = LinkedBlockingQueue<Throwable>()
            val tasks = LinkedBlockingQueue<Runnable>()
            UnhandledFailures.addListener { report ->
                val reported = report.failure.value
                (reported === ignored || reported === looked).also { if (it) reports.add(reported) }
            }.use {
                val failed = fail<Int>(looked).toCompletableFuture(tasks::add)
                fail<Int>(ignored).toCompletableFuture(tasks::add)
                failed.handle { _, e -> e }.join() shouldBe looked
                repeat(2) { tasks.poll(10, TimeUnit.SECONDS).shouldNotBeNull().run() }
                reports.toList() shouldContainExactly listOf(ignored)
            }
        }

        "the loop of a future that failed has ended: it is reported all the same" {
            val reports = LinkedBlockingQueue<Throwable>()
            UnhandledFailures.addListener { report ->
                (report.failure.value === error).also { if (it) reports.add(report.failure.value) }
            }.use {
                fail<Int>(error).toCompletableFuture { throw RejectedExecutionException() }
                reports.poll(10, TimeUnit.SECONDS).shouldNotBeNull()
            }
        }

        "a chain of a hundred thousand futures can be cancelled, ended and handed out" {
            fun chain(ends: ArrayDeque<Deferred<Int>>, n: Int): CompletableFuture<Int> {
                val step = Deferred<Int>().also(ends::addLast)
                return step.toCompletableFuture(Runnable::run).thenCompose {
                    if (n ==
                        0
                    ) {
                        succeed(1).toCompletableFuture(Runnable::run)
                    } else {
                        chain(ends, n - 1)
                    }
                }
            }
            val cancelled = ArrayDeque<Deferred<Int>>()
            val first = chain(cancelled, 100_000)
            repeat(50_000) { cancelled.removeFirst().callback(1) }
            first.toCompletableFuture() shouldBe first
            first.cancel(true)
            cancelled.last().called shouldBe true
            val ends = ArrayDeque<Deferred<Int>>()
            val used = chain(ends, 100_000).thenApply { it + 1 }
            while (ends.isNotEmpty()) ends.removeFirst().callback(1)
            used.join() shouldBe 2
        }

        "a stage that failed is reported though its sibling's function adds a stage before anybody looks" {
            val thrown = IllegalStateException("thrown")
            // The JDK runs the stage that was added last first.
            errorsOf {
                val deferred = Deferred<Int>()
                val first = future(deferred)
                first.thenAccept { first.thenAccept { } }
                first.thenAccept { throw thrown }
                deferred.callback(1)
            } shouldContainExactly listOf(thrown)
            errorsOf {
                val deferred = Deferred<Int>()
                val first = future(deferred)
                first.thenAccept { throw thrown }
                first.thenAccept { first.thenAccept { } }
                deferred.callback(1)
            } shouldContainExactly listOf(thrown)
            errorsOf {
                val deferred = Deferred<Int>()
                val first = future(deferred)
                val failed = ArrayList<CompletableFuture<*>>()
                first.thenAccept {
                    first.thenAccept { }
                    failed.single().exceptionally { null }
                }
                failed.add(first.thenAccept { throw thrown })
                deferred.callback(1)
            }.shouldBeEmpty() // seen in the same turn
        }

        "futures that wait for each other in a ring can be handed out and completed" {
            val start = List(2) { Deferred<Int>() }
            val futures = ArrayList<CompletableFuture<Int>>()
            start.forEachIndexed { i, deferred -> futures.add(deferred.toCompletableFuture(Runnable::run).thenCompose { futures[1 - i] }) }
            start.forEach { it.callback(1) }
            futures[0].toCompletableFuture() shouldBe futures[0]
            futures[0].complete(7)
            futures[0].thenApply { it + 1 }.join() shouldBe 8
        }

        "a chain of a hundred thousand futures is walked without recursion" {
            errorsOf {
                val ends = ArrayDeque<Deferred<Int>>()
                fun waiting(n: Int): CompletableFuture<Int> {
                    val step = Deferred<Int>().also(ends::addLast)
                    return future(step).thenCompose { if (n == 0) future(fail(error)) else waiting(n - 1) }
                }
                waiting(100_000)
                while (ends.isNotEmpty()) ends.removeFirst().callback(1)
            } shouldContainExactly listOf(error)
        }
    })
