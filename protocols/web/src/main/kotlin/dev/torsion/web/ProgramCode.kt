// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.util.concurrent.CancellationException

/** The result of [call], which is code of the program's. A cancellation that it throws is a failure, see [notOurs]. */
internal inline fun <T> ofProgram(failed: String, call: () -> T): T = try {
    call()
} catch (e: CancellationException) {
    throw notOurs(failed, e)
}

/**
 * [error] of the program's code, in a form that is no cancellation of ours: a coroutine that waits would end without a word. Such a one
 * comes from a future that was cancelled, for example.
 */
internal fun notOurs(failed: String, error: Throwable): Throwable =
    if (error is CancellationException) IllegalStateException(failed, error) else error
