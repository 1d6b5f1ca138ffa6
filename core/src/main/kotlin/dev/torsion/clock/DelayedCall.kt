// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.AlreadyCalledException
import java.util.concurrent.TimeUnit

/**
 * A call that [Clock.callLater] scheduled; Twisted's `IDelayedCall`.
 *
 * Thread: the clock's. Once the call has run or was cancelled, every method except [isActive], [time] and `toString` throws.
 */
public interface DelayedCall {
    /** When the call is due, on the scale of [Clock.nanoTime]; Twisted's `getTime`. */
    public val time: Long

    /** True until the call has run or was cancelled; Twisted's `active`. */
    public val isActive: Boolean

    /** The stack of the code that made this call, when [debugging][dev.torsion.defer.DeferredDebug] is on; otherwise null. */
    public val createdAt: String?

    /**
     * Takes the call back: it will not run.
     *
     * @throws AlreadyCalledException when it has run, or is running now
     * @throws AlreadyCancelledException when it was cancelled before
     */
    public fun cancel()

    /**
     * Plans the call for [delay] from *now*, in place of its time before. It re-arms an idle time-out at almost no cost.
     *
     * @throws AlreadyCalledException when it has run
     * @throws AlreadyCancelledException when it was cancelled
     */
    public fun reset(delay: Long, unit: TimeUnit)

    /**
     * Plans the call for [by] later than before (earlier when negative).
     *
     * @throws AlreadyCalledException when it has run
     * @throws AlreadyCancelledException when it was cancelled
     */
    public fun delay(by: Long, unit: TimeUnit)
}

/** A [DelayedCall] was changed after it had been cancelled. */
public class AlreadyCancelledException(message: String) : IllegalStateException(message)
