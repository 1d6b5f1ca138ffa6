// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

/** A thread for one call, while the thread that wants it done waits: two threads as the rules see it, one as time and order see it. */
internal class LentThread private constructor(private val call: Runnable) : Thread("memory-pool") {
    private var error: Throwable? = null

    override fun run() {
        try {
            call.run()
        } catch (e: Throwable) {
            error = e // thrown again where the call was wanted
        }
    }

    /** The two are one as order sees it, so an interrupt of the thread that waits is for later. */
    private fun joinUninterruptibly() {
        var wasInterrupted = false
        while (isAlive) {
            try {
                join()
            } catch (_: InterruptedException) {
                wasInterrupted = true
            }
        }
        if (wasInterrupted) currentThread().interrupt()
    }

    companion object {
        /** Runs [call] on a thread of its own, and throws here what it throws. */
        fun run(call: Runnable) {
            val thread = LentThread(call)
            thread.start()
            thread.joinUninterruptibly()
            thread.error?.let { throw it }
        }

        /** Refuses to wait, on such a thread, for the one that waits for it. */
        fun refuseBlocking() {
            check(currentThread() !is LentThread) {
                "blockingCallFromThread in a call that a MemoryReactor runs: the reactor waits for that call; use callFromThread"
            }
        }
    }
}
