// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/**
 * Takes errors that nobody else would see. A reactor is one. It logs the error, writes it to the flight recorder and tells its
 * [ErrorListener]; under a test it fails the test. It is for code that calls other people's code, and must go on after an exception.
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
 * Thread: the thread of the failed call. Errors of a loop come on its thread. Errors of other threads may come on those.
 */
public interface ErrorReporter {
    /** Reports [error]. [context] says where it came from, such as "dataReceived of Echo failed". Throws nothing itself. */
    public fun reportError(context: String, error: Throwable): Unit = reportError(context, error, emptyMap())

    /** [reportError], with [values] for the log that say more about where it was, by the keys of [LogKeys][dev.torsion.log.LogKeys]. */
    public fun reportError(context: String, error: Throwable, values: Map<String, Any?>)
}
