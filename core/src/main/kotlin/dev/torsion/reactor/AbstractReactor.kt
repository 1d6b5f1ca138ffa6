// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import dev.torsion.clock.TimerQueue
import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.CoroutinePlace
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredDebug
import dev.torsion.defer.LoopThread
import dev.torsion.defer.UnhandledFailures
import dev.torsion.defer.fail
import dev.torsion.health.BlockedLoopWatch
import dev.torsion.health.HealthReports
import dev.torsion.health.LoopEvents
import dev.torsion.health.LoopHealth
import dev.torsion.health.LoopHealthListener
import dev.torsion.health.LoopMeter
import dev.torsion.health.loopHealth
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.simpleName
import dev.torsion.loop.LoopTasks
import dev.torsion.loop.NextSteps
import dev.torsion.loop.ThreadPool
import dev.torsion.loop.startLoopThread
import dev.torsion.name.HostResolver
import dev.torsion.name.HostResolverFactory
import dev.torsion.name.LookUps
import dev.torsion.name.ResolverLoop
import dev.torsion.net.WrongThreadException
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import kotlin.coroutines.EmptyCoroutineContext

/**
 * All of a reactor but its events: life cycle, turns, timers, tasks, threads and coroutines. A subclass says how to wait for
 * events ([poll]), how to interrupt that ([wakeUp]) and which connections there are.
 *
 * A turn waits for events and handles them ([poll]), then runs the timers that are due and the tasks that were handed over. What a
 * turn adds runs in the next one.
 */
