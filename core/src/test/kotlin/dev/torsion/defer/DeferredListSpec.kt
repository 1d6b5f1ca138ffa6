// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException

class DeferredListSpec :
    StringSpec({
        val error = IOException("down")

        "outcomes come in the order of the list, whatever the order of firing" {
            val parts = List(3) { Deferred<Int>() }
            val list = DeferredList(parts, consumeErrors = true)
            parts[2].callback(2)
            parts[0].callback(0)
            val seen = outcomesOf(list)
            seen.shouldBeEmpty()
            parts[1].errback(error)
            seen.single().get() shouldContainExactly listOf(Success(0), Failure(error), Success(2))
        }

        "an empty list fires at once, or fails at once when it wants a first one" {
            outcomeOf(DeferredList<Int>(emptyList())) shouldBe Success(emptyList())
            outcomeOf(gatherResults<Int>(emptyList())) shouldBe Success(emptyList())
            outcomeOf(DeferredList.firstResult<Int>(emptyList())).shouldBeInstanceOf<Failure>().type shouldBe FailureGroup::class.java
            outcomeOf(race<Int>(emptyList())).shouldBeInstanceOf<Failure>().type shouldBe FailureGroup::class.java
        }

        "fireOnOneErrback fails with FirstError at the first failure" {
            val parts = List(3) { Deferred<Int>() }
            val list = DeferredList(parts, fireOnOneErrback = true, consumeErrors = true)
            parts[1].errback(error)
            val first = outcomeOf(list).shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<FirstError>()
            first.index shouldBe 1
            first.subFailure shouldBe Failure(error)
            first.cause shouldBe error
            parts[0].errback(IOException("later"))
            parts[2].callback(1)
        }

        "behaviour 9: failures that have fired already count for fireOnOneErrback, the first one wins" {
            val parts = listOf(Deferred(), fail<Int>(error), fail(IOException("second")))
            val first = outcomeOf(DeferredList(parts, fireOnOneErrback = true, consumeErrors = true)).shouldBeInstanceOf<Failure>()
            (first.value as FirstError).index shouldBe 1
        }

        "consumeErrors leaves null in the children, without it the failure stays" {
            val kept = fail<Int>(error)
            DeferredList(listOf(kept))
            outcomeOf(kept) shouldBe Failure(error)
            val consumed = fail<Int>(error)
            DeferredList(listOf(consumed), consumeErrors = true)
            outcomeOf(consumed) shouldBe Success(null)
        }

        "the children keep their values" {
            val part = succeed(1)
            DeferredList(listOf(part))
            outcomeOf(part) shouldBe Success(1)
        }

        "behaviour 10: one bad canceller does not stop the others" {
            val cancelled = mutableListOf<Int>()
            val parts =
                listOf(
                    Deferred<Int> { cancelled.add(0) },
                    Deferred {
                        cancelled.add(1)
                        throw error
                    },
                    Deferred { cancelled.add(2) },
                )
            val list = DeferredList(parts, consumeErrors = true)
            list.cancel()
            cancelled shouldContainExactly listOf(0, 1, 2)
            val outcomes = outcomeOf(list).get().map { (it as Failure).type }
            outcomes shouldContainExactly
                listOf(DeferredCancelledException::class.java, IOException::class.java, DeferredCancelledException::class.java)
        }

        "behaviour 11: cancel after an early fire is a no-op" {
            val parts = List(2) { Deferred<Int>() }
            val first = DeferredList.firstResult(parts)
            parts[1].callback(7)
            first.cancel()
            parts[0].called shouldBe false
            outcomeOf(first) shouldBe Success(FirstResult(1, 7))
            val others = List(2) { Deferred<Int>() }
            val list = DeferredList(others, fireOnOneErrback = true, consumeErrors = true)
            others[0].errback(error)
            list.cancel()
            others[1].called shouldBe false
            outcomeOf(list).isSuccess shouldBe false
        }

        "a list that waits on a Deferred of its callback passes cancel to that one" {
            val inner = Deferred<Int>()
            val list = DeferredList(listOf(succeed(1))).addAsyncCallback { inner }
            list.cancel()
            inner.called shouldBe true
            outcomeOf(list).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
        }

        "firstResult ignores failures before the first value" {
            val parts = List(3) { Deferred<Int>() }
            val first = DeferredList.firstResult(parts, consumeErrors = true)
            parts[0].errback(error)
            parts[2].callback(9)
            parts[1].callback(8)
            outcomeOf(first) shouldBe Success(FirstResult(2, 9))
            outcomeOf(parts[1]) shouldBe Success(8)
        }

        "firstResult fails with all failures, or with the first when asked to" {
            val group = outcomeOf(DeferredList.firstResult(listOf(fail<Int>(error), fail(error)), consumeErrors = true)) as Failure
            (group.value as FailureGroup).failures shouldContainExactly listOf(Failure(error), Failure(error))
            val parts = listOf(Deferred<Int>(), fail(error))
            val early = outcomeOf(DeferredList.firstResult(parts, fireOnOneErrback = true, consumeErrors = true)) as Failure
            (early.value as FirstError).index shouldBe 1
        }

        "gatherResults gives the values, or the first failure" {
            outcomeOf(gatherResults(listOf(succeed(1), succeed(2)))) shouldBe Success(listOf(1, 2))
            val failed = outcomeOf(gatherResults(listOf(succeed(1), fail(error)), consumeErrors = true)).shouldBeInstanceOf<Failure>()
            (failed.value as FirstError).index shouldBe 1
        }

        "gatherResults passes cancel to all" {
            val parts = List(3) { Deferred<Int>() }
            val all = gatherResults(parts, consumeErrors = true)
            all.cancel()
            parts.all { it.called } shouldBe true
            val first = outcomeOf(all).shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<FirstError>()
            first.index shouldBe 0
            first.subFailure.type shouldBe DeferredCancelledException::class.java
        }

        "race gives the first value and cancels the others" {
            val parts = List(3) { Deferred<String>() }
            val winner = race(parts)
            parts[1].callback("fast")
            val (index, value) = outcomeOf(winner).get()
            index shouldBe 1
            value shouldBe "fast"
            parts.all { it.called } shouldBe true
            parts.take(2).forEach { outcomeOf(it) shouldBe Success(null) } // the winner too: the race has taken its result
        }

        "behaviour 12: a loser that succeeds from its canceller does not win a second time" {
            val loser = Deferred<String> { it.callback("me too") }
            val fast = Deferred<String>()
            val winner = race(listOf(loser, fast))
            fast.callback("fast")
            outcomeOf(winner) shouldBe Success(FirstResult(1, "fast"))
        }

        "race fails with the failures in order when all fail" {
            val parts = List(2) { Deferred<String>() }
            val winner = race(parts)
            val second = IOException("second")
            parts[1].errback(second)
            parts[0].errback(error)
            val group = outcomeOf(winner).shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<FailureGroup>()
            group.failures shouldContainExactly listOf(Failure(error), Failure(second))
            group.cause shouldBe error
            group.suppressed.toList() shouldContainExactly listOf(second)
        }

        "a cancelled race cancels all and fails as cancelled, unless one gives a value after all" {
            val parts = List(2) { Deferred<String>() }
            val lost = race(parts)
            lost.cancel()
            parts.all { it.called } shouldBe true
            outcomeOf(lost).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
            val saved = race(listOf(Deferred(), Deferred<String> { it.callback("saved") }))
            saved.cancel()
            outcomeOf(saved) shouldBe Success(FirstResult(1, "saved"))
        }
    })
