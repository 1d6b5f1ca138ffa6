// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.clock.DelayedCall
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.util.concurrent.TimeUnit

internal val timers: ReactorChecks =
    reactorChecks {
        "delayed calls run in the order of their times, and at the same time in the order in which they were made" {
            run {
                after(10) { note("10") }
                after(0) { note("0") }
                after(5) { note("5") }
                after(10) { note("10 again") }
                after(0) { note("0 again") }
                after(20) { stop() } // the last one: a machine that stands still between two of these lines must not end it early
            }
            expectStory("0", "0 again", "5", "10", "10 again")
        }

        "a delayed call is never early" {
            var early = 0L
            run {
                val begin = nanoTime()
                after(15) {
                    early = TimeUnit.MILLISECONDS.toNanos(15) - (nanoTime() - begin)
                    stop()
                }
            }
            expect(early <= 0) { "it ran $early ns early" }
        }

        "no delay means the next turn, never inside the call, and who plans itself again does not hold the loop" {
            run {
                after(0) {
                    after(0) { note("turn after") }
                    callFromThread { note("task") }
                    note("call")
                }
                var rounds = 0

                fun again() {
                    if (++rounds == 50) stop() else after(0, ::again)
                }
                after(0, ::again)
            }
            expectStory("call", "task", "turn after")
        }

        "one that is cancelled does not run, one that is reset or postponed runs later" {
            run {
                val cancelled = after(5) { note("cancelled") }
                val reset = after(5) { note("reset") }
                val postponed = after(5) { note("postponed") }
                after(0) {
                    cancelled.cancel()
                    reset.reset(20, TimeUnit.MILLISECONDS)
                    postponed.delay(30, TimeUnit.MILLISECONDS)
                }
                after(10) { note("10") }
                after(50) { stop() }
            }
            expectStory("10", "reset", "postponed")
        }

        "delayed calls are listed while they wait" {
            run {
                val before = delayedCalls().size
                val waiting = after(1000) { note("never") }
                expectEqual(delayedCalls().size, before + 1, "the delayed calls")
                expect(waiting in delayedCalls()) { "it is listed" }
                waiting.cancel()
                expectEqual(delayedCalls().size, before, "the delayed calls")
                expect(!waiting.isActive) { "it is active no more" }
                expectThrows<IllegalArgumentException> { after(-1) {} }
                stop()
            }
        }

        "a delayed call that throws is reported, and keeps no other from its time" {
            val broken = BrokenCall()
            run {
                after(1) { throw broken }
                after(1) { note("next") }
                after(2) { stop() }
            }
            expectStory("next")
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "coroutines run on its thread and wait by its clock; when it ends they are cancelled" {
            run {
                val begin = nanoTime()
                scope.launch {
                    note("at once: $isInReactorThread")
                    delay(10)
                    note("later: $isInReactorThread, early: ${nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(10)}")
                    stop()
                }
                scope.launch {
                    try {
                        awaitCancellation()
                    } finally {
                        note("cancelled: $isInReactorThread")
                    }
                }
            }
            expectStory("at once: true", "later: true, early: false", "cancelled: true")
        }
    }

private fun Reactor.after(millis: Long, call: () -> Unit): DelayedCall = callLater(millis, TimeUnit.MILLISECONDS, call)
