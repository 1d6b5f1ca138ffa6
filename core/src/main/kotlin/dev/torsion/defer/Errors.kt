// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.safeString
import java.util.concurrent.CancellationException

/**
 * A [Deferred] was cancelled (Twisted's `CancelledError`). As a `CancellationException` it counts as cancellation for coroutines
 * and for futures too.
 */
public class DeferredCancelledException @JvmOverloads constructor(message: String = "cancelled", cause: Throwable? = null) :
    CancellationException(message) {
    init {
        if (cause != null) initCause(cause)
    }
}

/**
 * A [Deferred] was fired a second time (Twisted's `AlreadyCalledError`). In debug mode (see [DeferredDebug]) the message says
 * where it was made and where it was fired first.
 */
public class AlreadyCalledException internal constructor(message: String) : IllegalStateException(message)

/** The first failure among several Deferreds. The one at [index] ended with [subFailure]; its exception is also the cause. */
public class FirstError(public val index: Int, public val subFailure: Failure) :
    RuntimeException("Deferred #$index failed: ${safeString(subFailure.value)}", subFailure.value)

/**
 * All of several Deferreds failed. [failures] holds their failures, in the order of the Deferreds. The first is also the cause, and the
 * others are suppressed exceptions.
 */
public class FailureGroup(failures: List<Failure>) :
    RuntimeException("all ${failures.size} failed: ${failures.map { safeString(it.value) }}", failures.firstOrNull()?.value) {
    /** The failures, in the order of the Deferreds. */
    public val failures: List<Failure> = java.util.List.copyOf(failures)

    init {
        failures.drop(1).forEach { addSuppressed(it.value) }
    }
}
