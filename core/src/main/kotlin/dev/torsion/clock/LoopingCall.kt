// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.maybeDeferred
import dev.torsion.defer.toWaitFor
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.reasonOf
import dev.torsion.log.safeString
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.TimeUnit
import kotlin.time.toJavaDuration

/**
 * Calls something again and again, a fixed interval apart; Twisted's `LoopingCall`.
 *
 * ```kotlin
 * val ticker = LoopingCall(reactor) { println("tick") }
 * ticker.start(1.seconds)
 * reactor.callLater(5.seconds) { ticker.stop() }
 * ```
 *
 * The calls stand on a grid of intervals from the moment of [start]. The next call is on the first point of the grid that is still to
 * come. So the loop does not drift. A call that takes longer than the interval makes the loop skip points, but never run a burst. When the
 * call returns a [Deferred], a `CompletionStage` or a coroutine's `Job`, the next call waits for it in the same way. An exception, or a
 * Deferred that fails, ends the loop. The log says so in one line, as a warning.
 *
 * Thread: the clock's.
 */
public class LoopingCall internal constructor(
    private val clock: Clock,
    private val body: Callback<Long, *>,
    private val isCounting: Boolean,
    private val described: Any,
    /** Whether the log says that a failed call has ended the loop; otherwise the caller says so. */
    private val saysItsEnd: Boolean = true,
) {
    /** A loop of [call], whose result counts when it is a [Deferred]. */
    public constructor(clock: Clock, call: Callable<*>) : this(clock, Callback { call.call() }, false, call)

    /** A loop of [call], for Java; in Kotlin a lambda goes to the function of the same name. */
    public constructor(clock: Clock, call: Runnable) : this(clock, Callback { call.run() }, false, call)

    private var run: Run? = null

    /** True from [start] until [stop], or until a call fails. */
    public val isRunning: Boolean get() = run != null

    /** The interval of the last [start]; null before the first. */
    @get:JvmName("interval")
    public var interval: Duration? = null
        private set

    /**
     * Begins the loop. The first call is inside this method if [now], otherwise after [interval]. An interval of zero means in every turn
     * of the clock. The shortest other interval is a nanosecond.
     *
     * The Deferred fires with this object once [stop] was called and the last call has ended. It fails when a call fails. Cancelling it
     * stops the loop, and cancels the Deferred of the call in progress.
     *
     * A loop that has ended can be started again, on a new grid and with a new count.
     *
     * @throws IllegalArgumentException when [interval] is negative
     * @throws IllegalStateException when the loop is running
     */
    @JvmOverloads
    public fun start(interval: Duration, now: Boolean = true): Deferred<LoopingCall> {
        require(!interval.isNegative) { "a looping call needs an interval of zero or more, but was given $interval" }
        check(run == null) { "$this is running already" }
        this.interval = interval
        val started = Run(interval.saturatedNanos(), now)
        run = started
        if (now) started.run() else started.schedule()
        return started.ended
    }

    /**
     * Ends the loop. The Deferred of [start] fires now, or at the end of a call in progress.
     *
     * @throws IllegalStateException when the loop is not running
     */
    public fun stop() {
        val stopped = checkNotNull(run) { "$this is not running, so it cannot be stopped" }
        run = null
        stopped.stop()
    }

    /**
     * Skips the coming call and begins a new grid now. Does nothing while a call is in progress.
     *
     * @throws IllegalStateException when the loop is not running
     */
    public fun reset() {
        checkNotNull(run) { "$this is not running, so it cannot be reset" }.reset()
    }

    override fun toString(): String {
        val every = interval?.let { ", every ${readable(it)}" } ?: ""
        return "LoopingCall(${safeString(described)}$every, ${if (isRunning) "running" else "stopped"})"
    }

    /** From one start to its end. Its own object, so that a call which stops and starts the loop cannot mix up the two. */
    private inner class Run(private val interval: Long, private val beginsNow: Boolean) : Runnable {
        val ended = Deferred<LoopingCall> { cancel() }
        private var origin = clock.nanoTime()
        private var lastCounted: Long? = null
        private var next: DelayedCall? = null
        private var current: Deferred<*>? = null

        override fun run() {
            next = null
            current = null
            val result =
                maybeDeferred(
                    Callable<Any?> {
                        val given = if (isCounting) callWithCount() else body.call(1)
                        toWaitFor(given, clock) ?: given
                    },
                )
            current = result
            result.addCallback<Any?> { callEnded() }.addErrback { callFailed(it) }
        }

        private fun callWithCount(): Any? {
            val now = clock.nanoTime()
            val since = lastCounted ?: if (beginsNow) origin - interval else origin
            val count = if (interval == 0L) 1 else intervalOf(now) - intervalOf(since)
            if (count <= 0) return null
            lastCounted = now
            return body.call(count)
        }

        private fun intervalOf(time: Long) = (time - origin) / interval

        fun schedule() {
            val untilNext = if (interval == 0L) 0 else interval - Math.floorMod(clock.nanoTime() - origin, interval)
            next = clock.callLater(untilNext, TimeUnit.NANOSECONDS, this)
        }

        private fun callEnded() {
            when {
                run === this -> schedule()
                !ended.called -> ended.callback(this@LoopingCall)
            }
        }

        private fun callFailed(failure: Failure) {
            if (run === this) {
                run = null
                if (saysItsEnd) sayEnd(failure.value)
            }
            if (!ended.called) ended.errback(failure) else failure.trap(DeferredCancelledException::class.java)
        }

        /** In one line: the error itself goes to the holder of the Deferred, or is reported as unhandled. */
        private fun sayEnd(error: Throwable) = log.warn(
            "{call} makes no more calls, since one has failed: {reason}",
            "call" to this@LoopingCall.toString(),
            "reason" to reasonOf(error),
        )

        fun stop() {
            val waiting = next ?: return // a call is in progress
            waiting.cancel()
            ended.callback(this@LoopingCall)
        }

        private fun cancel() {
            if (run === this) run = null
            val waiting = next
            if (waiting != null) waiting.cancel() else current?.cancel()
        }

        fun reset() {
            val waiting = next ?: return
            waiting.cancel()
            origin = clock.nanoTime()
            schedule()
        }
    }

    public companion object {
        private val log = Logger(LoopingCall::class.java)

        /**
         * A loop that tells [call] how many points of the grid have come since its last call: 1, or more when some were skipped. It
         * is never 0, and the sum is exact. With an interval of zero it is always 1.
         */
        @JvmStatic
        public fun withCount(clock: Clock, call: Callback<Long, *>): LoopingCall = LoopingCall(clock, call, true, call)
    }
}

/** A [LoopingCall] of a Kotlin lambda; when that gives a [Deferred], a stage or a job, the loop waits for it. */
@JvmSynthetic
public fun LoopingCall(clock: Clock, call: () -> Any?): LoopingCall = LoopingCall(clock, Callback { call() }, false, call)

/** [LoopingCall.start] with a Kotlin duration. */
@JvmSynthetic
public fun LoopingCall.start(interval: kotlin.time.Duration, now: Boolean = true): Deferred<LoopingCall> =
    start(interval.toJavaDuration(), now)
