// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.defer.Outcome
import dev.torsion.defer.inlineCallbacks
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.job
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.toJavaDuration

/**
 * Runs [block] as a coroutine on this reactor and drives the reactor until it has ended: time jumps whenever nothing else is left to
 * do. Gives what [block] gives and throws what it throws, or what any callback has thrown meanwhile.
 *
 * While a coroutine of the test is at work on another thread, as in `withContext(Dispatchers.IO)`, time stands still, for at most
 * [patience][VirtualClock.patience] of real time. A test that fails then names the threads and coroutines that are still at work.
 *
 * ```kotlin
 * MemoryReactor().runTest {
 *     delay(1.hours) // takes no time
 * }
 * ```
 *
 * @throws AssertionError when [block] waits although nothing is left to wait for, or has not ended after [timeout] of virtual time
 */
@JvmSynthetic
public fun <T> MemoryReactor.runTest(timeout: Duration = 1.minutes, block: suspend CoroutineScope.() -> T): T {
    var outcome: Outcome<T>? = null
    callFromThread {
        inlineCallbacks(dispatcher) {
            testJob = coroutineContext.job
            block()
        }.addBoth {
            outcome = it
            null
        }
    }
    try {
        finish({ outcome != null }, timeout.toJavaDuration(), "the test")
    } finally {
        testJob = null
    }
    return outcome!!.get()
}

/** Runs [block] as a test on a [MemoryReactor] of its own, which is closed afterwards; see [runTest]. */
@JvmSynthetic
public fun <T> runReactorTest(timeout: Duration = 1.minutes, block: suspend MemoryReactor.(CoroutineScope) -> T): T =
    MemoryReactor().use { reactor -> reactor.runTest(timeout) { reactor.block(this) } }
