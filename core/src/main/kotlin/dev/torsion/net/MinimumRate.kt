// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * Ends connections whose peer is too slow on purpose, as in a slowloris attack: it sends a request byte by byte, or takes an answer byte by
 * byte, to keep connections busy. Set it with [StreamOptions.withMinimumRate]. The connection is aborted with a [PeerTooSlowException].
 *
 * ```kotlin
 * val options = StreamOptions.DEFAULT.withMinimumRate(MinimumRate.builder().reading(240).writing(240).build())
 * ```
 *
 * A peer begins with [grace]. Each second takes one from it, and each of the bytes gives its part of a second back. So a fast time makes up
 * for a slow one, by [window] at most. Nothing is left of it once the peer is slower than the rate for too long.
 *
 * *Reading* counts while the transport reads and [Protocol.expectsBytes] says that the peer is to send. The codecs of framing say so within a
 * frame, so a peer may be silent between two messages. Beside it, use a time-out for peers that are silent for ever. *Writing* counts while
 * bytes wait that the peer does not take. Only bytes that go out after others had to wait give time back. Time in which this side is paused,
 * or waits for a [Throttle], does not count. A peer is not cut off for a standstill of the reactor.
 *
 * The operating system takes bytes for a slow peer in lumps. A lump is about a third of the socket's send buffer: some 30 kilobytes, and up to
 * a megabyte on a fast network. Between two of them the peer seems to take nothing. So a peer that is faster than a low rate for writing is
 * cut off all the same when a lump takes it longer than [grace] at the beginning, and longer than [window] later. A lower rate does not spare
 * such peers. Longer times do: a lump, divided by the speed of the slowest peer that is welcome.
 *
 * Thread: any.
 *
 * @property reading the bytes per second that the peer has to send; 0 for no limit, the default
 * @property writing the bytes per second that the peer has to take; 0 for no limit, the default
 * @property grace the time at the beginning, and anew for each frame; a time in which nothing waits to be written gives it back; 10 s
 * @property window the longest time that a peer may do nothing after it was fast; 60 s
 */
public class MinimumRate private constructor(
    public val reading: Long,
    public val writing: Long,
    public val grace: Duration,
    public val window: Duration,
) {
    init {
        require(reading in 0..MOST) { "a rate must be 0 to $MOST bytes per second, but is $reading" }
        require(writing in 0..MOST) { "a rate must be 0 to $MOST bytes per second, but is $writing" }
        require(!grace.isNegative && !grace.isZero) { "grace must be positive, but is $grace" }
        require(!window.isNegative && !window.isZero) { "window must be positive, but is $window" }
    }

    @JvmSynthetic
    internal fun pace(perSecond: Long): Pace? =
        if (perSecond == 0L) null else Pace(perSecond, TimeUnit.NANOSECONDS.convert(grace), TimeUnit.NANOSECONDS.convert(window))

    override fun equals(other: Any?): Boolean = other is MinimumRate && reading == other.reading && writing == other.writing &&
        grace == other.grace && window == other.window

    override fun hashCode(): Int = listOf(reading, writing, grace, window).hashCode()

    override fun toString(): String = "MinimumRate(reading=$reading, writing=$writing, grace=$grace, window=$window)"

    /** Makes a [MinimumRate]. Not for several threads at once. */
    public class Builder internal constructor() {
        private var reading = 0L
        private var writing = 0L
        private var grace = Duration.ofSeconds(10)
        private var window = Duration.ofSeconds(60)

        /** See [MinimumRate.reading]. */
        public fun reading(bytesPerSecond: Long): Builder = apply { reading = bytesPerSecond }

        /** See [MinimumRate.writing]. */
        public fun writing(bytesPerSecond: Long): Builder = apply { writing = bytesPerSecond }

        /** See [MinimumRate.grace]. */
        public fun grace(time: Duration): Builder = apply { grace = time }

        /** See [MinimumRate.window]. */
        public fun window(time: Duration): Builder = apply { window = time }

        /** The rates. @throws IllegalArgumentException when one is negative or over 10 GB, or a time is not positive */
        public fun build(): MinimumRate = MinimumRate(reading, writing, grace, window)
    }

    public companion object {
        private const val MOST = 10_000_000_000L

        /** A builder without any rate. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** The peer was slower than its [MinimumRate]: the cause of a [ConnectionAborted]. */
public class PeerTooSlowException internal constructor(
    /** True when it has sent too little, false when it has taken too little. */
    public val isReading: Boolean,
    /** The bytes per second that it should have moved. */
    public val rate: Long,
) : IOException("The peer ${if (isReading) "sends" else "takes"} less than $rate bytes per second."),
    HasBreaker {
    /** This side. */
    override val by: ClosedBy get() = ClosedBy.US
}

/**
 * How much time a peer has left, in one direction; all in nanoseconds. Thread: its loop's.
 *
 * @property perSecond the bytes that give a second back
 */
@TorsionSpi
public class Pace(public val perSecond: Long, private val grace: Long, window: Long) {
    private val most = maxOf(grace, window)
    private var rest = grace
    private var since = 0L
    private var isResting = false

    /** Whether time counts. */
    public var isRunning: Boolean = false
        private set

    /** The time that is left at [now]; negative when the time is up. */
    public fun left(now: Long): Long = if (isRunning) rest - (now - since) else rest

    /** Time counts from [now] on. False when it does so already. */
    public fun run(now: Long): Boolean {
        if (isRunning) return false
        if (isResting) rest = maxOf(rest, minOf(grace, rest + (now - since)))
        isResting = false
        isRunning = true
        since = now
        return true
    }

    /** Time does not count from [now] on; what is left stays. */
    public fun halt(now: Long) {
        rest = left(now)
        isRunning = false
    }

    /** The same, and this time is given back, up to the grace. */
    public fun rest(now: Long) {
        if (!isRunning) return
        halt(now)
        isResting = true
        since = now
    }

    /** Time does not count, and the next time begins with the grace. */
    public fun reset() {
        isRunning = false
        isResting = false
        rest = grace
    }

    /** [bytes] have moved. */
    public fun moved(bytes: Int, now: Long) {
        val left = left(now)
        rest = left + minOf(bytes * SECOND / perSecond, most - left)
        if (isRunning) since = now
    }

    private companion object {
        const val SECOND = 1_000_000_000L
    }
}
