// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.CancellationException
import java.io.IOException
import java.util.concurrent.CompletableFuture
import kotlin.concurrent.thread

class AsyncHopSpec :
    StringSpec({
        "an exception that is awaited carries the calls of those who wait" {
            val source = Deferred<Int>()
            val waiting = inlineCallbacks { outer(source) }
            val error = IOException("gone")
            source.errback(error)
            val failure = failureOf(waiting)
            failure.value shouldBeSameInstanceAs error
            val hop = AsyncHop.of(error).single()
            hop.stackTrace.map { it.methodName }.take(2) shouldBe listOf("inner", "outer")
            failure.traceback shouldContain "awaited by a coroutine"
            failure.briefTraceback shouldContain Regex("awaited by a coroutine:\nAsyncHopSpec.kt:\\d+:inner\nAsyncHopSpec.kt:\\d+:outer")
        }

        "so it does when it was there already" {
            val error = IOException("gone")
            failureOf(inlineCallbacks { outer(fail(error)) })
            AsyncHop.of(error).single().stackTrace.first().methodName shouldBe "inner"
        }

        "each coroutine on its way adds its own" {
            val source = Deferred<Int>()
            val first = inlineCallbacks { inner(source) }
            val second = inlineCallbacks { outer(first) }
            val error = IOException("gone")
            source.errback(error)
            failureOf(second)
            AsyncHop.of(error) shouldHaveSize 1 // the same call of inner twice is one
            failureOf(inlineCallbacks { other(fail<Int>(error)) })
            AsyncHop.of(error).map { it.stackTrace.first().methodName } shouldBe listOf("inner", "other")
        }

        "an exception object that is used again and again does not grow" {
            val error = IOException("shared")
            repeat(1000) { failureOf(inlineCallbacks { inner(fail<Int>(error)) }) }
            AsyncHop.of(error) shouldHaveSize 1
        }

        "cancellation is no failure to follow" {
            val error = CancellationException("enough")
            failureOf(inlineCallbacks { inner(fail<Int>(error)) })
            AsyncHop.of(error).shouldBeEmpty()
        }

        "in debug mode the Deferreds that waited are in the trace too" {
            val inner = Deferred<Int>()
            val outer = succeed(1).addAsyncCallback { inner }
            val error = IOException("gone")
            inner.errback(error)
            failureOf(outer)
            val hop = AsyncHop.of(error).single()
            hop.message shouldBe "waited for by a Deferred made"
            hop.stackTrace.first().fileName shouldBe "AsyncHopSpec.kt"
        }

        "to fire a Deferred while another thread runs its callbacks is refused" {
            val inCallback = CompletableFuture<Unit>()
            val tried = CompletableFuture<Throwable?>()
            val deferred = Deferred<Int>()
            deferred.addCallback { inCallback.complete(Unit).also { tried.join() } }
            val loop = thread(name = "the-loop") { deferred.callback(1) }
            inCallback.join()
            val refused = shouldThrow<IllegalStateException> { deferred.callback(2) }
            tried.complete(refused)
            loop.join()
            refused.message!! shouldContain "\"the-loop\" runs its callbacks"
        }
    })

private fun failureOf(deferred: Deferred<*>): Failure {
    var failure: Failure? = null
    @Suppress("UNCHECKED_CAST")
    (deferred as Deferred<Any?>).addErrback {
        failure = it
        null
    }
    return failure!!
}

private suspend fun outer(deferred: Deferred<Int>): Int = inner(deferred) + 1

private suspend fun inner(deferred: Deferred<Int>): Int = deferred.await() + 1

private suspend fun other(deferred: Deferred<Int>): Int = deferred.await() + 1
