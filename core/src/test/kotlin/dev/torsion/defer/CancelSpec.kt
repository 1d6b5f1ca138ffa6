// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException

class CancelSpec :
    StringSpec({
        fun Outcome<*>.isCancelled() = (this as Failure).value is DeferredCancelledException

        "behaviour 1: without a canceller exactly one later fire is dropped, the second raises" {
            val deferred = Deferred<Int>()
            val seen = outcomesOf(deferred)
            deferred.cancel()
            seen.single().isCancelled() shouldBe true
            deferred.callback(1)
            shouldThrow<AlreadyCalledException> { deferred.callback(2) }
            shouldThrow<AlreadyCalledException> { deferred.errback(IOException()) }
            seen.size shouldBe 1
        }

        "with a canceller that does not fire, no later fire is dropped" {
            val deferred = Deferred<Int> { }
            val seen = outcomesOf(deferred)
            deferred.cancel()
            seen.single().isCancelled() shouldBe true
            shouldThrow<AlreadyCalledException> { deferred.callback(1) }
        }

        "behaviour 2: the canceller may fire with a value instead" {
            val deferred = Deferred<Int> { it.callback(5) }
            deferred.cancel()
            outcomeOf(deferred) shouldBe Success(5)
        }

        "the canceller may fire with an error of its own" {
            val error = IOException("stopped")
            val deferred = Deferred<Int> { it.errback(error) }
            deferred.cancel()
            outcomeOf(deferred) shouldBe Failure(error)
        }

        "a canceller that throws makes the Deferred fail with that, and one later fire is dropped" {
            val error = IOException("cannot stop")
            val deferred = Deferred<Int> { throw error }
            val seen = outcomesOf(deferred)
            deferred.cancel()
            seen shouldContainExactly listOf(Failure(error))
            deferred.callback(1)
            shouldThrow<AlreadyCalledException> { deferred.callback(2) }
        }

        "a canceller that throws after it has fired changes nothing" {
            val deferred = Deferred<Int> {
                it.callback(5)
                throw IOException("too late")
            }
            deferred.cancel()
            outcomeOf(deferred) shouldBe Success(5)
            shouldThrow<AlreadyCalledException> { deferred.callback(2) }
        }

        "cancelling one that has fired does nothing, and its canceller is not called" {
            val calls = mutableListOf<Any>()
            val deferred = Deferred<Int>(calls::add)
            deferred.callback(1)
            deferred.cancel()
            calls.shouldBeEmpty()
            outcomeOf(deferred) shouldBe Success(1)
        }

        "cancelling twice calls the canceller once" {
            val calls = mutableListOf<Any>()
            val deferred = Deferred<Int>(calls::add)
            deferred.cancel()
            deferred.cancel()
            calls.size shouldBe 1
            outcomeOf(deferred).isCancelled() shouldBe true
        }

        "a canceller that cancels again does so in vain" {
            var calls = 0
            val deferred =
                Deferred<Int> {
                    calls++
                    it.cancel()
                }
            deferred.cancel()
            calls shouldBe 1
            outcomeOf(deferred).isCancelled() shouldBe true
        }

        "behaviour 3: cancelling the outer Deferred reaches the inner one" {
            val inner = Deferred<Int> { it.callback(3) }
            val outer = succeed(1).addAsyncCallback { inner }.addCallback { it + 1 }
            outer.cancel()
            outcomeOf(outer) shouldBe Success(4)
        }

        "behaviour 3: over several, to the innermost that waits" {
            val cancelled = mutableListOf<String>()
            val third = Deferred<Int> { cancelled.add("third") }
            val second = Deferred<Int> { cancelled.add("second") }.addAsyncCallback { third }
            val first = Deferred<Int> { cancelled.add("first") }.addAsyncCallback { second }
            first.callback(1)
            second.callback(2)
            first.cancel()
            cancelled shouldContainExactly listOf("third")
            outcomeOf(first).isCancelled() shouldBe true
        }

        "cancelling the target of chainDeferred leaves the source alone, whose result is then dropped" {
            val source = Deferred<Int>()
            val target = Deferred<Int>()
            source.chainDeferred(target)
            target.cancel()
            source.called shouldBe false
            source.callback(1)
            outcomeOf(source) shouldBe Success(null)
            outcomeOf(target).isCancelled() shouldBe true
        }

        "the exception of a cancelled Deferred is a CancellationException" {
            val deferred = Deferred<Int>()
            deferred.cancel()
            outcomeOf(deferred).shouldBeInstanceOf<Failure>().check(java.util.concurrent.CancellationException::class.java) shouldBe
                java.util.concurrent.CancellationException::class.java
        }
    })
