// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

/** Runs [block]. Anything that it throws, even an error of reporting, is told as well as can be, and the caller goes on. */
internal inline fun ErrorReporter.contained(what: String, block: () -> Unit) {
    try {
        block()
    } catch (e: Throwable) {
        escaped("$what failed", e)
    }
}

/** The last line of defence: reports [error] and throws nothing, not even when there is no memory or stack left to report it with. */
internal fun ErrorReporter.escaped(context: String, error: Throwable) {
    try {
        reportError(context, error)
    } catch (_: Throwable) {
        toldByJvm(error)
    }
}

/** Runs [report]; that reporting fails, as it may when memory runs out, is no reason to end what goes on. */
internal inline fun unfailing(report: () -> Unit) {
    try {
        report()
    } catch (_: Throwable) {
        // Nobody is left who could be told.
    }
}

/** Where errors go that nobody can report: by default the JVM prints them. */
internal fun toldByJvm(error: Throwable) {
    try {
        val thread = Thread.currentThread()
        thread.uncaughtExceptionHandler.uncaughtException(thread, error)
    } catch (_: Throwable) {
        // There is nobody left to tell, and the loop is more to its users than this error.
    }
}

/** Waits a little after [failedTurns] turns in a row have failed: the trouble, such as a lack of memory, may be over soon. */
internal fun pauseAfterFailures(failedTurns: Int) {
    if (failedTurns > 1) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(minOf(1L shl failedTurns, LONGEST_PAUSE_MILLIS)))
}

/** Runs [steps], and runs it again a few times, a little later, when memory is too short for it. */
internal fun persistently(steps: () -> Unit) {
    for (attempt in 1..MOST_ATTEMPTS) {
        try {
            return steps()
        } catch (e: Throwable) {
            if (attempt == MOST_ATTEMPTS) return toldByJvm(e)
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LONGEST_PAUSE_MILLIS))
    }
}

private const val LONGEST_PAUSE_MILLIS = 100L
private const val MOST_ATTEMPTS = 20