public abstract class AbstractReactor(
    /** How this reactor is set up. */
    protected val options: ReactorOptions,
    /** The delayed calls; null for a queue of this reactor's own. A virtual clock gives its own. */
    timers: TimerQueue? = null,
) : Reactor {
    /** What this reactor is called in the log. */
    internal val name: String get() = options.threadName

    private val log = Logger(Reactor::class.java).with(LogKeys.REACTOR, options.threadName)
    private val timers = timers ?: TimerQueue(::nanoTime)
    private val tasks = LoopTasks({ guarded({ "a call on the reactor" }, it::run) }, ::wakeUp)
    private val watch by lazy { BlockedLoopWatch(this, options) }
    private val systemEvents = SystemEvents(this, this::escaped)

    @Volatile
    private var lastTurn = CountDownLatch(0) // of the present run
    private val events = LoopEvents.recorder // here, for it takes a while to get ready
    private val meter = LoopMeter()
    private val healthReports = HealthReports(this)
    private val threads = ReactorThreads(this, options, ::report)
    private val lookUps = LookUps(ForResolver(), options.resolver) { it is ReactorNotRunningException }

    @Volatile
    private var thread: Thread? = null

    @Volatile
    private var state = State.NEW
    private var stopRequested = false
    private var isDisconnected = false
    private val nextSteps = NextSteps()
    private var failedTurns = 0 // in a row

    @Volatile
    private var failure: Throwable? = null // that has ended the loop

    private var isWaiting = false
    private var isInTurn = false
    private var loopThread: LoopThread? = null
    private val atEnd = ArrayList<Runnable>() // the reactor's thread only

    private enum class State { NEW, STARTING, RUNNING, STOPPING, ENDING, CRASHED, ENDED }

    private val coroutines = ReactorDispatcher(this)

    final override val dispatcher: CoroutineDispatcher get() = coroutines

    final override val scope: CoroutineScope =
        CoroutineScope(
            SupervisorJob() + dispatcher + CoroutineName(options.threadName) + coroutinePlaces() +
                CoroutineExceptionHandler { _, e -> report("a coroutine of the reactor failed", e) },
        )

    /** In debug mode coroutines know where they were launched. */
    private fun coroutinePlaces() = if (DeferredDebug.enabled) CoroutinePlace.OF_SCOPE else EmptyCoroutineContext

    final override val threadPool: ThreadPool get() = threads.pool()

    // What a subclass provides.

    /**
     * Waits for events, at most [timeoutNanos] (0: does not wait, [Long.MAX_VALUE]: for as long as it takes), and handles them. Returns
     * early after [wakeUp].
     */
    protected abstract fun poll(timeoutNanos: Long)

    /** Makes [poll] return; on any thread. */
    protected abstract fun wakeUp()

    /** How many connections are open. On any thread. */
    protected open val connectionCount: Int get() = 0

    /** Called after each batch of callbacks: the place to send what they wrote. */
    protected open fun batchEnded() {}

    /** The reactor stops: ends all ports, attempts and connections, telling their protocols. */
    protected abstract fun disconnectAll()

    /** Whether [poll] may succeed again after it has failed; false ends the loop at once. */
    protected open val canPoll: Boolean get() = true

    /** The triggers of the shutdown have run: ends threads that are a subclass's own, which take no more work. May be called again. */
    protected open fun endThreads() {}

    /** The loop has ended for good: releases what [poll] used. */
    protected open fun release() {}

    // The life cycle.

    override fun run() {
        val hook = hookForRun()
        try {
            begin()
            loop()
        } finally {
            hook?.remove()
        }
        throwFailure()
    }

    private fun throwFailure() {
        failure?.let { throw ReactorFailedException(it) }
    }

    private fun hookForRun(): ShutdownHook? =
        if (hasShutdownHook || options.shutdownTimeout.isZero) null else ShutdownHook(this, options.shutdownTimeout).also { it.install() }

    /** Whether the program has called [stopOnShutdown] itself. */
    internal var hasShutdownHook: Boolean = false

    final override fun iterate(delay: Duration): Boolean {
        require(!delay.isNegative) { "a delay must not be negative, but $delay was given" }
        checkThread("iterate")
        check(!isInTurn) { "iterate inside a callback would run the loop within itself" }
        if (!state.isLooping) begin()
        meter.woke(nanoTime()) // the time since the last turn was not spent here
        try {
            if (state.isLooping) turn(delay.saturatedNanos())
            if (meter.hasUnmeasured) measure()
            meter.waits()
        } finally {
            if (!state.isLooping) end()
        }
        throwFailure()
        return state.isLooping
    }

    override fun start() {
        startLoopThread(options.threadName, ::begin, ::loop)
        throwFailure()
    }

    /** Takes the calling thread as the reactor's and runs the startup triggers. */
    protected fun begin() {
        claim(State.STARTING)
        tryToBegin {
            inTurn {
                systemEvents.startup.fire(::startupReached, later = ::nextTurn)
            }
        }
    }

    /**
     * Takes the calling thread as the reactor's, to end a reactor that does not run. One that has never run begins with its shutdown, and
     * runs no startup trigger. One that has crashed runs once more. Does nothing when it has ended.
     */
    protected fun beginToStop() {
        if (state == State.ENDED) return
        if (state == State.NEW) {
            claim(State.STOPPING)
            stopRequested = true
            tryToBegin {}
        } else {
            begin()
            if (state == State.STARTING || state == State.RUNNING) stop()
        }
    }

    private fun claim(first: State) {
        synchronized(this) {
            when (state) {
                State.NEW -> Unit
                // Its thread may be in that turn still; unless it is this one, between two calls of iterate.
                State.CRASHED -> if (lastTurn.count > 0 && (!isInReactorThread || isInTurn)) throw ReactorAlreadyRunningException()
                State.ENDING, State.ENDED -> throw ReactorNotRestartableException()
                else -> throw ReactorAlreadyRunningException()
            }
            thread = Thread.currentThread()
            lastTurn = CountDownLatch(1)
            state = first
        }
    }

    private inline fun tryToBegin(firstTurn: () -> Unit) {
        try {
            loopThread = LoopThread()
            log.debug("{reactor} begins to run")
            meter.begin(nanoTime())
            guarded({ "starting the watch for blocked callbacks" }, watch::start)
            events.begun(this)
            firstTurn()
        } catch (e: Throwable) {
            endFailed(e)
        }
    }

    /** False when the reactor has ended before its startup was done: the rest of the startup has no reactor to run on. */
    private fun startupReached(): Boolean {
        if (!state.isLooping || state == State.ENDING) return false
        if (state == State.STARTING) state = State.RUNNING
        isRunning = true
        guarded({ "starting the threads of the pool" }, threads::start) // when there are none, the next call in a thread tries again
        return true
    }

    private fun loop() {
        try {
            while (state.isLooping) turn(mayWait = true)
        } finally {
            end()
        }
    }

    /** True until it runs for the first time, or is released without that. */
    protected val isNew: Boolean get() = state == State.NEW

    /** True while there are turns to run: from [begin] until the reactor has stopped or crashed. */
    protected val isLooping: Boolean get() = state.isLooping

    /**
     * One turn. Subclasses that are driven from outside call it while [isLooping], and [end] afterwards; [mayWait] says whether [poll] may
     * wait for events.
     */
    protected fun turn(mayWait: Boolean): Unit = turn(if (mayWait) Long.MAX_VALUE else 0)

    private fun turn(longestWait: Long) {
        try {
            inTurn {
                waitForEvents(longestWait)
                runTimers()
                runTasks()
                if (stopRequested || !nextSteps.isEmpty) takeStep()
            }
            if (meter.turnEnded() || longestWait == 0L) measure() // who never waits may be driven on a clock that stands still
            watch.turnEnded()
            failedTurns = 0
        } catch (e: Throwable) {
            turnFailed(e)
        }
    }

    /** The startup or the shutdown goes on: at the end of a turn, when no callback is running. */
    private fun takeStep() {
        nextSteps.take()
        if (stopRequested) {
            stopRequested = false
            systemEvents.shutdown.fire(::shutdownReached, ::endWithPool, ::nextTurn)
        }
        batchEnded() // what the triggers have written: the loop may have nothing else to wait for
    }

    /** Takes [step] in a turn after this one. */
    private fun nextTurn(step: Runnable) {
        if (isInReactorThread) nextSteps.add(step, isInTurn) else tasks.offer { nextTurn(step) }
    }

    /** The error is no callback's, or is one of reporting. The loop goes on, unless it fails again and again. */
    private fun turnFailed(error: Throwable) {
        if (!state.isLooping) throw error // it has crashed for this reason
        failedTurns++
        // When memory is short, nothing can be had, not even a text for the report: whatever is thrown here must not end the loop's thread.
        unfailing { escaped("a turn of the loop failed", error) }
        if (failedTurns >= MOST_FAILED_TURNS || !canPoll) endFailed(error) else unfailing { pauseAfterFailures(failedTurns) }
    }

    /** The loop cannot go on and ends, but whole: the shutdown triggers run, none is waited for, and everybody is told. */
    private fun endFailed(cause: Throwable) {
        failure = cause
        unfailing { shutDownFailed(cause) }
        isRunning = false
        state = State.ENDED
    }

    private fun shutDownFailed(cause: Throwable) {
        escaped("the loop cannot go on and ends", cause)
        stopRequested = false
        if (state == State.STARTING || state == State.RUNNING) state = State.STOPPING
        contained("the shutdown") {
            inTurn {
                systemEvents.shutdown.goOn()
                systemEvents.shutdown.fire({ state != State.STOPPING || shutdownReached() })
                systemEvents.shutdown.goOn()
            }
        }
    }

    /** Measures the turns that are over, and gives the time. */
    private fun measure(): Long {
        val now = nanoTime()
        meter.measure(now)
        if (healthReports.hasListeners) healthReports.turnEnded(now)
        return now
    }

    private fun waitForEvents(longestWait: Long) {
        if (longestWait == 0L || hasReadyWork()) return poll(0)
        if (!tasks.mayWait()) return poll(0)
        if (meter.hasUnmeasured) measure()
        meter.waits()
        watch.beforeWait()
        isWaiting = true
        poll(minOf(nanosToNextTimer(), longestWait))
        pollReturned()
    }

    /** For [poll]: the waiting is over and events are about to be handled. */
    protected fun pollReturned() {
        if (isWaiting) {
            isWaiting = false
            tasks.awake()
            meter.woke(nanoTime())
            watch.afterWait()
        }
    }

    /** Whether tasks, a stop or its next step wait for the next turn. */
    protected open fun hasReadyWork(): Boolean = stopRequested || !nextSteps.isEmpty || !tasks.isEmpty()

    /** How long until the next timer is due; 0 when one is, [Long.MAX_VALUE] when there is none. */
    protected fun nanosToNextTimer(): Long {
        if (timers.count == 0) return Long.MAX_VALUE
        return (timers.nextDeadline() - nanoTime()).coerceAtLeast(0)
    }

    private fun runTasks() {
        meter.tasksRan(tasks.runAll())
        batchEnded()
    }

    private fun runTimers() {
        if (timers.count == 0) return
        val now = nanoTime()
        meter.timerLate(now - timers.nextDeadline())
        val mark = timers.mark()
        while (true) {
            val due = timers.pollDue(now, mark) ?: break
            guarded({ "a delayed call" }, due::run)
        }
        batchEnded()
    }

    private inline fun inTurn(block: () -> Unit) {
        UnhandledFailures.beginTurn()
        val owner = if (DeferredDebug.enabled) loopThread else null
        val outer = owner?.enter()
        isInTurn = true
        try {
            block()
        } finally {
            isInTurn = false
            owner?.leave(outer)
            UnhandledFailures.endTurn()
        }
    }

    final override fun stop() {
        checkThread("stop")
        if (state != State.RUNNING && state != State.STARTING) throw ReactorNotRunningException()
        state = State.STOPPING
        stopRequested = true
    }

    final override fun stopFromThread() {
        if (!state.isLooping) return
        tasks.offer { if (state == State.RUNNING || state == State.STARTING) stop() }
    }

    final override fun stopAndJoin(timeout: Duration): Boolean {
        val deadline = System.nanoTime() + timeout.saturatedNanos()
        leaveCrashed()
        check(!isInReactorThread) { "stopAndJoin on the reactor's own thread would wait for itself: call stop()" }
        if (threads.isOnPool) {
            stopFromThread()
            error(
                "stopAndJoin on a thread of the reactor's pool would wait for itself: the reactor waits for its pool. It was asked to stop.",
            )
        }
        var hasRunOnce = false
        while (true) {
            stopFromThread()
            if (!lastTurn.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) return false
            val state = state
            when {
                state == State.ENDED -> return true
                state == State.CRASHED && hasRunOnce -> return false // it does so again and again
                !state.isLooping -> {
                    hasRunOnce = true
                    endIdle()
                }
            }
        }
    }

    /** For [stopAndJoin]: a reactor that does not run ends on a thread of its own, which has the time that is given. */
    protected open fun endIdle() {
        try {
            startLoopThread(options.threadName, ::beginToStop, ::loop)
        } catch (e: IllegalStateException) {
            log.debug("{reactor} was begun by another thread: {reason}", LogKeys.REASON to e.message)
        }
    }

    /** One that has crashed between two turns of [iterate] has no turn left in which to leave its thread. */
    private fun leaveCrashed() {
        if (state == State.CRASHED && isInReactorThread && !isInTurn) end()
    }

    final override fun crash() {
        checkThread("crash")
        if (!state.isLooping) throw ReactorNotRunningException()
        val wasStopping = state == State.STOPPING || state == State.ENDING
        stopRequested = false
        nextSteps.forget()
        isRunning = false
        state = if (wasStopping) State.ENDED else State.CRASHED
    }

    /** The before-triggers of the shutdown are done: the reactor counts as running no more. False when it has crashed meanwhile. */
    private fun shutdownReached(): Boolean {
        if (state != State.STOPPING) return false
        state = State.ENDING
        isRunning = false
        disconnectAll()
        isDisconnected = true
        return true
    }

    private fun endWithPool() {
        contained("letting go of the threads of the pool") {
            threads.letGo()
            coroutines.letGo()
        }
        contained("ending threads", ::endThreads)
        val finish = Runnable { if (state == State.ENDING) state = State.ENDED }
        threads.stop { if (isInReactorThread) finish.run() else tasks.offer(finish) }
    }

    /** The Deferreds of triggers that the shutdown waits for. For reactors that say what keeps them from ending. */
    protected fun shutdownWaitsFor(): List<Deferred<*>> = systemEvents.shutdown.waitsFor()

    /** The last turn is over: when the reactor was stopped, ends its coroutines and releases what it used. */
    protected fun end() {
        try {
            persistently(::endTurns)
        } finally {
            thread = null
            loopThread = null
            lastTurn.countDown() // last: whoever waits for it may use what was this thread's
        }
    }

    /** Each step may be taken again. */
    private fun endTurns() {
        contained("ending the watch for blocked callbacks", watch::stop)
        contained("measuring the last turn", meter::waits)
        contained("noting the end") { events.ended(this) }
        if (state == State.ENDED) endForGood()
        loopThread?.end()
    }

    private fun endForGood() {
        contained("ending") {
            inTurn {
                if (!isDisconnected) contained("disconnecting", ::disconnectAll) // it crashed while it was stopping
                contained("ending threads", ::endThreads)
                contained("stopping the threads of the pool") { threads.stop {} }
                contained("ending coroutines") {
                    scope.cancel("the reactor has stopped")
                    coroutines.end()
                }
                contained("the last calls", ::runLastTasks)
                contained("failing those who wait for threads") {
                    lookUps.end(ReactorNotRunningException("The reactor has stopped before the name was looked up.", failure))
                    threads.failAnswers(failure)
                }
                atEnd.forEach { guarded({ "a call at the end" }, it::run) }
            }
        }
        contained("failing those who wait") { threads.failBlockedCallers(failure) }
        contained("releasing what the loop used", ::release)
        log.debug("{reactor} has ended")
    }

    /** [Reactor.whenEnded]. */
    internal fun addAtEnd(call: Runnable) {
        checkThread("whenEnded")
        if (state == State.ENDED && thread == null) call.run() else atEnd.add(call)
    }

    private fun runLastTasks() {
        val dropped = tasks.close()
        if (dropped > 0) log.warn("{reactor}: {count} calls that made ever more calls at the end were dropped", "count" to dropped)
        batchEnded()
    }

    @Volatile
    final override var isRunning: Boolean = false
        private set

    final override val isInReactorThread: Boolean get() = Thread.currentThread() === thread

    // Calls.

    final override fun callWhenRunning(call: Runnable) {
        checkThread("callWhenRunning")
        if (isRunning) guarded({ "a call when running" }, call::run) else systemEvents.startup.add(Phase.AFTER) { call.run() }
    }

    final override fun callLater(
        delay: Long,
        unit: TimeUnit,
        call: Runnable,
    ): DelayedCall {
        checkThread("callLater")
        return timers.add(delay, unit, call)
    }

    final override fun delayedCalls(): List<DelayedCall> = timers.calls()

    final override fun callFromThread(call: Runnable) {
        if (!handOver(call)) throw ReactorNotRunningException(STOPPED)
    }

    final override fun execute(command: Runnable) {
        if (!handOver(command)) throw RejectedExecutionException(STOPPED)
    }

    /** At the end only the reactor's own thread still hands calls over: others could go on for ever. */
    private fun handOver(task: Runnable) = tasks.offer(task) || (isInReactorThread && tasks.add(task))

    /**
     * Runs [task] in the next turn; coroutines and a reactor's own parts go this way. Its exceptions are reported. Gives false, and does not
     * run it, when the reactor has ended. Thread: any.
     */
    @TorsionSpi
    public fun runSoon(task: Runnable): Boolean = if (isInReactorThread) tasks.add(task) else tasks.offer(task)

    // Threads.

    override fun callInThread(call: Runnable): Unit = threads.pool().callInThread(call)

    final override fun suggestThreadPoolSize(size: Int): Unit = threads.pool().run {
        adjust(minOf(minThreads, size.coerceAtLeast(0)), size)
    }

    final override fun <T> deferToThread(call: Callable<T>): Deferred<T> {
        checkThread("deferToThread")
        return threads.ask(::callInThread, call)
    }

    /** [deferToThreadPool]. */
    internal fun <T> askThread(
        pool: Executor,
        call: Callable<T>,
    ): Deferred<T> {
        checkThread("deferToThreadPool")
        return threads.ask(pool, call)
    }

    override fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T = threads.blockingCall(call)

    /** Runs the look-up of a name, which may block for long, on a thread that is kept for such. */
    protected open fun callInResolverThread(call: Runnable): Unit = threads.lookUp(call)

    final override fun lookUp(host: String): Deferred<List<InetAddress>> {
        checkThread("lookUp")
        if (isEnding) return fail(ReactorNotRunningException(ENDING))
        return lookUps.find(host)
    }

    final override fun installResolver(resolver: HostResolverFactory): HostResolver {
        checkThread("installResolver")
        return lookUps.install(resolver)
    }

    private inner class ForResolver : ResolverLoop {
        override val clock: Clock get() = this@AbstractReactor

        override fun <T> deferToResolverThread(call: Callable<T>) = threads.ask(::callInResolverThread, call)
    }

    /** Whether the reactor's thread waits for the JVM to end, which waits for this reactor. */
    internal val isInSystemExit: Boolean get() = thread?.isInSystemExit == true

    /** Waits no more for other threads that wait for the JVM to end; on any thread. */
    internal fun letGoOfExiting() {
        threads.letGoOfExiting()
        runSoon(threads::failExiting)
    }

    /** Whether connections are ended and nothing new is opened. On any thread. */
    internal val isEnding: Boolean get() = state == State.ENDING || state == State.ENDED

    /** Refuses to open anything that nobody would close any more. */
    internal fun checkTakesNew() {
        if (isEnding) throw ReactorNotRunningException(ENDING, failure)
    }

    internal val hasEnded: Boolean get() = state == State.ENDED

    internal val hasCrashed: Boolean get() = state == State.CRASHED

    /** False from when its connections are ended, and after a crash until it runs again. On any thread. */
    internal val takesConnections: Boolean
        get() =
            when (state) {
                State.NEW, State.STARTING, State.RUNNING, State.STOPPING -> true
                State.ENDING, State.CRASHED, State.ENDED -> false
            }

    // Health.

    final override fun health(): LoopHealth =
        loopHealth(meter.read(nanoTime()), tasks.count, timers.count, connectionCount, threads.made)

    final override fun addHealthListener(
        period: Duration,
        listener: LoopHealthListener,
    ): AutoCloseable {
        checkThread("addHealthListener")
        return healthReports.add(period, listener)
    }

    // System events.

    final override fun addSystemEventTrigger(
        phase: Phase,
        event: SystemEvent,
        trigger: SystemEventTrigger,
    ): TriggerHandle {
        checkThread("addSystemEventTrigger")
        return systemEvents.of(event).add(phase, trigger)
    }

    final override fun addSystemEventTrigger(
        phase: Phase,
        event: String,
        trigger: SystemEventTrigger,
    ): TriggerHandle {
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

    // Errors.

    /** Logs [error] and tells [ReactorOptions.errorListener]. */
    protected fun report(
        context: String,
        error: Throwable,
    ): Unit = reportError(context, error)

    /** [report], with [values] that say more about where it was. */
    internal fun reportError(
        context: String,
        error: Throwable,
        values: Map<String, Any?> = emptyMap(),
    ) {
        // Each of the three hears of it, whatever becomes of the others.
        unfailing { log.with(values).failure("{reactor}: {context}", error, LogKeys.CONTEXT to context) }
        unfailing { events.callbackFailed(name, context, error) }
        try {
            options.errorListener.errorReported(context, error)
        } catch (e: Throwable) {
            unfailing { log.failure("{reactor}: the error listener failed at \"{context}\"", e, LogKeys.CONTEXT to context) }
        }
    }

    /** Runs [report]; that reporting fails, as it may when memory runs out, is no reason to end what goes on. */
    private inline fun unfailing(report: () -> Unit) {
        try {
            report()
        } catch (_: Throwable) {
            // Nobody is left who could be told.
        }
    }

    /**
     * Refuses [operation], which is the name of a method, on a thread that does not own this reactor. While it does not run, no thread
     * does.
     *
     * @throws WrongThreadException on another thread than the reactor's
     */
    @TorsionSpi
    public fun checkThread(operation: String) {
        val owner = thread ?: return
        if (owner !== Thread.currentThread()) {
            throw WrongThreadException(
                "$operation was called on thread \"${Thread.currentThread().name}\", but it belongs to the reactor's thread " +
                    "\"${owner.name}\": go through callFromThread.",
            )
        }
    }

    private val State.isLooping get() = this != State.NEW && this != State.CRASHED && this != State.ENDED

    override fun toString(): String =
        "${simpleName(javaClass, "Reactor")}(${options.threadName}, ${state.name.lowercase()}, ${timers.count} delayed calls)"

    private companion object {
        /** Without one that succeeds: whatever it is will not get better. */
        const val MOST_FAILED_TURNS = 16
        const val STOPPED = "The reactor has stopped: it runs no more calls."
        const val ENDING = "The reactor is ending, and opens nothing new."
    }
}
