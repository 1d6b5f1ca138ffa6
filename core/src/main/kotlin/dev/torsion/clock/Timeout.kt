// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Clocks")
@file:JvmMultifileClass

package dev.torsion.clock

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.addStep
import dev.torsion.log.readable
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import kotlin.time.toJavaDuration

/** A Deferred had no result within the [timeout] that [addTimeout] gave it; Twisted's `TimeoutError`. */
public class DeferredTimeoutException
@JvmOverloads
constructor(
    /** How long it was given. */
    public val timeout: Duration,
    cause: Throwable? = null,
) : TimeoutException("no result within ${readable(timeout)}") {
    init {
        if (cause != null) initCause(cause)
    }
}

/**
 * Decides the result of a Deferred after [addTimeout] has cancelled it.
 *
 * Thread: the clock's.
 */
public fun interface TimeoutCallback<T> {
    /** Gives the result to go on with, or throws. [outcome] is the effect of the cancellation; `outcome.get()` changes nothing. */
    @Throws(Exception::class)
    public fun timedOut(outcome: Outcome<T>, timeout: Duration): T
}

/**
 * Cancels this Deferred when it has no result after [timeout]; Twisted's `addTimeout`.
 *
 * The time covers the callbacks that were added before, with the Deferreds that they return, and none that is added later. When the time is
 * up, the cancellation shows as [DeferredTimeoutException]. A canceller or an errback may give a value instead, or fail with another error:
 * then that counts. [onTimeout] decides in place of that rule. A result in time cancels the timer.
 *
 * Thread: the clock's, to which the Deferred must belong too.
 *
 * @throws IllegalArgumentException when [timeout] is negative
 */
@JvmOverloads
public fun <T> Deferred<T>.addTimeout(timeout: Duration, clock: Clock, onTimeout: TimeoutCallback<T>? = null): Deferred<T> {
    var isTimedOut = false
    val timer =
        clock.callLater(timeout.saturatedNanos(), TimeUnit.NANOSECONDS) {
            isTimedOut = true
            cancel()
        }
    return addStep { result ->
        if (timer.isActive) timer.cancel()
        @Suppress("UNCHECKED_CAST")
        when {
            !isTimedOut -> result
            onTimeout != null -> onTimeout.timedOut(result as? Failure ?: Success(result as T), timeout)
            else -> cancelledToTimedOut(result, timeout)
        }
    }
}

/** [addTimeout] with a Kotlin duration. */
@JvmSynthetic
public fun <T> Deferred<T>.addTimeout(timeout: kotlin.time.Duration, clock: Clock, onTimeout: TimeoutCallback<T>? = null): Deferred<T> =
    addTimeout(timeout.toJavaDuration(), clock, onTimeout)

private fun cancelledToTimedOut(result: Any?, timeout: Duration): Any? {
    val error = (result as? Failure)?.value
    return if (error is DeferredCancelledException) Failure(DeferredTimeoutException(timeout, error)) else result
}
