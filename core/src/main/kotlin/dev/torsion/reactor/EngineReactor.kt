// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("EngineReactors")

package dev.torsion.reactor

import dev.torsion.clock.Clock
import dev.torsion.clock.TimerQueue
import dev.torsion.datagram.DatagramNetwork
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.health.LoopHealth
import dev.torsion.health.LoopHealthListener
import dev.torsion.health.LoopMonitor
import dev.torsion.log.simpleName
import dev.torsion.loop.EngineFactory
import dev.torsion.loop.EventLoop
import dev.torsion.loop.Loop
import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPool
import dev.torsion.loop.escaped
import dev.torsion.loop.guarded
import dev.torsion.loop.isInSystemExit
import dev.torsion.loop.startLoopThread
import dev.torsion.name.HostResolver
import dev.torsion.name.HostResolverFactory
import dev.torsion.name.LookUps
import dev.torsion.name.ResolverLoop
import dev.torsion.nio.NioEngine
import dev.torsion.nio.NioPoller
import dev.torsion.spi.Engine
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamNetwork
import dev.torsion.stream.UnixStreamNetwork
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.Executor
import java.util.function.LongSupplier

/**
 * A reactor on any [engine]: puts together a [loop], its [LifeCycle], triggers, threads, names and health, each of which knows its own part
 * only.
 *
 * Open for reactors that are driven from outside, such as one whose time is virtual: see [begin], [turn] and [end].
 *
 * @property options how this reactor is set up
 * @property loop the loop inside
 */
