// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.Clock
import dev.torsion.defer.Deferred
import dev.torsion.defer.LoopExecutor
import dev.torsion.health.LoopHealth
import dev.torsion.health.LoopHealthListener
import dev.torsion.loop.ThreadPool
import dev.torsion.name.HostResolver
import dev.torsion.name.HostResolverFactory
import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.nio.NioReactor
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.Executor

/**
 * The event loop: one thread that waits for events and calls you back; Twisted's reactor.
 *
 * ```kotlin
 * val reactor = Reactor.create()
 * reactor.listenTcp(8007, Factory { Echo() })
 * reactor.run() // until stop()
 * ```
 *
 * It is an ordinary object: a program may have several. [default] is for programs that want one, as the tutorials do.
 *
 * Thread: the reactor belongs to the thread that calls [run], or to its own after [start]. Before that, the thread that sets it up
 * may use it. [callFromThread], [callInThread], [stopFromThread], [blockingCallFromThread], [isInReactorThread], [isRunning], [health],
 * [nanoTime] and, as an [Executor], [execute] may be called from anywhere; everything else throws
 * [WrongThreadException][dev.torsion.net.WrongThreadException] on another thread. What a callback throws is logged and given to
 * [ReactorOptions.errorListener]; the reactor goes on.
 */
public interface Reactor :
    Clock,
    LoopExecutor {
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
     * @throws IllegalStateException on the reactor's own thread, which would wait for itself; and on a thread of its [threadPool], which the
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

    /** True on the thread that runs the loop. */
    public val isInReactorThread: Boolean

    /** The same as [isInReactorThread], so that futures of this reactor refuse to block it. */
    override val inLoop: Boolean get() = isInReactorThread

    /** Runs [call] now when the reactor [is running][isRunning], otherwise at the end of the next startup, in the order of these calls. */
    public fun callWhenRunning(call: Runnable)

    /**
     * Runs [call] on the reactor's thread in a later turn: the way in from other threads. Calls run in the order in which they were
     * handed over, and the loop wakes up for them.
     */
    public fun callFromThread(call: Runnable)

    /** The same as [callFromThread], so that a reactor is an [Executor] for futures. */
    override fun execute(command: Runnable): Unit = callFromThread(command)

    /**
     * Runs [call] on a thread of the [threadPool]; what it throws is reported. Before the reactor runs the call waits for it. On
     * any thread.
     */
    public fun callInThread(call: Runnable)

    /**
     * Runs blocking work on the [threadPool]; the Deferred fires on the reactor's thread. The reactor waits for the work before it ends. When
     * it cannot, as after a [crash], the Deferred fails with [ReactorNotRunningException].
     */
    public fun <T> deferToThread(call: Callable<T>): Deferred<T>

    /**
     * Runs [call] on the reactor's thread and waits for its result, and for the result of the Deferred when it returns one. What it
     * throws is thrown here.
     *
     * The shutdown waits for the threads of the reactor's own pool, so it lets none of them wait here. Once the connections are closed, a
     * call of such a thread is still made, but its Deferred is not waited for: when it has not fired, this throws
     * [ReactorNotRunningException].
     *
     * @throws IllegalStateException on the reactor's own thread, which would wait for itself
     * @throws ReactorNotRunningException when the reactor ends before there is a result
     * @throws InterruptedException when the calling thread is interrupted while it waits; the Deferred is cancelled then
     */
    public fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T

    /** The pool of [callInThread], made when first asked for, stopped with the reactor. */
    public val threadPool: ThreadPool

    /** How many threads the [threadPool] may have at most; 10 unless changed. See [ThreadPool.adjust]. */
    public fun suggestThreadPoolSize(size: Int)

    /** How the loop is doing. On any thread, also while the loop is blocked. */
    public fun health(): LoopHealth

    /**
     * Tells [listener] every [period], at the end of a turn, how the loop is doing.
     *
     * @return what takes the listener away again, on the reactor's thread
     */
    public fun addHealthListener(
        period: Duration,
        listener: LoopHealthListener,
    ): AutoCloseable

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

    /**
     * The addresses of [host], by [ReactorOptions.resolver], never waited for on the loop: what [resolve] adds a time-out, a choice and one type of error to.
     * Fails with what the resolver has thrown, and with [ReactorNotRunningException] when the reactor is ending.
     */
    public fun lookUp(host: String): Deferred<List<InetAddress>>

    /**
     * From now on names are looked up by [resolver], in place of [ReactorOptions.resolver]; Twisted's `installResolver`. For a resolver that is
     * itself made with this reactor, such as a client of name servers.
     *
     * @return the resolver before, which is still to answer what it was asked
     */
    public fun installResolver(resolver: HostResolverFactory): HostResolver

    /**
     * Opens a TCP port; Twisted's `listenTCP`. Connections are accepted once the reactor runs.
     *
     * @param port 0 for any free one; [ListeningPort.host] tells which
     * @param networkInterface the local address to listen on, `0.0.0.0` for all of IPv4; empty for all of them
     * @param backlog how many connections may wait to be accepted; the operating system may allow fewer
     * @throws dev.torsion.net.CannotListenException when the port is taken or not allowed
     * @throws ReactorNotRunningException when the reactor has closed its ports because it is ending, or has ended
     */
    public fun listenTcp(
        port: Int,
        factory: Factory,
        networkInterface: String = "",
        backlog: Int = ListeningPort.DEFAULT_BACKLOG,
        options: TcpOptions = TcpOptions.DEFAULT,
    ): ListeningPort

    /**
     * Connects to [host]:[port]; Twisted's `connectTCP`. [factory] hears how it goes.
     *
     * The host name is looked up off the loop, as by [resolve], and its addresses are tried by the rules of RFC 8305 (Happy Eyeballs): those
     * of both families in turn, each with a head start of [TcpOptions.attemptDelay] before the next one is tried as well, the next at once
     * when one fails. The first that connects gets the only protocol, and all others are given up. When all have failed, the exception is
     * that of a refusal, or else the first, and has the others as suppressed ones. (Twisted tries one IPv4 address.)
     *
     * @param timeout for the whole attempt, looking up included; 30 s unless given
     * @param bindAddress the numeric local address to connect from, such as `192.0.2.1` or `::1`, or the same with a port, `192.0.2.1:4000`
     *   or `[::1]:4000` (Twisted: a pair); null for any. Only addresses of its family are tried then
     * @throws IllegalArgumentException when [host] is blank, [port] is not 1 to 65535, [timeout] is not positive or [bindAddress] is not
     *   numeric
     * @throws ReactorNotRunningException when the reactor has closed its connections because it is ending, or has ended
     */
    public fun connectTcp(
        host: String,
        port: Int,
        factory: ClientFactory,
        timeout: Duration = Duration.ofSeconds(30),
        bindAddress: String? = null,
        options: TcpOptions = TcpOptions.DEFAULT,
    ): Connector

    /**
     * Coroutines on this reactor's thread. Already on it, nothing is dispatched; `delay` and `withTimeout` are the reactor's own
     * delayed calls, so they follow a virtual clock. When the reactor ends, coroutines that still wait in them are cancelled.
     */
    public val dispatcher: CoroutineDispatcher

    /** Coroutines that live as long as the reactor: cancelled when it stops. One that fails is reported and harms no other. */
    public val scope: CoroutineScope

    public companion object {
        /** A new reactor on the platform's selector: epoll, kqueue or wepoll. */
        @JvmStatic
        @JvmOverloads
        public fun create(options: ReactorOptions = ReactorOptions()): Reactor = NioReactor(options)

        /** The program's reactor: made when first asked for, unless another was [installed][install]. On any thread. */
        @JvmStatic
        @JvmName("getDefault")
        public fun default(): Reactor = DefaultReactor.get()

        /**
         * Makes [reactor] the [default]. For programs, before first use.
         *
         * @throws ReactorAlreadyInstalledException when there is a default already
         */
        @JvmStatic
        public fun install(reactor: Reactor): Unit = DefaultReactor.install(reactor)
    }
}
