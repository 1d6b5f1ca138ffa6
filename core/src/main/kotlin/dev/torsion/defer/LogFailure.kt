// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Deferreds")

package dev.torsion.defer

import dev.torsion.log.Logger

/**
 * Logs a failure, and goes on with null; Twisted's `addErrback(log.err)`. It is the last step of a chain without another errback.
 *
 * ```java
 * Deferreds.logFailure(save(order), log, "{order} was not saved", "order", order);
 * ```
 *
 * The text, with names and values in turn, is as in [Logger.failure]. The log has the stack trace too. A cancellation is also logged: trap
 * it before this step if it is no error of the program. A good result passes by.
 *
 * Thread: that of this Deferred.
 */
@JvmOverloads
public fun <T> Deferred<T>.logFailure(logger: Logger, format: String = "A Deferred has failed"): Deferred<T?> =
    logged { logger.failure(format, it) }

/** [logFailure], with names and values in turn. */
public fun <T> Deferred<T>.logFailure(logger: Logger, format: String, vararg namesAndValues: Any?): Deferred<T?> =
    logged { logger.failure(format, it, *namesAndValues) }

/** [logFailure] with values by name: `save(order).logFailure(log, "{order} was not saved", "order" to order)`. */
@JvmSynthetic
public fun <T> Deferred<T>.logFailure(logger: Logger, format: String, vararg values: Pair<String, Any?>): Deferred<T?> =
    logged { logger.failure(format, it, *values) }

private inline fun <T> Deferred<T>.logged(crossinline log: (Throwable) -> Unit): Deferred<T?> = addCallbacks({ it }, { failure ->
    log(failure.value)
    null
})
