// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory

/** A program that prints how many bytes a call of [inlineCallbacks] allocates, and how many one with a wait. Debug mode would add its own. */
internal object InlineCallbacksCost {
    private const val ROUNDS = 6
    private const val TIMES = 50_000
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    private var sum = 0L

    @JvmStatic
    fun main(args: Array<String>) {
        val called = bytesEach { inlineCallbacks { sum++ } }
        val waited = bytesEach {
            val awaited = Deferred<Long>()
            inlineCallbacks { sum += awaited.await() }
            awaited.callback(1)
        }
        check(sum == 2L * ROUNDS * TIMES) { "$sum" }
        System.out.append("$called $waited\n")
        System.out.flush()
    }

    @Suppress("DEPRECATION")
    private fun allocated() = threads.getThreadAllocatedBytes(Thread.currentThread().id)

    /** The fewest of several rounds: the first ones are not compiled. */
    private inline fun bytesEach(action: () -> Unit): Long = (1..ROUNDS).minOf {
        val before = allocated()
        repeat(TIMES) { action() }
        (allocated() - before) / TIMES
    }
}
