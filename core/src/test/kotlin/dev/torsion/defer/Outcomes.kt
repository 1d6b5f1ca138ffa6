// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/** The outcomes that reach the end of [deferred]'s chain from now on: none yet, or one. They are consumed. */
internal fun <T> outcomesOf(deferred: Deferred<T>): List<Outcome<T>> {
    val seen = mutableListOf<Outcome<T>>()
    deferred.addBoth {
        seen.add(it)
        null
    }
    return seen
}

/** The outcome of [deferred], which must be there. It is consumed. */
internal fun <T> outcomeOf(deferred: Deferred<T>): Outcome<T> =
    outcomesOf(deferred).firstOrNull() ?: throw AssertionError("no outcome yet: $deferred")

/** Runs [block] on a thread with a stack of 512 KiB, so that recursion shows, and passes on what it throws. */
internal fun onSmallStack(block: () -> Unit) {
    var thrown: Throwable? = null
    val thread = Thread(null, { thrown = runCatching(block).exceptionOrNull() }, "small stack", 512 * 1024)
    thread.start()
    thread.join()
    thrown?.let { throw it }
}
