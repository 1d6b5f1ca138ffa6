// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

/**
 * All that a reactor needs of an operating system, of another event loop or of a simulation: a [poller] for its turns, and what it can open
 * on that, such as a [Network]. The reactor adds the rest: timers, tasks, threads, coroutines, triggers, health and a life.
 *
 * Thread: the loop's, unless a member says otherwise.
 */
@TorsionSpi
public interface Engine {
    /** Where the loop waits. */
    public val poller: Poller

    /** This engine as a [type], a [Network] for example; null when it is none. On any thread. */
    public fun <T : Any> capability(type: Class<T>): T? = if (type.isInstance(this)) type.cast(this) else null

    /** How many connections are open, for [LoopHealth][dev.torsion.health.LoopHealth]. On any thread. */
    public val connectionCount: Int get() = 0

    /**
     * The reactor stops: ends all ports and attempts at once. Connections are to [send what was written][StreamHandler.loopEnding] before
     * they end. Nothing new is opened from now on. Calls [drained] once, as soon as no connection is left: within this call, or later.
     * [disconnectAll] follows in either case, and cuts those that have not ended by then.
     *
     * The streams of an engine are a [StreamLoop][dev.torsion.stream.StreamLoop]'s, whose
     * [whenDrained][dev.torsion.stream.LoopStreams.whenDrained] knows when that is.
     */
    public fun drain(drained: Runnable)

    /**
     * The reactor stops: ends all ports, attempts and connections at once, and tells their protocols. Nothing new is opened from now on.
     * Called once more at the very end of the loop, for what callbacks have begun since: there is nobody left to go on with it then.
     */
    public fun disconnectAll()

    /**
     * The process is about to end, and the loop does not answer: the operating system is to reset the connections whose peers would
     * miss something ([StreamHandler.owesPeer]), since it would close them as if all had been sent. Opens, closes and calls nothing. On any
     * thread.
     *
     * @return how many there are
     */
    public fun resetUnsent(): Int = 0
}
