// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.test.runTest
import java.io.IOException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

class UnhandledFailuresSpec :
    StringSpec({
        val error = IOException("down")

        /** The reports of a turn that runs [block]. */
        fun reportsOf(block: () -> Unit): List<UnhandledFailure> {
            val reports = mutableListOf<UnhandledFailure>()
            val thread = Thread.currentThread()
            // Another thread reports what other tests left to the garbage collector.
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

        "a failure that nobody handles is reported at the end of the turn, with the place" {
            val report = reportsOf { fail<Int>(error) }.single()
            report.failure shouldBe Failure(error)
            report.madeAt!! shouldContain "UnhandledFailuresSpec.kt:"
            report.places shouldContain "UnhandledFailuresSpec"
            report.toString() shouldContain "java.io.IOException: down"
        }

        "an errback in time prevents the report" {
            reportsOf {
                val failed = fail<Int>(error).addCallback { it + 1 }
                failed.addErrback { 0 }
            }.shouldBeEmpty()
        }

        "an errback that fails is reported with the new failure only" {
            val second = IOException("second")
            reportsOf { fail<Int>(error).addErrback { throw second } }.map { it.failure } shouldContainExactly listOf(Failure(second))
        }

        "behaviour 8: chaining moves the failure: only the outer Deferred owns it" {
            val inner = Deferred<Int>()
            val outer = succeed(1).addAsyncCallback { inner }
            val reports = reportsOf { inner.errback(error) }
            reports.size shouldBe 1
            reportsOf { outer.addErrback { 0 } }.shouldBeEmpty()
            reportsOf {
                val failed = fail<Int>(error)
                succeed(1).addAsyncCallback { failed }.addErrback { 0 }
            }.shouldBeEmpty()
            reportsOf {
                val target = Deferred<Int>().addErrback { 0 }
                val source = Deferred<Int>()
                source.chainDeferred(target)
                source.errback(error)
            }.shouldBeEmpty()
        }

        "an errback that waits behind a pause counts" {
            val failed = fail<Int>(error)
            reportsOf {
                failed.addCallback { it }
                failed.pause()
                failed.addErrback { 0 }
            }.shouldBeEmpty()
            failed.unpause()
            outcomeOf(failed) shouldBe Success(0)
        }

        "a failure is reported once, and handling it later works" {
            val failed = Deferred<Int>()
            reportsOf { failed.errback(error) }.size shouldBe 1
            reportsOf { failed.addCallback { it + 1 } }.shouldBeEmpty()
            reportsOf { outcomeOf(failed) shouldBe Failure(error) }.shouldBeEmpty()
        }

        "cancelling without an errback is reported, as in Twisted" {
            reportsOf { Deferred<Int>().cancel() }.single().failure.type shouldBe DeferredCancelledException::class.java
        }

        "await and the futures take the failure over" {
            reportsOf { inlineCallbacks { runCatching { fail<Int>(error).await() } } }.shouldBeEmpty()
            reportsOf { fail<Int>(error).toCompletableFuture(Runnable::run) }.shouldBeEmpty()
            reportsOf { fail<Int>(error).toKotlinDeferred(Runnable::run) }.shouldBeEmpty()
        }

        "consumeErrors prevents reports, and without it each child reports" {
            reportsOf { DeferredList(listOf(fail<Int>(error)), consumeErrors = true) }.shouldBeEmpty()
            reportsOf { DeferredList(listOf(fail<Int>(error), fail(error))) }.size shouldBe 2
            reportsOf { race(List(3) { Deferred<Int>() }.also { parts -> parts[0].callback(1) }) }.shouldBeEmpty()
        }

        "what a scope was told, or did itself, is not reported again" {
            reportsOf { runTest { shouldThrow<IOException> { coroutineScope { deferred<Int> { throw error } } } } }.shouldBeEmpty()
            reportsOf { CoroutineScope(SupervisorJob()).deferred<Int> { throw error } }.size shouldBe 1
            reportsOf {
                val scope = CoroutineScope(Job())
                scope.deferred { Deferred<Int>().await() }
                scope.cancel()
            }.shouldBeEmpty()
            reportsOf { inlineCallbacks<Int> { throw error } }.size shouldBe 1
            reportsOf { inlineCallbacks { Deferred<Int>().await() }.cancel() }.size shouldBe 1
        }

        "turns nest: the inner one reports what it noted" {
            val outer =
                reportsOf {
                    fail<Int>(IOException("outer"))
                    reportsOf { fail<Int>(IOException("inner")) }.map { it.failure.value.message } shouldContainExactly listOf("inner")
                }
            outer.map { it.failure.value.message } shouldContainExactly listOf("inner", "outer")
        }

        "endTurn without beginTurn is an error" {
            runCatching { UnhandledFailures.endTurn() }.exceptionOrNull()!!.message shouldBe "endTurn without beginTurn"
        }

        "all listeners hear of it, also when one throws" {
            val heard = mutableListOf<String>()
            val thread = Thread.currentThread()
            UnhandledFailures.addListener { error("broken listener") }.use {
                UnhandledFailures.addListener { Thread.currentThread() === thread && heard.add("second") }.use {
                    reportsOf { fail<Int>(error) }.size shouldBe 1
                }
            }
            heard shouldContainExactly listOf("second")
        }

        "without a turn the garbage collector finds it" {
            val reports = LinkedBlockingQueue<UnhandledFailure>()
            val marked = IOException("lost without a turn")
            UnhandledFailures.addListener { report -> report.failure.value === marked && reports.add(report) }.use {
                fun lose() {
                    fail<Int>(marked)
                }
                lose()
                val deadline = TimeSource.Monotonic.markNow() + 20.seconds
                var report: UnhandledFailure? = null
                while (report == null && deadline.hasNotPassedNow()) {
                    System.gc()
                    report = reports.poll(100, TimeUnit.MILLISECONDS)
                }
                report.shouldNotBeNull().failure shouldBe Failure(marked)
            }
        }

        "without debug mode the report and the error say how to switch it on" {
            val report = runWithoutDebug(WithoutDebug::class.java)
            report shouldContain "made at null"
            report shouldContain "places: (run with -Dtorsion.debug=on to see where it was made)"
            report shouldContain "twice: fired a second time: Deferred@"
            report shouldContain "(run with -Dtorsion.debug=on to see where it was made and fired)"
            report shouldContain "ERROR dev.torsion.defer - Unhandled failure in Deferred: java.io.IOException: logged"
        }

        "with the report withdrawn nothing is kept" {
            reportsOf { repeat(1_000) { fail<Int>(error).addErrback { 0 } } }.firstOrNull().shouldBeNull()
        }
    })
