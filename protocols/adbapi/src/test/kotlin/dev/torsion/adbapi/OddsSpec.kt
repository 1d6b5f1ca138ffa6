// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.adbapi.Odds.Companion.ENOUGH
import dev.torsion.adbapi.Odds.Companion.LONGEST_REST
import dev.torsion.adbapi.Odds.Companion.PRICE
import dev.torsion.adbapi.Odds.Companion.SAVINGS
import dev.torsion.adbapi.Odds.Companion.SHORTEST_REST
import dev.torsion.adbapi.Odds.Companion.TRIAL
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe

internal class OddsSpec :
    FunSpec({
        test("they are good when enough more came soon than not") {
            val odds = Odds()
            repeat(100) { odds.came(isSoon = true) } // no more than enough counts
            odds.areGood shouldBe true
            odds.came(isSoon = false)
            odds.areGood shouldBe false
            odds.came(isSoon = true)
            odds.areGood shouldBe true
        }

        test("they are never good when every second one is late") {
            val odds = Odds()
            repeat(1_000) {
                odds.came(isSoon = it % 2 == 0)
                odds.areGood shouldBe false
            }
        }

        test("a trial that comes to nothing is followed by a rest, each twice as long as the one before, up to the longest") {
            val odds = good()
            val rests =
                List(10) {
                    odds.loses(TRIAL)
                    odds.rests()
                }
            rests shouldBe generateSequence(SHORTEST_REST) { minOf(2 * it, LONGEST_REST) }.take(10).toList()
        }

        test("looks that find something pay for those in vain, as long as there are enough of them") {
            val odds = good()
            repeat(1_000) {
                repeat(PRICE) { odds.found() }
                odds.inVain()
                odds.areGood shouldBe true
            }
            var looks = 0
            while (odds.areGood) {
                repeat(PRICE - 1) { odds.found() }
                odds.inVain()
                looks++
            }
            looks shouldBeLessThan SAVINGS + 1
        }

        test("the looks of an hour pay for no more than what can be saved") {
            val odds = good()
            repeat(100_000) { odds.found() }
            odds.loses(SAVINGS)
            odds.rests() shouldBe SHORTEST_REST
        }

        test("looks that have saved all that can be saved make the next rest a short one") {
            val odds = good()
            repeat(5) {
                odds.loses(TRIAL)
                odds.rests()
            }
            repeat(SAVINGS - TRIAL) { odds.found() }
            odds.loses(SAVINGS)
            odds.rests() shouldBe SHORTEST_REST
        }
    }) {
    private companion object {
        fun good() = Odds().apply { repeat(ENOUGH) { came(isSoon = true) } }

        /** Looks in vain that cost [credit], which is all that there is. */
        fun Odds.loses(credit: Int) {
            repeat(credit / PRICE) {
                areGood shouldBe true
                inVain()
            }
        }

        /** How many come soon until the next trial. */
        fun Odds.rests(): Int {
            var rest = 0
            while (!areGood) {
                came(isSoon = true)
                rest++
            }
            return rest
        }
    }
}
