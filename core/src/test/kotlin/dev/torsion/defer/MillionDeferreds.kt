// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/**
 * A program that does things a million times, each on a stack of 512 KiB. The tests run it in a JVM of its own, without debug
 * mode and with a small heap.
 */
internal object MillionDeferreds {
    private const val MILLION = 1_000_000

    @JvmStatic
    fun main(args: Array<String>) {
        check(!DeferredDebug.enabled)
        val scenario = scenarios.getValue(args.single())
        onSmallStack { check(scenario()) { "wrong result" } }
    }

    private val scenarios: Map<String, () -> Boolean> =
        mapOf(
            "each waits for the one before" to {
                val innermost = Deferred<Int>()
                var ran = 0
                val outermost = waiting(innermost) { it.also { ran++ } }
                innermost.callback(7)
                outcomeOf(outermost) == Success(7) && ran == MILLION
            },
            "each starts the next" to {
                var left = MILLION
                val pending = ArrayDeque<Deferred<Int>>()

                fun next(): Deferred<Int> {
                    if (left-- == 0) return succeed(0)
                    val one = Deferred<Int>()
                    pending.addLast(one)
                    return one.addAsyncCallback { next() }.addCallback { it + 1 }
                }
                val result = next()
                while (pending.isNotEmpty()) pending.removeFirst().callback(0)
                outcomeOf(result) == Success(MILLION)
            },
            "cancel reaches the innermost" to {
                val innermost = Deferred<Int>()
                val outermost = waiting(innermost) { it }
                outermost.cancel()
                (outcomeOf(outermost) as Failure).value is DeferredCancelledException
            },
            "waiters of a lock" to {
                val lock = DeferredLock()
                lock.acquire()
                var ran = 0
                val results = List(MILLION) { index -> lock.run { ran++ == index } }
                lock.release()
                results.all { outcomeOf(it) == Success(true) } && !lock.locked
            },
            "ready awaits" to {
                val result = inlineCallbacks { (1..MILLION).sumOf { succeed(1).await() } }
                outcomeOf(result) == Success(MILLION)
            },
            "awaits that suspend" to {
                var current = Deferred<Int>()
                val result =
                    inlineCallbacks {
                        var sum = 0
                        repeat(TEN_MILLION) { sum += current.await() }
                        sum
                    }
                repeat(TEN_MILLION) {
                    val fired = current
                    current = Deferred()
                    fired.callback(1)
                }
                outcomeOf(result) == Success(TEN_MILLION)
            },
            "awaits of one Deferred" to {
                val one = succeed<Int?>(1)
                val result = inlineCallbacks { (1..TEN_MILLION).count { one.await() == null } }
                outcomeOf(result) == Success(TEN_MILLION - 1)
            },
        )

    /** Many more than the small heap of the test could hold if each left anything behind. */
    private const val TEN_MILLION = 10_000_000

    private fun waiting(innermost: Deferred<Int>, step: (Int) -> Int): Deferred<Int> {
        var outermost = innermost
        repeat(MILLION) {
            val inner = outermost
            outermost = succeed(0).addAsyncCallback { inner }.addCallback { step(it) }
        }
        return outermost
    }
}
