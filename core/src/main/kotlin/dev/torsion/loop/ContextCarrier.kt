// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import org.slf4j.MDC

/**
 * Carries the context of a thread along when work is handed to a [ThreadPool]: the user, the trace, the common values of a request's log
 * lines. Twisted's pool does it with `twisted.python.context`.
 *
 * ```java
 * ContextCarrier carrier = work -> Context.current().wrap(work); // OpenTelemetry
 * ```
 *
 * Two of them are joined by nesting: `work -> first.carry(second.carry(work))`.
 */
public fun interface ContextCarrier {
    /**
     * [work], wrapped so that it runs with the context of the calling thread, and leaves none of it behind.
     *
     * Thread: the one that hands the work over; the result runs on a thread of the pool.
     */
    public fun carry(work: Runnable): Runnable

    public companion object {
        /** SLF4J's MDC, the key-value pairs that log lines show. Costs nothing when it is empty. */
        @JvmStatic
        public fun mdc(): ContextCarrier = ContextCarrier { work ->
            val context = MDC.getCopyOfContextMap()
            if (context.isNullOrEmpty()) {
                work
            } else {
                Runnable {
                    val before = MDC.getCopyOfContextMap()
                    MDC.setContextMap(context)
                    try {
                        work.run()
                    } finally {
                        if (before == null) MDC.clear() else MDC.setContextMap(before)
                    }
                }
            }
        }

        /** Takes nothing along. */
        @JvmStatic
        public fun none(): ContextCarrier = ContextCarrier { it }
    }
}
