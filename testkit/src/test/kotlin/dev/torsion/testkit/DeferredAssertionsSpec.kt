// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.Deferred
import dev.torsion.defer.UnhandledFailures
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.CompletableDeferred
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException

/** Twisted's assertions about results, for a Deferred, a future and a Deferred of kotlinx.coroutines. */
internal class DeferredAssertionsSpec :
    FunSpec({
        val error = IOException("down")

        /** One kind of result, in each of its states. */
        class Kind(val done: Any, val failed: Any, val open: Any, val finish: (Any) -> Unit)

        fun success(result: Any): Any? = when (result) {
            is Deferred<*> -> successResultOf(result)
            is CompletableFuture<*> -> successResultOf(result)
            else -> successResultOf(result as CompletableDeferred<*>)
        }

        fun failure(result: Any, vararg types: Class<out Throwable>) = when (result) {
            is Deferred<*> -> failureResultOf(result, *types)
            is CompletableFuture<*> -> failureResultOf(result, *types)
            else -> failureResultOf(result as CompletableDeferred<*>, *types)
        }

        fun none(result: Any) = when (result) {
            is Deferred<*> -> assertNoResult(result)
            is CompletableFuture<*> -> assertNoResult(result)
            else -> assertNoResult(result as CompletableDeferred<*>)
        }

        @Suppress("UNCHECKED_CAST")
        val kinds =
            mapOf(
                "a Deferred" to { Kind(succeed(1), fail<Int>(error), Deferred<Int>()) { (it as Deferred<Int>).callback(2) } },
                "a future" to {
                    Kind(
                        CompletableFuture.completedFuture(1),
                        CompletableFuture.failedFuture<Int>(error).thenApply { it },
                        CompletableFuture<Int>(),
                    ) { (it as CompletableFuture<Int>).complete(2) }
                },
                "a Deferred of kotlinx.coroutines" to {
                    Kind(
                        CompletableDeferred(1),
                        CompletableDeferred<Int>().apply { completeExceptionally(error) },
                        CompletableDeferred<Int>(),
                    ) { (it as CompletableDeferred<Int>).complete(2) }
                },
            )
        kinds.forEach { (name, make) ->
            test("successResultOf $name") {
                val kind = make()
                success(kind.done) shouldBe 1
                shouldThrow<AssertionError> { success(kind.failed) }.cause shouldBeSameInstanceAs error
                shouldThrow<AssertionError> { success(kind.open) }.message!! shouldContain "there is no result yet"
                kind.finish(kind.open)
                success(kind.open) shouldBe 2
            }

            test("failureResultOf $name") {
                failure(make().failed).value shouldBeSameInstanceAs error
                failure(make().failed, IllegalStateException::class.java, IOException::class.java).value shouldBeSameInstanceAs error
                val other = shouldThrow<AssertionError> { failure(make().failed, IllegalStateException::class.java) }
                other.message!! shouldContain "java.lang.IllegalStateException was expected"
                other.cause shouldBeSameInstanceAs error
                shouldThrow<AssertionError> { failure(make().done) }.message!! shouldContain "a failure was expected, but the result is 1"
                shouldThrow<AssertionError> { failure(make().open) }.message!! shouldContain "there is no result yet"
            }

            test("assertNoResult of $name leaves what comes later") {
                val kind = make()
                none(kind.open)
                kind.finish(kind.open)
                shouldThrow<AssertionError> { none(kind.open) }.message!! shouldContain "no result was expected, but there is 2"
                success(kind.open) shouldBe 2
                shouldThrow<AssertionError> { none(kind.failed) }.cause shouldBeSameInstanceAs error
            }
        }

        test("assertFailure of a Deferred gives the exception when it comes, and fails for anything else") {
            val open = Deferred<Int>()
            val asserted = assertFailure(open, IOException::class.java)
            assertNoResult(asserted)
            open.errback(error)
            successResultOf(asserted) shouldBeSameInstanceAs error
            val good = assertFailure(succeed(1), IOException::class.java)
            failureResultOf<AssertionError>(good).message!! shouldContain "but the result is 1"
            failureResultOf<AssertionError>(assertFailure(fail<Int>(error), Error::class.java)).cause shouldBeSameInstanceAs error
            shouldThrow<IllegalArgumentException> { assertFailure(Deferred<Int>()) }
        }

        test("assertFailure of a stage and of a Deferred of kotlinx.coroutines") {
            val future = CompletableFuture<Int>()
            val asserted = assertFailure(future.minimalCompletionStage(), IOException::class.java)
            assertNoResult(asserted)
            future.completeExceptionally(CompletionException(error))
            successResultOf(asserted) shouldBeSameInstanceAs error
            failureResultOf<AssertionError>(assertFailure(CompletableFuture.completedFuture(1), IOException::class.java))
            assertFailure<IOException>(CompletableDeferred<Int>().apply { completeExceptionally(error) }).message shouldBe "down"
            shouldThrow<AssertionError> { assertFailure<IOException>(CompletableDeferred(1)) }
        }

        test("a failure that was asked for is not reported as unhandled") {
            val reports = ArrayList<Any>()
            UnhandledFailures.addListener { reports.add(it) }.use {
                UnhandledFailures.beginTurn()
                failureResultOf<IOException>(fail<Int>(error))
                UnhandledFailures.endTurn()
            }
            reports shouldBe emptyList()
        }
    })
