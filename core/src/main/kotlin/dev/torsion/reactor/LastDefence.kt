// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

/** Runs [block]. Anything that it throws, even an error of reporting, is told as well as can be, and the caller goes on. */
internal inline fun AbstractReactor.contained(
    what: String,
    block: () -> Unit,
) {
    try {
        block()
    } catch (e: Throwable) {
        escaped("$what failed", e)
    }
}

/** The last line of defence: reports [error] and throws nothing, not even when there is no memory or stack left to report it with. */
internal fun AbstractReactor.escaped(
    context: String,
    error: Throwable,
) {
    try {
        reportError(context, error)
    } catch (_: Throwable) {
        toldByJvm(error)
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
