// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level

/**
 * Takes log events: writes, sends, counts or keeps them; Twisted's `ILogObserver`.
 *
 * ```java
 * LogPublisher.global().addObserver(event -> counts.merge(event.getLevel(), 1L, Long::sum));
 * ```
 *
 * Thread: the logging thread, which may be any; several at once. It must not block for long, since that holds up the logging thread,
 * such as a reactor's.
 */
public fun interface LogObserver {
    /** Takes [event]. An exception is logged to the other observers, and does not reach the code that logged. */
    @Throws(Exception::class)
    public fun observe(event: LogEvent)

    /**
     * Whether this observer wants events of [level] from [namespace]. When no observer does, a [Logger] does not even make the event. The
     * default is yes.
     */
    public fun isInterested(level: Level, namespace: String): Boolean = true
}
