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
     * @param stack the present stack of its thread
     */
    public fun loopBlocked(loop: EventLoop, blockedFor: Duration, stack: Array<StackTraceElement>)

    public companion object {
        /** Logs a warning with the stack. */
        @JvmStatic
        public fun logging(): BlockedLoopListener = BlockedLoopListener { loop, blockedFor, stack ->
            Logger(Loop.LOG).warn(
                "{reactor} has been blocked for {millis} ms by a callback; move blocking work to deferToThread. It is at:\n{stack}",
                LogKeys.REACTOR to safeString(loop),
                "millis" to blockedFor.toMillis(),
                "stack" to stack.joinToString("\n") { "\tat $it" },
            )
        }
    }
}

/**
 * Watches one loop from a thread of its own. It looks twice per threshold while the loop is busy and sleeps for as long as the loop
 * does, so an idle reactor costs nothing.
 */
internal class BlockedLoopWatch(private val loop: EventLoop, threshold: Duration, private val listener: BlockedLoopListener) {
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
        var seen = waits.get()
        var seenAt = System.nanoTime()
        var reported = false
        val self = Thread.currentThread()
        while (watcher === self) {
            if (seen % 2 == 1L && waits.get() == seen) {
                asleep = true
                if (waits.get() == seen && watcher === self) LockSupport.park(this) // woken by afterWait and stop
                asleep = false
            } else {
                LockSupport.parkNanos(this, maxOf(threshold / 2, TimeUnit.MILLISECONDS.toNanos(1)))
            }
            val now = System.nanoTime()
            val current = waits.get()
            if (current != seen) {
                seen = current
                seenAt = now
                reported = false
            } else if (current % 2 == 0L && !reported && now - seenAt >= threshold) {
                reported = true
                report(Duration.ofNanos(now - seenAt), watched.stackTrace)
            }
        }
    }

    private fun report(blockedFor: Duration, stack: Array<StackTraceElement>) {
        try {
            LoopEvents.recorder.blocked(loop.name, blockedFor, stack)
            listener.loopBlocked(loop, blockedFor, stack)
        } catch (e: Throwable) {
            Logger(Loop.LOG).failure("{reactor}: the blocked loop listener failed", e, LogKeys.REACTOR to loop.name)
        }
    }
}
