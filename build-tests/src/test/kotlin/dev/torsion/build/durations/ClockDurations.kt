// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.clock.Cooperator
import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.LoopingCall
import dev.torsion.clock.addTimeout
import dev.torsion.clock.callLater
import dev.torsion.clock.deferLater
import dev.torsion.clock.start
import dev.torsion.defer.Deferred
import dev.torsion.log.readable
import io.kotest.matchers.shouldBe
import java.time.Duration
import kotlin.time.Duration.Companion.INFINITE

/** Times of the clock. */
internal val clockDurations: Tries =
    mapOf(
        "clock/Clocks.addTimeout" to { time ->
            onClockNever { clock, never -> Deferred<Int>().addTimeout(time, clock).addErrback { 0.also { never.run() } } }
        },
        "clock/Clocks.addTimeout (Kotlin)" to { _ ->
            onClockNever { clock, never -> Deferred<Int>().addTimeout(INFINITE, clock).addErrback { 0.also { never.run() } } }
        },
        "clock/Clocks.deferLater" to { time ->
            onClockNever { clock, never ->
                deferLater(clock, time) { never.run() }
                deferLater(clock, time).addCallback { never.run() }
            }
        },
        "clock/Clocks.deferLater (Kotlin)" to { _ ->
            onClockNever { clock, never -> clock.deferLater(INFINITE) { never.run() } }
        },
        "clock/ClockKt.callLater (Kotlin)" to { _ ->
            onClockNever { clock, never -> clock.callLater(INFINITE) { never.run() } }
        },
        "clock/LoopingCallKt.start (Kotlin)" to { _ ->
            onClockNever { clock, never -> LoopingCall(clock) { never.run() }.start(INFINITE, now = false) }
        },
        "clock/LoopingCall.start" to { time ->
            onClockNever { clock, never -> LoopingCall(clock) { never.run() }.start(time, now = false) }
            onClock { clock ->
                var count = 0L
                LoopingCall.withCount(clock) { count += it }.start(time)
                clock.advance(halfACentury)
                count shouldBe 1
            }
        },
        "clock/Cooperator.<init>" to { time ->
            onClock { clock ->
                var steps = 0
                Cooperator(clock, time).coiterate(generateSequence { steps++ }.take(100).iterator())
                clock.advance(Duration.ZERO)
                steps shouldBe 100
            }
        },
        "clock/DeferredTimeoutException.<init>" to { time ->
            DeferredTimeoutException(time).timeout shouldBe time
        },
        "log/DurationText.readable" to { time -> readable(time).endsWith("h") shouldBe true },
    )