public open class EngineReactor private constructor(
    protected val options: ReactorOptions,
    engines: EngineFactory,
    protected val loop: Loop,
) : Reactor,
    EventLoop by loop {
    /**
     * @param engines opens the engine
     * @param time gives the time, in nanoseconds; on any thread
     * @param timers the delayed calls; null for a queue of this reactor's own. A virtual clock gives its own
     */
    @JvmOverloads
    public constructor(
        options: ReactorOptions,
        engines: EngineFactory,
        time: LongSupplier = LongSupplier(System::nanoTime),
        timers: TimerQueue? = null,
    ) : this(options.named(), engines, time to timers)

    private constructor(options: ReactorOptions, engines: EngineFactory, clock: Pair<LongSupplier, TimerQueue?>) :
        this(options, engines, Loop(options.threadName, clock.first, clock.second, options.errorListener))

    private val systemEvents = SystemEvents(this, loop::escaped)
    private val threads = WorkThreads(this, loop, options)
    private val monitor =
        LoopMonitor(this, loop, options.blockedThreshold, options.blockedLoopListener, { engine.connectionCount }) { threads.made }
    private val lookUps = LookUps(ForResolver(), options.resolver) { it is ReactorNotRunningException }
    private val life = LifeCycle(loop, monitor, systemEvents, threads, Parts(), options.drainTimeout)

    private val exitWatch =
        object : ExitWatch {
            override var isInstalled = false

            override val isLoopExiting get() = loop.owner?.isInSystemExit == true

            override fun letGoOfExiting() {
                threads.letGoOfExiting()
                runSoon(threads::failExiting)
            }
        }

    init {
        loop.listener = monitor
        loop.workers = Executor { callInWorkerThread(it) }
    }

    /** The engine that this reactor runs on. */
    protected val engine: Engine = engines.open(loop) { host, family, timeout -> resolve(host, family, timeout) }

    init {
        loop.poller = engine.poller
    }

    override val streamNetwork: StreamNetwork? get() = engine.capability(StreamNetwork::class.java)

    override val datagramNetwork: DatagramNetwork? get() = engine.capability(DatagramNetwork::class.java)
    override val unixNetwork: UnixStreamNetwork? get() = engine.capability(UnixStreamNetwork::class.java)

    final override fun <T : Any> capability(type: Class<T>): T? = when {
        type.isInstance(this) -> type.cast(this)
        type == ExitWatch::class.java -> type.cast(exitWatch)
        type == WorkThreads::class.java -> type.cast(threads)
        type == LifeCycle::class.java -> type.cast(life)
        else -> engine.capability(type)
    }

    final override val inLoop: Boolean get() = loop.inLoop

    final override val inTurn: Boolean get() = loop.inTurn

    // The life cycle.

    override fun run() {
        val hook = hookForRun()
        try {
            life.begin()
            life.loop()
        } finally {
            hook?.remove()
        }
        life.throwFailure()
    }

    private fun hookForRun(): ShutdownHook? = if (exitWatch.isInstalled ||
        options.shutdownTimeout.isZero
    ) {
        null
    } else {
        ShutdownHook(this, options.shutdownTimeout).also { it.install() }
    }

    override fun start() {
        startLoopThread(options.threadName, life::begin, life::loop)
        life.throwFailure()
    }

    final override fun iterate(delay: Duration): Boolean = life.iterate(delay)

    final override fun stop(): Unit = life.stop()

    final override fun stopFromThread(): Unit = life.stopFromThread()

    final override fun stopAndJoin(timeout: Duration): Boolean = life.stopAndJoin(timeout)

    final override fun crash(): Unit = life.crash()

    final override val isRunning: Boolean get() = life.isRunning

    final override val state: LoopState get() = loop.state

    final override fun callWhenRunning(call: Runnable) {
        checkThread("callWhenRunning")
        if (isRunning) guarded({ "a call when running" }, call::run) else systemEvents.startup.add(Phase.AFTER) { call.run() }
    }

    // For reactors that are driven from outside.

    /** Takes the calling thread as the reactor's and runs the startup triggers. */
    protected fun begin(): Unit = life.begin()

    /**
     * Takes the calling thread as the reactor's, to end a reactor that does not run. One that has never run begins with its shutdown, and
     * runs no startup trigger. One that has crashed runs once more. Does nothing when it has ended.
     */
    protected fun beginToStop(): Unit = life.beginToStop()

    /** True until it runs for the first time, or is released without that. */
    protected val isNew: Boolean get() = state == LoopState.NEW

    /** True while there are turns to run: from [begin] until the reactor has stopped or crashed. */
    protected val isLooping: Boolean get() = loop.state.isLooping

    /** True while a reactor that stops waits for connections to send what was written, see [ReactorOptions.drainTimeout]. */
    protected val isDraining: Boolean get() = life.isDraining

    /** The calling thread drives this reactor, which runs, from now on: it becomes the reactor's. The one before must not be in a turn. */
    protected fun moveToThisThread() {
        loop.endOnThread()
        loop.takeThread()
        loop.beginOnThread()
    }

    /** One turn, for as long as the reactor [isLooping]; [end] follows. [mayWait] says whether it may wait for events. */
    protected fun turn(mayWait: Boolean): Unit = life.turn(if (mayWait) Long.MAX_VALUE else 0)

    /** Whether something waits for the next turn, so that it would not wait for events. */
    protected fun hasReadyWork(): Boolean = loop.hasReadyWork()

    /** How long until the next timer is due; 0 when one is, [Long.MAX_VALUE] when there is none. */
    protected fun nanosToNextTimer(): Long = loop.nanosToNextTimer()

    /** The last turn is over: when the reactor was stopped, ends its coroutines and releases what it used. */
    protected fun end(): Unit = life.end()

    /** For [stopAndJoin]: a reactor that does not run ends on a thread of its own, which has the time that is given. */
    protected open fun endIdle(): Unit = life.endIdle()

    /** The Deferreds of triggers that the shutdown waits for. For reactors that say what keeps them from ending. */
    protected fun shutdownWaitsFor(): List<Deferred<*>> = systemEvents.shutdown.waitsFor()

    private inner class Parts : LifeCycle.Parts {
        override val engine get() = this@EngineReactor.engine

        override fun endThreads() = this@EngineReactor.endThreads()

        override fun endIdle() = this@EngineReactor.endIdle()

        override fun failLookUps(cause: Throwable?) =
            lookUps.end(ReactorNotRunningException("The reactor has stopped before the name was looked up.", cause))
    }

    // Threads.

    final override val threadPool: ThreadPool get() = threads.pool()

    override fun callInThread(call: Runnable): Unit = threads.pool().callInThread(call)

    final override fun suggestThreadPoolSize(size: Int): Unit = threads.pool().run {
        adjust(minOf(minThreads, size.coerceAtLeast(0)), size)
    }

    final override fun <T> deferToThread(call: Callable<T>): Deferred<T> {
        checkThread("deferToThread")
        return threads.ask(::callInThread, call)
    }

    override fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T = threads.blockingCall(call)

    /** Runs the look-up of a name, which may block for long, on a thread that is kept for such. */
    protected open fun callInResolverThread(call: Runnable): Unit = threads.lookUp(call)

    /** Runs a costly step that a connection waits for, as of a TLS handshake, on a thread that is kept for such. On any thread. */
    protected open fun callInWorkerThread(call: Runnable): Unit = threads.work(call)

    /** The triggers of the shutdown have run: ends threads that are a subclass's own, which take no more work. May be called again. */
    protected open fun endThreads() {}

    // Names.

    final override fun lookUp(host: String): Deferred<List<InetAddress>> {
        checkThread("lookUp")
        try {
            loop.checkTakesNew()
        } catch (e: ReactorNotRunningException) {
            return fail(e)
        }
        return lookUps.find(host)
    }

    final override fun installResolver(resolver: HostResolverFactory): HostResolver {
        checkThread("installResolver")
        return lookUps.install(resolver)
    }

    private inner class ForResolver : ResolverLoop {
        override val clock: Clock get() = loop

        override fun <T> deferToResolverThread(call: Callable<T>) = threads.ask(::callInResolverThread, call)
    }

    // Health.

    final override fun health(): LoopHealth = monitor.health()

    final override fun addHealthListener(period: Duration, listener: LoopHealthListener): AutoCloseable {
        checkThread("addHealthListener")
        return monitor.addListener(period, listener)
    }

    // System events.

    final override fun addSystemEventTrigger(phase: Phase, event: SystemEvent, trigger: SystemEventTrigger): TriggerHandle {
        checkThread("addSystemEventTrigger")
        return systemEvents.of(event).add(phase, trigger)
    }

    final override fun addSystemEventTrigger(phase: Phase, event: String, trigger: SystemEventTrigger): TriggerHandle {
        checkThread("addSystemEventTrigger")
        return systemEvents.of(event).add(phase, trigger)
    }

    final override fun fireSystemEvent(event: String) {
        checkThread("fireSystemEvent")
        systemEvents.fire(event)
    }

    final override fun removeSystemEventTrigger(handle: TriggerHandle) {
        checkThread("removeSystemEventTrigger")
        systemEvents.remove(handle)
    }

    override fun toString(): String =
        "${simpleName(javaClass, "Reactor")}(${options.threadName}, ${state.name.lowercase()}, ${loop.timerCount} delayed calls)"
}

/** The engine of [Reactor.create], set up by [options]: `java.nio` on the selector that [openPoller] opens. */
@TorsionSpi
@JvmOverloads
public fun nioEngine(options: ReactorOptions, openPoller: (Loop) -> NioPoller = { NioPoller(it) }): EngineFactory =
    EngineFactory { loop, names -> NioEngine(loop, names, options.acceptsPerTurn, options.readsPerTurn, openPoller) }
