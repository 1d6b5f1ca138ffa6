// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Deferreds")

package dev.torsion.defer

import java.util.concurrent.Callable

/** A Deferred that has fired with [value] already. */
public fun <T> succeed(value: T): Deferred<T> = Deferred<T>().apply { callback(value) }

/** A Deferred that has failed with [error] already. */
public fun <T> fail(error: Throwable): Deferred<T> = Deferred<T>().apply { errback(error) }

/** A Deferred that has failed with [failure] already. */
public fun <T> fail(failure: Failure): Deferred<T> = Deferred<T>().apply { errback(failure) }

/**
 * Calls [callable] and gives any result of it as a Deferred. A value or an exception makes a Deferred that has fired. A [Failure] makes one
 * that has failed. A Deferred is returned as it is.
 */
public fun <T> maybeDeferred(callable: Callable<T>): Deferred<T> = callSafely(callable)

/** [maybeDeferred] for a callable that is known to return a Deferred; here only its exceptions need care. */
public fun <T> maybeAsyncDeferred(callable: Callable<Deferred<T>>): Deferred<T> = callSafely(callable)

@Suppress("UNCHECKED_CAST")
private fun <T> callSafely(callable: Callable<*>): Deferred<T> {
    val result =
        try {
            callable.call()
        } catch (error: Throwable) {
            return fail(error)
        }
    return if (result is Deferred<*>) result as Deferred<T> else succeed(result as T)
}
