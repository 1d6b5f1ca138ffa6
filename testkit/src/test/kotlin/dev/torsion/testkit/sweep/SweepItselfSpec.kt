// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.extensions.system.withSystemProperty
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.time.Duration.Companion.hours

/** The sweep finds what it is there to find. */
class SweepItselfSpec :
    StringSpec({
        "a program in which nothing can go wrong passes" {
            val report = FaultSweep("good") { run -> run.reactor.callWhenRunning { run.call("start") { run.stop() } } }.run()
            report.points shouldBeGreaterThan 2
            report.runs shouldBeGreaterThan report.points
        }

        "a program that is wrong without a fault is refused" {
            val error =
                shouldThrow<AssertionError> {
                    FaultSweep("never") { run ->
                        run.track("answer", Deferred<String>())
                        run.reactor.callWhenRunning { run.stop() }
                    }.run()
                }
            error.message shouldContain "never is wrong without any fault"
            error.message shouldContain "answer is still waited for"
        }

        "a fault whose harm is found has a name, and can be run alone" {
            val unbalanced = FaultSweep("unbalanced") { run -> run.reactor.callWhenRunning { work(run) } }
            val report = unbalanced.run()
            report.failures shouldBeGreaterThan 0
            val error = shouldThrow<AssertionError> { report.throwIfWrong() }
            error.message shouldContain "work <: throw\n    - file has begun and not ended"
            val name = "unbalanced/work < 1: throw"
            error.message shouldContain "alone: -D${FaultSweep.PROPERTY}=\"$name\""
            withSystemProperty(FaultSweep.PROPERTY, name) {
                val alone = FaultSweep("unbalanced") { run -> run.reactor.callWhenRunning { work(run) } }.run()
                alone.runs shouldBe 1
                alone.failures shouldBe 1
            }
        }

        "what is swallowed is found" {
            val report =
                FaultSweep("swallowing") { run ->
                    run.reactor.callWhenRunning {
                        runCatching { run.call("work") { } }
                        run.stop()
                    }
                }.run()
            report.toString() shouldContain "work <: throw\n    - the error is lost: it was neither reported nor delivered"
        }

        "what is left open is found, and a call that nobody has planned" {
            val report =
                FaultSweep("leaving") { run ->
                    run.reactor.callWhenRunning {
                        val call = run.reactor.callLater(1.hours) { }
                        run.call("work") { }
                        call.cancel()
                        run.stop()
                    }
                }.run()
            report.toString() shouldContain "a delayed call is left: DelayedCall(due in"
        }
    })

private fun work(run: SweepRun) {
    run.begun("file")
    run.call("work") { }
    run.ended("file")
    run.stop()
}
