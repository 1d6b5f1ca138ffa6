// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.IOException
import java.lang.ref.WeakReference
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

class DeferredSpec :
    StringSpec({
        "each callback gets the result of the one before it" {
            val first = Deferred<Int>()
            val seen = mutableListOf<Any?>()
            first.addCallback { it + 1 }.addCallback { "<$it>" }.addCallback { seen.add(it) }
            seen.shouldBeEmpty()
            first.callback(1)
            seen shouldContainExactly listOf("<2>")
        }

        "an exception goes to the next errback, and its value back to the next callback" {
            val seen = mutableListOf<Any?>()
            succeed(1)
                .addCallback<String> { throw IOException("broken") }
                .addCallback { seen.add("not called") }
                .addErrback { failure -> seen.add(failure.value.message) }
                .addCallback { seen.add(it) }
            seen shouldContainExactly listOf("broken", true)
        }

        "a callback added after the firing runs at once" {
            val deferred = succeed("now")
            var seen = ""
            deferred.addCallback { seen = it }
            seen shouldBe "now"
        }

        "an exception of one side of addCallbacks does not reach the other side" {
            val seen = mutableListOf<String>()
            succeed(1)
                .addCallbacks({ error("first") }, { seen.add("same step") })
                .addCallbacks({ seen.add("no failure") }, { seen.add("next step") })
            seen shouldContainExactly listOf("next step")
        }

        "addBoth sees the outcome, and get passes it on" {
            val seen = mutableListOf<Outcome<Int>>()
            val error = IOException("down")
            outcomeOf(succeed(1).addBoth { seen.add(it).run { it.get() } }) shouldBe Success(1)
            outcomeOf(fail<Int>(error).addBoth { seen.add(it).run { it.get() } }) shouldBe Failure(error)
            seen shouldContainExactly listOf(Success(1), Failure(error))
        }

        "a callback that returns a Failure makes the chain fail, and so does callback with one" {
            val error = IOException("down")
            outcomeOf(succeed(1).addCallback<Any> { Failure(error) }) shouldBe Failure(error)
            outcomeOf(Deferred<Any>().apply { callback(Failure(error)) }) shouldBe Failure(error)
        }

        "the target of chainDeferred says what it waits for" {
            val source = Deferred<Int>()
            val target = Deferred<Int>()
            source.chainDeferred(target)
            target.toString() shouldContain "unfired, waiting on ${source.toString().substringBefore('(')}"
            source.callback(1)
            target.toString() shouldContain "(result 1"
        }

        "a Deferred cannot be fired with a Deferred" {
            shouldThrow<IllegalArgumentException> { Deferred<Any>().callback(Deferred<Int>()) }
        }

        "firing twice is an error that names both places in debug mode" {
            val deferred = Deferred<Int>()
            deferred.callback(1)
            val error = shouldThrow<AlreadyCalledException> { deferred.callback(2) }
            DeferredDebug.enabled shouldBe true
            error.message!! shouldContain "made:"
            error.message!! shouldContain "fired:"
            error.message!! shouldContain "DeferredSpec"
            shouldThrow<AlreadyCalledException> { deferred.errback(IOException()) }
        }

        "behaviour 4: callbacks added inside a callback do not nest" {
            val deferred = Deferred<Any>()
            val seen = mutableListOf<String>()
            deferred.addCallback {
                seen.add("outer begins")
                deferred.addCallback { seen.add("inner") }
                seen.add("outer ends")
            }
            deferred.callback(1)
            seen shouldContainExactly listOf("outer begins", "outer ends", "inner")
        }

        "behaviour 4: the same holds for a Deferred that has fired before" {
            val deferred = succeed<Any>(1)
            val seen = mutableListOf<String>()
            deferred.addCallback {
                deferred.addCallback { seen.add("inner") }
                seen.add("outer ends")
            }
            seen shouldContainExactly listOf("outer ends", "inner")
        }

        "the chain waits for an unfired Deferred and takes its result" {
            val outer = Deferred<Int>()
            val inner = Deferred<String>()
            val result = outer.addAsyncCallback { inner }
            outer.callback(1)
            result.isPaused shouldBe true
            result.toString() shouldContain "waiting on Deferred@"
            inner.callback("late")
            outcomeOf(result) shouldBe Success("late")
            outcomeOf(inner) shouldBe Success(null)
        }

        "a plain callback that returns a Deferred is waited for just the same" {
            val inner = Deferred<String>()
            val result = succeed(1).addCallback<Any> { inner }
            inner.callback("late")
            outcomeOf(result) shouldBe Success("late")
        }

        "behaviour 6: a paused inner Deferred with a result still pauses the outer one" {
            val inner = succeed("result").apply { pause() }
            val outer = succeed(1).addAsyncCallback { inner }
            val seen = outcomesOf(outer)
            seen.shouldBeEmpty()
            inner.unpause()
            seen shouldContainExactly listOf(Success("result"))
        }

        "behaviour 7: callbacks in the middle of a chain still run" {
            val seen = mutableListOf<String>()
            val first = Deferred<String>()
            val second = Deferred<String>()
            val third = Deferred<String>()
            third.addAsyncCallback { second }.addCallback { seen.add("third $it") }
            second.addAsyncCallback { first }
            third.callback("3")
            second.callback("2")
            second.addCallback { seen.add("second $it") }
            first.callback("1")
            seen shouldContainExactly listOf("third 1", "second null")
        }

        "pause and unpause count, and unpause without pause is an error" {
            val deferred = Deferred<Int>()
            deferred.pause()
            deferred.pause()
            val seen = outcomesOf(deferred)
            deferred.callback(1)
            deferred.unpause()
            seen.shouldBeEmpty()
            deferred.unpause()
            seen shouldContainExactly listOf(Success(1))
            shouldThrow<IllegalStateException> { deferred.unpause() }
        }

        "pause inside a callback holds the next one" {
            val deferred = Deferred<Int>()
            val seen = mutableListOf<Int>()
            deferred.addCallback { it.also { deferred.pause() } }.addCallback(seen::add)
            deferred.callback(1)
            seen.shouldBeEmpty()
            deferred.unpause()
            seen shouldContainExactly listOf(1)
        }

        "a waiting Deferred cannot be woken by unpause" {
            val inner = Deferred<Int>()
            val outer = succeed(1).addAsyncCallback { inner }
            val seen = outcomesOf(outer)
            shouldThrow<IllegalStateException> { outer.unpause() }
            seen.shouldBeEmpty()
            inner.callback(2)
            seen shouldContainExactly listOf(Success(2))
        }

        "a paused Deferred that waits does not hold back the callbacks of the one it waited for" {
            val inner = Deferred<String>()
            val outer = succeed(1).addAsyncCallback { inner }
            outer.pause()
            val after = outcomesOf(inner)
            inner.callback("x")
            after shouldContainExactly listOf(Success(null))
            outer.unpause()
            outcomeOf(outer) shouldBe Success("x")
        }

        "a callback that returns its own Deferred fails" {
            val deferred = Deferred<Any>()
            deferred.addCallback { deferred }
            deferred.callback(1)
            outcomeOf(deferred).shouldBeInstanceOf<Failure>().value.message!! shouldContain "wait for itself"
        }

        "Deferreds that would wait for each other fail, and cancel comes back" {
            val one = Deferred<Any>()
            val two = Deferred<Any>()
            one.addCallback { two }
            two.addCallback { one }
            one.callback(1)
            two.callback(2)
            val seen = outcomesOf(one)
            seen.single().shouldBeInstanceOf<Failure>().type shouldBe IllegalStateException::class.java
        }

        "cancel comes back from a ring that is too long to be noticed" {
            val ring = List(200) { Deferred<Any>() }
            ring.forEachIndexed { index, deferred -> deferred.addCallback { ring[(index + 1) % ring.size] } }
            ring.forEach { it.callback(0) }
            ring[3].cancel()
            ring[3].isPaused shouldBe true
        }

        "chainDeferred fires the other one and keeps null" {
            val source = Deferred<Int>()
            val target = Deferred<Int>()
            val rest = source.chainDeferred(target)
            source.callback(1)
            outcomeOf(target) shouldBe Success(1)
            outcomeOf(rest) shouldBe Success(null)
        }

        "chainDeferred onto one that has fired fails the chain" {
            outcomeOf(succeed(1).chainDeferred(succeed(2))).shouldBeInstanceOf<Failure>().type shouldBe AlreadyCalledException::class.java
        }

        "many steps on one Deferred keep their order while it grows and shrinks" {
            val deferred = Deferred<Int>()
            val seen = mutableListOf<Int>()
            repeat(1000) { number ->
                deferred.addCallback { count ->
                    seen.add(number)
                    if (number % 7 == 0) deferred.addCallback { it.also { seen.add(-number) } }
                    count + 1
                }
            }
            deferred.callback(0)
            outcomeOf(deferred) shouldBe Success(1000)
            seen shouldContainExactly List(1000) { it } + List(1000) { -it }.filter { it % 7 == 0 }
        }

        "callbacks that have run are let go while the chain waits, and when it is done" {
            val first = Deferred<Any?>()
            val later = Deferred<Any?>()
            val run = mutableListOf<WeakReference<Any>>()

            fun addHolding(step: Callback<Any?, Any?>) {
                val held = ByteArray(1000)
                run.add(WeakReference(held))
                first.addCallback { value -> step.call(value).also { held.fill(1) } }
            }
            repeat(6) { addHolding { it } }
            addHolding { later }
            var reached = false
            first.addCallback { reached = true }
            first.callback(1)
            first.isPaused shouldBe true
            untilCollected(run)
            later.callback(2)
            reached shouldBe true
            addHolding { it }
            untilCollected(run)
        }

        "maybeDeferred takes values, exceptions, failures and Deferreds" {
            val error = IOException("down")
            val made = Deferred<Int>()
            outcomeOf(maybeDeferred { 1 }) shouldBe Success(1)
            outcomeOf(maybeDeferred<Int> { throw error }) shouldBe Failure(error)
            outcomeOf(maybeDeferred<Any> { Failure(error) }) shouldBe Failure(error)
            maybeAsyncDeferred { made } shouldBeSameInstanceAs made
            outcomeOf(maybeAsyncDeferred<Int> { throw error }) shouldBe Failure(error)
        }

        "toString tells the state" {
            val deferred = Deferred<Int>()
            deferred.toString() shouldContain "(unfired, made at DeferredSpec.kt:"
            deferred.addCallback { it }
            deferred.pause()
            deferred.toString() shouldContain "unfired, paused, 1 callbacks pending"
            succeed(5).toString() shouldContain "result 5"
            val failed = fail<Int>(IOException("gone"))
            failed.toString() shouldContain "failed with java.io.IOException: gone"
            failed.addErrback { 0 }
        }

        "toString tells what is waited on, and where that was made" {
            val inner = Deferred<Int>()
            val line = "made at DeferredSpec.kt:${Thread.currentThread().stackTrace[1].lineNumber - 1}"
            val outer = succeed(1).addAsyncCallback { inner }
            outer.toString() shouldContain Regex("\\(waiting on Deferred@[0-9a-f]+ $line, made at DeferredSpec.kt:")
            val block = inlineCallbacks { outer.await() }
            block.toString() shouldContain Regex("\\(unfired, its coroutine waiting on Deferred@[0-9a-f]+ made at DeferredSpec.kt:")
            inner.callback(1)
            block.toString() shouldContain "result 1"
        }

        "two threads in one Deferred at once are found" {
            val deferred = Deferred<Int>()
            var found: Throwable? = null
            deferred.addCallback {
                val other = Thread { found = runCatching { deferred.addCallback { } }.exceptionOrNull() }
                other.start()
                other.join()
            }
            deferred.callback(1)
            found!!.message!! shouldContain "two threads at once"
        }
    })

/** Collects garbage until none of [references] holds anything any more; fails after twenty seconds. */
private fun untilCollected(references: List<WeakReference<Any>>) {
    val deadline = TimeSource.Monotonic.markNow() + 20.seconds
    while (references.any { it.get() != null }) {
        check(deadline.hasNotPassedNow()) { "still held: ${references.count { it.get() != null }}" }
        System.gc()
    }
}
