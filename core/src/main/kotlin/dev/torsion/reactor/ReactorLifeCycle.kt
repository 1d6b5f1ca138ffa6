// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import java.time.Duration

/**
 * A reactor's life: how it runs and ends, and what is to happen then; Twisted's `IReactorCore`.
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
     * @throws ReactorFailedException when the loop cannot go on, for example because its selector is broken. By then it has ended as by
     *   [stop], without waiting for anything
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
     * Asks the loop to end. Returns at once: the shutdown triggers run in the next turn, their Deferreds are awaited, connections are
     * closed, and then [run] returns.
     *
     * @throws ReactorNotRunningException when it does not run, or is stopping already
     */
    public fun stop()

    /** [stop] from any thread; does nothing when the reactor does not run, or is stopping already. */
    public fun stopFromThread()

    /**
     * [stopFromThread], then waits until the loop has ended. Interrupting the calling thread ends only the waiting.
     *
     * A reactor that does not run is released: its shutdown triggers run, its ports and connections are closed, and it cannot be run any
     * more. One that has never run begins with the shutdown, without startup triggers, and one that has [crashed][crash] runs once more;
     * both on a thread of their own.
     *
     * @return whether it ended within [timeout]
     * @throws IllegalStateException on the reactor's own thread, which would wait for itself; and on a thread of its [threadPool][ReactorThreads.threadPool], which the
     *   reactor waits for: there the reactor is asked to stop all the same
     */
    public fun stopAndJoin(timeout: Duration): Boolean

    /**
     * Ends the loop after this turn, with no shutdown trigger run. It can be [run] again, unless it was stopping: then it ends for good,
     * without waiting for what the shutdown still waits for; connections are closed, coroutines are cancelled, and what its threads, names and
     * futures still owe fails. Its ports and connections stay open until then; [stopAndJoin] releases one that is not to run again.
     *
     * @throws ReactorNotRunningException when it does not run
     */
    public fun crash()

    /**
     * One turn by hand, for a program that has a loop of its own: waits for events for at most [delay], runs what is due, and returns.
     *
     * ```java
     * while (reactor.iterate(Duration.ofMillis(16))) window.draw();
     * ```
     *
     * The first call takes the calling thread as the reactor's and runs the startup triggers, as [run] does; Twisted's `iterate` leaves the
     * reactor not running. The others are to come from the same thread. The JVM's shutdown is left to the program, see [stopOnShutdown].
     *
     * @param delay zero to handle what there is without waiting
     * @return whether the reactor goes on; false after [stop] and [crash], when the last turn is over
     * @throws IllegalStateException inside a callback: the loop would run within itself
     * @throws ReactorNotRestartableException when it has stopped
     */
    public fun iterate(delay: Duration = Duration.ZERO): Boolean

    /** True from when the before-triggers of the startup are done until those of the shutdown are; Twisted's `running`. On any thread. */
    public val isRunning: Boolean

    /** Where the reactor is in its life. On any thread. */
    public val state: LoopState

    /** Runs [call] now when the reactor [is running][isRunning], otherwise at the end of the next startup, in the order of these calls. */
    public fun callWhenRunning(call: Runnable)

    /**
     * Runs [trigger] at [event]: in [Phase.BEFORE], whose Deferreds hold up the next phase, [Phase.DURING] or [Phase.AFTER]. Each
     * trigger runs once. A phase that a Deferred has held up begins in a later turn, never inside the callback that fires the Deferred.
     */
    public fun addSystemEventTrigger(
        phase: Phase,
        event: SystemEvent,
        trigger: SystemEventTrigger,
    ): TriggerHandle

    /**
     * The same for an event of the program's own, which has any name, such as `"reload"`, and which [fireSystemEvent] fires. The names
     * `"startup"` and `"shutdown"` mean the [events of the reactor][SystemEvent].
     *
     * @throws IllegalArgumentException when [event] is blank
     */
    public fun addSystemEventTrigger(
        phase: Phase,
        event: String,
        trigger: SystemEventTrigger,
    ): TriggerHandle

    /**
     * Runs the triggers of the program's own [event], phase by phase; Twisted's `fireSystemEvent`. Each trigger runs once: add it again for
     * the next time. When triggers of [Phase.BEFORE] return Deferreds that have not fired, this method returns, and the last of them to fire
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
