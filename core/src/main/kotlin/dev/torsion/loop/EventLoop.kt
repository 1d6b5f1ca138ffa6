// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.clock.Clock
import dev.torsion.defer.LoopExecutor
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import java.util.concurrent.Executor

/**
 * A loop, as everything on it sees it: a time, a thread, and a place to report errors. A reactor is one. So is the loop inside of it, which
 * transports and engines see.
 *
 * Thread: the loop's, unless a method says otherwise.
 */
public interface EventLoop :
    Clock,
    LoopExecutor,
    ErrorReporter {
    /** The name of the loop in the log, and of its thread as a rule. On any thread. */
    public val name: String

    /**
     * Runs [call] on the loop's thread in a later turn: the way in from other threads. Calls run in the order in which they were handed
     * over, and the loop wakes up for them.
     *
     * @throws ReactorNotRunningException when the loop has ended for good. Before it begins the calls wait for it
     */
    public fun callFromThread(call: Runnable)

    /**
     * Runs [task] in the next turn; coroutines and a loop's own parts go this way. Its exceptions are reported. Gives false, and does not
     * run it, when the loop has ended. Thread: any.
     */
    @TorsionSpi
    public fun runSoon(task: Runnable): Boolean

    /**
     * Threads for steps that take long and that somebody of this loop waits for, such as those of a TLS handshake. Other work that blocks
     * does not hold them up. They end with the loop: then it takes no more, and throws. Thread: any.
     */
    @TorsionSpi
    public val workers: Executor

    /**
     * Refuses [operation], which is the name of a method, on a thread that does not own this loop. While it does not run, no thread does.
     *
     * @throws dev.torsion.net.WrongThreadException on another thread than the loop's
     */
    @TorsionSpi
    public fun checkThread(operation: String)

    /**
     * Coroutines on this loop's thread. On that thread nothing is dispatched. `delay` and `withTimeout` are the loop's own delayed calls,
     * so they follow a virtual clock. When the loop ends, coroutines that still wait in them are cancelled. On any thread.
     */
    public val dispatcher: CoroutineDispatcher

    /** Coroutines that end with the loop. A failed one is reported, and harms no other. On any thread. */
    public val scope: CoroutineScope
}
