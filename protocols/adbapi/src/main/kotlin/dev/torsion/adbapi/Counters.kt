// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.time.Duration
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.LongAdder

/** The events of a pool so far. On any thread. */
internal class Counters {
    val succeeded = LongAdder()
    val failed = LongAdder()
    val cancelled = LongAdder()
    val timedOut = LongAdder()
    val refused = LongAdder()
    val retried = LongAdder()
    val evicted = LongAdder()
    private val begun = LongAdder()
    private val waited = LongAdder()
    private val longestWait = AtomicLong()

    fun began(waitedNanos: Long) {
        begun.increment()
        waited.add(waitedNanos)
        if (waitedNanos > longestWait.get()) longestWait.accumulateAndGet(waitedNanos, ::maxOf)
    }

    fun meanWait(): Duration = begun.sum().let { if (it == 0L) Duration.ZERO else Duration.ofNanos(waited.sum() / it) }

    fun longestWait(): Duration = Duration.ofNanos(longestWait.get())
}

/**
 * How a [ConnectionPool] was doing when [ConnectionPool.health] was called. Immutable. Its numbers are of nearly the same moment. "Ever"
 * means since the pool was opened.
 *
 * @property threads how many threads there are; those that are idle for a minute end
 * @property busy how many queries and interactions run
 * @property waiting how many wait for a thread
 * @property connections how many connections are open; 0 when the data source keeps them itself
 * @property idleConnections how many of them are not in use
 * @property succeeded how many were done, ever
 * @property failed how many have failed, ever; without those that were cancelled or refused
 * @property cancelled how many were cancelled, ever
 * @property timedOut how many statements and interactions took longer than they may, ever
 * @property refused how many were refused since too many waited, ever
 * @property retried how many interactions were run again, ever
 * @property evicted how many connections were closed and not used again, ever, since their last work ended badly
 * @property meanWait how long the wait for a thread was on the average, ever
 * @property longestWait how long it was at most, ever
 */
public class ConnectionPoolHealth internal constructor(
    public val threads: Int,
    public val busy: Int,
    public val waiting: Int,
    public val connections: Int,
    public val idleConnections: Int,
    public val succeeded: Long,
    public val failed: Long,
    public val cancelled: Long,
    public val timedOut: Long,
    public val refused: Long,
    public val retried: Long,
    public val evicted: Long,
    public val meanWait: Duration,
    public val longestWait: Duration,
) {
    override fun toString(): String =
        "ConnectionPoolHealth($busy busy and $waiting waiting, $connections connections, $idleConnections of them idle; " +
            "$succeeded done, $failed failed, $cancelled cancelled, $timedOut timed out, $refused refused, $retried retried, " +
            "$evicted connections evicted; waited ${meanWait.toMillis()} ms, at most ${longestWait.toMillis()} ms)"
}
