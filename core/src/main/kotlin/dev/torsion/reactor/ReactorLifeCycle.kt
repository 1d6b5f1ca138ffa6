// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import java.time.Duration

/**
 * A reactor's life: how it runs and ends, and the triggers of both; Twisted's `IReactorCore`.
 *
 * Thread: the reactor's, unless a method says otherwise.
 */
public interface ReactorLifeCycle {
    /**
     * Runs the loop in the calling thread, until [stop] has run the shutdown triggers or [crash] was called.
     *
     * Interrupting that thread does not end the loop. The interrupt is reported and cleared, since a thread that stays interrupted cannot
     * wait for events. Before `shutdownNow` of an executor that runs this, call [stopFromThread].
     *
     * @throws ReactorAlreadyRunningException when it is running
     * @throws ReactorNotRestartableException when it was stopped
     * @throws ReactorFailedException when the loop cannot go on, for example because its selector is broken. By then it has ended as after
     *   [stop], but has waited for nothing
     */
    public fun run()

    /**
     * Runs the loop on a thread of its own and returns once it is running. End it with [stopFromThread] or [close][stopAndJoin].
     *
     * @throws ReactorAlreadyRunningException when it is running
     * @throws ReactorNotRestartableException when it was stopped
     */
    public fun start()

    /**
     * Asks the loop to end, and returns at once. The shutdown triggers run in the next turn, the loop waits for their Deferreds,
     * ports are closed, and connections end. Each connection first sends what was written. When a peer has not taken everything within
     * [ReactorOptions.drainTimeout], its connection is reset, so that no peer takes a cut for the end; the log says how many were. Then
     * [run] returns.
     *
     * @throws ReactorNotRunningException when it does not run, or is stopping already
     */
    public fun stop()

    /** [stop] from any thread. Does nothing when the reactor does not run, or is stopping already. */
    public fun stopFromThread()

    /**
     * [stopFromThread], then waits until the loop has ended. Interrupting the calling thread ends only the waiting.
     *
     * A reactor that does not run is released: its shutdown triggers run, its ports and connections are closed, and it cannot run any more.
     * A reactor that has never run begins with the shutdown, without startup triggers. A [crashed][crash] one runs once more. Both do so on
     * a thread of their own.
     *
     * @return whether it ended within [timeout]
     * @throws IllegalStateException on the reactor's own thread, which would wait for itself. Also on a thread of its
     *   [threadPool][ReactorThreads.threadPool], since the reactor waits for that: there the reactor is asked to stop all the same
     */
    public fun stopAndJoin(timeout: Duration): Boolean

    /**
     * Ends the loop after this turn, without shutdown triggers. The reactor can [run] again, and its ports and connections stay open until
     * then. [stopAndJoin] releases a reactor that is not to run again.
     *
     * A reactor that was stopping ends for good, and its shutdown waits for nothing more. Connections are closed, coroutines are cancelled,
     * and Deferreds and futures that wait for its threads and names fail.
     *
     * @throws ReactorNotRunningException when it does not run
     */
    public fun crash()

    /**
     * One turn by hand, for a program with a loop of its own. It waits for events for at most [delay], handles them, and returns.
     *
     * ```java
     * while (reactor.iterate(Duration.ofMillis(16))) window.draw();
     * ```
     *
     * The first call takes the calling thread as the reactor's and runs the startup triggers, as [run] does. (After Twisted's `iterate` a
     * reactor does not count as running.) All calls must come from the same thread. The JVM's shutdown is left to the program, see
     * [stopOnShutdown].
     *
     * @param delay zero to handle present events without waiting
     * @return whether the reactor goes on; false after [stop] and [crash], when the last turn is over
     * @throws IllegalStateException inside a callback: the loop would run within itself
     * @throws ReactorNotRestartableException when it has stopped
     */
    public fun iterate(delay: Duration = Duration.ZERO): Boolean

    /** True from the end of the startup's before-triggers to the end of the shutdown's; Twisted's `running`. On any thread. */
    public val isRunning: Boolean

    /** The present state of its life. On any thread. */
    public val state: LoopState

    /** Runs [call] now if the reactor [is running][isRunning], otherwise at the end of the next startup, in the order of these calls. */
    public fun callWhenRunning(call: Runnable)

    /**
     * Runs [trigger] at [event], in one of its phases. Deferreds of [Phase.BEFORE] hold up the next phase, [Phase.DURING]; then comes
     * [Phase.AFTER]. Each trigger runs once. A phase that a Deferred has held up begins in a later turn, never inside the callback that
     * fires the Deferred.
     */
    public fun addSystemEventTrigger(phase: Phase, event: SystemEvent, trigger: SystemEventTrigger): TriggerHandle

    /**
     * The same for an event of the program's own, with any name, such as `"reload"`. [fireSystemEvent] fires it. The names `"startup"` and
     * `"shutdown"` mean the [events of the reactor][SystemEvent].
     *
     * @throws IllegalArgumentException when [event] is blank
     */
    public fun addSystemEventTrigger(phase: Phase, event: String, trigger: SystemEventTrigger): TriggerHandle

    /**
     * Runs the triggers of the program's own [event], phase by phase; Twisted's `fireSystemEvent`. Each trigger runs once: add it again for
     * the next time. When triggers of [Phase.BEFORE] return Deferreds that have not fired, this method returns. The last of them to fire
     * runs the rest. An exception of a trigger is reported, and the others run all the same. Without triggers it does nothing.
     *
     * @throws IllegalArgumentException for `"startup"` and `"shutdown"`, which [run] and [stop] fire
     */
    public fun fireSystemEvent(event: String)

    /**
     * Takes a trigger back before it has run.
     *
     * @throws IllegalArgumentException when [handle] is not of this reactor, or its trigger was removed or has run
     */
    public fun removeSystemEventTrigger(handle: TriggerHandle)
}
