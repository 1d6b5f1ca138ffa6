// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeBetween
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe

class LoopMeterSpec :
    StringSpec({
        val ms = 1_000_000L
        val second = 1000 * ms

        /** A loop that begins at [from]. */
        class Loop(from: Long) {
            val meter = LoopMeter()
            var now = from

            init {
                meter.begin(from)
            }

            fun rest(nanos: Long) {
                if (meter.hasUnmeasured) meter.measure(now)
                meter.waits()
                now += nanos
                meter.woke(now)
            }

            fun turn(nanos: Long) {
                now += nanos
                if (meter.turnEnded()) meter.measure(now)
            }

            fun read() = meter.read(now)
        }

        // Monotonic time may begin anywhere, and wrap around.
        for (origin in listOf(0L, 7 * second, -3 * second, Long.MAX_VALUE - 2 * second)) {
            "the busy ratio is that of the time since it began, at first (time from $origin)" {
                val loop = Loop(origin)
                loop.read().ratio shouldBe 0.0
                repeat(40) {
                    loop.rest(30 * ms)
                    loop.turn(10 * ms)
                }
                loop.read().ratio shouldBe (0.25 plusOrMinus 0.001)
            }
        }

        "turns, tasks and busy time are counted for ever" {
            val loop = Loop(0)
            repeat(50) {
                loop.rest(second)
                loop.meter.tasksRan(3)
                loop.turn(2 * ms)
            }
            loop.meter.waits()
            val read = loop.read()
            read.turns shouldBe 50
            read.tasks shouldBe 150
            read.busy shouldBe 100 * ms
        }

        "a loop that never waits is busy all the time" {
            val loop = Loop(0)
            repeat(30_000) { loop.turn(ms) }
            loop.read().ratio shouldBe (1.0 plusOrMinus 0.001)
        }

        "what was longer ago than the window is forgotten" {
            val loop = Loop(0)
            loop.turn(900 * ms)
            loop.meter.timerLate(400 * ms)
            loop.turn(ms)
            loop.read().longest shouldBe 900 * ms
            loop.read().lag shouldBe 400 * ms
            loop.rest(9 * second)
            loop.turn(ms)
            loop.read().ratio shouldBe (0.09 plusOrMinus 0.01)
            loop.rest(11 * second)
            loop.turn(ms)
            loop.read().longest shouldBe ms
            loop.read().lag shouldBe 0
            loop.read().ratio shouldBe (0.0001 plusOrMinus 0.0001)
        }

        "a turn that was longer than the window counts only as far as it is inside" {
            val loop = Loop(0)
            loop.turn(60 * second)
            loop.read().ratio shouldBe (1.0 plusOrMinus 0.001)
            loop.rest(5 * second)
            loop.turn(ms)
            loop.read().ratio shouldBe (0.5 plusOrMinus 0.01)
        }

        "the present turn counts while it lasts" {
            val loop = Loop(0)
            loop.rest(8 * second)
            loop.now += 2 * second // blocked
            val read = loop.read()
            read.present shouldBe 2 * second
            read.longest shouldBe 2 * second
            read.ratio shouldBe (0.2 plusOrMinus 0.001)
            read.turns shouldBe 0
        }

        "an idle loop falls to zero without any turn" {
            val loop = Loop(0)
            loop.turn(5 * second)
            loop.meter.waits()
            loop.now += 20 * second
            val read = loop.read()
            read.present shouldBe 0
            read.ratio shouldBe 0.0
        }

        "very short turns are measured several at a time, and a long one among them is as long as it was" {
            val loop = Loop(0)
            var measurements = 0
            repeat(160_000) {
                loop.now += 100
                if (loop.meter.turnEnded()) loop.meter.measure(loop.now).also { measurements++ }
            }
            measurements shouldBe 1 + 159_999 / 16
            loop.read().turns shouldBe 160_000
            loop.read().busy.shouldBeBetween(16 * ms - 1600, 16 * ms)
            repeat(5) { loop.turn(100) }
            loop.turn(300 * ms)
            repeat(20) { loop.turn(100) }
            loop.read().longest.shouldBeBetween(300 * ms, 300 * ms + 1600)
        }

        "a delayed call that was late in a turn of no length counts" {
            val loop = Loop(0)
            loop.turn(second)
            loop.meter.timerLate(50 * ms)
            loop.turn(0)
            loop.read().lag shouldBe 50 * ms
        }

        "begun again, it forgets what was lately, not what was ever" {
            val loop = Loop(0)
            loop.turn(5 * second)
            loop.meter.begin(loop.now)
            loop.read().ratio shouldBe 0.0
            loop.read().turns shouldBe 1
        }
    })
