// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.TimerQueue
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.UnhandledFailures
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.Transport
import dev.torsion.net.WrongThreadException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.function.Consumer

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
    private val incoming = TaskQueue() // from other threads, and callFromThread
    private val ready = ArrayDeque<Runnable>() // from this thread
    private val watch by lazy { BlockedLoopWatch(this, options) }
    private val startup = EventTriggers(SystemEvent.STARTUP, ::report)
    private val shutdown = EventTriggers(SystemEvent.SHUTDOWN, ::report)
    private val blockedCallers: MutableSet<CompletableFuture<*>> = ConcurrentHashMap.newKeySet()
    private val ended = CountDownLatch(1)
    private val runTask = Consumer<Runnable> { guarded({ "a call on the reactor" }, it::run) }

    @Volatile
    private var thread: Thread? = null

    @Volatile
    private var state = State.NEW
    private var stopRequested = false

    @Volatile
    private var sleeping = false

    private enum class State { NEW, STARTING, RUNNING, STOPPING, CRASHED, ENDED }

    final override val dispatcher: CoroutineDispatcher = ReactorDispatcher(this)

    final override val scope: CoroutineScope =
        CoroutineScope(
            SupervisorJob() + dispatcher + CoroutineName(options.threadName) +
                CoroutineExceptionHandler { _, e -> report("a coroutine of the reactor failed", e) },
        )

    final override val threadPool: ThreadPool by lazy {
        ThreadPool(options.threadName, ::report).also { poolMade = true }
    }

    @Volatile
    private var poolMade = false

    // What a subclass provides.

    /**
     * Waits for events, at most [timeoutNanos] (0: does not wait, [Long.MAX_VALUE]: for as long as it takes), and handles them. Returns
     * early after [wakeUp].
     */
    protected abstract fun poll(timeoutNanos: Long)

    /** Makes [poll] return; on any thread. */
    protected abstract fun wakeUp()

    /** Called after each batch of callbacks: the place to send what they wrote. */
    protected open fun batchEnded() {}

    /** The reactor stops: ends all ports, attempts and connections, telling their protocols. */
    protected abstract fun disconnectAll()

    /** The loop has ended for good: releases what [poll] used. */
    protected open fun release() {}

    // The life cycle.

    override fun run() {
        begin()
        loop()
    }

    override fun start() {
        val running = CountDownLatch(1)
        var refused: Throwable? = null
        val loopThread =
            Thread({
                try {
                    begin()
                } catch (e: IllegalStateException) {
                    refused = e
                } finally {
                    running.countDown()
                }
                if (refused == null) loop()
            }, options.threadName)
        loopThread.start()
        running.await()
        refused?.let { throw it }
    }

    /** Takes the calling thread as the reactor's and runs the startup triggers. */
    protected fun begin() {
        synchronized(this) {
            when (state) {
                State.NEW, State.CRASHED -> Unit
                State.ENDED -> throw ReactorNotRestartableException()
                else -> throw ReactorAlreadyRunningException()
            }
            state = State.STARTING
            thread = Thread.currentThread()
        }
        log.debug("{reactor} begins to run")
        watch.start()
        inTurn {
            startup.fire({
                if (state == State.STARTING) state = State.RUNNING
                if (poolMade) threadPool.start()
            })
        }
    }

    private fun loop() {
        try {
            while (state.isLooping) turn(mayWait = true)
        } finally {
            end()
        }
    }

    /** True while there are turns to run: from [begin] until the reactor has stopped or crashed. */
    protected val isLooping: Boolean get() = state.isLooping

    /**
     * One turn. Subclasses that are driven from outside call it while [isLooping], and [end] afterwards; [mayWait] says whether [poll] may
     * wait for events.
     */
    protected fun turn(mayWait: Boolean) {
        inTurn {
            waitForEvents(mayWait)
            runTimers()
            runTasks()
            if (stopRequested) {
                stopRequested = false
                shutdown.fire(::disconnectAll, ::endWithPool)
            }
        }
        watch.turnEnded()
    }

    private fun waitForEvents(mayWait: Boolean) {
        if (!mayWait || hasReadyWork()) return poll(0)
        sleeping = true
        // A task that came before the line above has not woken anybody.
        if (!incoming.isEmpty()) {
            sleeping = false
            return poll(0)
        }
        watch.beforeWait()
        poll(nanosToNextTimer())
        pollReturned()
    }

    /** For [poll]: the waiting is over and events are about to be handled. */
    protected fun pollReturned() {
        if (sleeping) {
            sleeping = false
            watch.afterWait()
        }
    }

    /** Whether tasks, or a stop, wait for the next turn. */
    protected open fun hasReadyWork(): Boolean = stopRequested || hasTasks()

    private fun hasTasks() = ready.isNotEmpty() || !incoming.isEmpty()

    /** How long until the next timer is due; 0 when one is, [Long.MAX_VALUE] when there is none. */
    protected fun nanosToNextTimer(): Long {
        if (timers.count == 0) return Long.MAX_VALUE
        return (timers.nextDeadline() - nanoTime()).coerceAtLeast(0)
    }

    private fun runTasks() {
        repeat(ready.size) { runTask.accept(ready.removeFirst()) }
        incoming.drain(runTask)
        batchEnded()
    }

    private fun runTimers() {
        if (timers.count == 0) return
        val now = nanoTime()
        val mark = timers.mark()
        while (true) {
            val due = timers.pollDue(now, mark) ?: break
            guarded({ "a delayed call" }, due::run)
        }
        batchEnded()
    }

    private inline fun inTurn(block: () -> Unit) {
        UnhandledFailures.beginTurn()
        try {
            block()
        } finally {
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
        incoming.offer { if (state == State.RUNNING || state == State.STARTING) stop() }
        wakeUpIfSleeping()
    }

    final override fun stopAndJoin(timeout: Duration): Boolean {
        check(!isInReactorThread) { "stopAndJoin on the reactor's own thread would wait for itself: call stop()" }
        if (state == State.NEW || state == State.CRASHED) return true
        stopFromThread()
        return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS)
    }

    final override fun crash() {
        checkThread("crash")
        if (!state.isLooping) throw ReactorNotRunningException()
        stopRequested = false
        state = State.CRASHED
    }

    private fun endWithPool() {
        val finish = Runnable { if (state == State.STOPPING) state = State.ENDED }
        if (poolMade) threadPool.stop { incoming.offer(finish).also { wakeUpIfSleeping() } } else finish.run()
    }

    /** The last turn is over: when the reactor was stopped, ends its coroutines and releases what it used. */
    protected fun end() {
        watch.stop()
        if (state == State.ENDED) {
            inTurn {
                scope.cancel("the reactor has stopped")
                // Coroutines that end may have some last tasks; those that would go on for ever are refused by the close below.
                var passes = 0
                do runTasks() while (hasTasks() && ++passes < LAST_PASSES)
                incoming.close(runTask)
            }
            failBlockedCallers()
            release()
            log.debug("{reactor} has ended")
            ended.countDown()
        }
        thread = null
    }

    final override val isRunning: Boolean get() = state == State.RUNNING || state == State.STOPPING

    final override val isInReactorThread: Boolean get() = Thread.currentThread() === thread

    // Calls.

    final override fun callWhenRunning(call: Runnable) {
        checkThread("callWhenRunning")
        if (isRunning) guarded({ "a call when running" }, call::run) else startup.add(Phase.AFTER) { call.run() }
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
        if (!incoming.offer(call)) throw ReactorNotRunningException("The reactor has stopped: it runs no more calls.")
        wakeUpIfSleeping()
    }

    final override fun execute(command: Runnable) {
        if (!incoming.offer(command)) throw RejectedExecutionException("The reactor has stopped: it runs no more calls.")
        wakeUpIfSleeping()
    }

    private fun wakeUpIfSleeping() {
        if (sleeping) wakeUp()
    }

    /** Runs [task] in the next turn; the way of coroutines and of this reactor's own parts. False when the reactor has ended. */
    internal fun runSoon(task: Runnable): Boolean {
        if (isInReactorThread && state != State.ENDED) {
            ready.addLast(task)
            return true
        }
        val accepted = incoming.offer(task)
        if (accepted) wakeUpIfSleeping()
        return accepted
    }

    // Threads.

    override fun callInThread(call: Runnable) {
        val pool = synchronized(this) { threadPool }
        if (isRunning) pool.start()
        pool.callInThread(call)
    }

    final override fun suggestThreadPoolSize(size: Int): Unit = threadPool.resize(size)

    final override fun <T> deferToThread(call: Callable<T>): Deferred<T> {
        checkThread("deferToThread")
        val result = Deferred<T>()
        callInThread {
            val outcome = runCatching { call.call() }
            callFromThread { outcome.fold({ result.callback(it) }, { result.errback(it) }) }
        }
        return result
    }

    override fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T {
        check(!isInReactorThread) { "blockingCallFromThread on the reactor's own thread would wait for itself" }
        val result = CompletableFuture<T>()
        blockedCallers.add(result)
        try {
            callFromThread {
                try {
                    call.call().addBoth { if (it is Failure) result.completeExceptionally(it.value) else result.complete(it.get()) }
                } catch (e: Throwable) {
                    result.completeExceptionally(e)
                }
            }
            if (state == State.ENDED) failBlockedCallers()
            return result.get()
        } catch (e: ExecutionException) {
            throw e.cause!!
        } finally {
            blockedCallers.remove(result)
        }
    }

    private fun failBlockedCallers() {
        blockedCallers.forEach { it.completeExceptionally(ReactorNotRunningException("The reactor has stopped before the call was done.")) }
    }

    // System events.

    final override fun addSystemEventTrigger(
        phase: Phase,
        event: SystemEvent,
        trigger: SystemEventTrigger,
    ): TriggerHandle {
        checkThread("addSystemEventTrigger")
        return triggers(event).add(phase, trigger)
    }

    final override fun removeSystemEventTrigger(handle: TriggerHandle) {
        checkThread("removeSystemEventTrigger")
        require(handle.owner === startup || handle.owner === shutdown) { "this trigger belongs to another reactor" }
        handle.owner.remove(handle)
    }

    private fun triggers(event: SystemEvent) = if (event == SystemEvent.STARTUP) startup else shutdown

    // Errors.

    /** Runs [block]; what it throws is reported, with [what] it was, and goes no further. */
    internal inline fun guarded(
        what: () -> String,
        block: () -> Unit,
    ) {
        try {
            block()
        } catch (e: Throwable) {
            report("${what()} failed", e)
        }
    }

    /** [guarded], for a callback of [connection]. */
    internal inline fun guarded(
        connection: Transport,
        what: () -> String,
        block: () -> Unit,
    ) {
        try {
            block()
        } catch (e: Throwable) {
            reportError("${what()} failed", e, connection.logValues())
        }
    }

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
        log.with(values).failure("{reactor}: {context}", error, LogKeys.CONTEXT to context)
        try {
            options.errorListener.errorReported(context, error)
        } catch (e: Throwable) {
            log.failure("{reactor}: the error listener failed at \"{context}\"", e, LogKeys.CONTEXT to context)
        }
    }

    /** Refuses [operation] on a thread that does not own this reactor. */
    internal fun checkThread(operation: String) {
        val owner = thread ?: return
        if (owner !== Thread.currentThread()) {
            throw WrongThreadException(
                "$operation was called on thread \"${Thread.currentThread().name}\", but it belongs to the reactor's thread " +
                    "\"${owner.name}\": go through callFromThread.",
            )
        }
    }

    private val State.isLooping get() = this == State.STARTING || this == State.RUNNING || this == State.STOPPING

    override fun toString(): String =
        "${this::class.simpleName}(${options.threadName}, ${state.name.lowercase()}, ${timers.count} delayed calls)"

    private companion object {
        const val LAST_PASSES = 1000
    }
}
