// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.log.Logger
import kotlinx.coroutines.Job
import java.lang.ref.WeakReference
import java.util.WeakHashMap
import java.util.concurrent.CancellationException
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

/**
 * Finds a test that waits on the one thread that could let time pass, and so would wait for ever: in `runBlocking`, or for a future that is
 * not ours, as of `CompletableFuture.allOf`. Our own futures refuse at once. It fails the wait with a sentence that says what to call.
 *
 * It acts when the thread has waited at the same place for the clock's [patience][VirtualClock.patience], and no other thread was at work.
 */
internal object DrivingWatch {
    private const val PERIOD_MILLIS = 50L
    private val log = Logger(VirtualClock::class.java)
    private val clocks = WeakHashMap<Thread, Driven>()
    private var watcher: Thread? = null

    private class Driven(clock: VirtualClock) {
        val clock = WeakReference(clock)
        val leaks = LeakWatch.current()
        var waiting: Waiting? = null
    }

    /** Where a thread waits, since when, and whether that was ended. */
    private class Waiting(val blocker: Any?, val place: String, val since: Long) {
        var isEnded = false

        fun isSame(other: Waiting) = blocker === other.blocker && place == other.place
    }

    /** The calling thread has [clock] from now on. */
    fun begin(clock: VirtualClock): Unit = synchronized(this) {
        clocks[Thread.currentThread()] = Driven(clock)
        if (watcher == null) {
            watcher = Thread(::watch, "torsion-driving-watch").also {
                it.isDaemon = true
                it.start()
            }
        }
    }

    private fun watch() {
        while (true) {
            Thread.sleep(PERIOD_MILLIS)
            val threads = synchronized(this) {
                clocks.values.removeIf { it.clock.get() == null }
                if (clocks.isEmpty()) {
                    watcher = null
                    return
                }
                clocks.toList()
            }
            for ((thread, driven) in threads) {
                try {
                    driven.clock.get()?.let { look(thread, driven, it) }
                } catch (e: Throwable) {
                    log.failure("looking after {thread} failed", e, "thread" to thread.name)
                }
            }
        }
    }

    private fun look(thread: Thread, driven: Driven, clock: VirtualClock) {
        val now = waitingPlace(thread)
        val before = driven.waiting
        if (now == null || before == null || !before.isSame(now) || clock.others.areAtWork) {
            driven.waiting = now
            return
        }
        if (before.isEnded || now.since - before.since < TimeUnit.NANOSECONDS.convert(clock.patience)) return
        before.isEnded = true
        end(thread, driven, clock, before)
    }

    /** Where [thread] waits without a limit, if it does. */
    private fun waitingPlace(thread: Thread): Waiting? {
        if (thread.state != Thread.State.WAITING && thread.state != Thread.State.TIMED_WAITING) return null
        val stack = thread.stackTrace
        val isWaiting = stack.take(DEPTH).any { isRunBlocking(it) || isUntimedWait(it) }
        return if (isWaiting) Waiting(LockSupport.getBlocker(thread), describe(stack), System.nanoTime()) else null
    }

    private fun isRunBlocking(frame: StackTraceElement) = frame.className == RUN_BLOCKING

    private fun isUntimedWait(frame: StackTraceElement) =
        frame.className == "java.util.concurrent.CompletableFuture" && frame.methodName == "waitingGet"

    private fun describe(stack: Array<StackTraceElement>): String {
        val how = if (stack.any(::isRunBlocking)) "runBlocking" else "the join or get of a future"
        return how + (OtherThreads.userFrame(stack)?.let { " at $it" } ?: "")
    }

    private fun end(thread: Thread, driven: Driven, clock: VirtualClock, waiting: Waiting) {
        val refusal = IllegalStateException(
            "The thread \"${thread.name}\" waits in ${waiting.place}, but it is the one that lets the time of $clock pass: nothing " +
                "happens while it waits: ${VirtualClock.INSTEAD}.",
        )
        log.failure("{thread} waits in vain", refusal, "thread" to thread.name)
        clock.letGo() // first: once its wait has ended, that thread drives again
        val blocked = waiting.blocker as? Job
        val caller = callerOfRunBlocking(thread.stackTrace)
        if (caller?.className?.startsWith("io.kotest.") == true) {
            driven.leaks?.refuse(refusal) // it is the engine's own: only the test must end
        } else {
            blocked?.cancel(CancellationException(refusal.message).apply { initCause(refusal) })
        }
        driven.leaks?.failPending(clock, refusal)
        if (blocked == null && driven.leaks == null) thread.interrupt() // for get: nobody knows which futures are to fail
    }

    private fun callerOfRunBlocking(stack: Array<StackTraceElement>): StackTraceElement? =
        stack.dropWhile { !isRunBlocking(it) }.firstOrNull { !it.className.startsWith("kotlinx.") }

    private const val DEPTH = 24
    private const val RUN_BLOCKING: String = "kotlinx.coroutines.BlockingCoroutine"
}
