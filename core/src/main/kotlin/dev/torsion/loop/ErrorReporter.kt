// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/**
 * Where errors go that have no other way to be seen. A reactor is one: it logs the error, writes it to the flight recorder and tells its
 * [ErrorListener]; under a test it fails the test. For code that calls code of others, and must go on when that throws.
 *
 * ```kotlin
 * listeners.forEach { listener ->
 *     try {
 *         listener.changed(value)
 *     } catch (e: Exception) {
 *         reactor.reportError("the listener $listener failed", e)
 *     }
 * }
 * ```
 *
 * Thread: that of the failed call. A loop's own errors come on the thread of the loop; what threads have thrown may come on theirs.
 */
public interface ErrorReporter {
    /** [error] was thrown by what [context] says, such as "dataReceived of Echo failed". Throws nothing itself. */
    public fun reportError(
        context: String,
        error: Throwable,
    ): Unit = reportError(context, error, emptyMap())

    /** [reportError], with [values] for the log that say more about where it was, by the keys of [LogKeys][dev.torsion.log.LogKeys]. */
    public fun reportError(
        context: String,
        error: Throwable,
        values: Map<String, Any?>,
    )
}
