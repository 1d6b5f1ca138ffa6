// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.saturatedNanos
import dev.torsion.health.LoopMonitor
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.loop.Loop
import dev.torsion.loop.LoopState
import dev.torsion.loop.LoopState.CRASHED
import dev.torsion.loop.LoopState.ENDED
import dev.torsion.loop.LoopState.ENDING
import dev.torsion.loop.LoopState.NEW
import dev.torsion.loop.LoopState.RUNNING
import dev.torsion.loop.LoopState.STARTING
import dev.torsion.loop.LoopState.STOPPING
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.contained
import dev.torsion.loop.escaped
import dev.torsion.loop.guarded
import dev.torsion.loop.pauseAfterFailures
import dev.torsion.loop.persistently
import dev.torsion.loop.startLoopThread
import dev.torsion.loop.unfailing
import dev.torsion.spi.Engine
import kotlinx.coroutines.cancel
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/*
 * The states of a reactor and what leads from one to another. An event without an entry is refused or, where it comes late, does nothing.
 *
 *            begin     before-triggers  stop        before-triggers   threads have   crash     cannot
 *                      of the startup               of the shutdown   done their               go on
 *                      are done                     are done          work
 *
 *  NEW       STARTING                   STOPPING 1
 *  STARTING            RUNNING          STOPPING                                     CRASHED   ENDED 2
 *  RUNNING                              STOPPING                                     CRASHED   ENDED 2
 *  STOPPING            STOPPING                     ENDING                           ENDED     ENDED 2
 *  ENDING                                                             ENDED          ENDED     ENDED
 *  CRASHED   STARTING                   STARTING 1
 *  ENDED
 *
 *  1: only stopAndJoin stops what does not run; it lets the reactor run for its end, and a crashed one from its startup on.
 *  2: through STOPPING and ENDING, without waiting for anything.
 *
 * In ENDING the ports are closed, and connections end when they have sent what was written, or after a deadline. When the last turn of
 * ENDED is over, coroutines and threads are ended, and what the engine used is released; when that of CRASHED is, only the thread is given
 * up.
 */

