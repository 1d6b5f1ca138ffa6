// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/** How deep the stack is at the end of many Deferreds, compared with ten of them: the vectors' operation `ladder`. */
internal object VectorLadders {
    fun compare(how: String, count: Int): String {
        val ladder = ladders.getValue(how)
        return "$count $how: " + if (ladder(count) <= ladder(10)) "as deep as ten" else "deeper than ten"
    }

    private val ladders = mapOf<String, (Int) -> Int>("chained" to ::chained, "awaits" to ::awaits)

    private fun depth() = StackWalker.getInstance().walk { it.count() }.toInt()

    /** Each waits for the one before, which is fired last. */
    private fun chained(count: Int): Int {
        val depths = ArrayList<Int>()
        val first = Deferred<Int>()
        var last = first
        repeat(count) {
            val inner = last
            last = succeed(0).addAsyncCallback { inner }.addCallback { value -> value.also { depths.add(depth()) } }
        }
        first.callback(0)
        check(depths.size == count)
        return depths.max()
    }

    /** Awaits of what is there already. */
    private fun awaits(count: Int): Int {
        val depths = ArrayList<Int>()
        inlineCallbacks {
            repeat(count) {
                succeed(0).await()
                depths.add(depth())
            }
        }
        check(depths.size == count)
        return depths.max()
    }
}
