// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

/**
 * Where a loop waits for events: a selector, epoll, io_uring, a queue that threads fill, or nothing but a clock.
 *
 * A loop's turn asks it in this order: [await], [dispatch], [batchEnded], and [batchEnded] again after each batch of other callbacks (timers,
 * tasks). Waiting and dispatching are two steps, so that the loop knows when its time is its own again: by the end of [await] no callback of
 * a user has run.
 *
 * One that stands on readiness remembers in [await] what is ready, and reads and writes in [dispatch]. One that stands on completion submits
 * in [batchEnded] or at the beginning of [await], and hands out the completions in [dispatch]: until then nobody has seen them.
 *
 * Thread: the loop's, except for [wakeUp]. Before the loop runs, and after it has ended, the thread of the reactor's owner.
 */
@TorsionSpi
public interface Poller {
    /**
     * Waits for events, but no longer than [timeoutNanos] (0: does not wait at all; [Long.MAX_VALUE]: for as long as it takes), and returns
     * early after a [wakeUp], also one that came before. It must not return early for nothing again and again: a loop would spin until its
     * timer is due. It calls nobody, except for a report to the loop, such as that the thread was interrupted.
     *
     * An exception counts as a failed turn of the loop, which tries again for a while, unless [canWait] says that there is no use.
     */
    public fun await(timeoutNanos: Long)

    /** Hands out the events that have come, each to its owner. An exception of one has to be reported, and does not keep the others from theirs. */
    public fun dispatch()

    /** Makes [await] return, this one or the next. Any thread; also after [close], when it does nothing. */
    public fun wakeUp()

    /** A batch of callbacks is over: the place to send what they wrote, and to end what they have ended. */
    public fun batchEnded()

    /** Whether [dispatch] has something to do that is no event, so that the next [await] must not wait. Asked before each wait. */
    public val hasWork: Boolean get() = false

    /** False when [await] will always fail from now on: the loop ends then. */
    public val canWait: Boolean get() = true

    /** The loop has ended for good, and so has all that was opened on it: releases what this holds. */
    public fun close()
}
