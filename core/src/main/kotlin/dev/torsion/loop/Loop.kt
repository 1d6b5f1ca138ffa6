// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.TimerQueue
import dev.torsion.defer.CoroutinePlace
import dev.torsion.defer.DeferredDebug
import dev.torsion.defer.LoopThread
import dev.torsion.defer.UnhandledFailures
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.WrongThreadException
import dev.torsion.spi.Poller
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import java.util.function.LongSupplier
import kotlin.coroutines.EmptyCoroutineContext

/**
 * The loop inside of a reactor: the thread that owns it, its turns, its timers and tasks, and the errors of what it calls. It knows no
 * sockets, no triggers and no pool of threads, and what its life is like is decided above it.
 *
 * A turn waits for events and hands them out (by the [Poller]), then runs the timers that are due and the tasks that were handed over. A
 * task that a turn adds runs in the next one.
 *
 * Thread: its own, unless a method says otherwise. While it does not run, the thread that sets it up.
 *
 * @property name what it is called in the log
 * @param time gives the time, in nanoseconds from any origin; on any thread
 * @param timers the delayed calls; null for a queue of this loop's own. A virtual clock gives its own
 * @param errorListener hears of what callbacks throw
 */
@TorsionSpi
public class Loop internal constructor(
    override val name: String,
    private val time: LongSupplier,
    timers: TimerQueue?,
    private val errorListener: ErrorListener,
) : EventLoop {
    private val log = Logger(LOG).with(LogKeys.REACTOR, name)
    private val timers = timers ?: TimerQueue(time)
    private val begun = AtomicLong()

    @get:JvmSynthetic
    internal val tasks =
        LoopTasks(
            {
                callbackBegins()
                guarded({ "a call on the reactor" }, it::run)
            },
            { poller.wakeUp() },
        )

    @get:JvmSynthetic
    internal val steps = NextSteps()

    /** Set once, before anything else is done. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal lateinit var poller: Poller

    @get:JvmSynthetic
    @set:JvmSynthetic
    internal lateinit var listener: LoopListener
    override lateinit var workers: Executor
        @JvmSynthetic internal set

    @Volatile
    private var thread: Thread? = null

    @get:JvmSynthetic
    internal var ownerForDebug: LoopThread? = null
        private set
    private var isWaiting = false

    /** Whether the loop is in one of its turns. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var isInTurn: Boolean = false

    /** Where the loop is in its life, which is decided elsewhere. On any thread. */
    @Volatile
    public var state: LoopState = LoopState.NEW
        @JvmSynthetic internal set

    /** The error that has ended the loop, when it could not go on. */
    @Volatile
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var failure: Throwable? = null

    private val coroutines = LoopDispatcher(this)

    override val dispatcher: CoroutineDispatcher get() = coroutines

    override val scope: CoroutineScope =
        CoroutineScope(
            SupervisorJob() + dispatcher + CoroutineName(name) + coroutinePlaces() +
                CoroutineExceptionHandler { _, e -> reportError("a coroutine of the reactor failed", e) },
        )

    /** In debug mode coroutines know where they were launched. */
    private fun coroutinePlaces() = if (DeferredDebug.enabled) CoroutinePlace.OF_SCOPE else EmptyCoroutineContext

    // The thread.

    override val inLoop: Boolean get() = Thread.currentThread() === thread

    override val inTurn: Boolean get() = inLoop && isInTurn

    /** The thread that owns this loop. On any thread. */
    @get:JvmSynthetic
    internal val owner: Thread? get() = thread

    /** The calling thread is the loop's from now on. */
    @JvmSynthetic
    internal fun takeThread() {
        thread = Thread.currentThread()
    }

    /** The loop's thread runs, from here on, callbacks. */
    @JvmSynthetic
    internal fun beginOnThread() {
        ownerForDebug = LoopThread()
    }

    /** Objects that were made on this loop are anybody's. */
    @JvmSynthetic
    internal fun endOnThread() {
        ownerForDebug?.end()
    }

    /** Nobody's thread any more. */
    @JvmSynthetic
    internal fun leaveThread() {
        thread = null
        ownerForDebug = null
    }

    override fun checkThread(operation: String) {
        val owner = thread ?: return
        if (owner !== Thread.currentThread()) {
            throw WrongThreadException(
                "$operation was called on thread \"${Thread.currentThread().name}\", but it belongs to the reactor's thread " +
                    "\"${owner.name}\": go through callFromThread.",
            )
        }
    }

    /**
     * Refuses to open anything that nobody would close any more.
     *
     * @throws ReactorNotRunningException when the loop is ending, or has ended
     */
    public fun checkTakesNew() {
        if (state.isEnding) throw ReactorNotRunningException(ENDING, failure)
    }

    // Turns.

    /** One turn, which waits for at most [longestWait] nanoseconds. Its exception is no callback's fault. */
    @JvmSynthetic
    internal fun turn(longestWait: Long) {
        inTurn {
            await(longestWait)
            poller.dispatch()
            poller.batchEnded()
            runTimers()
            runTasks()
            if (!steps.isEmpty) {
                steps.take()
                poller.batchEnded() // what the triggers have written: the loop may have nothing else to wait for
            }
        }
        listener.turnEnded(mayWait = longestWait != 0L)
    }

    private fun await(longestWait: Long) {
        if (longestWait == 0L || hasReadyWork() || !tasks.mayWait()) {
            poller.await(0)
        } else {
            listener.waits()
            isWaiting = true
            poller.await(minOf(nanosToNextTimer(), longestWait))
        }
        waitEnded()
    }

    /** When a wait has thrown, with the next one. */
    private fun waitEnded() {
        if (isWaiting) {
            isWaiting = false
            tasks.awake()
            listener.woke()
        }
    }

    /** Whether tasks, a step of the life cycle or the poller's own work wait for the next turn. */
    @JvmSynthetic
    internal fun hasReadyWork(): Boolean = !steps.isEmpty || !tasks.isEmpty() || poller.hasWork

    /** How long until the next timer is due; 0 when one is, [Long.MAX_VALUE] when there is none. */
    @JvmSynthetic
    internal fun nanosToNextTimer(): Long {
        if (timers.count == 0) return Long.MAX_VALUE
        return (timers.nextDeadline() - nanoTime()).coerceAtLeast(0)
    }

    private fun runTasks() {
        listener.tasksRan(tasks.runAll())
        poller.batchEnded()
    }

    private fun runTimers() {
        if (timers.count == 0) return
        val now = nanoTime()
        listener.timerLate(now - timers.nextDeadline())
        val mark = timers.mark()
        while (true) {
            val due = timers.pollDue(now, mark) ?: break
            callbackBegins()
            guarded({ "a delayed call" }, due::run)
        }
        poller.batchEnded()
    }

    @JvmSynthetic
    internal inline fun inTurn(block: () -> Unit) {
        UnhandledFailures.beginTurn()
        val owner = if (DeferredDebug.enabled) ownerForDebug else null
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

    /** Takes [step] in a turn after this one. On any thread. */
    @JvmSynthetic
    internal fun nextTurn(step: Runnable) {
        if (inLoop) steps.add(step, isInTurn) else tasks.offer { nextTurn(step) }
    }

    /** Another callback begins: an event, a timer or a task. */
    @JvmSynthetic
    internal fun callbackBegins() = begun.setRelease(begun.getPlain() + 1)

    /** How many callbacks have begun. On any thread. */
    @JvmSynthetic
    internal fun callbacksBegun(): Long = begun.getAcquire()

    // Timers.

    override fun nanoTime(): Long = time.asLong

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall {
        checkThread("callLater")
        return timers.add(delay, unit, call)
    }

    override fun delayedCalls(): List<DelayedCall> = timers.calls()

    /** How many delayed calls are planned, more or less. On any thread. */
    @get:JvmSynthetic
    internal val timerCount: Int get() = timers.count

    // Tasks.

    override fun callFromThread(call: Runnable) {
        if (!handOver(call)) throw ReactorNotRunningException(STOPPED)
    }

    override fun execute(command: Runnable) {
        if (!handOver(command)) throw RejectedExecutionException(STOPPED)
    }

    /** At the end only the loop's own thread still hands calls over: others could go on for ever. */
    private fun handOver(task: Runnable) = tasks.offer(task) || (inLoop && tasks.add(task))

    override fun runSoon(task: Runnable): Boolean = if (inLoop) tasks.add(task) else tasks.offer(task)

    /** Nobody waits in vain for what this loop's threads wait for: see [LoopDispatcher.letGo]. */
    @JvmSynthetic
    internal fun letCoroutinesGo(): Unit = coroutines.letGo()

    /** The loop has ended: nobody waits for time to pass any more. */
    @JvmSynthetic
    internal fun endCoroutines(): Unit = coroutines.end()

    /** Runs the last tasks, and takes no more. */
    @JvmSynthetic
    internal fun runLastTasks() {
        val dropped = tasks.close()
        if (dropped > 0) log.warn("{reactor}: {count} calls that made ever more calls at the end were dropped", "count" to dropped)
        poller.batchEnded()
    }

    // Errors.

    override fun reportError(context: String, error: Throwable, values: Map<String, Any?>) {
        // Each of the three hears of it, whatever becomes of the others.
        unfailing { log.with(values).failure("{reactor}: {context}", error, LogKeys.CONTEXT to context) }
        unfailing { listener.callbackFailed(context, error) }
        try {
            errorListener.errorReported(context, error)
        } catch (e: Throwable) {
            unfailing { log.failure("{reactor}: the error listener failed at \"{context}\"", e, LogKeys.CONTEXT to context) }
        }
    }

    override fun toString(): String = "Loop($name, ${state.name.lowercase()}, ${timers.count} delayed calls)"

    internal companion object {
        /** All of a reactor logs under this name. */
        const val LOG = "dev.torsion.reactor.Reactor"

        private const val STOPPED = "The reactor has stopped: it runs no more calls."
        private const val ENDING = "The reactor is ending, and opens nothing new."
    }
}