/** The life of one reactor: begins its loop, drives it, and ends it, each once. The table above says how. */
internal class LifeCycle(
    private val loop: Loop,
    private val monitor: LoopMonitor,
    private val events: SystemEvents,
    private val threads: WorkThreads,
    private val reactor: Parts,
    drainTimeout: Duration,
) {
    /** The other parts of a reactor that its life needs. */
    interface Parts {
        val engine: Engine

        /** Ends threads that are the reactor's own, which take no more work. May be called again. */
        fun endThreads()

        /** Ends a reactor that does not run. */
        fun endIdle()

        /** Fails what names still owe; the loop was ended by [cause], if that is given. */
        fun failLookUps(cause: Throwable?)
    }

    private val log = Logger(Loop.LOG).with(LogKeys.REACTOR, loop.name)

    @Volatile
    private var lastTurn = CountDownLatch(0) // of the present run
    private val drain = Drain(loop, { reactor.engine }, drainTimeout)

    /** The end of the time that it has to stop. */
    val time = StopTime(loop, events.shutdown, drain) { reactor.engine }
    private var failedTurns = 0 // in a row
    private val atEnd = ArrayDeque<Runnable>() // the reactor's thread only
    private val atCrash = CopyOnWriteArrayList<CrashCall>()

    private var state: LoopState
        get() = loop.state
        set(value) {
            loop.state = value
        }

    /** See [Reactor.isRunning]. */
    @Volatile
    var isRunning: Boolean = false
        private set

    /** Throws what has ended the loop, when it could not go on. */
    fun throwFailure() {
        loop.failure?.let { throw ReactorFailedException(it) }
    }

    // Beginning.

    /** Takes the calling thread as the reactor's and runs the startup triggers. */
    fun begin() {
        claim(STARTING)
        tryToBegin {
            loop.inTurn { events.startup.fire(::startupReached, later = loop::nextTurn) }
        }
    }

    /**
     * Takes the calling thread as the reactor's, to end a reactor that does not run. One that has never run begins with its shutdown, and
     * runs no startup trigger. One that has crashed runs once more. Does nothing when it has ended.
     */
    fun beginToStop() {
        if (state == ENDED) return
        if (state == NEW) {
            claim(STOPPING)
            requestStop()
            tryToBegin {}
        } else {
            begin()
            if (state == STARTING || state == RUNNING) stop()
        }
    }

    private fun claim(first: LoopState) {
        synchronized(this) {
            when (state) {
                NEW -> Unit
                // Its thread may be in that turn still; unless it is this one, between two calls of iterate.
                CRASHED -> if (lastTurn.count > 0 && (!loop.inLoop || loop.isInTurn)) throw ReactorAlreadyRunningException()
                ENDING, ENDED -> throw ReactorNotRestartableException()
                STARTING, RUNNING, STOPPING -> throw ReactorAlreadyRunningException()
            }
            loop.takeThread()
            lastTurn = CountDownLatch(1)
            state = first
        }
    }

    private inline fun tryToBegin(firstTurn: () -> Unit) {
        try {
            loop.beginOnThread()
            log.debug("{reactor} begins to run")
            monitor.begin()
            firstTurn()
        } catch (e: Throwable) {
            endFailed(e)
        }
    }

    /** When the reactor has ended before its startup was done, the [rest] of the startup has no reactor to run on. */
    private fun startupReached(rest: Runnable) {
        if (!state.isLooping || state == ENDING) return
        if (state == STARTING) state = RUNNING
        isRunning = true
        loop.guarded({ "starting the threads of the pool" }, threads::start) // when there are none, the next call in a thread tries again
        rest.run()
    }

    // Turns.

    /** Runs turns until there are no more. */
    fun loop() {
        try {
            while (state.isLooping) turn(Long.MAX_VALUE)
        } finally {
            end()
        }
    }

    /** See [Reactor.iterate]. */
    fun iterate(delay: Duration): Boolean {
        require(!delay.isNegative) { "a delay must not be negative, but $delay was given" }
        loop.checkThread("iterate")
        check(!loop.isInTurn) { "iterate inside a callback would run the loop within itself" }
        if (!state.isLooping) begin()
        monitor.driven()
        try {
            if (state.isLooping) turn(delay.saturatedNanos())
            monitor.left()
        } finally {
            if (!state.isLooping) end()
        }
        throwFailure()
        return state.isLooping
    }

    /** One turn, which waits for events for at most [longestWait] nanoseconds. */
    fun turn(longestWait: Long) {
        try {
            loop.turn(longestWait)
            failedTurns = 0
        } catch (e: Throwable) {
            turnFailed(e)
        }
    }

    /** The error is no callback's, or is one of reporting. The loop goes on, unless it fails again and again. */
    private fun turnFailed(error: Throwable) {
        if (!state.isLooping) throw error // it has crashed for this reason
        failedTurns++
        if (failedTurns >= MOST_FAILED_TURNS || !loop.poller.canWait) return endFailed(error) // which reports it
        // When memory is short, nothing can be had, not even a text for the report: no exception here may end the loop's thread.
        unfailing { loop.escaped("a turn of the loop failed", error) }
        unfailing { pauseAfterFailures(failedTurns) }
    }

    // Stopping.

    /** See [Reactor.stop]. */
    fun stop() {
        loop.checkThread("stop")
        if (state != RUNNING && state != STARTING) throw ReactorNotRunningException()
        state = STOPPING
        requestStop()
    }

    private fun requestStop() = loop.steps.addForThisTurn {
        events.shutdown.fire(::shutdownReached, ::endWithPool, loop::nextTurn)
        time.stopBegan()
    }

    /** See [Reactor.stopFromThread]. */
    fun stopFromThread() {
        if (!state.isLooping) return
        loop.tasks.offer { if (state == RUNNING || state == STARTING) stop() }
    }

    /** See [Reactor.stopAndJoin]. */
    fun stopAndJoin(timeout: Duration): Boolean {
        val deadline = System.nanoTime() + timeout.saturatedNanos()
        leaveCrashed()
        check(!loop.inLoop) { "stopAndJoin on the reactor's own thread would wait for itself: call stop()" }
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
                state == ENDED -> return true
                state == CRASHED && hasRunOnce -> return false // it does so again and again
                !state.isLooping -> {
                    hasRunOnce = true
                    reactor.endIdle()
                }
            }
        }
    }

    /** A reactor that does not run ends on a thread of its own, which has the time that is given. */
    fun endIdle() {
        try {
            startLoopThread(loop.name, ::beginToStop, ::loop)
        } catch (e: IllegalStateException) {
            log.debug("{reactor} was begun by another thread: {reason}", LogKeys.REASON to e.message)
        }
    }

    /** One that has crashed between two turns of [iterate] has no turn left in which to leave its thread. */
    private fun leaveCrashed() {
        if (state == CRASHED && loop.inLoop && !loop.isInTurn) end()
    }

    /** See [Reactor.crash]. */
    fun crash() {
        loop.checkThread("crash")
        if (!state.isLooping) throw ReactorNotRunningException()
        val wasStopping = state == STOPPING || state == ENDING
        loop.steps.forget()
        isRunning = false
        state = if (wasStopping) ENDED else CRASHED
    }

    /** The before-triggers of the shutdown are done: the reactor counts as running no more. The [rest] follows when no connection is left. */
    private fun shutdownReached(rest: Runnable) {
        if (state != STOPPING) return // it has crashed meanwhile
        state = ENDING
        isRunning = false
        drain.begin(rest)
    }

    /** Whether connections send what was written, at the end. */
    val isDraining: Boolean get() = drain.isUnderWay

    private fun endWithPool() {
        loop.contained("letting go of the threads of the pool") {
            threads.letGo()
            loop.letCoroutinesGo()
        }
        loop.contained("ending threads", reactor::endThreads)
        val finish = Runnable { if (state == ENDING) state = ENDED }
        threads.stop { if (loop.inLoop) finish.run() else loop.tasks.offer(finish) }
    }

    /** The loop cannot go on and ends, but whole: the shutdown triggers run, none is waited for, and everybody is told. */
    private fun endFailed(cause: Throwable) {
        loop.failure = cause
        unfailing { shutDownFailed(cause) }
        isRunning = false
        state = ENDED
    }

    private fun shutDownFailed(cause: Throwable) {
        loop.escaped("the loop cannot go on and ends", cause)
        loop.steps.forgetThisTurn()
        if (state == STARTING || state == RUNNING) state = STOPPING
        loop.contained("the shutdown") {
            loop.inTurn {
                drain.cutNow()
                events.shutdown.goOn()
                events.shutdown.fire({ rest -> if (state == STOPPING) shutdownReached(rest) else rest.run() })
                events.shutdown.goOn()
            }
        }
    }

    // The end.

    /** The last turn is over: when the reactor was stopped, ends its coroutines and releases what it used. */
    fun end() {
        try {
            persistently(::endTurns)
        } finally {
            loop.leaveThread()
            lastTurn.countDown() // last: whoever waits for it may use what was this thread's
        }
    }

    /** Each step may be taken again. */
    private fun endTurns() {
        monitor.end()
        if (state == ENDED) endForGood() else tellOfCrash()
        loop.endOnThread()
    }

    private fun tellOfCrash() {
        for (told in atCrash) if (atCrash.remove(told)) loop.guarded({ "a call after a crash" }, told.call::run)
    }

    private fun endForGood() {
        loop.contained("ending") {
            loop.inTurn {
                drain.disconnect() // when it crashed while it was stopping
                loop.contained("ending threads", reactor::endThreads)
                loop.contained("stopping the threads of the pool") { threads.stop {} }
                loop.contained("ending coroutines") {
                    loop.scope.cancel("the reactor has stopped")
                    loop.endCoroutines()
                }
                loop.contained("the last calls", loop::runLastTasks)
                loop.contained("failing those who wait for threads") {
                    reactor.failLookUps(loop.failure)
                    threads.failAnswers(loop.failure)
                }
                while (atEnd.isNotEmpty()) loop.guarded({ "a call at the end" }, atEnd.removeFirst()::run) // one may add others
            }
        }
        loop.contained("failing those who wait") { threads.failBlockedCallers(loop.failure) }
        loop.contained("ending what was begun late", reactor.engine::disconnectAll)
        loop.contained("releasing what the loop used", loop.poller::close)
        log.debug("{reactor} has ended")
    }

    /** See [Reactor.whenCrashed]. */
    fun whenCrashed(call: Runnable): AutoCloseable {
        val added = CrashCall(call)
        atCrash.add(added)
        return AutoCloseable { atCrash.remove(added) }
    }

    private class CrashCall(val call: Runnable)

    /** See [Reactor.whenEnded]. */
    fun whenEnded(call: Runnable) {
        loop.checkThread("whenEnded")
        if (state == ENDED && loop.owner == null) call.run() else atEnd.add(call)
    }

    private companion object {
        /** Without one that succeeds. After so many the cause will not go away. */
        const val MOST_FAILED_TURNS = 16
    }
}
