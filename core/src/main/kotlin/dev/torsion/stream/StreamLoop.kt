// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.DelayedCall
import dev.torsion.net.Transport
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineScope
import java.util.concurrent.TimeUnit
import java.util.function.Supplier

/**
 * What a byte stream needs of the loop that it lives on: time, tasks, a scope, somebody to report to, and [LoopStreams].
 *
 * A loop calls [LoopStreams.turnBegan] before it handles the events of a turn, and [LoopStreams.batchEnded] after each batch of callbacks:
 * the event of a channel, the timers that were due, the tasks.
 *
 * Thread: the loop's, but for [runSoon].
 */
@TorsionSpi
public interface StreamLoop {
    /** What the loop is called in the log. */
    public val loopName: String

    /** What all streams of this loop share; always the same. */
    public val streams: LoopStreams

    /** The coroutines of the loop run here. They end with it. */
    public val scope: CoroutineScope

    /** Whether the caller is on the loop's thread. On any thread. */
    public val isInReactorThread: Boolean

    /**
     * Refuses [operation], the name of a method, on a thread that does not own the loop. While it does not run, no thread does.
     *
     * @throws dev.torsion.net.WrongThreadException on another thread than the loop's
     */
    public fun checkThread(operation: String)

    /** Runs [call] after [delay]. */
    public fun callLater(
        delay: Long,
        unit: TimeUnit,
        call: Runnable,
    ): DelayedCall

    /** Runs [task] in the next turn; false, and never, when the loop has ended. On any thread. */
    public fun runSoon(task: Runnable): Boolean

    /** Reports [error], and [what] has failed: a callback of [connection], if that is given. It throws nothing. */
    public fun reportFailure(
        error: Throwable,
        connection: Transport?,
        what: Supplier<String>,
    )
}

/** Runs [block], which calls user code for [connection]; what it throws is reported, with [what] it was, and goes no further. */
internal inline fun StreamLoop.guarded(
    connection: Transport?,
    crossinline what: () -> String,
    block: () -> Unit,
) {
    try {
        block()
    } catch (e: Throwable) {
        reportFailure(e, connection) { what() }
    }
}
