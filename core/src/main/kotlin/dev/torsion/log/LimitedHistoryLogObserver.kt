// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import java.util.ArrayDeque

/**
 * Keeps the newest events, at most [size] of them, to look at or to replay later; Twisted's class of the same name.
 *
 * ```java
 * var newest = new LimitedHistoryLogObserver(1000);
 * LogPublisher.global().addObserver(newest);
 * ```
 *
 * Thread: any.
 */
public class LimitedHistoryLogObserver
@JvmOverloads
constructor(
    /** How many events are kept; the oldest ones go first. */
    public val size: Int = DEFAULT_SIZE,
) : LogObserver {
    private val kept = ArrayDeque<LogEvent>()

    init {
        require(size > 0) { "a history keeps at least one event, but a size of $size was given" }
    }

    @Synchronized
    override fun observe(event: LogEvent) {
        if (kept.size == size) kept.removeFirst()
        kept.addLast(event)
    }

    /** The events that are kept now, oldest first. */
    @Synchronized
    public fun events(): List<LogEvent> = kept.toList()

    /** Gives the events that are kept now to [observer], oldest first. Its exceptions are thrown here. */
    @Throws(Exception::class)
    public fun replayTo(observer: LogObserver): Unit = events().forEach(observer::observe)

    override fun toString(): String = "LimitedHistoryLogObserver(${events().size} of at most $size events)"

    public companion object {
        /** 65,536 events, as in Twisted. */
        public const val DEFAULT_SIZE: Int = 65_536
    }
}
