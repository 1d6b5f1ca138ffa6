// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.testkit.VirtualClock
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.time.Duration

class PendingAnswersSpec :
    StringSpec({
        val clock = VirtualClock()

        fun pending(limit: Int = 4) =
            PendingAnswers<Int, String>(clock, CorrelationOptions(requestLimit = limit, timeout = Duration.ofSeconds(5)))

        "answers come in any order, each to its request" {
            val pending = pending()
            val first = pending.add(1)
            val second = pending.add(2)
            pending.answer(2, "two") shouldBe true
            pending.answer(1, "one") shouldBe true
            successResultOf(first) shouldBe "one"
            successResultOf(second) shouldBe "two"
            pending.size shouldBe 0
            clock.delayedCalls().shouldBeEmpty()
        }

        "an answer that was never asked for, or comes twice, is for nobody" {
            val pending = pending()
            pending.answer(7, "never asked") shouldBe false
            val request = pending.add(1)
            pending.answer(1, "one") shouldBe true
            pending.answer(1, "again") shouldBe false
            successResultOf(request) shouldBe "one"
        }

        "a key is free again once its answer has come, and not before" {
            val pending = pending()
            val first = pending.add(1)
            failureResultOf<IllegalStateException>(pending.add(1)).message!! shouldContain "a request with the key 1 waits"
            pending.answer(1, "one")
            successResultOf(first) shouldBe "one"
            val second = pending.add(1)
            pending.answer(1, "two")
            successResultOf(second) shouldBe "two"
        }

        "no more requests than the limit wait; each that ends makes room" {
            val pending = pending(limit = 2)
            val requests = listOf(1, 2).map(pending::add)
            failureResultOf<IllegalStateException>(pending.add(3)).message!! shouldContain "2 requests wait"
            requests[0].cancel()
            failureResultOf<DeferredCancelledException>(requests[0])
            val third = pending.add(3)
            pending.answer(3, "three")
            successResultOf(third) shouldBe "three"
            pending.fail(IOException("gone"))
            failureResultOf<IOException>(requests[1])
        }

        "the time of a request is up; its late answer is not given to the next request with its key" {
            val pending = pending()
            val slow = pending.add(1)
            clock.advance(Duration.ofSeconds(5))
            failureResultOf<DeferredTimeoutException>(slow).timeout shouldBe Duration.ofSeconds(5)
            failureResultOf<IllegalStateException>(pending.add(1)).message!! shouldContain "may still come"
            pending.answer(1, "late") shouldBe false
            val next = pending.add(1)
            pending.answer(1, "its own") shouldBe true
            successResultOf(next) shouldBe "its own"
        }

        "the same after a cancellation, and only so many keys are remembered" {
            val pending = pending(limit = 2)
            for (key in 1..3) {
                val request = pending.add(key)
                request.cancel()
                failureResultOf<DeferredCancelledException>(request)
            }
            val again = pending.add(1) // forgotten, as the oldest
            failureResultOf<IllegalStateException>(pending.add(3))
            pending.answer(1, "one")
            successResultOf(again) shouldBe "one"
            clock.delayedCalls().shouldBeEmpty()
        }

        "the end fails all that wait and all that come, in order, though a callback cancels another or asks again" {
            val pending = pending()
            val told = ArrayList<String>()
            val gone = IOException("gone")
            val requests = (1..3).map(pending::add)
            fun tell(who: String, request: Deferred<String>, also: () -> Unit = {}) {
                request.addBoth {
                    told.add("$who: ${(it as Failure).value.message}")
                    also()
                }
            }
            tell("first", requests[0]) {
                requests[1].cancel()
                tell("again", pending.add(9))
            }
            tell("second", requests[1])
            tell("third", requests[2])
            pending.fail(gone)
            pending.fail(IllegalStateException("too late"))
            told shouldContainExactly listOf("first: gone", "second: cancelled", "again: gone", "third: gone")
            failureResultOf<IOException>(pending.add(10)) shouldBe gone
            clock.delayedCalls().shouldBeEmpty()
        }

        "an answer and a cancellation in one turn: the first counts" {
            val pending = pending()
            lateinit var second: Deferred<String>
            val first = pending.add(1).addCallback { second.cancel() }
            second = pending.add(2)
            pending.answer(1, "one")
            pending.answer(2, "two") shouldBe false
            successResultOf(first)
            failureResultOf<DeferredCancelledException>(second)
        }

        "limits make sense" {
            shouldThrow<IllegalArgumentException> { CorrelationOptions(requestLimit = 0) }
            shouldThrow<IllegalArgumentException> { CorrelationOptions(timeout = Duration.ZERO) }
            shouldThrow<IllegalArgumentException> { CorrelationOptions(pushLimit = 0) }
        }
    })
