// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Clocks")
@file:JvmMultifileClass

package dev.torsion.clock

import dev.torsion.defer.Deferred
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.TimeUnit
import kotlin.time.toJavaDuration

/**
 * Runs [call] after [delay] and gives its result; Twisted's `deferLater`. An exception of [call] makes the Deferred fail. Cancelling the
 * Deferred before that cancels the call.
 *
 * ```java
 * Clocks.deferLater(reactor, Duration.ofSeconds(2), () -> "late").addCallback(...)
 * ```
 *
 * Thread: the clock's.
 *
 * @throws IllegalArgumentException when [delay] is negative
 */
public fun <T> deferLater(clock: Clock, delay: Duration, call: Callable<T>): Deferred<T> {
    lateinit var timer: DelayedCall
    val result = Deferred<Unit> { timer.cancel() }
    timer = clock.callLater(delay.saturatedNanos(), TimeUnit.NANOSECONDS) { result.callback(Unit) }
    return result.addCallback { call.call() }
}

/** A Deferred that fires with null after [delay]. */
public fun deferLater(clock: Clock, delay: Duration): Deferred<Void?> = deferLater(clock, delay) { null }

/** [deferLater] for Kotlin: `reactor.deferLater(2.seconds) { "late" }`. */
@JvmSynthetic
public fun <T> Clock.deferLater(delay: kotlin.time.Duration, call: () -> T): Deferred<T> =
    deferLater(this, delay.toJavaDuration(), Callable { call() })

/** The whole duration in nanoseconds. A longer one than fits into a Long, 292 years, is as good as for ever. */
internal fun Duration.saturatedNanos(): Long = TimeUnit.NANOSECONDS.convert(this)

/** For texts. */
internal fun Duration.saturatedMillis(): Long = TimeUnit.MILLISECONDS.convert(this)
