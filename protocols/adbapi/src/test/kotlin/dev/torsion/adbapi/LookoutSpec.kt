// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.adbapi.Lookout.Companion.BOUND_NANOS
import dev.torsion.adbapi.Odds.Companion.ENOUGH
import dev.torsion.adbapi.Odds.Companion.PRICE
import dev.torsion.adbapi.Odds.Companion.TRIAL
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicBoolean

/** When a thread looks for its next job, and what it finds. In the time of the test, and on one thread. */
internal class LookoutSpec :
    FunSpec({
        test("a thread looks when most jobs came soon, one by one") {
            val scene = Scene()
            repeat(ENOUGH) {
                scene.lookout.opens() shouldBe false
                scene.comes(after = BOUND_NANOS - 1)
            }
            scene.looksInVain() shouldBe true
        }

        test("jobs that are rare have no thread looking") {
            val scene = Scene()
            repeat(1_000) {
                scene.lookout.opens() shouldBe false
                scene.comes(after = BOUND_NANOS)
            }
        }

        test("a program that slows down has a thread looking in vain once") {
            val scene = Scene().frequent()
            val looks =
                List(1_000) {
                    val looks = scene.looksInVain()
                    scene.comes(after = BOUND_NANOS)
                    looks
                }
            looks.first() shouldBe true
            looks.count { it } shouldBe 1
        }

        test("looks in vain come to an end, though jobs come soon when nobody looks") {
            val scene = Scene().frequent()
            repeat(TRIAL / PRICE) {
                scene.looksInVain() shouldBe true
                scene.comes(after = 0)
            }
            scene.looksInVain() shouldBe false
        }

        test("a look that finds a job, and is held up, is as good as one in vain") {
            val scene = Scene().frequent()
            repeat(TRIAL / PRICE) {
                scene.lookout.opens() shouldBe true
                scene.finds(heldUp = 2 * BOUND_NANOS)
            }
            scene.lookout.opens() shouldBe false
        }

        test("a look that finds a job in time goes on paying") {
            val scene = Scene().frequent()
            repeat(10 * TRIAL) {
                scene.lookout.opens() shouldBe true
                scene.finds(heldUp = 2 * BOUND_NANOS - 1)
            }
            scene.lookout.opens() shouldBe true
        }

        test("jobs that come while others are at work have no thread looking") {
            val scene = Scene().frequent()
            scene.lookout.missed(isAlone = false)
            scene.lookout.opens() shouldBe false
            scene.comes(after = 0)
            scene.looksInVain() shouldBe true
        }

        test("with one processor no thread looks: who would give the job?") {
            Scene(processors = 1).frequent().lookout.opens() shouldBe false
        }

        test("one thread of all pools looks at a time") {
            val permit = AtomicBoolean()
            val first = Scene(permit = permit).frequent()
            val second = Scene(permit = permit).frequent()
            first.lookout.opens() shouldBe true
            second.lookout.opens() shouldBe false
            first.now += BOUND_NANOS
            first.atPause = { first.now += BOUND_NANOS }
            first.lookout.look() shouldBe null
            second.lookout.opens() shouldBe true
        }

        test("a job is given to the thread that looks, one and no more") {
            val scene = Scene().frequent()
            scene.lookout.give("early") shouldBe false
            scene.lookout.opens() shouldBe true
            scene.atPause = {
                scene.lookout.give("first") shouldBe true
                scene.lookout.give("second") shouldBe false
            }
            scene.lookout.look() shouldBe "first"
            scene.lookout.give("late") shouldBe false
        }

        test("a job may be given before the thread begins to look, and in the last moment") {
            val scene = Scene().frequent()
            scene.lookout.opens() shouldBe true
            scene.lookout.give("at once") shouldBe true
            scene.lookout.look() shouldBe "at once"
            scene.lookout.opens() shouldBe true
            scene.atPause = {
                scene.now += 10 * BOUND_NANOS
                scene.lookout.give("in the last moment") shouldBe true
            }
            scene.lookout.look() shouldBe "in the last moment"
        }

        test("nothing comes: the thread has looked for so long, and nothing can be given to it any more") {
            val scene = Scene().frequent()
            var pauses = 0
            scene.lookout.opens() shouldBe true
            scene.atPause = {
                pauses++
                scene.now += BOUND_NANOS / 4
            }
            scene.lookout.look() shouldBe null
            pauses shouldBe 4
            scene.lookout.give("late") shouldBe false
        }

        test("an error while it looks costs no job, and the next one looks again") {
            val scene = Scene().frequent()
            scene.lookout.opens() shouldBe true
            scene.atPause = {
                scene.lookout.give("given") shouldBe true
                throw StackOverflowError()
            }
            scene.lookout.look() shouldBe "given"
            scene.lookout.opens() shouldBe true
            scene.atPause = { throw StackOverflowError() }
            scene.lookout.look() shouldBe null
            scene.lookout.give("late") shouldBe false
            scene.lookout.opens() shouldBe true
        }
    }) {
    private class Scene(processors: Int = 2, permit: AtomicBoolean = AtomicBoolean()) {
        var now = 0L
        var atPause: () -> Unit = {}
        val lookout = Lookout<String>({ now }, processors, { atPause() }, permit)

        /** The thread has left, and a job comes so many nanoseconds [after]. */
        fun comes(after: Long) {
            now += after
            lookout.missed(isAlone = true)
        }

        fun frequent() = apply {
            repeat(ENOUGH) {
                lookout.opens() shouldBe false
                comes(after = 0)
            }
        }

        /** The thread that looks is given a job, and gets the processor so many nanoseconds later. */
        fun finds(heldUp: Long) {
            lookout.give("given") shouldBe true
            now += heldUp
            lookout.look() shouldBe "given"
        }

        /** The thread that looks does so in vain. */
        fun looksUntilItGivesUp() {
            val before = now
            atPause = { now += BOUND_NANOS }
            lookout.look() shouldBe null
            lookout.lookedInVain()
            now = before
        }

        /** Whether the thread that has done its job looks; no time passes, as the test sees it. */
        fun looksInVain(): Boolean {
            if (!lookout.opens()) return false
            looksUntilItGivesUp()
            return true
        }
    }
}
