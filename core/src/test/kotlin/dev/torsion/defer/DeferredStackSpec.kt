// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly

class DeferredStackSpec :
    StringSpec({
        fun million(scenario: String, heap: String = "600m") {
            runWithoutDebug(MillionDeferreds::class.java, listOf("-Xmx$heap", "-XX:+UseSerialGC"), scenario)
        }

        "behaviour 5: a million Deferreds that wait for each other resolve on a small stack" { million("each waits for the one before") }

        "behaviour 5: so do a million that were each started by the one before" { million("each starts the next") }

        "cancelling the outermost of a million reaches the innermost" { million("cancel reaches the innermost") }

        "a million waiters of a lock are served on a small stack" { million("waiters of a lock") }

        "behaviour 18: a million ready awaits use no stack, and leave nothing behind" { million("ready awaits", "24m") }

        "behaviour 18: awaits that suspend use no stack, and leave nothing behind" { million("awaits that suspend", "24m") }

        "behaviour 18: awaits of one and the same Deferred leave nothing behind" { million("awaits of one Deferred", "24m") }

        "behaviour 5: callbacks in the middle of a long chain run too, after those that wait" {
            onSmallStack {
                val count = 10_000
                val chain = List(count) { Deferred<Any?>() }
                val order = mutableListOf<Int>()
                for (index in 1 until count) chain[index].addAsyncCallback { chain[index - 1] }
                for (index in count - 1 downTo 1) chain[index].callback(0)
                chain.forEachIndexed { index, deferred -> deferred.addCallback { order.add(index) } }
                chain[0].callback(7)
                order shouldContainExactly (count - 1 downTo 0).toList()
            }
        }
    })
