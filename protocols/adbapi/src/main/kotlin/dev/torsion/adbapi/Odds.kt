// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

/**
 * Whether a thread that has nothing to do is to look for what may come next, before it sleeps. Waking it takes longer than a small query,
 * and looking takes a processor. So it looks when
 * - most of the last ones came so soon that looking should have found them: [ENOUGH] more than the others. Where they are rare nobody looks;
 * - looking works. On a busy machine a thread that looks may take the very processor that the other one needs. A look in vain costs what
 *   [PRICE] looks bring in that find something. A thread with no credit left lets [SHORTEST_REST] go by before the next [TRIAL], and twice as
 *   many after each trial in a row that comes to nothing, up to [LONGEST_REST].
 *
 * Thread: any, one at a time.
 */
internal class Odds {
    private var balance = 0 // how many more came soon than not, from 0 to ENOUGH
    private var credit = TRIAL // what looks may cost, from 1 to SAVINGS
    private var rest = 0 // how many go by until the next trial
    private var nextRest = SHORTEST_REST

    val areGood: Boolean get() = balance >= ENOUGH && rest == 0

    /** One came while a thread looked for it. */
    fun found() {
        if (++credit < SAVINGS) return
        credit = SAVINGS
        nextRest = SHORTEST_REST
    }

    /** A thread has looked, and none came. */
    fun inVain() {
        credit -= PRICE
        if (credit > 0) return
        credit = TRIAL
        rest = nextRest
        nextRest = minOf(2 * rest, LONGEST_REST)
    }

    /** One came that nobody looked for, or too late. */
    fun came(isSoon: Boolean) {
        if (rest > 0) rest--
        balance = (if (isSoon) balance + 1 else balance - 1).coerceIn(0, ENOUGH)
    }

    internal companion object {
        const val ENOUGH: Int = 4
        const val PRICE: Int = 2

        /** The credit for a beginning. */
        const val TRIAL: Int = 16 * PRICE

        /** The most that looks can save. */
        const val SAVINGS: Int = 4 * TRIAL

        const val SHORTEST_REST: Int = 64
        const val LONGEST_REST: Int = 4_096
    }
}
