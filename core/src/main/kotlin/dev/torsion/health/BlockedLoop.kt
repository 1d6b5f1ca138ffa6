// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.clock.saturatedNanos
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.loop.EventLoop
import dev.torsion.loop.Loop
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport

/**
 * Hears that a callback holds the loop; see [blockedThreshold][dev.torsion.reactor.ReactorOptions.blockedThreshold].
 *
 * ```java
 * ReactorOptions.builder().blockedLoopListener((reactor, blockedFor, stack) -> blocked.increment()).build();
 * ```
 */
public fun interface BlockedLoopListener {
    /**
     * The loop has been in one callback for [blockedFor], and still is.
     *
     * Thread: the watching one, once for each callback that blocks. Its exceptions are logged.
     *
     * @param loop the reactor
     * @param blockedFor how long; the true time may be longer by an eighth of the threshold
     * @param stack the present stack of its thread
     */
    public fun loopBlocked(loop: EventLoop, blockedFor: Duration, stack: Array<StackTraceElement>)

    /**
     * The loop has been in one turn for [turnTime], and none of its [callbacks] so far has blocked: there are just many of them. Everybody
     * else waits all the same. The default does nothing.
     *
     * Thread: the watching one, once for each such turn. Its exceptions are logged.
     */
    public fun turnIsLong(loop: EventLoop, turnTime: Duration, callbacks: Long) {}

    public companion object {
        /** Logs a warning: with the stack for a callback that blocks, in one line for a long turn. */
        @JvmStatic
        public fun logging(): BlockedLoopListener = LoggingListener
    }
}

private object LoggingListener : BlockedLoopListener {
    override fun loopBlocked(loop: EventLoop, blockedFor: Duration, stack: Array<StackTraceElement>) = Logger(Loop.LOG).warn(
        "{reactor} has been blocked for {millis} ms by a callback; move blocking work to deferToThread. It is at:\n{stack}",
        LogKeys.REACTOR to safeString(loop),
        "millis" to blockedFor.toMillis(),
        "stack" to stack.joinToString("\n") { "\tat $it" },
    )

    override fun turnIsLong(loop: EventLoop, turnTime: Duration, callbacks: Long) = Logger(Loop.LOG).warn(
        "{reactor} has been in one turn for {millis} ms, with {callbacks} callbacks so far, none of which blocks: there is much to do at a time",
        LogKeys.REACTOR to safeString(loop),
        "millis" to turnTime.toMillis(),
        "callbacks" to callbacks,
    )
}

/**
 * Watches one loop from a thread of its own. It looks eight times per threshold while the loop is busy and sleeps for as long as the loop
 * does, so an idle reactor costs nothing.
 *
 * @param callbacks how many callbacks the loop has begun; on any thread
 */
internal class BlockedLoopWatch(
    private val loop: EventLoop,
    threshold: Duration,
    private val listener: BlockedLoopListener,
    private val callbacks: () -> Long,
) {
    private val threshold = threshold.saturatedNanos()
    private lateinit var watched: Thread

    /** The thread that watches; one that is not it any more ends. */
    @Volatile
    private var watcher: Thread? = null

    @Volatile
    private var asleep = false

    // Odd while the loop waits, and another even number in each turn: a turn that blocks is one even number for a long time.
    private val waits = AtomicLong()

    fun start() {
        if (threshold == 0L) return
        watched = Thread.currentThread()
        val made = Thread(::watch, "${loop.name}-watch").apply { isDaemon = true }
        watcher = made // before it looks
        made.start()
    }

    fun stop() {
        val last = watcher
        watcher = null
        LockSupport.unpark(last)
    }

    fun turnEnded() {
        waits.setRelease(waits.getPlain() + 2)
    }

    fun beforeWait() {
        waits.setRelease(waits.getPlain() + 1)
    }

    fun afterWait() {
        waits.set(waits.getPlain() + 1) // with a fence: a watcher that does not see it has set asleep before
        if (asleep) {
            asleep = false
            LockSupport.unpark(watcher)
        }
    }

    private fun watch() {
        val self = Thread.currentThread()
        var turn = Turn(waits.get())
        while (watcher === self) {
            if (turn.isWait && waits.get() == turn.number) {
                asleep = true
                if (waits.get() == turn.number && watcher === self) LockSupport.park(this) // woken by afterWait and stop
                asleep = false
            } else {
                LockSupport.parkNanos(this, maxOf(threshold / LOOKS, TimeUnit.MILLISECONDS.toNanos(1)))
            }
            val number = waits.get()
            if (number != turn.number) {
                turn = Turn(number)
            } else if (!turn.isWait) {
                turn.look()
            }
        }
    }

    /** The view of the watch on one turn. */
    private inner class Turn(val number: Long) {
        private val first = callbacks()
        private val began = System.nanoTime()
        private var current = first
        private var currentSince = began
        private var isCallbackReported = false
        private var isTurnReported = false

        val isWait get() = number % 2 == 1L

        fun look() {
            val now = System.nanoTime()
            val callback = callbacks()
            if (callback != current) {
                current = callback
                currentSince = now
                isCallbackReported = false
            }
            val inCallback = now - currentSince
            when {
                inCallback >= threshold -> if (!isCallbackReported) blocked(inCallback)
                // One that might still turn out to block is given the time to do so.
                now - began >= threshold && inCallback < threshold / 2 && current > first && !isTurnReported -> {
                    isTurnReported = true
                    tell { listener.turnIsLong(loop, Duration.ofNanos(now - began), current - first + 1) }
                }
            }
        }

        private fun blocked(nanos: Long) {
            val stack = watched.stackTrace
            if (waits.get() != number || callbacks() != current) return // it has just ended, so this is the stack of another one
            isCallbackReported = true
            tell {
                LoopEvents.recorder.blocked(loop.name, Duration.ofNanos(nanos), stack)
                listener.loopBlocked(loop, Duration.ofNanos(nanos), stack)
            }
        }
    }

    private inline fun tell(report: () -> Unit) {
        try {
            report()
        } catch (e: Throwable) {
            Logger(Loop.LOG).failure("{reactor}: the blocked loop listener failed", e, LogKeys.REACTOR to loop.name)
        }
    }

    private companion object {
        const val LOOKS = 8
    }
}
